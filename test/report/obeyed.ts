/** What a terminal or a browser would obey instead of show. */
import { expect } from 'vitest';

/** But for the line breaks of the report itself. */
export const OBEYED = /(?!\n)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;
/** Where a line of the report's own is wrapped, the next one is indented. */
export const OWN_LINE = /^INJECTED/m;

/** @param text of a report of a record whose texts are all an attack */
export function expectHarmless(text: string): void {
  expect(text.match(OBEYED)).toBeNull();
  expect(text).not.toMatch(OWN_LINE);
}
