/** Runs with hosts outside the cluster: simulated ones with agents, and real ones of which nobody tells anything. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { ClusterProvider } from '../../../src/cluster/cluster.ts';
import { connectKube } from '../../../src/kube/connect.ts';
import { conductWatch } from '../../../src/monitor/conduct.ts';
import { checksOf, type RunRecord } from '../../../src/record/schema.ts';
import { podManifest } from '../../sandbox/testbed.ts';
import { ROOT } from '../../support/cli.ts';
import { runCommand } from '../../support/run-command.ts';
import { runWith, sandbox } from '../run-with.ts';

/** Every check with its verdict, and why it did not pass. */
function verdictsOf({ scenarios }: Pick<RunRecord, 'scenarios'>): readonly string[] {
  return scenarios.flatMap((scenario) => [
    ...(scenario.error === undefined ? [] : [scenario.error.message]),
    ...checksOf(scenario).map(
      ({ from, to, port, protocol, verdict, reason }) =>
        `${from} → ${to}:${port}/${protocol} ${verdict}${reason === undefined ? '' : `: ${reason}`}`,
    ),
  ]);
}

function wrongIn(record: RunRecord): readonly string[] {
  expect(record.run.error).toBeUndefined();
  return verdictsOf(record).filter((one) => !one.endsWith(' pass'));
}

const TEACHING = 'scenarios/outside/external-database.yaml';

/** The teaching scenario in one file, its policies changed. */
async function teachingWith(change: (policies: string) => string): Promise<string> {
  const scenario = await readFile(join(ROOT, TEACHING), 'utf8');
  const policies = await readFile(join(ROOT, 'scenarios/policies/external-database.yaml'), 'utf8');
  const inline = change(policies)
    .split(/^---\n/m)
    .map((policy) => `  - ${policy.trimEnd().replaceAll('\n', '\n    ')}\n`);
  return scenario.replace('  - ../policies/external-database.yaml\n', inline.join(''));
}

test.concurrent('the teaching scenario passes, and fails where its policy is mutated in the ways that it teaches', async () => {
  const [asItIs, ...mutated] = await Promise.all(
    [
      (policies: string) => policies,
      // Without the hole.
      (policies: string) => policies.replaceAll(/\n +except: .*/g, ''),
      // A selector in place of the addresses.
      (policies: string) =>
        policies.replaceAll(/ipBlock:\n +cidr: .*\n +except: .*/g, 'namespaceSelector: {}'),
      // A rule without peers means everybody, outside as well.
      (policies: string) => policies.replace('- to:\n        - namespaceSelector: {}', '- {}'),
    ].map(async (change) =>
      wrongIn(await runWith(sandbox(), undefined, { scenario: await teachingWith(change) })),
    ),
  );
  expect(asItIs).toEqual([]);
  const leaked = (pair: string): unknown => expect.stringContaining(`${pair} leaked`);
  const broken = (pair: string): unknown => expect.stringContaining(`${pair} broken`);
  expect(mutated).toEqual([
    [
      leaked('external/api → host/console:5432/TCP'),
      leaked('external/api → host/console:161/UDP'),
      leaked('host/console → external/api:8080/TCP'),
    ],
    [broken('external/api → host/database:5432/TCP'), broken('host/database → external/api:8080/TCP')],
    [
      leaked('external/web → host/database:5432/TCP'),
      leaked('external/web → host/console:5432/TCP'),
      leaked('external/web → host/console:161/UDP'),
    ],
  ]);
});

const NODE_PORTS = 'scenarios/services/node-port.yaml';

/** Its clients' addresses beside each other, so that all of these may be there at once. */
function variant(text: string, number: number): string {
  return text
    .replaceAll('node-port', `node-port-${number}`)
    .replace('192.0.2.15', `192.0.2.${100 + number}`)
    .replace('198.51.100.9', `198.51.100.${100 + number}`);
}

