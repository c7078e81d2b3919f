/** One cluster for several runs: handed over to each as if it was its own, and stopped with the last. */
import type { Cluster, ClusterProvider, Lifetime } from '../cluster/cluster.ts';

/** Disposed, the cluster is stopped where it still goes on. */
export interface SharedCluster extends AsyncDisposable {
  /** @param isLast the cluster may end with this run */
  provider(isLast: boolean): ClusterProvider;
}

/** @param onStopping told when it is stopped without a run that says so */
export function shareCluster(provider: ClusterProvider, onStopping: () => void): SharedCluster {
  let shared: Cluster | undefined;
  let isStopped = false;
  let isRetained = false;
  const stop = async (): Promise<void> => {
    isStopped = true;
    await shared?.stop();
  };
  return {
    provider: (isLast) => ({
      kind: provider.kind,
      async start(options) {
        shared ??= withRetaining(await provider.start(options), () => {
          isRetained = true;
        });
        return isLast
          ? { ...shared, stop }
          : { ...shared, lifetime: outlastingRun(shared), stop: () => Promise.resolve() };
      },
    }),
    async [Symbol.asyncDispose]() {
      if (shared === undefined || isStopped) return;
      if (shared.lifetime.kind === 'ends-with-run' && !isRetained) onStopping();
      await stop();
    },
  };
}

/** @param onRetained told when a run that has failed has it retained: to stop it leaves it in place then */
function withRetaining(cluster: Cluster, onRetained: () => void): Cluster {
  const { lifetime } = cluster;
  if (lifetime.kind === 'users' || lifetime.retain === undefined) return cluster;
  const { retain } = lifetime;
  const retaining = async (): Promise<void> => {
    onRetained();
    await retain();
  };
  return { ...cluster, lifetime: { ...lifetime, retain: retaining } };
}

/** It stays when the run has ended: so the run takes away what it has made there. */
function outlastingRun({ kind, name, lifetime }: Cluster): Lifetime {
  if (lifetime.kind !== 'ends-with-run') return lifetime;
  const cleanWith = name === undefined ? [] : ['--cluster', `${kind}=${name}`];
  return { ...lifetime, kind: 'kept', cleanWith };
}
