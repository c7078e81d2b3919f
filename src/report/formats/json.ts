/** The run record as JSON, in a form that is small for machines and still readable for people. */
import type { RunRecord } from '../../record/schema.ts';

/** Values that lie this deep, such as a pod of a scenario, take one line each. */
const DEPTH_OF_LINES = 4;
/** Those of a step, such as a check, lie so much deeper. */
const DEPTH_OF_STEPS = 2;
const INDENT = '  ';
/** What JSON allows in a string and a terminal would obey: C1 controls, changes of writing direction, line separators. */
const UNSAFE = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** The same record gives the same text: keys keep the record's own order. */
export function renderJson(record: RunRecord): string {
  return `${layOut(record, 0, DEPTH_OF_LINES).replace(UNSAFE, escapeCharacter)}\n`;
}

function layOut(value: unknown, depth: number, lines: number): string {
  if (depth >= lines || typeof value !== 'object' || value === null) return JSON.stringify(value);
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  const items = Array.isArray(value)
    ? value.map((item) => layOut(item, depth + 1, lines))
    : Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => {
          const deeper = key === 'steps' ? DEPTH_OF_STEPS : 0;
          return `${JSON.stringify(key)}: ${layOut(item, depth + 1, lines + deeper)}`;
        });
  if (items.length === 0) return `${open}${close}`;
  const separator = `\n${INDENT.repeat(depth + 1)}`;
  return `${open}${separator}${items.join(`,${separator}`)}\n${INDENT.repeat(depth)}${close}`;
}

/** All of them lie in the basic plane, where a code unit is a character. */
function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