test.concurrent('the teaching scenario of node ports fails where its policy or its traffic policy is mutated', async () => {
  const text = await readFile(join(ROOT, NODE_PORTS), 'utf8');
  const mutated = [
    text,
    // The nodes put their own addresses in place of the clients'.
    text.replace('    externalTrafficPolicy: Local\n', ''),
    // A selector never means who is outside.
    text.replace('ipBlock: { cidr: 192.0.2.0/24 }', 'namespaceSelector: {}'),
    text.replace('192.0.2.0/24', '0.0.0.0/0'),
    // Nobody but the office, and not by other nodes.
    text.replace('- ports: [{ port: 8080 }]\n\n', '- from: [{ ipBlock: { cidr: 192.0.2.0/24 } }]\n\n'),
  ];
  expect(new Set(mutated).size).toBe(5);
  const { run, scenarios } = await runWith(sandbox(), undefined, {
    scenario: mutated.map(variant).join('---\n'),
    parallel: 5,
  });
  expect(run.error).toBeUndefined();
  const wrong = scenarios.map((scenario) =>
    verdictsOf({ scenarios: [scenario] })
      .filter((one) => !one.endsWith(' pass'))
      .map((one) => one.replaceAll(/node-port-\d/g, 'node-port').replace(/: .*/, '')),
  );
  const [office, stranger] = ['host/office', 'host/stranger'].map((host) => `${host} → service/node-port`);
  expect(wrong).toEqual([
    [],
    [`${office}/portal:80/TCP broken`],
    [`${office}/portal:80/TCP broken`],
    [`${stranger}/portal:80/TCP leaked`],
    [`${office}/status:80/TCP broken`, `${stranger}/status:80/TCP broken`],
  ]);
});

const POD = (name: string) => `  seen/${name}: { labels: { app: ${name} }`;
const POLICY = (app: string, rules: string) => `  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: ${app}, namespace: seen }
    spec: { podSelector: { matchLabels: { app: ${app} } }, ${rules} }
`;
const BACKENDS = ['for-office', 'for-nodes', 'for-pods'];
/** Ends that policies let in or out by address or by selector, and all ways between them: what they see of each other depends on the node. */
const SEEN = `apiVersion: podreach/v1
kind: Scenario
name: seen
namespaces: { seen: {} }
pods:
${POD('near')}, node: 1 }
${POD('far')}, node: 2 }
${POD('to-pods')}, node: 2 }
${POD('to-nodes')}, node: 2 }
${POD('to-ports')}, node: 2 }
${BACKENDS.map((name) => `${POD(name)}, ports: [8080], node: 1 }\n`).join('')}hosts:
  office: { address: 203.0.113.77 }
services:
${BACKENDS.flatMap((name) =>
  ['Cluster', 'Local'].map(
    (policy) =>
      `  seen/${name}-${policy.toLowerCase()}: { type: NodePort, externalTrafficPolicy: ${policy}, selector: { app: ${name} }, ports: [{ port: 80, targetPort: 8080 }] }\n`,
  ),
).join('')}policies:
${POLICY('for-office', 'ingress: [{ from: [{ ipBlock: { cidr: 203.0.113.0/24 } }] }]')}${POLICY(
  'for-nodes',
  'ingress: [{ from: [{ ipBlock: { cidr: 172.18.0.0/16 } }] }]',
)}${POLICY('for-pods', 'ingress: [{ from: [{ podSelector: {} }] }]')}${POLICY(
  'to-pods',
  'policyTypes: [Egress], egress: [{ to: [{ podSelector: {} }] }]',
)}${POLICY('to-nodes', 'policyTypes: [Egress], egress: [{ to: [{ ipBlock: { cidr: 172.18.0.0/16 } }] }]')}${POLICY(
  'to-ports',
  'policyTypes: [Egress], egress: [{ ports: [{ port: 30000, endPort: 32767 }] }]',
)}reachable:
  - from: [host/office, seen/near, seen/far, seen/to-pods, seen/to-nodes, seen/to-ports]
    to: [${BACKENDS.flatMap((name) => [`service/seen/${name}-cluster`, `service/seen/${name}-local`]).join(', ')}]
    via: nodePort
`;

