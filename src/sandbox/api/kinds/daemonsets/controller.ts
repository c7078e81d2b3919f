/** Keeps one pod of each DaemonSet on each node that it is for. */
import type { Store } from '../../store.ts';
import { suffixOf } from '../../suffix.ts';
import { countOf } from '../../workloads/percent.ts';
import { createPod, deletePod, isActive, podsOf } from '../../workloads/pods.ts';
import { runReconciler } from '../../workloads/reconcile.ts';
import type { Node } from '../nodes/object.ts';
import { hasEnded } from '../pods/ending.ts';
import type { Pod } from '../pods/object.ts';
import { isPodReady } from '../pods/readiness.ts';
import { mattersToScheduling } from '../pods/scheduling.ts';
import type { DaemonSet } from './object.ts';

const REVISION_LABEL = 'controller-revision-hash';

export function runDaemonSets(store: Store, now: () => Date): () => void {
  const reconcile = (set: DaemonSet): undefined => {
    const revision = suffixOf(set.spec.template);
    step(store, set, revision, now());
    writeStatus(store, set, revision);
  };
  return runReconciler(store, 'daemonsets', reconcile, mattersToScheduling);
}

function step(store: Store, set: DaemonSet, revision: string, now: Date): void {
  const pods = podsOf(store, set);
  const names = nodesFor(store, set);
  for (const pod of pods)
    if (hasEnded(pod.status) || !names.includes(nodeOf(pod))) deletePod(store, pod, now);
  const kept = pods.filter((pod) => !hasEnded(pod.status) && names.includes(nodeOf(pod)));
  // One that is leaving has its place until it is gone.
  for (const name of names)
    if (!kept.some((pod) => nodeOf(pod) === name))
      createPod(store, set, set.spec.template, {
        labels: { [REVISION_LABEL]: revision },
        spec: { nodeName: name },
      });
  if (set.spec.updateStrategy?.type === 'OnDelete') return;
  const old = kept.filter((pod) => isActive(pod) && revisionOf(pod) !== revision);
  const unready = old.filter((pod) => !isPodReady(pod));
  const { maxUnavailable = 1 } = set.spec.updateStrategy?.rollingUpdate ?? {};
  const missing = names.length - kept.filter((pod) => isActive(pod) && isPodReady(pod)).length;
  const spare = Math.max(0, countOf(maxUnavailable, names.length, Math.ceil) - missing);
  for (const pod of [...unready, ...old.filter(isPodReady).slice(0, spare)]) deletePod(store, pod, now);
}

function nodesFor(store: Store, { spec }: DaemonSet): string[] {
  const { nodeSelector = {}, nodeName } = spec.template.spec;
  const isFor = ({ metadata: { name, labels = {} } }: Node): boolean =>
    (nodeName === undefined || nodeName === name) &&
    Object.entries(nodeSelector).every(([key, value]) => labels[key] === value);
  return store
    .list('nodes')
    .filter(isFor)
    .map(({ metadata }) => metadata.name);
}

function nodeOf({ spec }: Pod): string {
  return spec.nodeName ?? '';
}

function revisionOf({ metadata }: Pod): string | undefined {
  return metadata.labels?.[REVISION_LABEL];
}

function writeStatus(store: Store, set: DaemonSet, revision: string): void {
  const { namespace, name, generation } = set.metadata;
  const names = nodesFor(store, set);
  const pods = podsOf(store, set).filter((pod) => isActive(pod) && names.includes(nodeOf(pod)));
  const ready = pods.filter(isPodReady).length;
  store.update('daemonsets', namespace, name, (current) => ({
    ...current,
    status: {
      ...(generation === undefined ? {} : { observedGeneration: generation }),
      currentNumberScheduled: pods.length,
      desiredNumberScheduled: names.length,
      numberAvailable: ready,
      numberMisscheduled: 0,
      numberReady: ready,
      numberUnavailable: names.length - ready,
      updatedNumberScheduled: pods.filter((pod) => revisionOf(pod) === revision).length,
    },
  }));
}
