/** What becomes of open connections when a step cuts their pairs off, on real packets: where they are kept, and where they are cut. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Kube } from '../../../src/kube/kube.ts';
import { isHost, isPod, isService } from '../../../src/model/endpoint.ts';
import { describeConnection } from '../../../src/pair.ts';
import type { CheckRecord, RunRecord } from '../../../src/record/schema.ts';
import { lasting, NetworkFaults } from '../../support/network-faults.ts';
import { oneNode, runWith, sandbox } from '../run-with.ts';

/**
 * In the first step one half is cut off, in a later one the other, each with every wish; and in the later one also what goes to a Service, by
 * each way, though the step puts another pod behind it, and to and from a host.
 */
const SCENARIO = `apiVersion: podreach/v1
kind: Scenario
name: held
namespaces:
  held: {}
pods:
  held/kept: { labels: { half: second, outside: "no" } }
  held/cut: { labels: { half: second } }
  held/either: { labels: { half: second } }
  held/kept-first: { labels: { half: first } }
  held/cut-first: { labels: { half: first } }
  held/friend: { labels: { half: none } }
  held/db: { labels: { app: db }, ports: [5432] }
  held/db-too: { labels: { app: db }, ports: [5432] }
  held/db-late: { labels: { app: db }, ports: [5432], created: later }
services:
  held/direct: { clusterIP: None, selector: { app: db }, ports: [{ port: 5432 }] }
  held/db: { type: NodePort, externalTrafficPolicy: Local, selector: { app: db }, ports: [{ port: 80, targetPort: 5432 }] }
hosts:
  bank: { address: 203.0.113.40, ports: [443] }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: db }
    spec:
      podSelector: { matchLabels: { app: db } }
      ingress: [{ from: [{ podSelector: { matchExpressions: [{ key: half, operator: In, values: [second, none] }] } }, { ipBlock: { cidr: 203.0.113.40/32 } }] }]
reachable:
  - { from: [held/kept, held/cut, held/either, held/friend], to: held/db }
  - { from: [held/kept, held/cut], to: service/held/db, via: [clusterIP, dns] }
  - { from: held/cut, to: service/held/direct, via: dns }
  - { from: host/bank, to: service/held/db, via: nodePort }
  - { from: host/bank, to: held/db }
  - { from: held/kept, to: host/bank }
unreachable:
  - { from: held/kept-first, to: held/db, held: kept }
  - { from: held/cut-first, to: held/db, held: cut }
steps:
  - name: the other half
    create: [held/db-late]
    apply:
      - apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: db }
        spec:
          podSelector: { matchLabels: { app: db } }
          ingress: [{ from: [{ podSelector: { matchLabels: { half: none } } }] }]
      - apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: inside }
        spec:
          podSelector: { matchLabels: { outside: "no" } }
          policyTypes: [Egress]
          egress: [{ to: [{ namespaceSelector: {} }] }]
    unreachable:
      - { from: held/kept, to: held/db, held: kept }
      - { from: held/cut, to: held/db, held: cut }
      - { from: held/either, to: held/db, held: either }
      - { from: held/kept, to: service/held/db, via: [clusterIP, dns], held: kept }
      - { from: held/cut, to: service/held/db, via: [clusterIP, dns], held: cut }
      - { from: held/cut, to: service/held/direct, via: dns, held: cut }
      - { from: host/bank, to: service/held/db, via: nodePort, held: cut }
      - { from: host/bank, to: held/db, held: kept }
      - { from: held/kept, to: host/bank, held: kept }
`;

const HALVES = ['kept-first', 'cut-first', 'kept', 'cut', 'either'] as const;

/** Every check that asks, in the step that cut it off. */
const asking = ({ scenarios }: RunRecord): readonly CheckRecord[] =>
  scenarios
    .flatMap(({ steps }) => steps.flatMap((step) => step.checks))
    .filter(({ held }) => held !== undefined);

const told = (check: CheckRecord | undefined): string => `${check?.verdict}: ${check?.held?.fate}`;

/** Of each pod that asks about the pod: its verdict, and what became of its connection. */
function fatesIn(record: RunRecord): Readonly<Record<string, string>> {
  return Object.fromEntries(HALVES.map((name) => [name, told(named(record, name))]));
}

