/** Two families of addresses on the sandbox: what is true of one proves nothing about the other. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { sandboxCluster } from '../../src/cluster/sandbox.ts';
import { describeConnection } from '../../src/pair.ts';
import { checksOf, type RunRecord } from '../../src/record/schema.ts';
import { throughProxy } from '../support/api-proxy.ts';
import { ROOT } from '../support/cli.ts';
import { NetworkFaults, type Undo } from '../support/network-faults.ts';
import { oneNode, runWith, sandbox } from './run-with.ts';

/** What did not pass, by its scenario, with the step where there are several. */
function wrongIn({ scenarios, run }: RunRecord): Record<string, readonly string[]> {
  expect(run.error).toBeUndefined();
  return Object.fromEntries(
    scenarios.map((scenario) => {
      expect(scenario.error).toBeUndefined();
      const wrong = checksOf(scenario).filter(({ verdict }) => verdict !== 'pass');
      return [
        scenario.name,
        wrong.map((check) => `${describeConnection(check)} ${check.verdict}: ${check.reason}`),
      ];
    }),
  );
}

const TEACHING = readFileSync(join(ROOT, 'scenarios/families/one-forgotten.yaml'), 'utf8');

/** The same beside it: with a namespace and addresses of its own. */
function copyOf(text: string, name: string, number: number): string {
  return text
    .replace(/^# yaml.*\n/, '')
    .replace('name: one-forgotten', `name: ${name}`)
    .replaceAll('orders', name)
    .replace('203.0.113.30', `203.0.113.3${number}`)
    .replace('2001:db8:30::30', `2001:db8:30::3${number}`);
}

function replaced(text: string, written: string, instead: string): string {
  expect(text).toContain(written);
  return text.replace(written, instead);
}

/** The first step as the last one is, or the other way round. */
const REMEMBERED = replaced(
  replaced(
    TEACHING,
    'cidr: 203.0.113.0/24 }\n  - apiVersion',
    'cidr: 203.0.113.0/24 }\n            - ipBlock: { cidr: "2001:db8:30::/48" }\n  - apiVersion',
  ),
  ', except: ["2001:db8:30::/48"]',
  '',
);

const SERVICES = `apiVersion: podreach/v1
kind: Scenario
name: behind
families: [IPv4, IPv6]
namespaces: { behind: {} }
pods:
  behind/web: {}
  behind/other: {}
  behind/api: { labels: { app: api }, ports: [8080, 8080/UDP] }
services:
  behind/api: { selector: { app: api }, ports: [{ port: 80, targetPort: 8080 }, { port: 80, protocol: UDP, targetPort: 8080 }] }
  behind/pods: { selector: { app: api }, ports: [{ port: 8080 }], clusterIP: None }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: other, namespace: behind }
    spec: { podSelector: { matchLabels: { app: api } }, ingress: [{ from: [{ ipBlock: { cidr: 0.0.0.0/0 } }] }] }
reachable:
  - { from: behind/web, to: service/behind/api, via: [clusterIP, dns], families: [IPv4] }
  - { from: behind/web, to: service/behind/pods, via: dns, families: [IPv4] }
unreachable:
  - { from: behind/web, to: service/behind/api, via: [clusterIP, dns], families: [IPv6] }
  - { from: behind/web, to: service/behind/pods, via: dns, families: [IPv6] }
`;

test.concurrent('the teaching scenario passes, and fails where a block of IPv6 is other than it teaches; Services are dialled in both', async () => {
  const record = await runWith(sandbox(), undefined, {
    scenario: [copyOf(TEACHING, 'asis', 1), copyOf(REMEMBERED, 'mutated', 2), SERVICES].join('---\n'),
    parallel: 3,
  });
  expect(wrongIn(record)).toEqual({
    asis: [],
    mutated: [
      expect.stringContaining('host/partner → mutated/api:8080/TCP over IPv6 leaked'),
      expect.stringContaining('mutated/reports → host/partner:443/TCP over IPv6 leaked'),
    ],
    behind: [],
  });
  const [, , behind] = record.scenarios;
  expect(behind?.services?.map(({ ip, otherIps }) => [ip, otherIps])).toEqual([
    [expect.stringContaining('.'), [expect.stringContaining(':')]],
    [undefined, undefined],
  ]);
  expect(behind?.pods[0]).toMatchObject({
    ip: expect.stringContaining('.'),
    otherIps: [expect.stringContaining(':')],
  });
});

const TWO_NODES = `apiVersion: podreach/v1
kind: Scenario
name: pair
families: [IPv4, IPv6]
namespaces: { pair: {} }
pods:
  pair/a: { node: 1 }
  pair/near: { node: 1, ports: [80] }
  pair/deaf: { node: 1, ports: [80] }
  pair/far: { node: 2, ports: [80, 53/UDP] }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: deny, namespace: pair }
    spec: { podSelector: {} }
unreachable:
  - { from: pair/a, to: [pair/near, pair/deaf, pair/far] }
`;

test.concurrent('a way that is open over IPv4, and a port that listens there, prove nothing of IPv6', async () => {
  let undo: readonly Undo[] = [];
  const record = await runWith(
    sandbox(),
    async (event, kube) => {
      if (event.type !== 'phase-started') return;
      // The closing control is to find nothing wrong: what is doubtful has to be so by what was seen before.
      if (event.phase === 'closing') await Promise.all(undo.map((one) => one()));
      if (event.phase !== 'apply') return;
      const [nodes, pods, faults] = await Promise.all([
        kube.list({ resource: 'nodes' }),
        kube.list({ resource: 'pods', namespace: 'pair' }),
        NetworkFaults.of(kube),
      ]);
      const far = pods.find(({ metadata }) => metadata.name === 'far')?.spec as { nodeName: string };
      const node = nodes.find(({ metadata }) => metadata.name === far.nodeName)?.spec as {
        podCIDRs: string[];
      };
      const from = node.podCIDRs.map((cidr) => `ip6 saddr ${cidr} drop`).filter((rule) => rule.includes(':'));
      expect(from).toHaveLength(1);
      const [here = ''] = nodes.flatMap(({ metadata: { name } }) => (name === far.nodeName ? [] : [name]));
      undo = await Promise.all([
        faults.filterNode(here, { family: 'ip6', incoming: from }),
        faults.filterPod('pair/deaf', { family: 'ip6', incoming: ['tcp dport 80 drop'] }),
      ]);
    },
    { scenario: TWO_NODES, withinMs: 4_000 },
  );
  expect(wrongIn(record)).toEqual({
    pair: [
      'pair/a → pair/deaf:80/TCP over IPv6 inconclusive: nothing was listening on the destination port',
      'pair/a → pair/far:80/TCP over IPv6 inconclusive: the way between them was not open: its witnesses could not connect either',
      'pair/a → pair/far:53/UDP over IPv6 inconclusive: the way between them was not open: its witnesses could not connect either',
    ],
  });
});

/** The run ends with 3, and the scenario says which family is not there, and at which line. */
function expectNotSupported({ run, scenarios }: RunRecord, message: string, line: number): void {
  expect(run.exitCode).toBe(3);
  expect(scenarios[0]?.error).toMatchObject({
    code: 'not-supported',
    message,
    location: { file: 'pair.yaml', line },
  });
}

test.concurrent('a cluster without a family that is asked for is told so, with the place', async () => {
  const provider = sandboxCluster({ nodes: 1, enforcement: 'on', isSingleStack: true });
  const single = TWO_NODES.replaceAll(/node: \d,? ?/g, '');
  const record = await runWith(provider, undefined, { scenario: single });
  expectNotSupported(record, '"families" asks for IPv6, and the pods of this cluster have only IPv4', 4);
});

const FAR = `apiVersion: podreach/v1
kind: Scenario
name: far
namespaces: { far: {} }
pods: { far/web: {} }
hosts:
  bank: { address: "2001:db8:7::10", ports: [443] }
reachable: [{ from: far/web, to: host/bank }]
`;

test.concurrent('a host whose only address is of a family that pods have not is told of, with its place', async () => {
  const provider = sandboxCluster({ nodes: 1, enforcement: 'on', isSingleStack: true });
  const real = {
    kind: provider.kind,
    start: async (options: Parameters<typeof provider.start>[0]) => {
      const { outside: _, ...cluster } = await provider.start(options);
      return cluster;
    },
  };
  const record = await runWith(real, undefined, { scenario: FAR });
  expectNotSupported(
    record,
    'a host has an address of IPv6 alone, and the pods of this cluster have only IPv4',
    7,
  );
});

const AT_NODES = `apiVersion: podreach/v1
kind: Scenario
name: door
families: [IPv4, IPv6]
namespaces: { door: {} }
pods:
  door/web: {}
  door/api: { labels: { app: api }, ports: [8080] }
services:
  door/api: { type: NodePort, selector: { app: api }, ports: [{ port: 80, targetPort: 8080 }] }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: ipv4-alone, namespace: door }
    spec: { podSelector: { matchLabels: { app: api } }, ingress: [{ from: [{ ipBlock: { cidr: 0.0.0.0/0 } }] }] }
reachable:
  - { from: door/web, to: service/door/api, via: nodePort, families: [IPv4] }
unreachable:
  - { from: door/web, to: service/door/api, via: nodePort, families: [IPv6] }
`;

test.concurrent('the ports of nodes are dialled in both families', async () => {
  const record = await runWith(sandbox(), undefined, { scenario: AT_NODES });
  expect(wrongIn(record)).toEqual({ door: [] });
  const [scenario] = record.scenarios;
  const shown = scenario?.steps[0]?.checks.map(({ family, nodes }) => [family, nodes]);
  expect(shown).toEqual([
    ['IPv4', [1, 2].map(() => ({ name: expect.any(String), address: expect.stringContaining('.') }))],
    ['IPv6', [1, 2].map(() => ({ name: expect.any(String), address: expect.stringContaining(':') }))],
  ]);
});

test.concurrent('nodes without a family in which their ports are asked for are told of, with the place', async () => {
  const provider = throughProxy(oneNode(), {
    changeAnswer: ({ path, body }) =>
      path.startsWith('/api/v1/nodes')
        ? body.replaceAll(/\{[^{}]*"address":"[^"]*:[^"]*"[^{}]*\},?/g, '').replaceAll(',]', ']')
        : body,
  });
  const record = await runWith(provider, undefined, { scenario: AT_NODES });
  expectNotSupported(
    record,
    'door/web → service/door/api:80/TCP via nodePort over IPv6: no node of this cluster that takes probe pods has an address of IPv6',
    19,
  );
  expect(checksOf(record.scenarios[0] ?? { steps: [] }).map(({ control }) => control)).toEqual([
    undefined,
    undefined,
  ]);
});

const ONE_FAMILY = `apiVersion: podreach/v1
kind: Scenario
name: single
families: [IPv4, IPv6]
namespaces: { single: {} }
pods:
  single/web: {}
  single/api: { labels: { app: api }, ports: [8080] }
manifests: [service.yaml]
reachable:
  - { from: single/web, to: service/single/api }
`;
const SINGLE_STACK = `apiVersion: v1
kind: Service
metadata: { name: api, namespace: single }
spec: { ipFamilyPolicy: SingleStack, selector: { app: api }, ports: [{ port: 80, targetPort: 8080 }] }
`;

test.concurrent('a Service whose manifest gives it one family is not dialled in the other: the rule is told', async () => {
  const record = await runWith(oneNode(), undefined, {
    scenario: ONE_FAMILY,
    files: { 'service.yaml': SINGLE_STACK },
  });
  expectNotSupported(
    record,
    'single/web → service/single/api:80/TCP over IPv6: the Service has only IPv4',
    11,
  );
});
