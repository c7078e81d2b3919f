import { describe, expect, test } from 'vitest';
import {
  type ContainerState,
  type ContainerView,
  statusOfPod,
  statusOfUnschedulable,
} from '../../../../../../src/sandbox/api/kinds/pods/controller/pod-status.ts';
import type { Pod } from '../../../../../../src/sandbox/api/kinds/pods/object.ts';
import { READY, type Readiness, UNREADY } from '../../../../../../src/sandbox/probes/readiness.ts';

const place = {
  hostIPs: ['172.18.0.2', 'fd00:172:18::2'],
  podIPs: ['10.244.1.2', 'fd00:10:244:1::2'],
};
const running: ContainerState = { running: { startedAt: 't1' } };
const creating: ContainerState = { waiting: { reason: 'ContainerCreating' } };
const ended = (exitCode: number): ContainerState => ({
  terminated: { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', startedAt: 't1', finishedAt: 't2' },
});

function view(
  state: ContainerState,
  lastState?: ContainerState,
  readiness: Readiness = READY,
): ContainerView {
  return {
    spec: { name: 'c', image: 'node:24' },
    restartCount: lastState === undefined ? 0 : 1,
    state,
    lastState,
    readiness,
  };
}

function podWith(restartPolicy: 'Always' | 'OnFailure' | 'Never'): Pod {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [], restartPolicy } };
}

describe('the phase', () => {
  test.each([
    ['Always', [view(creating)], 'Pending'],
    ['Always', [view(running), view(creating)], 'Pending'],
    ['Always', [view(running), view(running)], 'Running'],
    ['Always', [view({ waiting: { reason: 'CrashLoopBackOff' } }, ended(1))], 'Running'],
    ['Never', [view(ended(0)), view(running)], 'Running'],
    ['Never', [view(ended(0)), view(ended(0))], 'Succeeded'],
    ['Never', [view(ended(0)), view(ended(3))], 'Failed'],
    ['OnFailure', [view(ended(0))], 'Succeeded'],
  ] as const)('under restartPolicy %s is that of its containers', (policy, containers, phase) => {
    expect(statusOfPod(podWith(policy), place, containers, undefined, 'now').phase).toBe(phase);
  });
});

test('a running pod is told as a kubelet tells it', () => {
  const before = statusOfPod(podWith('Always'), place, [view(creating)], undefined, 't0');
  expect(statusOfPod(podWith('Always'), place, [view(running)], before, 't1')).toEqual({
    phase: 'Running',
    conditions: [
      { type: 'PodScheduled', status: 'True', lastTransitionTime: 't0' },
      { type: 'Initialized', status: 'True', lastTransitionTime: 't0' },
      { type: 'ContainersReady', status: 'True', lastTransitionTime: 't1' },
      { type: 'Ready', status: 'True', lastTransitionTime: 't1' },
    ],
    hostIP: '172.18.0.2',
    hostIPs: [{ ip: '172.18.0.2' }, { ip: 'fd00:172:18::2' }],
    podIP: '10.244.1.2',
    podIPs: [{ ip: '10.244.1.2' }, { ip: 'fd00:10:244:1::2' }],
    startTime: 't0',
    containerStatuses: [
      {
        name: 'c',
        image: 'node:24',
        imageID: '',
        ready: true,
        started: true,
        restartCount: 0,
        state: running,
      },
    ],
  });
});

test('a pod that is not ready says which containers are not', () => {
  const status = statusOfPod(podWith('Always'), place, [view(creating)], undefined, 't0');
  expect(status.conditions?.at(-1)).toEqual({
    type: 'Ready',
    status: 'False',
    reason: 'ContainersNotReady',
    message: 'containers with unready status: [c]',
    lastTransitionTime: 't0',
  });
});

test('a pod is ready when all its containers are, and says why one is not; its phase is another matter', () => {
  const refusing: Readiness = {
    kind: 'unready',
    reason: 'dial tcp 10.244.1.2:80: connect: connection refused',
  };
  const containers = [
    view(running),
    { ...view(running, undefined, refusing), spec: { name: 'd' } },
    { ...view(running, undefined, UNREADY), spec: { name: 'e' } },
    { ...view(creating, ended(1), refusing), spec: { name: 'f' } },
  ];
  const status = statusOfPod(podWith('Always'), place, containers, undefined, 't0');
  expect(status.phase).toBe('Running');
  expect(status.containerStatuses?.map(({ ready, started }) => [ready, started])).toEqual([
    [true, true],
    [false, true],
    [false, true],
    [false, false],
  ]);
  const message =
    'containers with unready status: [d e f]; d: Readiness probe failed: dial tcp 10.244.1.2:80: connect: connection refused';
  expect(status.conditions?.slice(2)).toEqual(
    ['ContainersReady', 'Ready'].map((type) => ({
      type,
      status: 'False',
      reason: 'ContainersNotReady',
      message,
      lastTransitionTime: 't0',
    })),
  );
});

test('a pod without a node says why', () => {
  const status = statusOfUnschedulable('0/2 nodes are available', undefined, 't0');
  expect(status).toEqual({
    phase: 'Pending',
    conditions: [
      {
        type: 'PodScheduled',
        status: 'False',
        reason: 'Unschedulable',
        message: '0/2 nodes are available',
        lastTransitionTime: 't0',
      },
    ],
  });
  expect(statusOfUnschedulable('0/2 nodes are available', status, 't9')).toEqual(status);
});
