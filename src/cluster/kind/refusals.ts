/** Why a cluster of a name is not taken: the errors that all commands share. */
import { hostname } from 'node:os';
import { PodreachError } from '../../errors.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';
import type { NodeContainer } from './nodes.ts';
import type { NotedProcess } from './process.ts';

/** A cluster that somebody else made. */
export class ForeignClusterError extends PodreachError {}

/** The error for a cluster that somebody else made. */
export function foreignCluster(cluster: string): ForeignClusterError {
  return new ForeignClusterError(
    'cluster-unavailable',
    `the name is taken: a kind cluster "${cluster}" exists that podreach did not make`,
    { hint: `Choose another name, or delete it: kind delete cluster --name ${cluster}` },
  );
}

/** The error for a cluster that another process of podreach uses. */
export function clusterInUse(cluster: string, owner?: NotedProcess): PodreachError {
  const who = owner === undefined ? '' : ` (process ${owner.pid} on ${owner.host})`;
  const wait = 'Wait for that run, or choose another name.';
  return new PodreachError(
    'cluster-unavailable',
    `the name is taken: the kind cluster "${cluster}" is used by a run of podreach that has not ended${who}`,
    {
      hint:
        owner === undefined || owner.host === hostname()
          ? wait
          : `${wait} If it has ended: kind delete cluster --name ${cluster} && podreach cluster delete ${cluster}`,
    },
  );
}

/** The error for a cluster that has failed and is kept to be looked at. */
export function retainedCluster(name: string, ledger: Ledger, entry: LedgerEntry): PodreachError {
  return new PodreachError(
    'cluster-unavailable',
    `the name is taken: the kind cluster "${name}" has failed and its nodes are kept, with their logs in ${ledger.logsFolder(new Date(entry.startedAt))}`,
    { hint: `When you have seen enough: podreach cluster delete ${name}` },
  );
}

/**
 * Nodes that their owner has stopped are not started behind their back.
 * @throws PodreachError `cluster-unavailable` where there are any
 */
export function refuseStopped(cluster: string, nodes: readonly NodeContainer[]): void {
  const stopped = nodes.filter(({ isRunning }) => !isRunning).map(({ name }) => name);
  if (stopped.length === 0) return;
  throw new PodreachError(
    'cluster-unavailable',
    `the kept kind cluster "${cluster}" has stopped nodes: ${stopped.join(', ')}`,
    {
      hint: `Start them (docker start ${stopped.join(' ')}), or delete it: podreach cluster delete ${cluster}`,
    },
  );
}
