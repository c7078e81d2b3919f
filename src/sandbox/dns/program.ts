/** Puts the DNS server where pods see it: podreach itself may lie where they do not. */
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';
import { dirname, extname, join } from 'node:path';

const PACKET = packageOf('dns-packet', import.meta.url);
const CODEC = packageOf('@leichtgewicht/ip-codec', join(PACKET, 'package.json'));

/** The folders that the server is copied from. */
export const SERVER_SOURCES: readonly string[] = [import.meta.dirname, PACKET, CODEC];

/**
 * @param folder an empty one that pods see
 * @returns the command that starts the server, but for the file with its zone
 */
export async function installServer(folder: string): Promise<readonly [string, ...string[]]> {
  const program = join(folder, 'program');
  await Promise.all([
    copyFiles(import.meta.dirname, program),
    copyFiles(PACKET, join(folder, 'node_modules', 'dns-packet')),
    copyFiles(CODEC, join(folder, 'node_modules', '@leichtgewicht', 'ip-codec')),
  ]);
  await writeFile(join(folder, 'package.json'), '{"type":"module"}');
  return ['node', join(program, `server${extname(import.meta.filename)}`)];
}

function packageOf(name: string, from: string): string {
  const file = findPackageJSON(name, from);
  if (file === undefined) throw new Error(`the package ${name} is not installed`);
  return dirname(file);
}

/** Anybody may read the copies, whoever may read the originals. */
async function copyFiles(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const entries = await readdir(from, { withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile() && /\.([cm]?js|ts|json)$/.test(entry.name));
  await Promise.all(
    files.map(async ({ name }) => writeFile(join(to, name), await readFile(join(from, name)))),
  );
}
