/** What a pod's status means for someone who waits for it. */
import type { KubeObject } from './kube.ts';

export type PodState =
  | { readonly kind: 'running'; readonly ip: string; readonly node: string }
  | { readonly kind: 'waiting'; readonly reason: string }
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

/** Reasons for waiting that do not heal by waiting. */
const HOPELESS = new Set([
  'ErrImageNeverPull',
  'InvalidImageName',
  'CreateContainerConfigError',
  'CreateContainerError',
]);

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
  if (container?.waiting?.reason !== undefined && HOPELESS.has(container.waiting.reason)) {
    return { kind: 'failed', reason: joined(container.waiting.reason, container.waiting.message) };
  }
  if (
    status.phase === 'Running' &&
    container?.running !== undefined &&
    status.podIP !== undefined &&
    node !== undefined
  ) {
    return { kind: 'running', ip: status.podIP, node };
  }
  return { kind: 'waiting', reason: waitReason(status) };
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

function waitReason(status: PodStatus): string {
  const waiting = status.containerStatuses?.[0]?.state?.waiting;
  if (waiting?.reason !== undefined) return joined(waiting.reason, waiting.message);
  const unscheduled = status.conditions?.find(
    ({ type, status: value }) => type === 'PodScheduled' && value === 'False',
  );
  if (unscheduled?.reason !== undefined) return joined(unscheduled.reason, unscheduled.message);
  return status.phase ?? 'Pending';
}

function joined(reason: string, message: string | undefined): string {
  return message === undefined || message === '' ? reason : `${reason}: ${message}`;
}
