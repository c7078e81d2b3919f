/** Keeps for each Deployment a ReplicaSet of its template, and leads its pods over from older ones. */
import type { Store } from '../../store.ts';
import { suffixOf } from '../../suffix.ts';
import { timestampOf } from '../../time.ts';
import { isOwnedBy, ownedBy } from '../../workloads/owners.ts';
import { countOf } from '../../workloads/percent.ts';
import { runReconciler } from '../../workloads/reconcile.ts';
import type { ReplicaSet } from '../replicasets/object.ts';
import type { Deployment, DeploymentCondition } from './object.ts';
import { recreatingSizes, rollingSizes, type SetSize } from './rollout.ts';

const HASH_LABEL = 'pod-template-hash';
const REVISION = 'deployment.kubernetes.io/revision';

export function runDeployments(store: Store, now: () => Date): () => void {
  return runReconciler(store, 'deployments', (deployment) => {
    const hash = suffixOf(deployment.spec.template);
    const current = currentSet(store, deployment, hash);
    if (current !== undefined) {
      resize(store, deployment, current);
      forgetOldSets(store, deployment, hash);
    }
    writeStatus(store, deployment, hash, timestampOf(now()));
    return undefined;
  });
}

/** The sets of a Deployment, the oldest revision first. */
function setsOf(store: Store, deployment: Deployment): ReplicaSet[] {
  return store
    .list('replicasets', deployment.metadata.namespace)
    .filter(isOwnedBy(deployment))
    .toSorted((a, b) => revisionOf(a) - revisionOf(b));
}

function revisionOf({ metadata }: ReplicaSet): number {
  return Number(metadata.annotations?.[REVISION] ?? 0);
}

function hasHash(hash: string): (set: ReplicaSet) => boolean {
  return ({ metadata }) => metadata.labels?.[HASH_LABEL] === hash;
}

/** The set of the Deployment's template: an old one again, or a new one. @returns undefined where there is none yet and none may be */
function currentSet(store: Store, deployment: Deployment, hash: string): ReplicaSet | undefined {
  const sets = setsOf(store, deployment);
  const found = sets.find(hasHash(hash));
  const newest = sets.at(-1);
  if (found === undefined && deployment.spec.paused === true) return undefined;
  const revision =
    (newest === undefined ? 0 : revisionOf(newest)) + (found !== undefined && found === newest ? 0 : 1);
  const { namespace, name } = deployment.metadata;
  const annotations = { [REVISION]: String(revision) };
  store.update('deployments', namespace, name, (current) => ({
    ...current,
    metadata: { ...current.metadata, annotations: { ...current.metadata.annotations, ...annotations } },
  }));
  if (found === undefined) return createSet(store, deployment, hash, annotations);
  return store.update('replicasets', namespace, found.metadata.name, (set) => ({
    ...set,
    metadata: { ...set.metadata, annotations: { ...set.metadata.annotations, ...annotations } },
  }));
}

/** @returns undefined where somebody else has its name */
function createSet(
  store: Store,
  deployment: Deployment,
  hash: string,
  annotations: Record<string, string>,
): ReplicaSet | undefined {
  const { metadata, spec } = deployment;
  const name = `${metadata.name}-${hash}`;
  if (store.get('replicasets', metadata.namespace, name) !== undefined) return undefined;
  const labels = { ...spec.template.metadata?.labels, [HASH_LABEL]: hash };
  return store.create('replicasets', {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name,
      ...(metadata.namespace === undefined ? {} : { namespace: metadata.namespace }),
      generation: 1,
      labels,
      annotations,
      ownerReferences: ownedBy(deployment),
    },
    spec: {
      replicas: 0,
      selector: { ...spec.selector, matchLabels: { ...spec.selector?.matchLabels, [HASH_LABEL]: hash } },
      template: { ...spec.template, metadata: { ...spec.template.metadata, labels } },
    },
  });
}

function resize(store: Store, { metadata, spec }: Deployment, current: ReplicaSet): void {
  const deployment = store.get('deployments', metadata.namespace, metadata.name);
  const others =
    deployment === undefined
      ? []
      : setsOf(store, deployment).filter((set) => set.metadata.uid !== current.metadata.uid);
  const replicas = spec.replicas ?? 1;
  const { strategy } = spec;
  if (spec.paused === true && others.some((set) => set.spec.replicas !== 0)) return;
  const sizes = { replicas, current: sizeOf(current), old: others.map(sizeOf) };
  const next =
    strategy?.type === 'Recreate'
      ? recreatingSizes(sizes, !hasPods(store, others))
      : rollingSizes({ ...sizes, ...limitsOf(strategy?.rollingUpdate, replicas) });
  others.forEach((set, index) => {
    setReplicas(store, set, next.old[index] ?? 0);
  });
  setReplicas(store, current, next.current);
}

