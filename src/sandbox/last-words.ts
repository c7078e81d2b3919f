/** What a process said last on its standard error, and what of that matters. */
import type { ChildProcess } from 'node:child_process';

/** @returns a function that gives the end of what a process wrote to its standard error */
export function lastWords(child: ChildProcess): () => string {
  let text = '';
  child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
    text = (text + chunk).slice(-8192);
  });
  return () => text;
}

/** The one line that matters: of an uncaught error its message, else the last. */
export function mainLine(stderr: string): string {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  return lines.find((line) => /^\w*Error\b.*: /.test(line)) ?? lines.at(-1) ?? '';
}
