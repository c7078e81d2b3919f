/** Keeps the pods of StatefulSets: each with a name of its own, one after the other. */
import type { Store } from '../../store.ts';
import { suffixOf } from '../../suffix.ts';
import { createPod, deletePod, isActive, podsOf } from '../../workloads/pods.ts';
import { runReconciler } from '../../workloads/reconcile.ts';
import { hasEnded } from '../pods/ending.ts';
import type { Pod } from '../pods/object.ts';
import { isPodReady } from '../pods/readiness.ts';
import type { StatefulSet } from './object.ts';

const REVISION_LABEL = 'controller-revision-hash';

export function runStatefulSets(store: Store, now: () => Date): () => void {
  return runReconciler(store, 'statefulsets', (set) => {
    const revision = `${set.metadata.name}-${suffixOf(set.spec.template)}`;
    step(store, set, revision, now());
    writeStatus(store, set, revision);
    return undefined;
  });
}

/** What comes next; the rest follows when it is done. */
function step(store: Store, set: StatefulSet, revision: string, now: Date): void {
  const pods = new Map(podsOf(store, set).map((pod) => [pod.metadata.name, pod]));
  const names = namesOf(set);
  const isOrdered = set.spec.podManagementPolicy !== 'Parallel';
  for (const [name, ordinal] of names) {
    const pod = pods.get(name);
    if (pod === undefined) createOrdinal(store, set, name, ordinal, revision);
    else if (hasEnded(pod.status)) deletePod(store, pod, now);
    if (isOrdered && !isSteady(pod)) return;
  }
  const tooMany = [...pods.values()]
    .filter(({ metadata }) => !names.has(metadata.name))
    .toSorted((a, b) => ordinalOf(b) - ordinalOf(a));
  for (const pod of isOrdered ? tooMany.slice(0, 1) : tooMany) deletePod(store, pod, now);
  if (tooMany.length > 0 || set.spec.updateStrategy?.type === 'OnDelete') return;
  for (const name of [...names.keys()].toReversed()) {
    const pod = pods.get(name);
    if (pod !== undefined && isActive(pod) && revisionOf(pod) !== revision) {
      deletePod(store, pod, now);
      return;
    }
    if (!isSteady(pod)) return;
  }
}

/** The names of the pods that there should be, with their numbers. */
function namesOf({ metadata, spec }: StatefulSet): ReadonlyMap<string, number> {
  const first = spec.ordinals?.start ?? 0;
  return new Map(
    Array.from({ length: spec.replicas ?? 1 }, (_, index) => [
      `${metadata.name}-${first + index}`,
      first + index,
    ]),
  );
}

function ordinalOf({ metadata }: Pod): number {
  return Number(/\d+$/.exec(metadata.name)?.[0] ?? 0);
}

function revisionOf({ metadata }: Pod): string | undefined {
  return metadata.labels?.[REVISION_LABEL];
}

function isSteady(pod: Pod | undefined): boolean {
  return pod !== undefined && isActive(pod) && isPodReady(pod);
}

function createOrdinal(
  store: Store,
  set: StatefulSet,
  name: string,
  ordinal: number,
  revision: string,
): void {
  const { serviceName, template } = set.spec;
  createPod(store, set, template, {
    name,
    labels: {
      [REVISION_LABEL]: revision,
      'statefulset.kubernetes.io/pod-name': name,
      'apps.kubernetes.io/pod-index': String(ordinal),
    },
    spec: { hostname: name, ...(serviceName === undefined ? {} : { subdomain: serviceName }) },
  });
}

function writeStatus(store: Store, set: StatefulSet, updateRevision: string): void {
  const { namespace, name } = set.metadata;
  const pods = podsOf(store, set).filter(isActive);
  store.update('statefulsets', namespace, name, (current) => {
    const { generation } = current.metadata;
    const updated = pods.filter((pod) => revisionOf(pod) === updateRevision).length;
    const isUpdated = updated === pods.length && updated === (current.spec.replicas ?? 1);
    const currentRevision = isUpdated ? updateRevision : (current.status?.currentRevision ?? updateRevision);
    const ready = pods.filter(isPodReady).length;
    return {
      ...current,
      status: {
        ...(generation === undefined ? {} : { observedGeneration: generation }),
        replicas: pods.length,
        readyReplicas: ready,
        availableReplicas: ready,
        currentReplicas: pods.filter((pod) => revisionOf(pod) === currentRevision).length,
        updatedReplicas: updated,
        currentRevision,
        updateRevision,
      },
    };
  });
}
