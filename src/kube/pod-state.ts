/** What a pod's status means for someone who waits for it. */
import type { KubeObject } from './kube.ts';
import { type Advice, adviseEnd, adviseRejection, adviseWait } from './pod-advice.ts';

export type PodState =
  | {
      readonly kind: 'running';
      /** Of the cluster's first family: what a pod has as its address where it has one. */
      readonly ip: string;
      /** Of further families. */
      readonly otherIps: readonly string[];
      /** Absent for one that stands outside the cluster. */
      readonly node?: string;
    }
  | NotRunning<'waiting'>
  /** It will not run without someone's help. */
  | NotRunning<'failed'>;

interface NotRunning<Kind> {
  readonly kind: Kind;
  /** The cluster's own words, on one line. */
  readonly reason: string;
  /** Where it was to run, once that is decided. */
  readonly node?: string;
  /** What to do about it, or if it goes on. */
  readonly hint?: string;
  /** All that it lacks is a visit of its kubelet. */
  readonly isUnvisited?: boolean;
}

/** As much of a pod's status as podreach reads; every field may be missing while the pod is young. */
interface PodStatus {
  readonly phase?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly podIP?: string;
  /** One for each family, `podIP` first. */
  readonly podIPs?: readonly { readonly ip?: string }[];
  readonly conditions?: readonly Condition[];
  readonly initContainerStatuses?: readonly ContainerStatus[];
  /** Sorted by name by the kubelet: where a mesh has put a container beside the probe, that may come first. */
  readonly containerStatuses?: readonly ContainerStatus[];
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason?: string;
  readonly message?: string;
}

interface ContainerStatus {
  readonly name?: string;
  readonly ready?: boolean;
  readonly state?: {
    readonly running?: object;
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: TerminatedState;
  };
}

interface TerminatedState {
  readonly exitCode: number;
  readonly reason?: string;
  readonly message?: string;
}

interface PodSpec {
  readonly nodeName?: string;
  readonly imagePullSecrets?: readonly unknown[];
}

const LONGEST_WORDS = 600;
/** Reasons of a container's end that say no more than its exit code. */
const PLAIN_ENDS = new Set(['Error', 'Completed']);

/** @param pod as the API server gave it after it had taken it, or undefined where it gave none */
export function podState(pod: KubeObject | undefined): PodState {
  if (pod === undefined) return { kind: 'failed', reason: 'somebody has deleted it' };
  // Real API objects: the shape is the API's own, and each field is read as optional.
  const status = (pod['status'] ?? {}) as PodStatus;
  const spec = (pod['spec'] ?? {}) as PodSpec;
  const node = spec.nodeName === undefined ? {} : { node: spec.nodeName };
  const containers = status.containerStatuses ?? [];
  const [ip = status.podIP, ...otherIps] = (status.podIPs ?? []).flatMap((address) => address.ip ?? []);
  if (status.phase === 'Failed' || status.phase === 'Succeeded' || containers.some(hasEnded)) {
    return { kind: 'failed', ...ending(status), ...node };
  }
  if (pod.metadata.deletionTimestamp !== undefined) {
    return { kind: 'failed', reason: joined('it is being deleted', disruption(status)), ...node };
  }
  const held = [...(status.initContainerStatuses ?? []), ...containers].flatMap(({ state }) =>
    state?.waiting?.reason === undefined ? [] : [waiting(state.waiting, spec)],
  );
  const hopeless = held.find(({ heals }) => !heals);
  if (hopeless !== undefined) return { kind: 'failed', ...withoutHealing(hopeless), ...node };
  if (
    status.phase === 'Running' &&
    containers.length > 0 &&
    containers.every(({ state }) => state?.running !== undefined) &&
    ip !== undefined
  ) {
    if (containers.every(({ ready }) => ready !== false)) return { kind: 'running', ip, otherIps, ...node };
    return { kind: 'waiting', isUnvisited: true, ...UNVISITED, ...node };
  }
  const [first] = held;
  return {
    kind: 'waiting',
    ...(first === undefined ? notYetHeld(status) : withoutHealing(first)),
    ...node,
  };
}

