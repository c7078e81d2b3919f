/** What a cluster still lacks, as a pure function of what its API shows. */
import { z } from 'zod';
import { CALICO_CONTROLLERS, CALICO_NODE } from './calico.ts';

const condition = z.object({
  type: z.string(),
  status: z.string(),
  reason: z.string().optional(),
  message: z.string().optional(),
});
const containerStatus = z.object({
  name: z.string(),
  ready: z.boolean().optional(),
  restartCount: z.number().optional(),
  state: z
    .object({
      waiting: z.object({ reason: z.string().optional(), message: z.string().optional() }).optional(),
    })
    .optional(),
  lastState: z
    .object({
      terminated: z.object({ exitCode: z.number(), reason: z.string().optional() }).optional(),
    })
    .optional(),
});
const container = z.object({ name: z.string(), image: z.string().optional() });
const item = z.object({
  kind: z.string(),
  metadata: z.object({
    name: z.string(),
    namespace: z.string().optional(),
    generation: z.number().optional(),
    labels: z.record(z.string(), z.string()).optional(),
    annotations: z.record(z.string(), z.string()).optional(),
    ownerReferences: z.array(z.object({ kind: z.string(), name: z.string() })).optional(),
    deletionTimestamp: z.string().optional(),
  }),
  spec: z
    .object({
      nodeName: z.string().optional(),
      replicas: z.number().optional(),
      template: z.object({ spec: z.object({ containers: z.array(container) }) }).optional(),
    })
    .optional(),
  /** Of a ControllerRevision. */
  revision: z.number().optional(),
  status: z
    .object({
      phase: z.string().optional(),
      conditions: z.array(condition).optional(),
      containerStatuses: z.array(containerStatus).optional(),
      initContainerStatuses: z.array(containerStatus).optional(),
      nodeInfo: z.object({ kubeletVersion: z.string() }).optional(),
      observedGeneration: z.number().optional(),
      desiredNumberScheduled: z.number().optional(),
      updatedNumberScheduled: z.number().optional(),
      numberReady: z.number().optional(),
      updatedReplicas: z.number().optional(),
      availableReplicas: z.number().optional(),
    })
    .optional(),
});
const list = z.object({ items: z.array(item) });
export type SnapshotItem = z.infer<typeof item>;

/** The kinds of object that most of what is asked here is about, as `kubectl get` names them. */
export const SNAPSHOT_KINDS = 'nodes,daemonsets,deployments,pods';

/** Objects of the cluster at one moment. */
export type Snapshot = readonly SnapshotItem[];

/** @throws where it is not a list of Kubernetes objects */
export function parseSnapshot(text: string): Snapshot {
  return list.parse(JSON.parse(text)).items;
}

/** Something that must be ready before a cluster is: its name, and what it still lacks (nothing: it is ready). */
export interface ReadinessRequirement {
  readonly name: string;
  /** The kinds of object that it is about, as `kubectl get` names them. */
  readonly kinds: string;
  readonly lacks: (snapshot: Snapshot) => readonly string[];
  /** The pods that keep it from being ready. */
  readonly pods: (snapshot: Snapshot) => readonly PodName[];
}

export interface PodName {
  readonly namespace: string;
  readonly name: string;
}

/** All nodes are Ready. */
export const NODES: ReadinessRequirement = {
  name: 'the nodes',
  kinds: SNAPSHOT_KINDS,
  lacks: lackOfNodes,
  pods: () => [],
};

/** In the order in which they become true, so that each wait's time is its own. */
export const REQUIREMENTS: readonly ReadinessRequirement[] = [
  workload(CALICO_NODE, CALICO_NODE, lackOfDaemonSet),
  NODES,
  workload(CALICO_CONTROLLERS, CALICO_CONTROLLERS, lackOfDeployment),
  workload('CoreDNS', 'coredns', lackOfDeployment),
];

function workload(
  name: string,
  object: string,
  lackOf: (snapshot: Snapshot, object: string) => readonly string[],
): ReadinessRequirement {
  return {
    name,
    kinds: SNAPSHOT_KINDS,
    lacks: (snapshot) => lackOf(snapshot, object),
    pods: (snapshot) => unreadyPods(snapshot, object).map(({ pod }) => podName(pod)),
  };
}

export function podName({ metadata: { namespace = 'default', name } }: SnapshotItem): PodName {
  return { namespace, name };
}

/** The Kubernetes version of the cluster's nodes, such as `v1.36.1`; undefined before there are any. */
export function kubernetesVersion(snapshot: Snapshot): string | undefined {
  return snapshot.find(({ kind }) => kind === 'Node')?.status?.nodeInfo?.kubeletVersion;
}

function lackOfNodes(snapshot: Snapshot): string[] {
  const nodes = snapshot.filter(({ kind }) => kind === 'Node');
  if (nodes.length === 0) return ['no node has registered'];
  return nodes.flatMap(({ metadata, status }) => {
    const ready = status?.conditions?.find(({ type }) => type === 'Ready');
    if (ready?.status === 'True') return [];
    return [`${metadata.name} is not Ready${words(ready?.message)}`];
  });
}

