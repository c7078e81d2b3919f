/**
 * What podreach knows of its own kind clusters, one folder for each name: so that a kept cluster is found again, a left-over one is
 * cleared away, and a cluster that somebody else made is never touched.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { z } from 'zod';
import { messageOf, PodreachError } from '../../errors.ts';
import { ENCAPSULATIONS } from './choices.ts';
import { type NotedProcess, processSchema } from './process.ts';

const entry = z.strictObject({
  schemaVersion: z.literal(1),
  /** creating: not finished, or given up by a process that was killed. retained: failed, and kept to be looked at. */
  phase: z.enum(['creating', 'ready', 'retained']),
  startedAt: z.iso.datetime(),
  /** The process that will delete the cluster; absent where it is kept. */
  owner: processSchema.optional(),
  /** The ids of the nodes' containers; absent until kind has made them. Only what is noted here is podreach's. */
  nodes: z.array(z.string()).optional(),
  /** What it was made from, or upgraded to: to be compared with what a later run asks for. */
  recipe: z.strictObject({
    config: z.string(),
    nodeImage: z.string().optional(),
    calico: z.string(),
    encapsulation: z.enum(ENCAPSULATIONS).optional(),
    /** The digest of Calico's manifest, which tells two files of one name apart; absent in entries of older versions. */
    manifest: z.string().optional(),
  }),
  /** An upgrade of Calico that has begun and not ended: to what, and by which process. */
  upgrade: z.strictObject({ calico: z.string(), by: processSchema }).optional(),
});
export type LedgerEntry = z.infer<typeof entry>;
export type Recipe = LedgerEntry['recipe'];

export interface Folders {
  /** Kept between runs: what clusters there are. */
  readonly state: string;
  /** May be deleted at any time. */
  readonly cache: string;
}

/** podreach's folders by the rules of the XDG base directories. */
export function foldersOf(env: NodeJS.ProcessEnv): Folders {
  const base = (variable: string, fallback: string): string => {
    const value = env[variable];
    // The specification says to ignore relative paths.
    return join(value?.startsWith('/') ? value : join(env['HOME'] || homedir(), fallback), 'podreach');
  };
  return { state: base('XDG_STATE_HOME', '.local/state'), cache: base('XDG_CACHE_HOME', '.cache') };
}

export interface Ledger {
  readonly kubeconfigFile: string;
  /** Where the logs of the nodes are collected. @param at when the cluster was begun; for a kept one, when it failed */
  logsFolder(at: Date): string;
  read(): Promise<LedgerEntry | undefined>;
  /** Makes the entry. @returns false where another process has made one */
  claim(value: LedgerEntry): Promise<boolean>;
  update(value: LedgerEntry): Promise<void>;
  /** Notes a process that uses a kept cluster. */
  addUser(user: NotedProcess): Promise<void>;
  removeUser(user: NotedProcess): Promise<void>;
  /** Those that were noted, whether they still run or not. */
  users(): Promise<readonly NotedProcess[]>;
  /** Forgets the cluster, its kubeconfig and its users. */
  remove(): Promise<void>;
}

/** The entry of one cluster. */
export function openLedger(folders: Folders, cluster: string): Ledger {
  const folder = join(folders.state, 'kind', cluster);
  const file = join(folder, 'cluster.json');
  const read = async (): Promise<LedgerEntry | undefined> => {
    try {
      const parsed = entry.safeParse(JSON.parse(await readFile(file, 'utf8')));
      return parsed.success ? parsed.data : undefined;
    } catch {
      // Missing, or not to be understood: either way nothing is known of the cluster.
      return undefined;
    }
  };
  const write = async (path: string, value: LedgerEntry | NotedProcess): Promise<void> => {
    try {
      await mkdir(dirname(path), { recursive: true, mode: 0o700 });
      await writeFile(path, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600 });
    } catch (thrown) {
      throw new PodreachError('cluster-unavailable', `noting the cluster failed: ${messageOf(thrown)}`, {
        hint: `Let podreach write to ${folders.state} and see that the disk is not full, or name another folder in XDG_STATE_HOME.`,
        cause: thrown,
      });
    }
  };
  /** Beside the file, so that it comes into its place whole or not at all. */
  const writeDraft = async (value: LedgerEntry): Promise<string> => {
    const draft = `${file}.${randomBytes(4).toString('hex')}`;
    await write(draft, value);
    return draft;
  };
  const usersFolder = join(folder, 'users');
  const userFile = ({ host, pid }: NotedProcess): string => join(usersFolder, `${host}-${pid}.json`);
  return {
    kubeconfigFile: join(folder, 'kubeconfig'),
    logsFolder: (at) =>
      join(folders.state, 'kind-logs', `${cluster}-${at.toISOString().replaceAll(/[:.]/g, '-')}`),
    read,
    async claim(value) {
      const draft = await writeDraft(value);
      try {
        await link(draft, file);
        return true;
      } catch (thrown) {
        if (!(thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST')) throw thrown;
        if ((await read()) !== undefined) return false;
        await rename(draft, file);
        return true;
      } finally {
        await rm(draft, { force: true });
      }
    },
    update: async (value) => rename(await writeDraft(value), file),
    addUser: (user) => write(userFile(user), user),
    removeUser: (user) => rm(userFile(user), { force: true }),
    async users() {
      const names = await readdir(usersFolder).catch(() => []);
      const texts = await Promise.all(
        names.map((name) => readFile(join(usersFolder, name), 'utf8').catch(() => '')),
      );
      return texts.flatMap(parseUser);
    },
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** None where another process has just begun to write it, or has removed it. */
function parseUser(text: string): NotedProcess[] {
  try {
    return [processSchema.parse(JSON.parse(text))];
  } catch {
    return [];
  }
}

/** What a later run asks for, and the cluster was not made from; undefined where they agree. */
export function recipeDifference(made: Recipe, wanted: Partial<Recipe>): string | undefined {
  const { config, nodeImage, calico, encapsulation } = wanted;
  // A kind config is known by its digest alone.
  if (config !== undefined && config !== made.config) return 'another kind config than is asked for';
  const differ = (what: string, was: string | undefined, asked: string | undefined): string[] =>
    asked === undefined || asked === was
      ? []
      : [`another ${what} than is asked for (${was ?? 'its default'}, not ${asked})`];
  return [
    ...differ('node image', made.nodeImage, nodeImage),
    ...differ('Calico', made.calico, calico),
    ...differ('encapsulation', made.encapsulation, encapsulation),
  ][0];
}
