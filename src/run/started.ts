/** The first stage of a run: a cluster that was handed over, and what becomes of it. */
import type { Cluster } from '../cluster/cluster.ts';
import { untilInterrupted } from './interruption.ts';
import type { Job } from './job.ts';

/**
 * Released, the cluster is kept where the user asked for that and the run was not cut off; where the run has failed, it is retained if
 * the user asked for that; otherwise it is stopped.
 */
export interface Started extends AsyncDisposable {
  readonly cluster: Cluster;
  /** From here on something may be there to look at, also where the run fails. */
  use(): void;
  /** The run has come to its end there. */
  finish(): void;
}

/**
 * Has the provider hand over a cluster. One that was interrupted has taken back what it had begun: then there is none.
 * @param keep is handed the cluster where it is to be kept, also by a run that then fails
 * @throws PodreachError what the provider throws
 */
export async function startCluster(
  { options, record }: Job,
  keep: (cluster: Cluster) => void,
): Promise<Started | undefined> {
  const { provider, clock, progress, signal } = options;
  progress({ type: 'cluster-starting', cluster: provider.kind });
  const cluster = await untilInterrupted(signal, () => provider.start({ signal, clock }));
  if (cluster === undefined) return undefined;
  const { name, kubectlWith, lifetime, lost } = cluster;
  if (name !== undefined) record.environment.clusterName = name;
  if (kubectlWith !== undefined) record.environment.kubectl = [...kubectlWith];
  const endsWithRun = lifetime.kind === 'ends-with-run';
  let reached: 'handed-over' | 'in-use' | 'finished' = 'handed-over';

  /** @returns whether it was */
  const retain = async (): Promise<boolean> => {
    const hasFailed = reached !== 'finished' || record.scenarios.some(({ error }) => error !== undefined);
    if (!hasFailed || signal.aborted || lifetime.kind === 'users' || lifetime.retain === undefined)
      return false;
    await lifetime.retain();
    return true;
  };
  const isToBeKept = (): boolean =>
    options.keep &&
    (reached === 'finished' || (reached === 'in-use' && !endsWithRun)) &&
    !signal.aborted &&
    !lost.aborted;

  return {
    cluster,
    use() {
      reached = 'in-use';
    },
    finish() {
      reached = 'finished';
    },
    async [Symbol.asyncDispose]() {
      const isRetained = await retain();
      if (isToBeKept()) return keep(cluster);
      if (endsWithRun && !isRetained) progress({ type: 'cluster-stopping', cluster: provider.kind });
      await cluster.stop();
    },
  };
}
