/** How far the rollout of a workload of Calico's is, node by node, as a pure function of what the API shows. */
import {
  countPods,
  findWorkload,
  isObserved,
  podName,
  podsOf,
  type ReadinessRequirement,
  SNAPSHOT_KINDS,
  type Snapshot,
  type SnapshotItem,
  whyPodIsNotReady,
} from './readiness.ts';

type WorkloadKind = 'DaemonSet' | 'Deployment';

/** What a controller makes of each form of a workload, and where it writes the number of that form and its hash. */
const FORMS: Readonly<
  Record<WorkloadKind, { readonly kind: string; readonly hash: string; readonly number: FormNumber }>
> = {
  DaemonSet: {
    kind: 'ControllerRevision',
    hash: 'controller-revision-hash',
    number: ({ revision = 0 }) => revision,
  },
  Deployment: {
    kind: 'ReplicaSet',
    hash: 'pod-template-hash',
    number: ({ metadata }) => Number(metadata.annotations?.['deployment.kubernetes.io/revision'] ?? 0),
  },
};
type FormNumber = (form: SnapshotItem) => number;

/** Whether all pods of a workload are of its newest form, and ready. Both workloads of Calico are in `kube-system`. */
export function rolloutOf(kind: WorkloadKind, name: string): ReadinessRequirement {
  return {
    name: `the rollout of ${kind.toLowerCase()}/kube-system/${name}`,
    kinds: `${SNAPSHOT_KINDS},replicasets,controllerrevisions`,
    lacks(snapshot) {
      const workload = findWorkload(snapshot, kind, name);
      if (workload === undefined) return [`there is no ${kind} ${name}`];
      if (!isObserved(workload)) return ['Kubernetes has not taken up its new form'];
      const { wanted, isComplete } = countPods(workload);
      const pods = standingsOf(snapshot, kind, name);
      const missing = kind === 'DaemonSet' && pods.length < wanted ? nodesWithout(snapshot, pods) : [];
      const lines = [
        ...pods.flatMap(({ pod, lack }) => (lack === undefined ? [] : [`${placeOf(name, pod)}: ${lack}`])),
        ...missing.map((node) => `${name} on ${node}: not there yet`),
      ];
      if (isComplete && lines.length === 0) return [];
      const done = pods.filter(({ lack }) => lack === undefined).length;
      return [`${done} of ${wanted} updated and ready`, ...lines];
    },
    pods: (snapshot) =>
      standingsOf(snapshot, kind, name)
        .filter(({ isNewest, lack }) => isNewest && lack !== undefined)
        .map(({ pod }) => podName(pod)),
  };
}

interface PodStanding {
  readonly pod: SnapshotItem;
  readonly isNewest: boolean;
  /** Undefined where nothing is to be waited for. */
  readonly lack: string | undefined;
}

/** Those that something is going on with come before those that it has not come to. */
function standingsOf(snapshot: Snapshot, kind: WorkloadKind, name: string): PodStanding[] {
  const newest = newestHash(snapshot, kind, name);
  return podsOf(snapshot, name)
    .filter(({ status }) => status?.phase !== 'Failed' && status?.phase !== 'Succeeded')
    .map((pod) => {
      const isNewest = newest !== undefined && pod.metadata.labels?.[FORMS[kind].hash] === newest;
      return { pod, isNewest, lack: isNewest ? lackOfNewest(pod) : lackOfOld(pod) };
    })
    .toSorted((one, other) => Number(other.isNewest) - Number(one.isNewest));
}

function lackOfNewest(pod: SnapshotItem): string | undefined {
  const reason = whyPodIsNotReady(pod);
  return reason === undefined ? undefined : `updated, not ready yet: ${reason}`;
}

function lackOfOld({ metadata }: SnapshotItem): string {
  return metadata.deletionTimestamp === undefined ? 'still the old one' : 'the old one is ending';
}

/** Of the form with the highest number; undefined while none is there. */
function newestHash(snapshot: Snapshot, workload: WorkloadKind, name: string): string | undefined {
  const { kind, hash, number } = FORMS[workload];
  const newest = snapshot
    .filter((form) => form.kind === kind && isOwnedBy(form, workload, name))
    .toSorted((one, other) => number(other) - number(one))[0];
  return newest?.metadata.labels?.[hash];
}

function isOwnedBy({ metadata }: SnapshotItem, kind: WorkloadKind, name: string): boolean {
  return metadata.ownerReferences?.some((owner) => owner.kind === kind && owner.name === name) === true;
}

function placeOf(name: string, { spec }: SnapshotItem): string {
  return spec?.nodeName === undefined ? name : `${name} on ${spec.nodeName}`;
}

function nodesWithout(snapshot: Snapshot, pods: readonly PodStanding[]): string[] {
  const taken = new Set(pods.map(({ pod }) => pod.spec?.nodeName));
  return snapshot
    .filter(({ kind, metadata }) => kind === 'Node' && !taken.has(metadata.name))
    .map(({ metadata }) => metadata.name);
}
