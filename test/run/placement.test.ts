import { expect, test } from 'vitest';
import { nodePortsOf, PodPlacement, visitPortsFor } from '../../src/run/placement.ts';
import type { Plan, PlannedPod } from '../../src/scenario/scenario.ts';

const NODES = ['n1', 'n2', 'n3'].map((name) => ({ name, hostname: `${name}.example` }));

function pod(name: string, more: Partial<PlannedPod> = {}): PlannedPod {
  return { namespace: 's', name, labels: {}, ports: [{ port: 80, protocol: 'TCP' }], ...more };
}

function hostnames(pods: readonly PlannedPod[]): readonly (string | undefined)[] {
  const placement = new PodPlacement('s', { pods }, () => NODES, new Map());
  return placement.wanted({ namespaces: [], pods }).pods.map(({ hostname }) => hostname);
}

test('the same number is the same node, and another one another', () => {
  const pods = [pod('a', { placement: 7 }), pod('b', { placement: 2 }), pod('c', { placement: 7 }), pod('d')];
  expect(hostnames(pods)).toEqual(['n2.example', 'n1.example', 'n2.example', undefined]);
});

test('nodes are asked for only where it matters which there are', () => {
  const pods = [pod('a'), pod('b', { hostNetwork: true })];
  const placement = new PodPlacement('s', { pods }, () => expect.unreachable(), new Map());
  expect(placement.wanted({ namespaces: [], pods }).pods).toEqual(pods);
});

test('pods that listen on one port of their nodes are kept apart, also from those that have numbers', () => {
  const udp = { ports: [{ port: 80, protocol: 'UDP' as const }] };
  const pods = [
    pod('a', { hostNetwork: true }),
    pod('b', { hostNetwork: true, placement: 1 }),
    pod('c', { hostNetwork: true }),
    pod('d', { hostNetwork: true, ...udp }),
  ];
  expect(hostnames(pods)).toEqual(['n2.example', 'n1.example', 'n3.example', undefined]);
});

test('a namespace knows that such a pod comes into it, also later', () => {
  const pods = [pod('a', { hostNetwork: true })];
  const placement = new PodPlacement('s', { pods }, () => NODES, new Map());
  const namespaces = ['s', 't'].map((name) => ({ name, labels: {} }));
  expect(placement.wanted({ namespaces, pods: [] }).namespaces).toEqual([
    { name: 's', labels: {}, holdsHostNetwork: true },
    { name: 't', labels: {} },
  ]);
});

test('each such pod of a run is visited at a port of its own, which none of them declares', () => {
  const [first = 0] = visitPortsFor([{ pods: [pod('a', { hostNetwork: true })] }], 'run').values();
  const taken = { hostNetwork: true as const, ports: [{ port: first, protocol: 'TCP' as const }] };
  const plans = [{ pods: [pod('a', taken), pod('b')] }, { pods: [pod('c', { hostNetwork: true })] }];
  expect([...visitPortsFor(plans, 'run')]).toEqual([
    ['s/a', first + 1],
    ['s/c', first + 2],
  ]);
  expect([...visitPortsFor(plans, 'another run').values()]).not.toContain(first + 1);
  const steps = [{ checks: [] }] as unknown as Plan['steps']; // as much of one as is read
  expect([...nodePortsOf({ pods: [pod('a', taken), pod('b')], steps })]).toEqual([`${first}/TCP`]);
});
