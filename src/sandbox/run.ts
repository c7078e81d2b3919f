/** Runs a program to its end. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const execFileAsync = promisify(execFile);

/**
 * Runs a program, with a text as its standard input.
 * @param what what the program does, for the error: `nft on node-1`
 * @returns what it printed
 * @throws Error with what the program said, where it ends with anything but 0
 */
export async function run(
  what: string,
  file: string,
  args: readonly string[],
  input: string,
): Promise<string> {
  const running = execFileAsync(file, [...args], {
    maxBuffer: 16 * 1024 * 1024,
    env: { PATH: process.env['PATH'] },
  });
  // A program that ends without reading its input says why by its exit code.
  running.child.stdin?.on('error', () => {}).end(input);
  try {
    return (await running).stdout;
  } catch (thrown) {
    throw new Error(`${what} failed: ${wordsOf(thrown)}`, { cause: thrown });
  }
}

function wordsOf(thrown: unknown): string {
  if (!(thrown instanceof Error)) return String(thrown);
  const stderr = 'stderr' in thrown ? String(thrown.stderr).trim() : '';
  return stderr === '' ? thrown.message : stderr;
}
