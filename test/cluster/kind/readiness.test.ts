/** What a cluster lacks, from what `kubectl get --output=json` writes. */
import { expect, test } from 'vitest';
import {
  kubernetesVersion,
  parseSnapshot,
  REQUIREMENTS,
  type Snapshot,
} from '../../../src/cluster/kind/readiness.ts';
import { READY_ITEMS } from './world.ts';

function lacks(name: string, snapshot: Snapshot): readonly string[] | undefined {
  return REQUIREMENTS.find((requirement) => requirement.name === name)?.lacks(snapshot);
}

/** The ready cluster, with what is said of one object changed. */
function snapshotWith(kind: string, name: string, change: object, more: readonly unknown[] = []): Snapshot {
  const items = READY_ITEMS.map((item) =>
    item.kind === kind && item.metadata.name === name ? { ...item, ...change } : item,
  );
  return parseSnapshot(JSON.stringify({ kind: 'List', items: [...items, ...more] }));
}

const ready = snapshotWith('', '', {});

test('a ready cluster lacks nothing', () => {
  expect(REQUIREMENTS.map(({ name, lacks: ask }) => [name, ask(ready)])).toEqual([
    ['calico-node', []],
    ['the nodes', []],
    ['calico-kube-controllers', []],
    ['CoreDNS', []],
  ]);
  expect(kubernetesVersion(ready)).toBe('v1.36.1');
});

test('an empty cluster lacks everything', () => {
  expect(REQUIREMENTS.map(({ lacks: ask }) => ask([]))).toEqual([
    ['there is no DaemonSet calico-node'],
    ['no node has registered'],
    ['there is no Deployment calico-kube-controllers'],
    ['there is no Deployment coredns'],
  ]);
  expect(kubernetesVersion([])).toBeUndefined();
});

test('a node that is not Ready says why', () => {
  const conditions = [{ type: 'Ready', status: 'False', message: 'cni plugin not\n initialized' }];
  const snapshot = snapshotWith('Node', 'c-control-plane', { status: { conditions } });
  expect(lacks('the nodes', snapshot)).toEqual(['c-control-plane is not Ready: cni plugin not initialized']);
});

test.each([
  [
    'no pod has been asked for yet',
    { observedGeneration: 1, desiredNumberScheduled: 0, numberReady: 0 },
    '0 of 0 ready',
  ],
  ['its controller has not seen it', {}, '0 of 0 ready'],
  [
    'its controller has seen an older form of it',
    { observedGeneration: 0, desiredNumberScheduled: 3, updatedNumberScheduled: 3, numberReady: 3 },
    '3 of 3 ready',
  ],
  [
    'some pods are of an older form',
    { observedGeneration: 1, desiredNumberScheduled: 3, updatedNumberScheduled: 2, numberReady: 3 },
    '3 of 3 ready',
  ],
])('a DaemonSet is not ready while %s', (_, status, said) => {
  expect(lacks('calico-node', snapshotWith('DaemonSet', 'calico-node', { status }))).toEqual([said]);
});

test('a Deployment needs all of its replicas', () => {
  const change = {
    spec: { replicas: 2 },
    status: { observedGeneration: 1, updatedReplicas: 2, availableReplicas: 1 },
  };
  expect(lacks('CoreDNS', snapshotWith('Deployment', 'coredns', change))).toEqual(['1 of 2 available']);
});

test.each([
  [
    'cannot be scheduled',
    {
      phase: 'Pending',
      conditions: [{ type: 'PodScheduled', status: 'False', message: '0/3 nodes are available' }],
    },
    'coredns-1: not scheduled: 0/3 nodes are available',
  ],
  [
    'waits for an image, in a later container',
    {
      phase: 'Pending',
      containerStatuses: [
        { name: 'a', state: { waiting: { reason: 'PodInitializing' } } },
        { name: 'b', state: { waiting: { reason: 'ErrImagePull', message: 'no such host' } } },
      ],
    },
    'coredns-1: ErrImagePull: no such host',
  ],
  [
    'crashes',
    {
      containerStatuses: [
        {
          name: 'a',
          restartCount: 5,
          state: { waiting: { reason: 'CrashLoopBackOff' } },
          lastState: { terminated: { exitCode: 137, reason: 'OOMKilled' } },
        },
      ],
    },
    'coredns-1: CrashLoopBackOff (a was restarted 5 times, the last time after OOMKilled with exit code 137)',
  ],
  [
    'crashes, and runs at the moment',
    {
      phase: 'Running',
      containerStatuses: [
        { name: 'a', ready: true, restartCount: 0 },
        { name: 'b', ready: false, restartCount: 1, lastState: { terminated: { exitCode: 1 } } },
      ],
    },
    'coredns-1: running, not ready (b was restarted once, the last time after Error with exit code 1)',
  ],
  [
    'runs and does not answer',
    { phase: 'Running', containerStatuses: [{ name: 'a', ready: false }] },
    'coredns-1: running, not ready',
  ],
  ['is new', {}, 'coredns-1: Pending'],
])('a pod that %s is told with its reason', (_, status, said) => {
  const change = { status: { observedGeneration: 1, updatedReplicas: 1, availableReplicas: 0 } };
  const pods = [
    { kind: 'Pod', metadata: { name: 'coredns-1' }, status },
    {
      kind: 'Pod',
      metadata: { name: 'coredns-2' },
      status: { conditions: [{ type: 'Ready', status: 'True' }] },
    },
    { kind: 'Pod', metadata: { name: 'other-1' }, status: { phase: 'Pending' } },
  ];
  expect(lacks('CoreDNS', snapshotWith('Deployment', 'coredns', change, pods))).toEqual([
    '0 of 1 available',
    said,
  ]);
});