test.concurrent('what is predicted of connections through ports of nodes is what becomes of them', async () => {
  const record = await runWith(sandbox(), undefined, { scenario: SEEN });
  expect(record.run.error).toBeUndefined();
  const checks = checksOf(record.scenarios[0] ?? { steps: [] });
  expect(checks).toHaveLength(36);
  const told = checks.map(({ from, to, predicted, observed }) => {
    const last = observed?.at(-1);
    const pair = `${from} → ${to}`;
    return {
      predicted: `${pair} ${predicted?.verdict} ${predicted?.denied ?? ''}`,
      observed: `${pair} ${SAID[last?.outcome ?? ''] ?? last?.outcome} ${last?.backends?.silent ?? ''}`,
    };
  });
  expect(told.map(({ observed }) => observed)).toEqual(told.map(({ predicted }) => predicted));
  const verdicts = new Set(checks.map(({ predicted }) => predicted?.verdict));
  expect(verdicts).toEqual(new Set(['allowed', 'denied', 'partial']));
});

const SAID: Readonly<Record<string, string>> = {
  connected: 'allowed',
  timeout: 'denied',
  partial: 'partial',
};

const SHARED = `apiVersion: podreach/v1
kind: Scenario
name: pair
namespaces: { pair: {} }
pods: { pair/a: { ports: [80] }, pair/b: { labels: { app: b } } }
hosts: { bank: { address: 203.0.113.10, name: bank.example.com, ports: [443] } }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: bank-only, namespace: pair }
    spec:
      podSelector: { matchLabels: { app: b } }
      policyTypes: [Egress]
      egress: [{ to: [{ ipBlock: { cidr: 203.0.113.10/32 } }] }]
reachable:
  - { from: "*", to: host/bank }
  - { from: host/bank, to: pair/a }
`;

test.concurrent('scenarios with the same host do not meet, and its name leads to it for whoever may ask for names', async () => {
  const record = await runWith(sandbox(), undefined, {
    withinMs: 2_000,
    scenario: SHARED,
    second: SHARED.replaceAll('pair', 'other')
      .replace('bank:', 'vault:')
      .replaceAll('host/bank', 'host/vault'),
    parallel: 2,
  });
  const unresolved = (namespace: string, host: string): unknown =>
    expect.stringMatching(
      `^${namespace}/b → host/${host}:443/TCP inconclusive: the name did not resolve: ETIMEOUT; ${namespace}/bank-only isolates .* \\(D22\\)$`,
    );
  expect(wrongIn(record)).toEqual([unresolved('pair', 'bank'), unresolved('other', 'vault')]);
  const [one, two] = record.scenarios.map(({ hosts }) => hosts?.[0]);
  expect(one).toMatchObject({
    name: 'bank',
    address: '203.0.113.10',
    dnsName: 'bank.example.com',
    agent: { pod: 'bank' },
  });
  expect(two?.agent).not.toEqual(one?.agent);
});

/** Takes connections and says nothing, until it is told to stop. */
const SILENT = `
const server = require('node:net').createServer(() => {}).listen(443, '0.0.0.0');
setInterval(() => require('node:fs').existsSync('/tmp/stop') && server.close(), 10);`;

/** A sandbox that leaves hosts to be what they are: one is there that takes connections. */
function withRealHost(address: string): ClusterProvider {
  return {
    kind: 'sandbox',
    async start(options) {
      const { outside, ...cluster } = await sandbox().start(options);
      const kube = await connectKube(cluster.kubeconfig);
      const pod = podManifest('default', 'bank', {}, {}, { command: ['node', '-e', SILENT] });
      await kube.create({
        ...pod,
        metadata: {
          ...pod.metadata,
          annotations: { [outside?.kind === 'pods' ? outside.address : '']: address },
        },
      });
      kube.close();
      return cluster;
    },
  };
}