const named = (record: RunRecord, name: string): CheckRecord | undefined =>
  asking(record).find(({ from, to }) => from === `held/${name}` && to === 'held/db');

/** The same of each check that has no pod at one of its ends. */
const fatesBeyondPods = (record: RunRecord): Readonly<Record<string, string>> =>
  Object.fromEntries(
    asking(record)
      .filter(({ from, to }) => isHost(from) || !isPod(to))
      .map((check) => [describeConnection({ ...check, family: 'IPv4' }), told(check)]),
  );

test.concurrent('a cluster that keeps open connections leaks what is to be cut', async () => {
  const record = await runWith(sandbox(), undefined, { scenario: SCENARIO });
  expect(fatesIn(record)).toEqual({
    'kept-first': 'pass: survived',
    'cut-first': 'leaked: survived',
    kept: 'pass: survived',
    cut: 'leaked: survived',
    either: 'pass: survived',
  });
  expect(record.run.exitCode).toBe(1);
  const { held, settledMs = 0, disagreement, reason } = named(record, 'cut') ?? {};
  expect(reason).toContain('must be cut too, and survived until it was held no more');
  expect(disagreement).toBe('open');
  // It was held for three seconds after it had settled, and a heartbeat came back each 200 ms.
  expect(held?.heldMs).toBeGreaterThan(settledMs + 3_000);
  expect(held?.beats).toBeGreaterThan(12);
  expect(held).not.toHaveProperty('endedMs');
  // Where a pair only stays cut off, nothing is asked.
  const later = record.scenarios[0]?.steps[1]?.checks ?? [];
  expect(
    later.filter(({ to, held: one }) => to === 'held/db' && one !== undefined).map(({ from }) => from),
  ).toEqual(['held/kept', 'held/cut', 'held/either', 'host/bank']);
  expect(fatesBeyondPods(record)).toEqual({
    'held/kept → service/held/db:80/TCP': 'pass: survived',
    'held/kept → service/held/db:80/TCP via dns': 'pass: survived',
    'held/kept → host/bank:443/TCP': 'pass: survived',
    'held/cut → service/held/db:80/TCP': 'leaked: survived',
    'held/cut → service/held/db:80/TCP via dns': 'leaked: survived',
    'held/cut → service/held/direct:5432/TCP via dns': 'leaked: survived',
    'host/bank → held/db:5432/TCP': 'pass: survived',
    'host/bank → service/held/db:80/TCP via nodePort': 'leaked: survived',
  });
  // A connection stays with one pod of a Service, which is told.
  for (const { to, held: one, reason: why } of asking(record)) {
    if (!isService(to)) expect(one).not.toHaveProperty('pod');
    else expect(one?.pod).toMatch(/^held\/db(-too)?$/);
    if (isService(to) && one?.wish === 'cut')
      expect(why).toContain(`but one that was open before to ${one.pod} must be cut too, and survived`);
  }
});

test.concurrent('a cluster that cuts them breaks what is to be kept', async () => {
  const record = await runWith(
    sandbox(),
    (event, kube) =>
      event.type === 'phase-started' && event.phase === 'provision'
        ? Promise.all(
            ['node-1', 'node-2'].map((name) =>
              kube.patch(
                { resource: 'nodes', name },
                { metadata: { annotations: { 'sandbox.podreach.dev/established': 'cut' } } },
              ),
            ),
          )
        : undefined,
    { scenario: SCENARIO },
  );
  expect(fatesIn(record)).toEqual({
    'kept-first': 'broken: stalled',
    'cut-first': 'pass: stalled',
    kept: 'broken: stalled',
    cut: 'pass: stalled',
    either: 'pass: stalled',
  });
  expect(record.run.exitCode).toBe(1);
  expect(fatesBeyondPods(record)).toEqual({
    'held/kept → service/held/db:80/TCP': 'broken: stalled',
    'held/kept → service/held/db:80/TCP via dns': 'broken: stalled',
    'held/kept → host/bank:443/TCP': 'broken: stalled',
    'held/cut → service/held/db:80/TCP': 'pass: stalled',
    'held/cut → service/held/db:80/TCP via dns': 'pass: stalled',
    'held/cut → service/held/direct:5432/TCP via dns': 'pass: stalled',
    'host/bank → held/db:5432/TCP': 'broken: stalled',
    'host/bank → service/held/db:80/TCP via nodePort': 'pass: stalled',
  });
  const { held, settledMs = 0, reason } = named(record, 'kept') ?? {};
  expect(reason).toContain('must be kept, and stalled: the last heartbeat came back');
  expect(held?.endedMs).toBeLessThan(settledMs + 1_000);
  expect(held?.heldMs).toBeGreaterThan(settledMs + 3_000);
});

