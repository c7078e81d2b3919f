/** Statuses of pods as clusters give them, and what they mean for someone who waits. */
import { expect, test } from 'vitest';
import { podState } from '../../src/kube/pod-state.ts';

function pod(status: object, metadata: object = {}) {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web', namespace: 'shop', ...metadata },
    spec: { nodeName: 'worker-1' },
    status,
  };
}

function waiting(reason: string, message?: string) {
  return pod({
    phase: 'Pending',
    containerStatuses: [{ state: { waiting: { reason, ...(message === undefined ? {} : { message }) } } }],
  });
}

const RUNNING = { phase: 'Running', podIP: '10.0.0.7', containerStatuses: [{ state: { running: {} } }] };

test('a pod that runs has an address and a node', () => {
  expect(podState(pod(RUNNING))).toEqual({ kind: 'running', ip: '10.0.0.7', node: 'worker-1' });
});

test.each([
  ['ContainerCreating', undefined],
  ['ErrImagePull', 'rpc error: code = DeadlineExceeded desc = context deadline exceeded'],
  ['ImagePullBackOff', 'Back-off pulling image "mirror.example/node:24"'],
  ['ErrImagePull', 'toomanyrequests: You have reached your pull rate limit'],
])('%s (%s) may heal', (reason, message) => {
  expect(podState(waiting(reason, message))).toMatchObject({
    kind: 'waiting',
    reason: message === undefined ? reason : `${reason}: ${message}`,
  });
});

test.each([
  [
    'ErrImagePull',
    'failed to resolve reference "docker.io/library/nod:24": docker.io/library/nod:24: not found',
  ],
  ['ErrImagePull', 'manifest for mirror.example/node:99 not found: manifest unknown'],
  ['ErrImagePull', 'no match for platform in manifest: not found'],
  [
    'ImagePullBackOff',
    'Back-off pulling image "x": ErrImagePull: pull access denied, repository does not exist',
  ],
  ['InvalidImageName', 'couldn\'t parse image reference "A B": invalid reference format'],
  ['ErrImageNeverPull', 'Container image "x" is not present with pull policy of Never'],
  ['CreateContainerConfigError', 'container has runAsNonRoot and image will run as root'],
])('%s (%s) cannot heal, and says what to do', (reason, message) => {
  const state = podState(waiting(reason, message));
  expect(state).toMatchObject({ kind: 'failed', reason: `${reason}: ${message}` });
  expect(state).toHaveProperty('hint');
});

test("a pod that finds no node waits in the scheduler's words", () => {
  const message = '0/3 nodes are available: 3 node(s) had untolerated taint {dedicated: db}.';
  const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }];
  expect(podState(pod({ phase: 'Pending', conditions }))).toEqual({
    kind: 'waiting',
    reason: `Unschedulable: ${message}`,
    hint: 'Make room on a node, or choose nodes with --node-selector and --toleration.',
  });
});

test.each([
  [
    'crashed',
    pod({
      phase: 'Failed',
      containerStatuses: [
        { state: { terminated: { exitCode: 1, reason: 'Error', message: 'EADDRINUSE\n' } } },
      ],
    }),
    'its container ended with exit code 1: EADDRINUSE',
  ],
  [
    'was evicted',
    pod({ phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: memory.' }),
    'Evicted: The node was low on resource: memory.',
  ],
  ['is being deleted', pod(RUNNING, { deletionTimestamp: '2026-01-01T00:00:00Z' }), 'it is being deleted'],
])('a pod that %s will not run any more', (_, object, reason) => {
  expect(podState(object)).toMatchObject({ kind: 'failed', reason });
});

test('a pod that the server does not list is waited for', () => {
  expect(podState(undefined)).toMatchObject({ kind: 'waiting' });
});
