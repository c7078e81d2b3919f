/** What becomes of open connections when a step cuts their pairs off, on real packets: where they are kept, and where they are cut. */
import { setTimeout as delay } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { Kube } from '../../../src/kube/kube.ts';
import type { CheckRecord, RunRecord } from '../../../src/record/schema.ts';
import { runWith, sandbox } from '../run-with.ts';

/** In the first step one half is cut off, in a later one the other, each with every wish. */
const SCENARIO = `apiVersion: podreach/v1
kind: Scenario
name: held
namespaces:
  held: {}
pods:
  held/kept: { labels: { half: second } }
  held/cut: { labels: { half: second } }
  held/either: { labels: { half: second } }
  held/kept-first: { labels: { half: first } }
  held/cut-first: { labels: { half: first } }
  held/friend: { labels: { half: none } }
  held/db: { labels: { app: db }, ports: [5432] }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: db }
    spec:
      podSelector: { matchLabels: { app: db } }
      ingress: [{ from: [{ podSelector: { matchExpressions: [{ key: half, operator: In, values: [second, none] }] } }] }]
reachable:
  - { from: [held/kept, held/cut, held/either, held/friend], to: held/db }
unreachable:
  - { from: held/kept-first, to: held/db, held: kept }
  - { from: held/cut-first, to: held/db, held: cut }
steps:
  - name: the other half
    apply:
      - apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: db }
        spec:
          podSelector: { matchLabels: { app: db } }
          ingress: [{ from: [{ podSelector: { matchLabels: { half: none } } }] }]
    unreachable:
      - { from: held/kept, to: held/db, held: kept }
      - { from: held/cut, to: held/db, held: cut }
      - { from: held/either, to: held/db, held: either }
`;

const HALVES = ['kept-first', 'cut-first', 'kept', 'cut', 'either'] as const;

/** Of each pod that asks: its verdict, and what became of its connection, in the step that cut it off. */
function fatesIn({ scenarios }: RunRecord): Readonly<Record<string, string>> {
  const checks = scenarios.flatMap(({ steps }) => steps.flatMap((step) => step.checks));
  return Object.fromEntries(
    HALVES.map((name) => {
      const check = checks.find(({ from, held }) => from === `held/${name}` && held !== undefined);
      return [name, `${check?.verdict}: ${check?.held?.fate}`];
    }),
  );
}

const named = ({ scenarios }: RunRecord, name: string): CheckRecord | undefined =>
  scenarios
    .flatMap(({ steps }) => steps.flatMap((step) => step.checks))
    .find(({ from, held }) => from === `held/${name}` && held !== undefined);

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
  expect(later.filter(({ held: one }) => one !== undefined).map(({ from }) => from)).toEqual([
    'held/kept',
    'held/cut',
    'held/either',
  ]);
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
