import { describe, expect, test } from 'vitest';
import type { Node } from '../../../../../../src/sandbox/api/kinds/nodes/object.ts';
import {
  chooseNode,
  type NodeState,
} from '../../../../../../src/sandbox/api/kinds/pods/controller/schedule.ts';
import type { Pod } from '../../../../../../src/sandbox/api/kinds/pods/object.ts';
import { mattersToScheduling } from '../../../../../../src/sandbox/api/kinds/pods/scheduling.ts';

function podWith(spec: Partial<Pod['spec']>): Pod {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'p' }, spec: { containers: [], ...spec } };
}

const nodes: readonly NodeState[] = [
  { name: 'node-1', labels: { zone: 'a', os: 'linux' }, pods: 3, hasRoom: true, hostPorts: new Set() },
  { name: 'node-2', labels: { zone: 'b', os: 'linux' }, pods: 1, hasRoom: true, hostPorts: new Set() },
  { name: 'node-3', labels: { zone: 'b', os: 'linux' }, pods: 1, hasRoom: true, hostPorts: new Set() },
  { name: 'node-4', labels: { zone: 'c', os: 'linux' }, pods: 250, hasRoom: false, hostPorts: new Set() },
];

describe('a pod goes', () => {
  test.each([
    ['to the emptiest node', {}, 'node-2'],
    ['to the node that it names', { nodeName: 'node-1' }, 'node-1'],
    ['to a node with all labels that it asks for', { nodeSelector: { zone: 'a', os: 'linux' } }, 'node-1'],
  ])('%s', (_, spec, node) => {
    expect(chooseNode(podWith(spec), nodes)).toEqual({ kind: 'node', node });
  });

  test.each([
    [
      'nowhere when no node has its labels',
      { nodeSelector: { zone: 'd' } },
      "0/4 nodes are available: 4 node(s) didn't match Pod's node affinity/selector.",
    ],
    [
      'nowhere when the only fitting node is full',
      { nodeSelector: { zone: 'c' } },
      "0/4 nodes are available: 3 node(s) didn't match Pod's node affinity/selector, 1 Too many pods.",
    ],
    [
      'nowhere when the node that it names is not there',
      { nodeName: 'node-9' },
      "0/4 nodes are available: 4 node(s) didn't match Pod's node affinity/selector.",
    ],
  ])('%s', (_, spec, reason) => {
    expect(chooseNode(podWith(spec), nodes)).toEqual({ kind: 'none', reason });
  });

  test('on the network of a node only to one whose ports are free', () => {
    const listening = (...ports: readonly number[]): Pod =>
      podWith({
        hostNetwork: true,
        containers: [
          {
            name: 'a',
            ports: ports.map((port) => ({ containerPort: port, hostPort: port, protocol: 'TCP' })),
          },
        ],
      });
    const taken = (...ports: readonly string[]): readonly NodeState[] =>
      nodes.slice(0, 2).map((node) => ({ ...node, hostPorts: new Set(ports) }));
    const [first, second] = [taken('80/UDP'), taken('443/TCP', '80/TCP')];
    expect(chooseNode(listening(80), [...first.slice(0, 1), ...second.slice(1)])).toEqual({
      kind: 'node',
      node: 'node-1',
    });
    expect(chooseNode(listening(79, 80), second)).toEqual({
      kind: 'none',
      reason: "0/2 nodes are available: 2 node(s) didn't have free ports for the requested pod ports.",
    });
  });
});

test('pods that wait for a node are tried again when labels of a node change, and not for its status', () => {
  const node = (labels: Record<string, string>, message: string): Node => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'node-1', labels },
    spec: { podCIDR: '', podCIDRs: [] },
    status: {
      capacity: { cpu: '1' },
      allocatable: { cpu: '1' },
      addresses: [],
      conditions: [{ type: 'Ready', status: 'True', reason: '', message, lastTransitionTime: '' }],
      nodeInfo: {},
    },
  });
  const change = { resource: 'nodes', revision: 1 } as const;
  const before = node({ zone: 'a' }, 'one');
  expect(mattersToScheduling({ ...change, type: 'ADDED', object: before })).toBe(true);
  const relabelled = node({ zone: 'b' }, 'one');
  expect(mattersToScheduling({ ...change, type: 'MODIFIED', before, object: relabelled })).toBe(true);
  const news = node({ zone: 'a' }, 'two');
  expect(mattersToScheduling({ ...change, type: 'MODIFIED', before, object: news })).toBe(false);
});
