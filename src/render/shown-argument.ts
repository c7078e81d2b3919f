import { isAbsolute } from 'node:path';
import { shownPath } from '../scenario/source.ts';

/** A path as an argument that a person would type in the folder; what is no absolute path, such as an address, stays as it is. */
export function shownArgument(path: string, cwd: string): string {
  if (!isAbsolute(path)) return path;
  const shown = shownPath(path, cwd);
  return shown.startsWith('-') ? `./${shown}` : shown;
}
