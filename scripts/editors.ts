/**
 * A JSON Schema in a form that editors make the most of; it accepts the same.
 *
 * - Examples are inserted as they are. The YAML language server writes an example without quotes, so that `*` would become an alias,
 *   and shows a mapping as `[object Object]`: such examples become snippets with a label.
 * - A number or text in one alternative, not in two: otherwise it says of wrong text that a number was expected.
 */

/** What YAML reads as the text that it is, without quotes. */
const PLAIN = /^(?!(?:true|false|null|yes|no|on|off)$)[A-Za-z][\w ./:@-]*(?<![ :])$/i;

/** Whatever depth it is at. */
export function forEditors(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(forEditors);
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) => {
      if (key === 'examples' && Array.isArray(value) && !value.every(isPlain))
        return [
          'defaultSnippets',
          value.map((example) => ({ label: inFlow(example), body: quoted(example) })),
        ];
      return [
        key,
        key === 'anyOf' && Array.isArray(value) ? joinScalars(value.map(forEditors)) : forEditors(value),
      ];
    }),
  );
}

/** Bounds say nothing of text, and a pattern nothing of numbers. */
function joinScalars(alternatives: readonly unknown[]): readonly unknown[] {
  const number = alternatives.find((one) => isOf(one, 'integer'));
  const text = alternatives.find((one) => isOf(one, 'string'));
  if (number === undefined || text === undefined) return alternatives;
  const joined = { ...(number as object), ...(text as object), type: ['integer', 'string'] };
  return [joined, ...alternatives.filter((one) => one !== number && one !== text)];
}

function isOf(schema: unknown, type: string): boolean {
  return typeof schema === 'object' && schema !== null && Reflect.get(schema, 'type') === type;
}

function isPlain(example: unknown): boolean {
  return typeof example === 'number' || (typeof example === 'string' && PLAIN.test(example));
}

/** The text of a snippet is inserted as it is: its quotes are part of it. */
function quoted(example: unknown): unknown {
  if (typeof example === 'string') return PLAIN.test(example) ? example : JSON.stringify(example);
  if (Array.isArray(example)) return example.map(quoted);
  if (typeof example !== 'object' || example === null) return example;
  return Object.fromEntries(Object.entries(example).map(([key, value]) => [key, quoted(value)]));
}

/** On one line, as YAML would have it. */
function inFlow(example: unknown): string {
  if (Array.isArray(example)) return `[${example.map(inFlow).join(', ')}]`;
  if (typeof example !== 'object' || example === null) return String(quoted(example));
  const entries = Object.entries(example).map(([key, value]) => `${key}: ${inFlow(value)}`);
  return entries.length === 0 ? '{}' : `{ ${entries.join(', ')} }`;
}