test.concurrent('what could not be opened before proves nothing, unless it is only told', async () => {
  const shut = `{ apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: { name: shut }, spec: { podSelector: { matchLabels: { app: db } } } }`;
  const record = await runWith(sandbox(), undefined, {
    scenario: `apiVersion: podreach/v1
kind: Scenario
name: held
namespaces: { held: {} }
pods:
  held/kept: {}
  held/cut: {}
  held/either: {}
  held/db: { labels: { app: db }, ports: [5432] }
policies: [${shut}]
reachable: [{ from: [held/kept, held/cut, held/either], to: held/db }]
steps:
  - name: closed long ago
    apply: [${shut.replace('name: shut', 'name: once more')}]
    unreachable:
      - { from: held/kept, to: held/db, held: kept }
      - { from: held/cut, to: held/db, held: cut }
      - { from: held/either, to: held/db, held: either }
`.replaceAll('once more', 'shut-again'),
  });
  expect(fatesIn(record)).toMatchObject({
    kept: 'inconclusive: undefined',
    cut: 'inconclusive: undefined',
    either: 'pass: undefined',
  });
  expect(named(record, 'either')?.held).toEqual({
    wish: 'either',
    unseen: 'it could not be opened before the step acted (timeout)',
  });
  expect(named(record, 'kept')?.reason).toBe(
    'nobody can tell what became of the connection that was open before: it could not be opened before the step acted (timeout)',
  );
});

test.concurrent('a destination that does not run for a while is not taken for a cut', async () => {
  const stall = (kube: Kube, stalled: string | null) =>
    kube.patch(
      { resource: 'pods', namespace: 'held', name: 'db' },
      { metadata: { annotations: { 'sandbox.podreach.dev/stalled': stalled } } },
    );
  const record = await runWith(
    sandbox(),
    (event, kube) =>
      event.type === 'phase-started' && event.phase === 'apply' && event.step !== undefined
        ? stall(kube, 'true')
            .then(() => delay(2_500))
            .then(() => stall(kube, null))
        : undefined,
    { scenario: SCENARIO, withinMs: 20_000 },
  );
  expect(fatesIn(record)).toMatchObject({ kept: 'pass: survived', either: 'pass: survived' });
  expect(named(record, 'kept')?.held?.longestStallMs).toBeGreaterThan(2_000);
});

test.concurrent('a host whose link does not carry for a while is not taken for cut off', async () => {
  const db = (from: string) =>
    `{ apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: { name: db, namespace: linked }, spec: { podSelector: {}, ingress: [${from}] } }`;
  const record = await runWith(
    oneNode(),
    (event, kube) =>
      event.type === 'phase-started' && event.phase === 'apply' && event.step !== undefined
        ? NetworkFaults.of(kube).then((faults) =>
            lasting(7_000, faults.filterPod('host/bank', { incoming: ['iifname != "lo" drop'] })),
          )
        : undefined,
    {
      scenario: `apiVersion: podreach/v1
kind: Scenario
name: linked
namespaces: { linked: {} }
pods:
  linked/db: { ports: [5432] }
hosts: { bank: { address: 203.0.113.43 } }
policies: [${db('{ from: [{ ipBlock: { cidr: 203.0.113.43/32 } }] }')}]
reachable: [{ from: host/bank, to: linked/db }]
steps:
  - name: it closes
    apply: [${db('')}]
    unreachable: [{ from: host/bank, to: linked/db, held: kept }]
`,
      withinMs: 30_000,
    },
  );
  const [check] = record.scenarios[0]?.steps[1]?.checks ?? [];
  // A run that took long has seen how TCP sent again what had been lost.
  if (check?.held?.fate === 'survived') expect(check.verdict).toBe('pass');
  else
    expect(check).toMatchObject({
      verdict: 'inconclusive',
      held: { unseen: 'it stalled while the way from host/bank to node-1 was not seen to be open' },
    });
});
