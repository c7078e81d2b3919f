import { describe, expect, it } from 'vitest';
import type { KubeObject } from '../../../src/kube/kube.ts';
import { differences } from '../../../src/monitor/incidents/differences.ts';
import type { ClusterSnapshot } from '../../../src/monitor/incidents/snapshot.ts';

const STARTED = Date.parse('2026-03-01T02:14:00Z');

const daemonSet = (generation: number, image: string): KubeObject => ({
  apiVersion: 'apps/v1',
  kind: 'DaemonSet',
  metadata: { namespace: 'kube-system', name: 'calico-node', ...{ generation } },
  spec: { template: { spec: { containers: [{ name: 'calico-node', image }] } } },
});

interface PodFields {
  readonly namespace?: string;
  readonly uid?: string;
  readonly node?: string;
  readonly restarts?: number;
  readonly startedAt?: string;
  readonly owner?: string;
}

const pod = (name: string, fields: PodFields = {}): KubeObject => {
  const { namespace = 'shop', uid = name, node = 'node-1', restarts = 0, startedAt, owner } = fields;
  const ownerReferences = owner === undefined ? [] : [{ kind: 'DaemonSet', name: owner }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, name, ...{ uid, ownerReferences } },
    spec: { nodeName: node },
    status: {
      containerStatuses: [
        { restartCount: restarts, ...(startedAt === undefined ? {} : { state: { running: { startedAt } } }) },
      ],
    },
  };
};

const calico = (fields: PodFields): KubeObject =>
  pod('calico-node-x7k2p', { namespace: 'kube-system', owner: 'calico-node', node: 'node-2', ...fields });

const node = (...conditions: readonly object[]): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name: 'node-2' },
  status: { conditions },
});

const policy = (generation: number, uid = 'one'): KubeObject => ({
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: {
    namespace: 'shop',
    name: 'default-deny',
    creationTimestamp: '2026-03-01T02:14:05Z',
    ...{ generation, uid },
  },
});

/** What differs between a look 4 s after the watch began and one a few seconds later. */
const between = (
  before: Omit<ClusterSnapshot, 'takenMs'>,
  after: Omit<ClusterSnapshot, 'takenMs'>,
): readonly (readonly [string, string, number, number | undefined])[] =>
  differences({ takenMs: 4_000, ...before }, { takenMs: 9_000, ...after }, STARTED).map(
    ({ kind, text, atMs, withinMs }) => [kind, text, atMs, withinMs] as const,
  );

describe('what happens to the network plugin', () => {
  it('is another image', () => {
    expect(
      between(
        { daemonSets: [daemonSet(1, 'quay.io/calico/node:v3.29.0')] },
        { daemonSets: [daemonSet(2, 'quay.io/calico/node:v3.30.1')] },
      ),
    ).toEqual([
      [
        'plugin-image',
        'kube-system/calico-node was given another image: quay.io/calico/node:v3.30.1',
        9_000,
        5_000,
      ],
    ]);
  });

  it('is another template, or none at all', () => {
    const before = { daemonSets: [daemonSet(1, 'node:v3')] };
    expect(between(before, { daemonSets: [daemonSet(2, 'node:v3')] })).toEqual([
      ['plugin-rollout', 'kube-system/calico-node was changed', 9_000, 5_000],
    ]);
    expect(between(before, { daemonSets: [] })).toEqual([
      ['plugin-rollout', 'kube-system/calico-node was deleted', 9_000, 5_000],
    ]);
  });

  it('is a restart, at the time that the kubelet tells', () => {
    expect(
      between(
        { pluginPods: [calico({ restarts: 1, startedAt: '2026-03-01T01:00:00Z' })] },
        { pluginPods: [calico({ restarts: 2, startedAt: '2026-03-01T02:14:06Z' })] },
      ),
    ).toEqual([['plugin-restarted', 'calico-node on node-2 restarted', 7_000, 1_000]]);
  });

  it('is a pod that takes the place of another on its node', () => {
    expect(between({ pluginPods: [calico({ uid: 'a' })] }, { pluginPods: [calico({ uid: 'b' })] })).toEqual([
      ['plugin-restarted', 'calico-node on node-2 was started', 9_000, 5_000],
    ]);
    expect(between({ pluginPods: [calico({})] }, { pluginPods: [] })).toEqual([
      ['plugin-restarted', 'the pod of calico-node on node-2 ended', 9_000, 5_000],
    ]);
  });
});

