/**
 * What podreach knows of its own kind clusters, one folder for each name: so that a kept cluster is found again, a left-over one is
 * cleared away, and a cluster that somebody else made is never touched.
 */
import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { homedir, hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import type { NodeContainer } from './nodes.ts';

/** Longer than `kind create cluster` is given: what kind creates in that time after the entry was made is ours. */
const CREATION_WINDOW_MS = 1_800_000;
/** Docker may run on another machine, with another clock. */
const CLOCK_SKEW_MS = 60_000;

const entry = z.strictObject({
  schemaVersion: z.literal(1),
  /** creating: not finished, or given up by a process that was killed. retained: failed, and kept to be looked at. */
  phase: z.enum(['creating', 'ready', 'retained']),
  startedAt: z.iso.datetime(),
  /** The process that will delete the cluster; absent where it is kept. */
  owner: z.strictObject({ host: z.string(), pid: z.int() }).optional(),
  /** The ids of the nodes' containers; absent while creating. */
  nodes: z.array(z.string()).optional(),
  /** What it was made from, to be compared with what a later run asks for. */
  recipe: z.strictObject({
    config: z.string(),
    nodeImage: z.string().optional(),
    calico: z.string(),
    encapsulation: z.string().optional(),
  }),
});
export type Entry = z.infer<typeof entry>;
export type Recipe = Entry['recipe'];

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
  /** Where the logs of a failed creation are collected. */
  logsFolder(startedAt: string): string;
  read(): Promise<Entry | undefined>;
  /** Makes the entry. @returns false where another process has made one */
  claim(value: Entry): Promise<boolean>;
  update(value: Entry): Promise<void>;
  /** Forgets the cluster and its kubeconfig. */
  remove(): Promise<void>;
}

/** The entry of one cluster. */
export function openLedger(folders: Folders, cluster: string): Ledger {
  const folder = join(folders.state, 'kind', cluster);
  const file = join(folder, 'cluster.json');
  const read = async (): Promise<Entry | undefined> => {
    try {
      const parsed = entry.safeParse(JSON.parse(await readFile(file, 'utf8')));
      return parsed.success ? parsed.data : undefined;
    } catch {
      // Missing, or not to be understood: either way nothing is known of the cluster.
      return undefined;
    }
  };
  /** Beside the file, so that it comes into its place whole or not at all. */
  const writeDraft = async (value: Entry): Promise<string> => {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const draft = `${file}.${randomBytes(4).toString('hex')}`;
    await writeFile(draft, `${JSON.stringify(value, undefined, 2)}\n`, { mode: 0o600 });
    return draft;
  };
  return {
    kubeconfigFile: join(folder, 'kubeconfig'),
    logsFolder: (startedAt) =>
      join(folders.state, 'kind-logs', `${cluster}-${startedAt.replaceAll(/[:.]/g, '-')}`),
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
    remove: () => rm(folder, { recursive: true, force: true }),
  };
}

/** How the name of a cluster stands. */
export type Standing =
  | { readonly type: 'free' }
  /** Made by podreach and kept: to be used again. */
  | { readonly type: 'kept'; readonly entry: Entry; readonly nodes: readonly NodeContainer[] }
  /** Made by podreach, with the process that should have deleted it gone. */
  | { readonly type: 'left-over'; readonly entry: Entry; readonly nodes: readonly NodeContainer[] }
  /** Made by podreach, failed, and kept to be looked at. */
  | { readonly type: 'retained'; readonly entry: Entry; readonly nodes: readonly NodeContainer[] }
  /** In use by another process of podreach. */
  | { readonly type: 'in-use'; readonly entry: Entry; readonly pid: number; readonly host: string }
  /** Not podreach's. */
  | { readonly type: 'foreign' };

/**
 * Holds what podreach knows against what Docker shows.
 * @param known the ledger's entry
 * @param nodes the containers of that name
 * @param isAlive whether a process of this machine runs
 */
export function standingOf(
  known: Entry | undefined,
  nodes: readonly NodeContainer[],
  isAlive: (pid: number) => boolean,
): Standing {
  if (known === undefined) return nodes.length === 0 ? { type: 'free' } : { type: 'foreign' };
  const { owner } = known;
  if (owner !== undefined && (owner.host !== hostname() || isAlive(owner.pid))) {
    return { type: 'in-use', entry: known, ...owner };
  }
  if (nodes.length > 0 && !isOwn(known, nodes)) return { type: 'foreign' };
  if (known.phase === 'retained' && nodes.length > 0) return { type: 'retained', entry: known, nodes };
  if (known.phase === 'ready' && owner === undefined && nodes.length > 0) {
    return { type: 'kept', entry: known, nodes };
  }
  return { type: 'left-over', entry: known, nodes };
}

/** By the ids of the containers; by the time of their creation where those had not been noted yet. */
function isOwn(known: Entry, nodes: readonly NodeContainer[]): boolean {
  if (known.nodes !== undefined) {
    const ids = new Set(known.nodes);
    return nodes.every(({ id }) => ids.has(id));
  }
  const startedMs = Date.parse(known.startedAt);
  return nodes.every(({ createdAt }) => {
    const sinceMs = createdAt.getTime() - startedMs;
    return sinceMs >= -CLOCK_SKEW_MS && sinceMs <= CREATION_WINDOW_MS;
  });
}

/** Whether a process of this machine runs. */
export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (thrown) {
    return thrown instanceof Error && 'code' in thrown && thrown.code === 'EPERM';
  }
}

/** What a later run asks for, and the cluster was not made from; undefined where they agree. */
export function recipeDifference(made: Recipe, wanted: Partial<Recipe>): string | undefined {
  const names: Readonly<Record<keyof Recipe, string>> = {
    config: 'another kind config',
    nodeImage: 'another node image',
    calico: 'another Calico',
    encapsulation: 'another encapsulation',
  };
  for (const key of ['config', 'nodeImage', 'calico', 'encapsulation'] as const) {
    if (wanted[key] !== undefined && wanted[key] !== made[key]) return names[key];
  }
  return undefined;
}
