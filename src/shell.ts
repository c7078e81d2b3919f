/** Command lines that a person copies into a shell. */

const PLAIN = /^[\w@%+=:,./-]+$/;

/** One command line for a POSIX shell, each argument quoted where it needs to be. */
export function shellCommand(words: readonly string[]): string {
  return words.map((word) => (PLAIN.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}
