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
  const running = { kind: 'running', ip: '10.0.0.7', otherIps: [], node: 'worker-1' };
  expect(podState(pod(RUNNING))).toEqual(running);
  expect(podState(pod({ ...RUNNING, podIPs: [{ ip: '10.0.0.7' }] }))).toEqual(running);
});

test('a pod of two families has its first address, and the other', () => {
  const podIPs = [{ ip: 'fd00::7' }, { ip: '10.0.0.7' }];
  expect(podState(pod({ ...RUNNING, podIP: 'fd00::7', podIPs }))).toEqual({
    kind: 'running',
    ip: 'fd00::7',
    otherIps: ['10.0.0.7'],
    node: 'worker-1',
  });
});

test.each([
  ['ContainerCreating', undefined],
  ['PodInitializing', undefined],
  ['ErrImagePull', 'rpc error: code = DeadlineExceeded desc = context deadline exceeded'],
  ['ErrImagePull', 'failed to do request: Head "https://mirror.example/v2/": dial tcp: i/o timeout'],
  ['ImagePullBackOff', 'Back-off pulling image "mirror.example/node:24"'],
  ['ErrImagePull', 'toomanyrequests: You have reached your pull rate limit'],
  ['CreateContainerError', 'context deadline exceeded'],
  ['CreateContainerConfigError', 'services have not yet been read at least once, cannot construct envvars'],
])('%s (%s) may heal', (reason, message) => {
  expect(podState(waiting(reason, message))).toMatchObject({
    kind: 'waiting',
    node: 'worker-1',
    reason: message === undefined ? reason : `${reason}: ${message}`,
  });
});

const PULL = expect.stringContaining('--image-pull-secret');
const NODE_JS = expect.stringContaining('`node`');

test.each([
  [
    'ErrImagePull',
    'failed to resolve reference "docker.io/library/nod:24": docker.io/library/nod:24: not found',
    PULL,
  ],
  ['ErrImagePull', 'reading manifest 99 in mirror.example/node: manifest unknown', PULL],
  ['ErrImagePull', 'no match for platform in manifest: not found', PULL],
  [
    'ImagePullBackOff',
    'Back-off pulling image "x": ErrImagePull: pull access denied, repository does not exist or may require authorization',
    PULL,
  ],
  [
    'ErrImagePull',
    'unexpected status from HEAD request to https://mirror.example/v2/node/manifests/24: 403 Forbidden',
    PULL,
  ],
  ['InvalidImageName', 'couldn\'t parse image name "A B": invalid reference format', expect.any(String)],
  ['ErrImageNeverPull', 'Container image "x" is not present with pull policy of Never', expect.any(String)],
  ['CreateContainerConfigError', 'container has runAsNonRoot and image will run as root', expect.any(String)],
  ['CreateContainerError', 'container create failed: executable file `node` not found in $PATH', NODE_JS],
  ['RunContainerError', 'runc create failed: exec: "node": executable file not found in $PATH', NODE_JS],
])('%s (%s) cannot heal, and says what to do', (reason, message, hint) => {
  expect(podState(waiting(reason, message))).toEqual({
    kind: 'failed',
    reason: `${reason}: ${message}`,
    node: 'worker-1',
    hint,
  });
});

test('an image that is denied may come with a Secret that somebody is still putting there', () => {
  const denied = waiting('ErrImagePull', 'pull access denied, repository does not exist or may require it');
  const spec = { nodeName: 'worker-1', imagePullSecrets: [{ name: 'mirror' }] };
  expect(podState({ ...denied, spec })).toMatchObject({ kind: 'waiting', hint: PULL });
});

test("a pod that finds no node waits in the scheduler's words", () => {
  const message = '0/3 nodes are available: 3 node(s) had untolerated taint {dedicated: db}.';
  const conditions = [{ type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message }];
  expect(podState({ ...pod({ phase: 'Pending', conditions }), spec: {} })).toEqual({
    kind: 'waiting',
    reason: `Unschedulable: ${message}`,
    hint: 'Make room on a node, or choose nodes with --node-selector and --toleration.',
  });
});

function ended(terminated: object, status: object = {}) {
  return pod({
    phase: 'Failed',
    containerStatuses: [{ name: 'probe', state: { terminated } }],
    ...status,
  });
}

