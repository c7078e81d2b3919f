/** Takes the nodes of a cluster away. */
import type { Clock } from '../../clock.ts';
import { PodreachError } from '../../errors.ts';
import type { CommandRunner } from '../command-runner.ts';
import { KIND_ENVIRONMENT, type KindContext } from './context.ts';
import { isProcessAlive, type Ledger, openLedger, standingOf } from './ledger.ts';
import { listNodes } from './nodes.ts';
import { stageError, startSequence } from './stages.ts';

const DELETE_TIMEOUT_MS = 180_000;
const SETTLE_MS = 2000;

export interface Deletion {
  readonly runner: CommandRunner;
  readonly ledger: Ledger;
  readonly cluster: string;
}

/**
 * Deletes a cluster's nodes and forgets it. Not to be interrupted: what it does is the clean-up.
 * @throws CommandError
 */
export async function deleteNodes({ runner, ledger, cluster }: Deletion): Promise<void> {
  const args = ['delete', 'cluster', '--name', cluster, '--kubeconfig', ledger.kubeconfigFile];
  await runner.run('kind', args, { timeoutMs: DELETE_TIMEOUT_MS, env: KIND_ENVIRONMENT });
  await ledger.remove();
}

/** The same for a creation that was cut off: a container that Docker was just making when kind was ended comes up a little later. */
export async function deleteUnfinished(deletion: Deletion, clock: Clock): Promise<void> {
  await deleteNodes(deletion);
  await clock.sleep(SETTLE_MS);
  if ((await listNodes(deletion.runner, deletion.cluster)).length > 0) await deleteNodes(deletion);
}

/**
 * Deletes a cluster of podreach's by name.
 * @returns whether there was one
 * @throws PodreachError `cluster-unavailable` where it is in use or not podreach's own, or cannot be deleted
 */
export async function deleteKindCluster(cluster: string, context: KindContext): Promise<boolean> {
  const { runner, folders, signal, tell, clock } = context;
  const ledger = openLedger(folders, cluster);
  const [known, nodes] = await Promise.all([ledger.read(), listNodes(runner, cluster, signal)]).catch(
    (thrown: unknown) => {
      throw stageError('looking for the cluster', thrown, 'Check that Docker runs: docker info');
    },
  );
  const standing = standingOf(known, nodes, isProcessAlive);
  switch (standing.type) {
    case 'free':
      return false;
    case 'foreign':
      throw foreignCluster(cluster);
    case 'in-use':
      throw clusterInUse(cluster, standing);
    case 'kept':
    case 'left-over':
    case 'retained':
      await startSequence(tell, clock).perform({
        name: 'deleting the nodes',
        run: () => deleteNodes({ runner, ledger, cluster }),
        advise: () => `Try it by hand: kind delete cluster --name ${cluster}`,
      });
      return standing.nodes.length > 0;
  }
}

/** The error for a cluster that somebody else made. */
export function foreignCluster(cluster: string): PodreachError {
  return new PodreachError(
    'cluster-unavailable',
    `the name is taken: a kind cluster "${cluster}" exists that podreach did not make`,
    { hint: `Choose another name, or delete it: kind delete cluster --name ${cluster}` },
  );
}

/** The error for a cluster that another process of podreach uses. */
export function clusterInUse(
  cluster: string,
  owner?: { readonly pid: number; readonly host: string },
): PodreachError {
  const who = owner === undefined ? '' : ` (process ${owner.pid} on ${owner.host})`;
  return new PodreachError(
    'cluster-unavailable',
    `the name is taken: the kind cluster "${cluster}" belongs to a run of podreach that has not ended${who}`,
    { hint: 'Wait for that run, or choose another name.' },
  );
}
