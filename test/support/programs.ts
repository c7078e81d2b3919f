/** Programs that stand for real ones: shell scripts that write what these do. */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Folder } from './cli.ts';

/**
 * Writes them into a folder.
 * @param programs what each does, as shell script; `$dir` is the folder
 * @returns the folder, for a PATH
 */
export function writePrograms({ path }: Folder, programs: Readonly<Record<string, string>>): string {
  for (const [name, body] of Object.entries(programs)) {
    const file = join(path, name);
    writeFileSync(file, `#!/bin/sh\ndir="${path}"\n${body}\n`);
    chmodSync(file, 0o755);
  }
  return path;
}