describe('what happens to a node', () => {
  const ready = { type: 'Ready', status: 'True' };
  const unready = {
    type: 'Ready',
    status: 'Unknown',
    reason: 'NodeStatusUnknown',
    lastTransitionTime: '2026-03-01T02:14:04Z',
  };

  it('is that it is not ready, and ready again', () => {
    expect(between({ nodes: [node(ready)] }, { nodes: [node(unready)] })).toEqual([
      ['node-not-ready', 'node-2 became not ready (NodeStatusUnknown)', 5_000, 1_000],
    ]);
    expect(between({ nodes: [node(unready)] }, { nodes: [node(ready)] })).toEqual([
      ['node-ready', 'node-2 became ready', 9_000, 5_000],
    ]);
  });

  it('is that its network is unavailable, and for what reason', () => {
    const open = { type: 'NetworkUnavailable', status: 'True', reason: 'EnforcementOpen' };
    const closed = { ...open, reason: 'EnforcementClosed' };
    const texts = (before: readonly object[], after: readonly object[]) =>
      between({ nodes: [node(...before)] }, { nodes: [node(...after)] }).map(([, text]) => text);
    expect(texts([], [open])).toEqual(['the network of node-2 became unavailable (EnforcementOpen)']);
    expect(texts([open], [closed])).toEqual(['the network of node-2 became unavailable (EnforcementClosed)']);
    expect(texts([closed], [])).toEqual(['the network of node-2 became available again']);
    expect(texts([], [{ ...open, status: 'False' }])).toEqual([]);
  });

  it('is that its network was unavailable and is available again before anybody looked', () => {
    const shut = (lastTransitionTime: string) => ({
      type: 'NetworkUnavailable',
      status: 'False',
      lastTransitionTime,
    });
    const before = shut('2026-03-01T02:00:00Z');
    const after = shut('2026-03-01T02:14:06Z');
    const told = ['network-available', 'the network of node-2 was said to be available', 7_000, 1_000];
    expect(between({ nodes: [node(before)] }, { nodes: [node(after)] })).toEqual([told]);
    expect(between({ nodes: [node()] }, { nodes: [node(after)] })).toEqual([told]);
    expect(between({ nodes: [node(before)] }, { nodes: [node(before)] })).toEqual([]);
  });

  it('is that it leaves', () => {
    expect(between({ nodes: [node()] }, { nodes: [] }).map(([, text]) => text)).toEqual([
      'node-2 left the cluster',
    ]);
  });
});

it('tells a policy that was created, changed, replaced and deleted', () => {
  const texts = (before: readonly KubeObject[], after: readonly KubeObject[]) =>
    between({ policies: before }, { policies: after }).map(([kind, text]) => `${kind}: ${text}`);
  expect(texts([], [policy(1)])).toEqual(['policy-created: policy shop/default-deny was created']);
  expect(texts([policy(1)], [policy(2)])).toEqual(['policy-changed: policy shop/default-deny was changed']);
  expect(texts([policy(1)], [policy(1, 'two')])).toEqual([
    'policy-changed: policy shop/default-deny was replaced',
  ]);
  expect(texts([policy(1)], [])).toEqual(['policy-deleted: policy shop/default-deny was deleted']);
  expect(texts([policy(1)], [policy(1)])).toEqual([]);
});

it('tells a pod that was restarted, replaced, moved and deleted', () => {
  const texts = (after: readonly KubeObject[]) =>
    between({ pods: [pod('web')] }, { pods: after }).map(([kind, text]) => `${kind}: ${text}`);
  expect(texts([pod('web', { restarts: 1 })])).toEqual(['pod-restarted: pod shop/web restarted']);
  expect(texts([pod('web', { uid: 'new' })])).toEqual(['pod-replaced: pod shop/web was replaced']);
  expect(texts([pod('web', { uid: 'new', node: 'node-2' })])).toEqual([
    'pod-moved: pod shop/web moved from node-1 to node-2',
  ]);
  expect(texts([])).toEqual(['pod-deleted: pod shop/web was deleted']);
  expect(texts([pod('web'), pod('db')])).toEqual([]);
});

it('does not believe a time that cannot be', () => {
  const at = (startedAt: string) =>
    between({ pods: [pod('web')] }, { pods: [pod('web', { restarts: 1, startedAt })] }).map(
      ([, , atMs, withinMs]) => [atMs, withinMs],
    );
  expect(at('2026-03-01T02:10:00Z')).toEqual([[9_000, 5_000]]);
  expect(at('2026-03-01T02:14:30Z')).toEqual([[9_000, 5_000]]);
  expect(at('2026-03-01T02:14:08Z')).toEqual([[9_000, 1_000]]);
  expect(at('no time at all')).toEqual([[9_000, 5_000]]);
});

it('says nothing of what could not be looked at', () => {
  expect(between({ pods: [pod('web')] }, {})).toEqual([]);
  expect(between({}, { nodes: [node()], policies: [policy(1)], pods: [pod('web')] })).toEqual([]);
});

it('tells in the order of time', () => {
  expect(
    between(
      { pods: [pod('web')], policies: [policy(1)] },
      { pods: [pod('web', { restarts: 1, startedAt: '2026-03-01T02:14:04Z' })], policies: [] },
    ).map(([kind]) => kind),
  ).toEqual(['pod-restarted', 'policy-deleted']);
});

describe('who changed a policy', () => {
  const written = (generation: number, ...managedFields: readonly object[]): KubeObject => {
    const { metadata, ...rest } = policy(generation);
    return { ...rest, metadata: { ...metadata, ...{ managedFields } } };
  };
  const podreach = { manager: 'podreach', time: '2026-03-01T02:13:00Z' };
  const somebody = { manager: 'kubectl-edit', time: '2026-03-01T02:14:06Z' };

  it('is the program that wrote to it last, at the time that the server tells', () => {
    expect(
      between({ policies: [written(1, podreach)] }, { policies: [written(2, somebody, podreach)] }),
    ).toEqual([['policy-changed', 'policy shop/default-deny was changed by kubectl-edit', 7_000, 1_000]]);
    expect(between({ policies: [] }, { policies: [written(1, somebody)] })).toEqual([
      ['policy-created', 'policy shop/default-deny was created by kubectl-edit', 6_000, 1_000],
    ]);
  });

  it('is left out where the server does not say', () => {
    expect(between({ policies: [policy(1)] }, { policies: [policy(2)] })).toEqual([
      ['policy-changed', 'policy shop/default-deny was changed', 9_000, 5_000],
    ]);
  });
});
