/** Takes the nodes of a cluster away. */
import { hostname } from 'node:os';
import type { Clock } from '../../clock.ts';
import type { CommandRunner } from '../command-runner.ts';
import { KIND_ENVIRONMENT, type KindContext } from './context.ts';
import { removeOutside } from './hosts.ts';
import type { Ledger, LedgerEntry } from './ledger.ts';
import { listNodes } from './nodes.ts';
import { isRunning } from './process.ts';
import { clusterInUse, foreignCluster } from './refusals.ts';
import { stageError, startSequence } from './stages.ts';
import { areAmong, lookUp } from './standing.ts';

const DELETE_TIMEOUT_MS = 180_000;
const SETTLE_MS = 2000;

export interface ClusterDeletion {
  readonly runner: CommandRunner;
  readonly ledger: Ledger;
  readonly cluster: string;
  /** The containers that podreach knows to be its own. */
  readonly ids: readonly string[];
}

/**
 * Deletes a cluster's nodes, what stands outside it, and forgets it. Not to be interrupted: what it does is the clean-up.
 * @throws CommandError; PodreachError where there are other nodes of that name, which are left alone
 */
export async function deleteNodes({ runner, ledger, cluster, ids }: ClusterDeletion): Promise<void> {
  const nodes = await listNodes(runner, cluster);
  if (!areAmong(ids, nodes)) throw foreignCluster(cluster);
  await removeOutside(runner, { cluster });
  if (nodes.length > 0) await runDeletion({ runner, ledger, cluster });
  await ledger.remove();
}

/**
 * The same for a creation that was cut off, before the ids of its nodes were noted. There were none of that name when it began. A
 * container that Docker was just making when kind was ended comes up a little later.
 */
export async function deleteUnfinished(deletion: Omit<ClusterDeletion, 'ids'>, clock: Clock): Promise<void> {
  const { runner, ledger, cluster } = deletion;
  await runDeletion(deletion);
  await clock.sleep(SETTLE_MS);
  if ((await listNodes(runner, cluster)).length > 0) await runDeletion(deletion);
  // Last, so that no other podreach begins with this name meanwhile.
  await ledger.remove();
}

async function runDeletion({ runner, ledger, cluster }: Omit<ClusterDeletion, 'ids'>): Promise<void> {
  const args = ['delete', 'cluster', '--name', cluster, '--kubeconfig', ledger.kubeconfigFile];
  await runner.run('kind', args, { processMs: DELETE_TIMEOUT_MS, env: KIND_ENVIRONMENT });
}

/**
 * Deletes a cluster of podreach's by name.
 * @returns whether there was one
 * @throws PodreachError `cluster-unavailable` where it is in use or not podreach's own, or cannot be deleted
 */
export async function deleteKindCluster(cluster: string, context: KindContext): Promise<boolean> {
  const { runner, tell, clock } = context;
  const { standing, ledger, nodes } = await lookUp(cluster, context).catch((thrown: unknown) => {
    throw stageError('looking for the cluster', thrown, 'Check that Docker runs: docker info');
  });
  const deleteOwn = async ({ nodes: ids = [] }: LedgerEntry): Promise<boolean> => {
    await startSequence(tell, clock).perform({
      name: 'deleting the nodes',
      run: () => deleteNodes({ runner, ledger, cluster, ids }),
      advise: () => `Try it by hand: kind delete cluster --name ${cluster}`,
    });
    return nodes.length > 0;
  };
  switch (standing.type) {
    case 'free':
      return false;
    case 'foreign':
      throw foreignCluster(cluster);
    case 'in-use':
      // Nobody can tell from here whether a process of another machine runs; the user can, and there is nothing to lose.
      if (nodes.length > 0 || standing.owner.host === hostname()) throw clusterInUse(cluster, standing.owner);
      await ledger.remove();
      return false;
    case 'kept':
      await refuseUsed(cluster, ledger);
      return await deleteOwn(standing.entry);
    case 'left-over':
    case 'retained':
      return await deleteOwn(standing.entry);
  }
}

/** A process of another machine cannot be asked, and whoever shares a cluster between machines knows of them. */
async function refuseUsed(cluster: string, ledger: Ledger): Promise<void> {
  const user = (await ledger.users()).find((noted) => isRunning(noted) === true);
  if (user !== undefined) throw clusterInUse(cluster, user);
}
