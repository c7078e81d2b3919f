/** How the name of a cluster stands: what podreach has noted of it, held against what Docker shows. */
import type { KindContext } from './context.ts';
import { type Ledger, type LedgerEntry, openLedger } from './ledger.ts';
import { listNodes, type NodeContainer } from './nodes.ts';
import { isRunning, type NotedProcess } from './process.ts';

/** Longer than `kind create cluster` is given: what has no nodes after that time will have none. */
const CREATION_WINDOW_MS = 1_800_000;

export type ClusterStanding =
  | { readonly type: 'free' }
  /** Made by podreach and kept: to be used again. */
  | { readonly type: 'kept'; readonly entry: LedgerEntry }
  /** Made by podreach, with the process that should have deleted it gone. */
  | { readonly type: 'left-over'; readonly entry: LedgerEntry }
  /** Made by podreach, failed, and kept to be looked at. */
  | { readonly type: 'retained'; readonly entry: LedgerEntry }
  /** In use by another process of podreach. */
  | { readonly type: 'in-use'; readonly owner: NotedProcess }
  /** Not podreach's. */
  | { readonly type: 'foreign' };

export interface FoundCluster {
  readonly standing: ClusterStanding;
  readonly ledger: Ledger;
  readonly known: LedgerEntry | undefined;
  readonly nodes: readonly NodeContainer[];
}

/** @throws CommandError where Docker cannot be asked */
export async function lookUp(
  cluster: string,
  { runner, folders, signal, clock }: KindContext,
): Promise<FoundCluster> {
  const ledger = openLedger(folders, cluster);
  const known = await ledger.read();
  const nodes = await listNodes(runner, cluster, signal);
  return { ledger, known, nodes, standing: standingOf(known, nodes, clock.date()) };
}

function standingOf(
  known: LedgerEntry | undefined,
  nodes: readonly NodeContainer[],
  now: Date,
): ClusterStanding {
  if (known === undefined) return { type: nodes.length === 0 ? 'free' : 'foreign' };
  if (known.nodes !== undefined && !areAmong(known.nodes, nodes)) return { type: 'foreign' };
  const { owner } = known;
  const hasOwnNodes = known.nodes !== undefined && nodes.length > 0;
  const mayGetNodes = now.getTime() - Date.parse(known.startedAt) < CREATION_WINDOW_MS;
  if (owner !== undefined && isRunning(owner) !== false && (hasOwnNodes || mayGetNodes)) {
    return { type: 'in-use', owner };
  }
  if (!hasOwnNodes) return nodes.length === 0 ? { type: 'left-over', entry: known } : { type: 'foreign' };
  if (known.phase === 'retained') return { type: 'retained', entry: known };
  if (known.phase === 'ready' && owner === undefined) return { type: 'kept', entry: known };
  return { type: 'left-over', entry: known };
}

/** Whether all of the nodes are of these ids. */
export function areAmong(ids: readonly string[], nodes: readonly NodeContainer[]): boolean {
  return nodes.every(({ id }) => ids.includes(id));
}
