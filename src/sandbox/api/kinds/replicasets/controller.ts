/** Keeps as many pods as a ReplicaSet wants. */
import type { Store } from '../../store.ts';
import { createPod, deletePod, isActive, leavingFirst, podsOf } from '../../workloads/pods.ts';
import { runReconciler } from '../../workloads/reconcile.ts';
import type { Pod } from '../pods/object.ts';
import { isPodReady } from '../pods/readiness.ts';
import type { ReplicaSet } from './object.ts';

export function runReplicaSets(store: Store, now: () => Date): () => void {
  return runReconciler(store, 'replicasets', (set) => {
    const pods = podsOf(store, set).filter(isActive);
    const wanted = set.spec.replicas ?? 1;
    for (let count = pods.length; count < wanted; count += 1) createPod(store, set, set.spec.template);
    const leaving = pods.toSorted(leavingFirst).slice(0, Math.max(0, pods.length - wanted));
    for (const pod of leaving) deletePod(store, pod, now());
    writeStatus(store, set, podsOf(store, set).filter(isActive));
    return undefined;
  });
}

function writeStatus(store: Store, { metadata }: ReplicaSet, pods: readonly Pod[]): void {
  const ready = pods.filter(isPodReady).length;
  store.update('replicasets', metadata.namespace, metadata.name, (set) => ({
    ...set,
    status: {
      replicas: pods.length,
      fullyLabeledReplicas: pods.length,
      readyReplicas: ready,
      availableReplicas: ready,
      ...observed(metadata.generation),
    },
  }));
}

function observed(generation: number | undefined): { observedGeneration?: number } {
  return generation === undefined ? {} : { observedGeneration: generation };
}