test.each([
  [
    'crashed',
    ended({
      exitCode: 1,
      reason: 'Error',
      message: 'podreach agent: cannot listen on 80/TCP: EACCES\n\nNode.js v24.11.1\n',
    }),
    'its container ended with exit code 1: podreach agent: cannot listen on 80/TCP: EACCES',
    'listen',
  ],
  [
    'ended without a word',
    ended({ exitCode: 0, reason: 'Completed' }, { phase: 'Succeeded' }),
    'its container ended with exit code 0',
    'listen',
  ],
  [
    'ran out of memory',
    ended({ exitCode: 137, reason: 'OOMKilled' }),
    'exit code 137 (OOMKilled)',
    '256 MiB',
  ],
  [
    'has no Node.js',
    ended({
      exitCode: 128,
      reason: 'StartError',
      message:
        'failed to create containerd task: runc create failed: exec: "node": executable file not found in $PATH',
    }),
    'its container ended with exit code 128 (StartError): failed to create containerd task: runc',
    '`node`',
  ],
  [
    'has an image for another architecture',
    ended({ exitCode: 255, reason: 'Error', message: 'exec /usr/local/bin/node: exec format error' }),
    'exec format error',
    'architecture',
  ],
  [
    'was evicted',
    ended(
      { exitCode: 137, reason: 'ContainerStatusUnknown' },
      { reason: 'Evicted', message: 'The node was low on resource: memory.' },
    ),
    'Evicted: The node was low on resource: memory.',
    'kubectl describe node',
  ],
  [
    'its node turned away',
    pod({ phase: 'Failed', reason: 'SysctlForbidden', message: 'forbidden sysctl: "x" not allowlisted' }),
    'SysctlForbidden: forbidden sysctl: "x" not allowlisted',
    '1024',
  ],
])('a pod that %s will not run any more', (_, object, reason, hint) => {
  expect(podState(object)).toMatchObject({
    kind: 'failed',
    node: 'worker-1',
    reason: expect.stringContaining(reason),
    hint: expect.stringContaining(hint),
  });
});

test('a pod that is being deleted says who does it', () => {
  const metadata = { deletionTimestamp: '2026-01-01T00:00:00Z' };
  expect(podState(pod(RUNNING, metadata))).toMatchObject({ kind: 'failed', reason: 'it is being deleted' });
  const conditions = [
    {
      type: 'DisruptionTarget',
      status: 'True',
      reason: 'DeletionByTaintManager',
      message: 'Taint manager: deleting due to NoExecute taint',
    },
  ];
  expect(podState(pod({ ...RUNNING, conditions }, metadata))).toMatchObject({
    reason: 'it is being deleted: DeletionByTaintManager: Taint manager: deleting due to NoExecute taint',
  });
});

test('a pod that the server does not list any more is gone', () => {
  expect(podState(undefined)).toEqual({ kind: 'failed', reason: 'somebody has deleted it' });
});

test('a container that a mesh has put beside the probe counts as well', () => {
  const proxy = (state: object) => ({ name: 'istio-proxy', state });
  const probe = { name: 'probe', state: { running: {} } };
  const withProxy = (state: object) => pod({ ...RUNNING, containerStatuses: [proxy(state), probe] });
  expect(podState(withProxy({ running: {} }))).toMatchObject({ kind: 'running' });
  expect(podState(withProxy({ waiting: { reason: 'ContainerCreating' } }))).toMatchObject({
    kind: 'waiting',
  });
  expect(podState(withProxy({ terminated: { exitCode: 2, message: 'no certificate' } }))).toMatchObject({
    kind: 'failed',
    reason: 'its container istio-proxy ended with exit code 2: no certificate',
  });
  const initContainerStatuses = [{ name: 'istio-init', state: { waiting: { reason: 'InvalidImageName' } } }];
  expect(podState(pod({ phase: 'Pending', initContainerStatuses }))).toMatchObject({ kind: 'failed' });
  const done = [{ name: 'istio-init', state: { terminated: { exitCode: 0, reason: 'Completed' } } }];
  expect(podState(pod({ ...RUNNING, initContainerStatuses: done }))).toMatchObject({ kind: 'running' });
});