function lackOfDaemonSet(snapshot: Snapshot, name: string): string[] {
  const daemonSet = findWorkload(snapshot, 'DaemonSet', name);
  if (daemonSet === undefined) return [`there is no DaemonSet ${name}`];
  const { wanted, ready, isComplete } = countPods(daemonSet);
  return isComplete ? [] : [`${ready} of ${wanted} ready`, ...lackOfPods(snapshot, name)];
}

function lackOfDeployment(snapshot: Snapshot, name: string): string[] {
  const deployment = findWorkload(snapshot, 'Deployment', name);
  if (deployment === undefined) return [`there is no Deployment ${name}`];
  const { wanted, ready, isComplete } = countPods(deployment);
  return isComplete ? [] : [`${ready} of ${wanted} available`, ...lackOfPods(snapshot, name)];
}

interface PodCount {
  readonly wanted: number;
  readonly ready: number;
  /** All are ready, and of the newest form that the workload has. */
  readonly isComplete: boolean;
}

/** The pods of a DaemonSet or Deployment, as its controller counts them. */
export function countPods(workload: SnapshotItem): PodCount {
  const { kind, spec = {}, status = {} } = workload;
  const { desiredNumberScheduled = 0, updatedNumberScheduled = 0, numberReady = 0 } = status;
  const { updatedReplicas = 0, availableReplicas = 0 } = status;
  const { wanted, updated, ready } =
    kind === 'DaemonSet'
      ? { wanted: desiredNumberScheduled, updated: updatedNumberScheduled, ready: numberReady }
      : { wanted: spec.replicas ?? 1, updated: updatedReplicas, ready: availableReplicas };
  // A DaemonSet wants none only before its controller has counted the nodes.
  const isCounted = isObserved(workload) && (kind !== 'DaemonSet' || wanted > 0);
  return { wanted, ready, isComplete: isCounted && updated >= wanted && ready >= wanted };
}

/** The workload of a kind and name. */
export function findWorkload(snapshot: Snapshot, kind: string, name: string): SnapshotItem | undefined {
  return snapshot.find((candidate) => candidate.kind === kind && candidate.metadata.name === name);
}

/** A controller that has not seen the newest form of a workload counts the pods of an older one. */
export function isObserved({ metadata, status }: SnapshotItem): boolean {
  return (status?.observedGeneration ?? 0) >= (metadata.generation ?? 0);
}

function lackOfPods(snapshot: Snapshot, object: string): string[] {
  return unreadyPods(snapshot, object).map(({ pod, reason }) => {
    const node = pod.spec?.nodeName;
    return `${pod.metadata.name}${node === undefined ? '' : ` on ${node}`}: ${reason}`;
  });
}

function unreadyPods(snapshot: Snapshot, object: string): { pod: SnapshotItem; reason: string }[] {
  return podsOf(snapshot, object).flatMap((pod) => {
    const reason = whyPodIsNotReady(pod);
    return reason === undefined ? [] : [{ pod, reason }];
  });
}

/** The pods of a workload, by the names that its controller gives them. */
export function podsOf(snapshot: Snapshot, object: string): Snapshot {
  return snapshot.filter(({ kind, metadata }) => kind === 'Pod' && metadata.name.startsWith(`${object}-`));
}

/** A container that comes and goes may run at the moment of looking. */
function restartsOf({ status }: SnapshotItem): string {
  const [worst] = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])].toSorted(
    (one, other) => (other.restartCount ?? 0) - (one.restartCount ?? 0),
  );
  const { name = '', restartCount = 0, lastState } = worst ?? {};
  if (restartCount === 0) return '';
  const { exitCode, reason = 'Error' } = lastState?.terminated ?? {};
  const last = exitCode === undefined ? '' : `, the last time after ${reason} with exit code ${exitCode}`;
  return ` (${name} was restarted ${restartCount === 1 ? 'once' : `${restartCount} times`}${last})`;
}

/** Undefined where it is ready. */
export function whyPodIsNotReady(pod: SnapshotItem): string | undefined {
  const reason = whyNotReady(pod);
  return reason === undefined ? undefined : `${reason}${restartsOf(pod)}`;
}

function whyNotReady({ status }: SnapshotItem): string | undefined {
  const conditions = status?.conditions ?? [];
  if (conditions.some(({ type, status: holds }) => type === 'Ready' && holds === 'True')) return undefined;
  const unscheduled = conditions.find(
    ({ type, status: holds }) => type === 'PodScheduled' && holds === 'False',
  );
  if (unscheduled !== undefined) return `not scheduled${words(unscheduled.message)}`;
  const containers = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  const waiting = containers
    .flatMap(({ state }) => (state?.waiting === undefined ? [] : [state.waiting]))
    // A container that only waits for those before it says nothing.
    .toSorted((a, b) => Number(a.reason === 'PodInitializing') - Number(b.reason === 'PodInitializing'))[0];
  if (waiting !== undefined) return `${waiting.reason ?? 'waiting'}${words(waiting.message)}`;
  return status?.phase === 'Running' ? 'running, not ready' : (status?.phase ?? 'Pending');
}

const LONGEST_MESSAGE = 200;

export function words(message: string | undefined): string {
  if (message === undefined || message === '') return '';
  const line = message.replaceAll(/\s+/g, ' ').trim();
  return `: ${line.length > LONGEST_MESSAGE ? `${line.slice(0, LONGEST_MESSAGE)}…` : line}`;
}
