/** A pod's status from the states of its containers, as a kubelet tells it. */
import type { Readiness } from '../../../../probes/readiness.ts';
import type { Container, ContainerStatus, Pod, PodCondition, PodStatus } from '../object.ts';

export type ContainerState = ContainerStatus['state'];

/** One container as its pod's status shows it. */
export interface ContainerView {
  readonly spec: Container;
  readonly restartCount: number;
  readonly state: ContainerState;
  readonly lastState: ContainerState | undefined;
  /** Means something while the container runs. */
  readonly readiness: Readiness;
}

/** One address of each family, IPv4 first. */
export interface PodPlace {
  /** None outside the cluster. */
  readonly hostIPs: readonly string[];
  readonly podIPs: readonly string[];
}

/**
 * The status of a pod that has its place.
 * @param before the pod's status so far: times of what did not change stay
 * @param time the present, as a timestamp
 */
export function statusOfPod(
  pod: Pod,
  { hostIPs, podIPs }: PodPlace,
  containers: readonly ContainerView[],
  before: PodStatus | undefined,
  time: string,
): PodStatus {
  const [[hostIP], [podIP]] = [hostIPs, podIPs];
  const phase = phaseOf(pod, containers);
  const readiness = readinessOf(containers, phase);
  const conditions: Omit<PodCondition, 'lastTransitionTime'>[] = [
    { type: 'PodScheduled', status: 'True' },
    { type: 'Initialized', status: 'True' },
    { type: 'ContainersReady', ...readiness },
    { type: 'Ready', ...readiness },
  ];
  return {
    phase,
    conditions: conditions.map((condition) => withTransition(condition, before, time)),
    ...(hostIP === undefined ? {} : { hostIP, hostIPs: hostIPs.map(asIP) }),
    ...(podIP === undefined ? {} : { podIP, podIPs: podIPs.map(asIP) }),
    startTime: before?.startTime ?? time,
    containerStatuses: containers.map(containerStatus),
  };
}

function asIP(ip: string): { ip: string } {
  return { ip };
}

function readinessOf(
  containers: readonly ContainerView[],
  phase: PodStatus['phase'],
): Pick<PodCondition, 'status' | 'reason' | 'message'> {
  const unready = containers.filter((container) => !isReady(container));
  if (unready.length === 0) return { status: 'True' };
  const names = `containers with unready status: [${unready.map(({ spec }) => spec.name).join(' ')}]`;
  // A kubelet tells these in Events, which the sandbox has not.
  const reasons = unready.flatMap(({ spec, state, readiness }) =>
    'running' in state && readiness.kind === 'unready' && readiness.reason !== undefined
      ? [`${spec.name}: Readiness probe failed: ${readiness.reason}`]
      : [],
  );
  return {
    status: 'False',
    reason: phase === 'Succeeded' ? 'PodCompleted' : 'ContainersNotReady',
    message: [names, ...reasons].join('; '),
  };
}

function isReady({ state, readiness }: ContainerView): boolean {
  return 'running' in state && readiness.kind === 'ready';
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

function containerStatus(container: ContainerView): ContainerStatus {
  const { spec, state, lastState, restartCount } = container;
  return {
    name: spec.name,
    image: spec.image ?? '',
    imageID: '',
    ready: isReady(container),
    started: 'running' in state,
    restartCount,
    state,
    ...(lastState === undefined ? {} : { lastState }),
  };
}
