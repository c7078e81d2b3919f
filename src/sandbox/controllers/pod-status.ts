/** A pod's status from the states of its containers, as a kubelet tells it. */
import type { Container, ContainerStatus, Pod, PodCondition, PodStatus } from '../objects.ts';

export type ContainerState = ContainerStatus['state'];

/** One container as its pod's status shows it. */
export interface ContainerView {
  readonly spec: Container;
  readonly restartCount: number;
  readonly state: ContainerState;
  readonly lastState: ContainerState | undefined;
}

export interface PodPlace {
  readonly hostIP: string;
  readonly podIP: string;
}

/**
 * The status of a pod on a node.
 * @param before the pod's status so far: times of what did not change stay
 * @param time the present, as a timestamp
 */
export function statusOfPod(
  pod: Pod,
  place: PodPlace,
  containers: readonly ContainerView[],
  before: PodStatus | undefined,
  time: string,
): PodStatus {
  const phase = phaseOf(pod, containers);
  const isReady = containers.every(({ state }) => 'running' in state);
  const unready = phase === 'Succeeded' ? 'PodCompleted' : 'ContainersNotReady';
  const names = containers.filter(({ state }) => !('running' in state)).map(({ spec }) => spec.name);
  const readiness = isReady
    ? { status: 'True' as const }
    : {
        status: 'False' as const,
        reason: unready,
        message: `containers with unready status: [${names.join(' ')}]`,
      };
  const conditions: Omit<PodCondition, 'lastTransitionTime'>[] = [
    { type: 'PodScheduled', status: 'True' },
    { type: 'Initialized', status: 'True' },
    { type: 'ContainersReady', ...readiness },
    { type: 'Ready', ...readiness },
  ];
  return {
    phase,
    conditions: conditions.map((condition) => withTransition(condition, before, time)),
    hostIP: place.hostIP,
    podIP: place.podIP,
    podIPs: [{ ip: place.podIP }],
    startTime: before?.startTime ?? time,
    containerStatuses: containers.map(containerStatus),
  };
}

/** The status of a pod that no node takes. */
export function statusOfUnschedulable(
  reason: string,
  before: PodStatus | undefined,
  time: string,
): PodStatus {
  const condition = {
    type: 'PodScheduled',
    status: 'False',
    reason: 'Unschedulable',
    message: reason,
  } as const;
  return { phase: 'Pending', conditions: [withTransition(condition, before, time)] };
}

/** Whether a pod has ended for good: its address means nothing any more. */
export function hasEnded(status: PodStatus | undefined): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}

function phaseOf(pod: Pod, containers: readonly ContainerView[]): PodStatus['phase'] {
  const policy = pod.spec.restartPolicy ?? 'Always';
  const ended = containers.flatMap(({ state }) => ('terminated' in state ? [state.terminated] : []));
  if (policy !== 'Always' && ended.length === containers.length) {
    return ended.every(({ exitCode }) => exitCode === 0) ? 'Succeeded' : 'Failed';
  }
  const isYoung = containers.some(({ state, lastState }) => 'waiting' in state && lastState === undefined);
  return isYoung ? 'Pending' : 'Running';
}

function withTransition(
  condition: Omit<PodCondition, 'lastTransitionTime'>,
  before: PodStatus | undefined,
  time: string,
): PodCondition {
  const same = before?.conditions?.find(
    ({ type, status }) => type === condition.type && status === condition.status,
  );
  return { ...condition, lastTransitionTime: same?.lastTransitionTime ?? time };
}

function containerStatus({ spec, state, lastState, restartCount }: ContainerView): ContainerStatus {
  return {
    name: spec.name,
    image: spec.image ?? '',
    imageID: '',
    ready: 'running' in state,
    started: 'running' in state,
    restartCount,
    state,
    ...(lastState === undefined ? {} : { lastState }),
  };
}
