/** The run record as JSON, in a form that is small for machines and still readable for people. */
import type { RunRecord } from './schema.ts';

/** Values that lie this deep, such as a pod of a scenario, take one line each. */
const DEPTH_OF_LINES = 4;
/** Those of a step, such as a check, lie so much deeper. */
const DEPTH_OF_STEPS = 2;
const INDENT = '  ';
/** What JSON allows in a string and a terminal would obey: C1 controls, changes of writing direction, line separators. */
const UNSAFE = /[\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/** The same record gives the same text: keys keep the record's own order. */
export function recordText(record: RunRecord): string {
  return dataText(record, DEPTH_OF_LINES);
}

/** Any other data in the same form. @param lines values that lie this deep take one line each */
export function dataText(data: object, lines: number): string {
  return piecesOf(data, lines, textOf).join('');
}

/**
 * The text of a record that grows. Only what has changed is put into words again: an object that takes a line, such as a check, when one
 * of its own values is another. What these hold in turn is replaced in a record, and never written into.
 */
export class GrowingText {
  #lines = new Map<object, Line>();
  #pieces: readonly string[] = [];

  /** The text of the record as it stands; undefined where it is what it was the last time. */
  next(record: RunRecord): string | undefined {
    const known = this.#lines;
    const lines = new Map<object, Line>();
    const pieces = piecesOf(record, DEPTH_OF_LINES, (value) => {
      if (typeof value !== 'object' || value === null) return textOf(value);
      const line = lineOf(value, known.get(value));
      lines.set(value, line);
      return line.text;
    });
    this.#lines = lines;
    const isKnown =
      pieces.length === this.#pieces.length && pieces.every((piece, index) => piece === this.#pieces[index]);
    this.#pieces = pieces;
    return isKnown ? undefined : pieces.join('');
  }
}

/** An object as it was when it was put into words. */
interface Line {
  readonly values: Readonly<Record<string, unknown>>;
  readonly text: string;
}

function isSame(one: Line['values'], other: Line['values']): boolean {
  const keys = Object.keys(one);
  return keys.length === Object.keys(other).length && keys.every((key) => one[key] === other[key]);
}

function lineOf(value: object, known: Line | undefined): Line {
  const values: Readonly<Record<string, unknown>> = { ...value };
  return known !== undefined && isSame(known.values, values) ? known : { values, text: textOf(value) };
}

/** @param line puts what takes no more than one line into words */
function piecesOf(data: object, depthOfLines: number, line: (value: unknown) => string): string[] {
  const pieces: string[] = [];
  const layOut = (value: unknown, depth: number, lines: number): void => {
    if (depth >= lines || typeof value !== 'object' || value === null) {
      pieces.push(line(value));
      return;
    }
    const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
    const items = Object.entries(value).filter(([, item]) => item !== undefined);
    const indent = `\n${INDENT.repeat(depth)}`;
    const begin = `${open}${indent}${INDENT}`;
    const next = `,${indent}${INDENT}`;
    for (const [index, [key, item]] of items.entries()) {
      pieces.push(index === 0 ? begin : next);
      if (!Array.isArray(value)) pieces.push(`${textOf(key)}: `);
      layOut(item, depth + 1, key === 'steps' ? lines + DEPTH_OF_STEPS : lines);
    }
    pieces.push(items.length === 0 ? `${open}${close}` : `${indent}${close}`);
  };
  layOut(data, 0, depthOfLines);
  pieces.push('\n');
  return pieces;
}

function textOf(value: unknown): string {
  return JSON.stringify(value).replace(UNSAFE, escapeCharacter);
}

/** All of them lie in the basic plane, where a code unit is a character. */
function escapeCharacter(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
