/** What a pod's status means for someone who waits for it. */
import type { KubeObject } from './kube.ts';

export type PodState =
  | { readonly kind: 'running'; readonly ip: string; readonly node: string }
  /** `hint` is what to do if it goes on. */
  | { readonly kind: 'waiting'; readonly reason: string; readonly hint?: string }
  /** It will not run without someone's help. */
  | { readonly kind: 'failed'; readonly reason: string; readonly hint?: string };

/** As much of a pod's status as podreach reads; every field may be missing while the pod is young. */
interface PodStatus {
  readonly phase?: string;
  readonly reason?: string;
  readonly message?: string;
  readonly podIP?: string;
  readonly conditions?: readonly {
    readonly type: string;
    readonly status: string;
    readonly reason?: string;
    readonly message?: string;
  }[];
  readonly containerStatuses?: readonly ContainerStatus[];
}

interface ContainerStatus {
  readonly state?: {
    readonly running?: object;
    readonly waiting?: { readonly reason?: string; readonly message?: string };
    readonly terminated?: { readonly exitCode: number; readonly reason?: string; readonly message?: string };
  };
}

/** Reasons for waiting that do not heal by waiting, with what to do about them. */
const HOPELESS: Readonly<Record<string, string>> = {
  ErrImageNeverPull: 'The node may not pull images: load it there, or name another with --probe-image.',
  InvalidImageName: 'Correct the image that --probe-image names.',
  CreateContainerConfigError: 'An admission controller may have changed the pod; kubectl describe shows it.',
  CreateContainerError: 'The container runtime of that node refuses the container; its log says more.',
  RunContainerError: 'The container runtime of that node cannot run it; its log says more.',
};
/** Reasons for waiting that a registry may still mend, unless it says that there is nothing to pull. */
const PULLING = new Set(['ErrImagePull', 'ImagePullBackOff']);
const NOTHING_TO_PULL =
  /not found|manifest unknown|name unknown|does not exist|no match for platform|no matching manifest|invalid reference|pull access denied|repository name not known/i;
const PULL_HINT =
  'Name an image that the nodes can pull with --probe-image, and a Secret for it with --image-pull-secret.';

/** @param pod as the API server gave it, or undefined where it gave none */
export function podState(pod: KubeObject | undefined): PodState {
  if (pod === undefined) return { kind: 'waiting', reason: 'not listed by the API server' };
  // Real API objects: the shape is the API's own, and each field is read as optional.
  const status = (pod['status'] ?? {}) as PodStatus;
  const node = (pod['spec'] as { nodeName?: string } | undefined)?.nodeName;
  const container = status.containerStatuses?.[0]?.state;
  if (status.phase === 'Failed' || status.phase === 'Succeeded' || container?.terminated !== undefined) {
    return failed(status, container?.terminated);
  }
  if (pod.metadata.deletionTimestamp !== undefined) return { kind: 'failed', reason: 'it is being deleted' };
  const hopeless = hopelessWait(container?.waiting);
  if (hopeless !== undefined) return hopeless;
  if (
    status.phase === 'Running' &&
    container?.running !== undefined &&
    status.podIP !== undefined &&
    node !== undefined
  ) {
    return { kind: 'running', ip: status.podIP, node };
  }
  return waitingFor(status);
}

function hopelessWait(waiting: NonNullable<ContainerStatus['state']>['waiting']): PodState | undefined {
  if (waiting?.reason === undefined) return undefined;
  const { reason, message = '' } = waiting;
  const isPull = PULLING.has(reason) && NOTHING_TO_PULL.test(message);
  const hint = isPull ? PULL_HINT : HOPELESS[reason];
  return hint === undefined ? undefined : { kind: 'failed', reason: joined(reason, message), hint };
}

function failed(
  status: PodStatus,
  terminated: { exitCode: number; reason?: string; message?: string } | undefined,
): PodState {
  if (terminated === undefined)
    return { kind: 'failed', reason: joined(status.reason ?? status.phase ?? 'failed', status.message) };
  return {
    kind: 'failed',
    reason: joined(`its container ended with exit code ${terminated.exitCode}`, terminated.message?.trim()),
    hint: 'The probe agent ends by itself only when it cannot listen on one of its ports.',
  };
}

function waitingFor(status: PodStatus): PodState {
  const waiting = status.containerStatuses?.[0]?.state?.waiting;
  if (waiting?.reason !== undefined) {
    const reason = joined(waiting.reason, waiting.message);
    return PULLING.has(waiting.reason)
      ? { kind: 'waiting', reason, hint: PULL_HINT }
      : { kind: 'waiting', reason };
  }
  const unscheduled = status.conditions?.find(
    ({ type, status: value }) => type === 'PodScheduled' && value === 'False',
  );
  if (unscheduled?.reason !== undefined) {
    return {
      kind: 'waiting',
      reason: joined(unscheduled.reason, unscheduled.message),
      hint: 'Make room on a node, or choose nodes with --node-selector and --toleration.',
    };
  }
  return { kind: 'waiting', reason: status.phase ?? 'Pending' };
}

function joined(reason: string, message: string | undefined): string {
  return message === undefined || message === '' ? reason : `${reason}: ${message}`;
}