const REAL = `apiVersion: podreach/v1
kind: Scenario
name: pair
namespaces: { pair: {} }
pods:
  pair/a: { labels: { app: a } }
  pair/b: { labels: { app: b } }
hosts:
  bank: { address: 203.0.113.10, ports: [443] }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: shut, namespace: pair }
    spec: { podSelector: { matchLabels: { app: b } }, policyTypes: [Egress] }
reachable: [{ from: pair/a, to: host/bank }]
unreachable: [{ from: pair/b, to: host/bank }]
`;

test.concurrent('an open connection to a real host is answer enough, a witness proves that it listens, and scenarios that stand share it', async () => {
  const together: number[] = [];
  const record = await runWith(withRealHost('203.0.113.10'), undefined, {
    scenario: REAL,
    second: REAL.replaceAll('pair', 'other'),
    whileStanding: (standing, run) => {
      together.push(standing.length);
      return conductWatch(standing, run, {
        everyMs: 500,
        forMs: 2_000,
        afterMs: 0,
        budgets: { maxLeakMs: 0, maxUnknown: 0.9 },
        enough: new AbortController().signal,
      });
    },
  });
  expect(together).toEqual([2]);
  expect(wrongIn(record)).toEqual([]);
  expect(record.scenarios[0]?.hosts).toEqual([
    { name: 'bank', address: '203.0.113.10', ports: [{ port: 443, protocol: 'TCP' }] },
  ]);
  const cut = checksOf(record.scenarios[0] ?? { steps: [] }).find(({ from }) => from === 'pair/b');
  expect(cut?.observed?.at(-1)).toMatchObject({ outcome: 'timeout', listenerAlive: true });
});

const STOP = ['node', '-e', "require('node:fs').writeFileSync('/tmp/stop', '')"];

test.concurrent('a real host that stops to listen proves nothing', async () => {
  const record = await runWith(
    withRealHost('203.0.113.10'),
    (event, kube) =>
      event.type === 'phase-started' && event.phase === 'apply'
        ? runCommand(kube, {
            namespace: 'default',
            pod: 'bank',
            container: 'main',
            command: STOP,
            answerMs: 20_000,
          })
        : undefined,
    { scenario: REAL, withinMs: 3_000 },
  );
  expect(record.run.exitCode).not.toBe(0);
  expect(verdictsOf(record)).toEqual([
    'pair/a → host/bank:443/TCP inconclusive: the destination could not be asked whether its port was open: nobody else reached it in the same round',
    'pair/b → host/bank:443/TCP inconclusive: the destination could not be asked whether its port was open: nobody else reached it in the same round',
  ]);
});

test.concurrent('a real host that never was there is nothing to cut', async () => {
  const record = await runWith(withRealHost('203.0.113.77'), undefined, { scenario: REAL, withinMs: 2_000 });
  expect(verdictsOf(record)).toEqual([
    expect.stringContaining('inconclusive: it could not connect even before any policy'),
    expect.stringContaining('inconclusive: it could not connect even before any policy'),
  ]);
});

test.concurrent('what a cluster cannot show of hosts ends the run before it makes anything', async () => {
  const fromHost = REAL.replace('unreachable:', 'reachable_too:')
    .replace(/reachable_too:.*\n/, '')
    .replace('pair/a, to: host/bank', 'host/bank, to: "pair/c:80"')
    .replace('  pair/b:', '  pair/c: { ports: [80] }\n  pair/b:');
  const record = await runWith(withRealHost('203.0.113.10'), undefined, { scenario: fromHost });
  expect(record.run).toMatchObject({ exitCode: 3, error: { code: 'not-supported' } });
  expect(record.run.error?.location).toMatchObject({ file: 'pair.yaml' });
  expect(record.scenarios.map(({ status }) => status)).toEqual(['skipped']);
});
