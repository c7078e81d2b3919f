/** Lists of names in messages. */

/** How many names a message lists. */
const LISTED = 5;

/** `a, b and c`; the first of them where they are many. */
export function listNames(names: readonly string[]): string {
  const rest = names.length - LISTED;
  const shown = rest > 1 ? [...names.slice(0, LISTED), `${rest} more`] : names;
  const last = shown.at(-1) ?? '';
  return shown.length < 2 ? last : `${shown.slice(0, -1).join(', ')} and ${last}`;
}
