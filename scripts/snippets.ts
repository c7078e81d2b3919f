/**
 * Examples of a JSON Schema in a form that editors insert as it is. The YAML language server writes an example without quotes, so
 * that `*` would become an alias, and shows a mapping as `[object Object]`: such examples become snippets with a label.
 */

/** What YAML reads as the text that it is, without quotes. */
const PLAIN = /^(?!(?:true|false|null|yes|no|on|off)$)[A-Za-z][\w ./:@-]*(?<![ :])$/i;

/** The same schema, whatever depth its examples are at. */
export function withSnippets(part: unknown): unknown {
  if (Array.isArray(part)) return part.map(withSnippets);
  if (typeof part !== 'object' || part === null) return part;
  return Object.fromEntries(
    Object.entries(part).map(([key, value]) =>
      key === 'examples' && Array.isArray(value) && !value.every(isPlain)
        ? ['defaultSnippets', value.map((example) => ({ label: inFlow(example), body: quoted(example) }))]
        : [key, withSnippets(value)],
    ),
  );
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