/** Its containers run, and the kubelet of its node has not found all of them ready. */
const UNVISITED: Told = {
  reason: 'it runs, and the kubelet of its node has not reached it',
  hint: 'Kubelets must reach the pods of their own nodes (readiness probes): look at the network plugin and the firewall of these nodes. Without it podreach could not tell a pod that is cut off from one whose network is down.',
};

type Told = Pick<NotRunning<unknown>, 'reason' | 'hint'>;

function hasEnded({ state }: ContainerStatus): boolean {
  return state?.terminated !== undefined;
}

/** Of a pod that is over: what its container said last, or why nothing let it begin. */
function ending(status: PodStatus): Told {
  const containers = [...(status.containerStatuses ?? []), ...(status.initContainerStatuses ?? [])];
  const ended = containers.filter(hasEnded);
  // An init container that has done its work is no news, and of several ends one with an error tells more.
  const told = ended.find(({ state }) => state?.terminated?.exitCode !== 0) ?? ended[0];
  const terminated = told?.state?.terminated;
  if (status.reason !== undefined || terminated === undefined) {
    const reason = status.reason ?? status.phase ?? 'Failed';
    return { reason: joined(reason, status.message), hint: adviseRejection(reason) };
  }
  const which = containers.length > 1 && told?.name !== undefined ? ` ${told.name}` : '';
  const kind = PLAIN_ENDS.has(terminated.reason ?? 'Error') ? '' : ` (${terminated.reason})`;
  const words = lastWords(terminated);
  return {
    reason: joined(`its container${which} ended with exit code ${terminated.exitCode}${kind}`, words),
    hint: adviseEnd(terminated.reason, words),
  };
}

/** With `FallbackToLogsOnError` the message is the end of the log, and of that the line that names an error. */
function lastWords({ message = '' }: TerminatedState): string {
  const lines = message
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
  return lines.findLast((line) => /error|cannot/i.test(line)) ?? lines.at(-1) ?? '';
}

function waiting(
  { reason = '', message = '' }: { readonly reason?: string; readonly message?: string },
  { imagePullSecrets = [] }: PodSpec,
): Told & Advice {
  return {
    reason: joined(reason, message),
    ...adviseWait(reason, message, { hasPullSecrets: imagePullSecrets.length > 0 }),
  };
}

function withoutHealing({ reason, hint }: Told): Told {
  return hint === undefined ? { reason } : { reason, hint };
}

/** Before any container is known: no node yet, or a node that has not looked at it. */
function notYetHeld(status: PodStatus): Told {
  const unscheduled = status.conditions?.find(
    ({ type, status: value }) => type === 'PodScheduled' && value === 'False',
  );
  if (unscheduled?.reason !== undefined) {
    const reason = joined(unscheduled.reason, unscheduled.message);
    return unscheduled.reason === 'Unschedulable'
      ? { reason, hint: 'Make room on a node, or choose nodes with --node-selector and --toleration.' }
      : { reason };
  }
  return { reason: joined(status.reason ?? status.phase ?? 'Pending', status.message) };
}

/** Who takes a pod away says so in a condition: `PreemptionByScheduler`, `DeletionByTaintManager` and the like. */
function disruption({ conditions = [] }: PodStatus): string | undefined {
  const target = conditions.find(({ type, status }) => type === 'DisruptionTarget' && status === 'True');
  return target?.reason === undefined ? undefined : joined(target.reason, target.message);
}

function joined(reason: string, message: string | undefined): string {
  const words = (message ?? '').replaceAll(/\s+/g, ' ').trim();
  if (words === '') return reason;
  return `${reason}: ${words.length > LONGEST_WORDS ? `${words.slice(0, LONGEST_WORDS)}…` : words}`;
}
