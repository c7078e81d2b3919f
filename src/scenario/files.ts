/** Which files a command line or a scenario means: files, folders and globs. */
import { glob, readdir, realpath, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { messageOf, PodreachError } from '../errors.ts';
import { INPUT_ARGUMENT, STANDARD_INPUT } from '../standard-input.ts';
import { nearest, quote } from './suggest.ts';

/** Where scenarios are looked for when nothing is named. */
const DEFAULT_FOLDER = 'scenarios';

/** Where other people's YAML is. */
const FOREIGN_FOLDER = 'node_modules';

/** The files behind one argument of the command line. */
export interface FoundFiles {
  readonly argument: string;
  /** A file that is named must be a scenario; in a folder or glob, other files are passed over. */
  readonly named: boolean;
  /** Absolute paths, sorted; or {@link STANDARD_INPUT}. */
  readonly files: readonly string[];
}

/**
 * Finds the files of each argument; without arguments those of `scenarios/`.
 *
 * @throws PodreachError `usage` where an argument leads to no YAML file
 */
export async function findScenarioFiles(
  paths: readonly string[],
  cwd: string,
): Promise<readonly FoundFiles[]> {
  if (paths.length > 0) return Promise.all(paths.map((path) => findFilesOf(path, cwd)));
  if ((await kindOf(resolve(cwd, DEFAULT_FOLDER))) !== 'folder') {
    throw new PodreachError(
      'usage',
      `no scenarios are named, and there is no folder ${quote(DEFAULT_FOLDER)} here`,
      {
        hint: 'Name files, folders or globs.',
      },
    );
  }
  return [await findFilesOf(DEFAULT_FOLDER, cwd)];
}

async function findFilesOf(argument: string, cwd: string): Promise<FoundFiles> {
  if (argument === INPUT_ARGUMENT) return { argument, named: true, files: [STANDARD_INPUT] };
  const path = resolve(cwd, argument);
  const kind = await kindOf(path);
  if (kind === 'file') return { argument, named: true, files: [path] };
  if (kind === undefined && !isGlob(argument)) {
    throw new PodreachError('usage', `no such file or folder: ${argument}`, {
      hint: await hintForMissing(path),
    });
  }
  const files = kind === 'folder' ? await listFiles(path) : await matchFiles(argument, cwd);
  if (files.length === 0) {
    const message =
      kind === 'folder' ? `no YAML file in the folder ${argument}` : `no YAML file matches ${argument}`;
    throw new PodreachError('usage', message, { hint: 'Scenarios are files that end in .yaml or .yml.' });
  }
  return { argument, named: false, files };
}

/** What a path leads to, through links; undefined where there is nothing. */
export async function kindOf(path: string): Promise<'file' | 'folder' | undefined> {
  try {
    return (await stat(path)).isDirectory() ? 'folder' : 'file';
  } catch {
    return undefined;
  }
}

/** A hint for a path that does not exist: the entry of its folder that is nearest to it. */
export async function hintForMissing(path: string): Promise<string | undefined> {
  try {
    const near = nearest(basename(path), await readdir(dirname(path)));
    return near === undefined ? undefined : `Did you mean ${quote(near)}?`;
  } catch {
    return undefined;
  }
}

/**
 * All YAML files of a folder and its subfolders, or those of another kind, sorted. Hidden entries and `node_modules` are passed over: a mounted
 * ConfigMap keeps the files behind its links in the first, and other people's YAML is in the second.
 *
 * @throws PodreachError `usage` where a folder cannot be read, and for a link that leads nowhere: what it is to bring in is missing
 */
export async function listFiles(
  folder: string,
  isMeant: (path: string) => boolean = isYaml,
  visited: ReadonlySet<string> = new Set(),
): Promise<readonly string[]> {
  const real = await realpath(folder);
  if (visited.has(real)) return [];
  const entries = await readdir(folder).catch((thrown: unknown) => {
    throw new PodreachError('usage', `cannot read the folder ${folder}: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  });
  const files: string[] = [];
  for (const entry of entries.sort()) {
    if (entry.startsWith('.') || entry === FOREIGN_FOLDER) continue;
    const path = join(folder, entry);
    const kind = await kindOf(path);
    if (kind === undefined) throw leadsNowhere(path);
    if (kind === 'folder') files.push(...(await listFiles(path, isMeant, new Set([...visited, real]))));
    else if (isMeant(path)) files.push(path);
  }
  return files;
}

function leadsNowhere(path: string): PodreachError {
  return new PodreachError('usage', `${path} is a link that leads nowhere`, {
    hint: 'Mend it or remove it.',
  });
}

/**
 * The YAML files that a glob matches, sorted.
 *
 * @throws PodreachError `usage` for a link that leads nowhere
 */
export async function matchFiles(
  pattern: string,
  cwd: string,
  isMeant: (path: string) => boolean = isYaml,
): Promise<readonly string[]> {
  const files: string[] = [];
  for await (const match of glob(pattern, { cwd, exclude: (path) => basename(path) === FOREIGN_FOLDER })) {
    const path = resolve(cwd, match);
    if (!isMeant(path)) continue;
    const kind = await kindOf(path);
    if (kind === undefined) throw leadsNowhere(path);
    if (kind === 'file') files.push(path);
  }
  return files.sort();
}

/** Whether there is anything behind a path or a pattern. */
export async function leadsSomewhere(path: string, cwd: string): Promise<boolean> {
  if ((await kindOf(resolve(cwd, path))) !== undefined) return true;
  return isGlob(path) && (await matchFiles(path, cwd, () => true)).length > 0;
}

/** Whether a path that leads nowhere may be meant as a pattern. */
export function isGlob(path: string): boolean {
  return /[*?[{]/.test(path);
}

export function isYaml(path: string): boolean {
  return /\.ya?ml$/i.test(path);
}