function sizeOf({ spec, status }: ReplicaSet): SetSize {
  return { wanted: spec.replicas ?? 1, available: status?.availableReplicas ?? 0 };
}

/** Both none would be no way at all: then one may be missing. */
function limitsOf(
  {
    maxSurge = '25%',
    maxUnavailable = '25%',
  }: NonNullable<Deployment['spec']['strategy']>['rollingUpdate'] = {},
  replicas: number,
): { maxSurge: number; maxUnavailable: number } {
  const surge = countOf(maxSurge, replicas, Math.ceil);
  const unavailable = countOf(maxUnavailable, replicas, Math.floor);
  return { maxSurge: surge, maxUnavailable: surge === 0 && unavailable === 0 ? 1 : unavailable };
}

/** Also such as are leaving. */
function hasPods(store: Store, sets: readonly ReplicaSet[]): boolean {
  return sets.some((set) => store.list('pods', set.metadata.namespace).some(isOwnedBy(set)));
}

function setReplicas(store: Store, { metadata, spec }: ReplicaSet, replicas: number): void {
  if (spec.replicas === replicas) return;
  store.update('replicasets', metadata.namespace, metadata.name, (set) => ({
    ...set,
    metadata: { ...set.metadata, generation: (set.metadata.generation ?? 0) + 1 },
    spec: { ...set.spec, replicas },
  }));
}

/** Old sets stay for a rollback, as many as the Deployment asks for. */
function forgetOldSets(store: Store, deployment: Deployment, hash: string): void {
  const empty = setsOf(store, deployment).filter(
    (set) => !hasHash(hash)(set) && set.spec.replicas === 0 && (set.status?.replicas ?? 0) === 0,
  );
  const tooMany = Math.max(0, empty.length - (deployment.spec.revisionHistoryLimit ?? 10));
  for (const { metadata } of empty.slice(0, tooMany))
    store.remove('replicasets', metadata.namespace, metadata.name);
}

function writeStatus(store: Store, { metadata }: Deployment, hash: string, time: string): void {
  store.update('deployments', metadata.namespace, metadata.name, (deployment) => {
    const sets = setsOf(store, deployment);
    const current = sets.find(hasHash(hash));
    const total = (count: (set: ReplicaSet) => number): number =>
      sets.reduce((sum, set) => sum + count(set), 0);
    const replicas = total(({ status }) => status?.replicas ?? 0);
    const available = total(({ status }) => status?.availableReplicas ?? 0);
    const wanted = deployment.spec.replicas ?? 1;
    const counts = {
      replicas,
      updatedReplicas: current?.status?.replicas ?? 0,
      readyReplicas: total(({ status }) => status?.readyReplicas ?? 0),
      availableReplicas: available,
      unavailableReplicas: Math.max(0, Math.max(wanted, replicas) - available),
    };
    const { generation } = deployment.metadata;
    const isComplete =
      counts.updatedReplicas === wanted &&
      replicas === wanted &&
      available >= wanted &&
      current !== undefined;
    const { maxUnavailable } = limitsOf(deployment.spec.strategy?.rollingUpdate, wanted);
    const conditions = [
      availability(available >= wanted - maxUnavailable),
      progress(current?.metadata.name ?? deployment.metadata.name, isComplete),
    ].map((condition) => withTimes(condition, deployment.status?.conditions ?? [], time));
    return {
      ...deployment,
      status: {
        ...(generation === undefined ? {} : { observedGeneration: generation }),
        ...counts,
        conditions,
      },
    };
  });
}

type UntimedCondition = Omit<DeploymentCondition, 'lastTransitionTime' | 'lastUpdateTime'>;

function availability(isAvailable: boolean): UntimedCondition {
  return isAvailable
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      };
}

function progress(set: string, isComplete: boolean): UntimedCondition {
  const message = `ReplicaSet "${set}" ${isComplete ? 'has successfully progressed' : 'is progressing'}.`;
  const reason = isComplete ? 'NewReplicaSetAvailable' : 'ReplicaSetUpdated';
  return { type: 'Progressing', status: 'True', reason, message };
}

function withTimes(
  condition: UntimedCondition,
  before: readonly DeploymentCondition[],
  time: string,
): DeploymentCondition {
  const last = before.find(({ type }) => type === condition.type);
  const isSame = last?.reason === condition.reason && last.message === condition.message;
  return {
    ...condition,
    lastUpdateTime: isSame ? last.lastUpdateTime : time,
    lastTransitionTime: last?.status === condition.status ? last.lastTransitionTime : time,
  };
}
