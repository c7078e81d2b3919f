/** How far a rollout is: by node, what has been updated, what has not, and why something is not ready yet. */
import { expect, test } from 'vitest';
import { definitionsRequirement } from '../../../src/cluster/kind/definitions.ts';
import { parseSnapshot, type Snapshot } from '../../../src/cluster/kind/readiness.ts';
import { rolloutOf } from '../../../src/cluster/kind/rollout.ts';

const daemonSet = rolloutOf('DaemonSet', 'calico-node');
const deployment = rolloutOf('Deployment', 'calico-kube-controllers');
const READY = { phase: 'Running', conditions: [{ type: 'Ready', status: 'True' }] };
const STARTING = { phase: 'Running', containerStatuses: [{ name: 'calico-node', ready: false }] };

function snapshotOf(...items: unknown[]): Snapshot {
  return parseSnapshot(JSON.stringify({ kind: 'List', items }));
}

function podOn(node: string, revision: string, status: object = READY): object {
  const name = `calico-node-${node}`;
  return {
    kind: 'Pod',
    metadata: { name, namespace: 'kube-system', labels: { 'controller-revision-hash': revision } },
    spec: { nodeName: node },
    status,
  };
}

function revision(hash: string, number: number, owner = 'calico-node'): object {
  return {
    kind: 'ControllerRevision',
    metadata: {
      name: `${owner}-${hash}`,
      labels: { 'controller-revision-hash': hash },
      ownerReferences: [{ kind: 'DaemonSet', name: owner }],
    },
    revision: number,
  };
}

/** A DaemonSet of three nodes in its second form, and its controller's count. */
function rolling(updated: number, ready: number, observedGeneration = 2): object[] {
  const status = {
    observedGeneration,
    desiredNumberScheduled: 3,
    updatedNumberScheduled: updated,
    numberReady: ready,
  };
  return [
    { kind: 'DaemonSet', metadata: { name: 'calico-node', generation: 2 }, status },
    ...[revision('old', 1), revision('new', 2), revision('other', 9, 'kube-proxy')],
    ...['n1', 'n2', 'n3'].map((name) => ({ kind: 'Node', metadata: { name } })),
  ];
}

test('a DaemonSet whose pods are all new and ready is rolled out', () => {
  const pods = ['n1', 'n2', 'n3'].map((node) => podOn(node, 'new'));
  expect(daemonSet.lacks(snapshotOf(...rolling(3, 3), ...pods))).toEqual([]);
});

test('each node says what is updated, what is not ready, and what is still the old one', () => {
  const pods = [podOn('n1', 'old'), podOn('n2', 'new', STARTING), podOn('n3', 'new')];
  const snapshot = snapshotOf(...rolling(2, 2), ...pods);
  expect(daemonSet.name).toBe('the rollout of daemonset/kube-system/calico-node');
  expect(daemonSet.lacks(snapshot)).toEqual([
    '1 of 3 updated and ready',
    'calico-node on n2: updated, not ready yet: running, not ready',
    'calico-node on n1: still the old one',
  ]);
  expect(daemonSet.pods(snapshot)).toEqual([{ namespace: 'kube-system', name: 'calico-node-n2' }]);
});

test('a pod on its way out, and a node between two pods, are told', () => {
  const leaving = podOn('n1', 'old') as { metadata: object };
  const pods = [
    { ...leaving, metadata: { ...leaving.metadata, deletionTimestamp: '2026-01-01T00:00:00Z' } },
    podOn('n3', 'new'),
  ];
  expect(daemonSet.lacks(snapshotOf(...rolling(1, 1), ...pods))).toEqual([
    '1 of 3 updated and ready',
    'calico-node on n1: the old one is ending',
    'calico-node on n2: not there yet',
  ]);
});

test('the counts of an older form of the workload are not believed', () => {
  const pods = ['n1', 'n2', 'n3'].map((node) => podOn(node, 'old'));
  expect(daemonSet.lacks(snapshotOf(...rolling(3, 3, 1), ...pods))).toEqual([
    'Kubernetes has not taken up its new form',
  ]);
  expect(daemonSet.lacks([])).toEqual(['there is no DaemonSet calico-node']);
});

test('counts that say that all is well are not believed while a pod is an old one', () => {
  const pods = [podOn('n1', 'old'), podOn('n2', 'new'), podOn('n3', 'new')];
  expect(daemonSet.lacks(snapshotOf(...rolling(3, 3), ...pods))).toEqual([
    '2 of 3 updated and ready',
    'calico-node on n1: still the old one',
  ]);
});

function replicaSet(hash: string, number: number): object {
  return {
    kind: 'ReplicaSet',
    metadata: {
      name: `calico-kube-controllers-${hash}`,
      labels: { 'pod-template-hash': hash },
      annotations: { 'deployment.kubernetes.io/revision': `${number}` },
      ownerReferences: [{ kind: 'Deployment', name: 'calico-kube-controllers' }],
    },
  };
}

function controllersPod(hash: string, status: object): object {
  return {
    kind: 'Pod',
    metadata: { name: `calico-kube-controllers-${hash}-x`, labels: { 'pod-template-hash': hash } },
    spec: { nodeName: 'n1' },
    status,
  };
}

test('a Deployment is rolled out when its newest replicas are there', () => {
  const form = (status: object): object => ({
    kind: 'Deployment',
    metadata: { name: 'calico-kube-controllers', generation: 10 },
    spec: { replicas: 1 },
    status: { observedGeneration: 10, ...status },
  });
  // Revisions are numbers: the tenth comes after the ninth.
  const sets = [replicaSet('old', 9), replicaSet('new', 10)];
  expect(deployment.name).toBe('the rollout of deployment/kube-system/calico-kube-controllers');
  expect(
    deployment.lacks(
      snapshotOf(
        form({ updatedReplicas: 1, availableReplicas: 0 }),
        ...sets,
        controllersPod('new', { phase: 'Pending' }),
      ),
    ),
  ).toEqual(['0 of 1 updated and ready', 'calico-kube-controllers on n1: updated, not ready yet: Pending']);
  expect(
    deployment.lacks(
      snapshotOf(form({ updatedReplicas: 0, availableReplicas: 1 }), ...sets, controllersPod('old', READY)),
    ),
  ).toEqual(['0 of 1 updated and ready', 'calico-kube-controllers on n1: still the old one']);
  expect(
    deployment.lacks(
      snapshotOf(form({ updatedReplicas: 1, availableReplicas: 1 }), ...sets, controllersPod('new', READY)),
    ),
  ).toEqual([]);
});

test('custom resource definitions must be there, with their names accepted, and served', () => {
  const definition = (name: string, established: string, accepted = 'True', message?: string): object => ({
    kind: 'CustomResourceDefinition',
    metadata: { name },
    status: {
      conditions: [
        { type: 'NamesAccepted', status: accepted, message },
        { type: 'Established', status: established },
      ],
    },
  });
  const { name, lacks } = definitionsRequirement(['a.x', 'b.x', 'c.x', 'd.x']);
  expect(name).toBe('the custom resource definitions');
  expect(
    lacks(
      snapshotOf(
        definition('a.x', 'True'),
        definition('b.x', 'False'),
        definition('c.x', 'False', 'False', 'kind is in use'),
        definition('other.y', 'False'),
      ),
    ),
  ).toEqual([
    'b.x is not served yet',
    'the names of c.x are not accepted: kind is in use',
    'there is no d.x',
  ]);
});
