/** Programs by their names, as the system looks for them. */
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Whether there is a program of this name, or at this path, whether or not it may be run. */
export function isThere(command: string): boolean {
  if (command.includes('/')) return existsSync(command);
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  return folders.some((folder) => existsSync(join(folder, command)));
}

/**
 * Whether a program did not start because there is none of its name. Where a folder of the search path may not be looked into, the
 * system says `EACCES` of names that it finds nowhere.
 * @param code of the error that starting it ended with
 */
export function isNotThere(command: string, code: unknown): boolean {
  if (code === 'ENOENT') return true;
  return code === 'EACCES' && !command.includes('/') && !isThere(command);
}
