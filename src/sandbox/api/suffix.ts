/** The ends of names that nobody chose: letters and digits that make no words. */
import { createHash, randomInt } from 'node:crypto';

const LETTERS = 'bcdfghjklmnpqrstvwxz2456789';

/** Five at random, as after `metadata.generateName`. */
export function newSuffix(): string {
  return Array.from({ length: 5 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
}

/** Ten that say what a value is, in whatever order its fields stand. */
export function suffixOf(value: unknown): string {
  const digest = createHash('sha256').update(JSON.stringify(value, inOrder)).digest();
  return [...digest.subarray(0, 10)].map((byte) => LETTERS[byte % LETTERS.length]).join('');
}

function inOrder(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}
