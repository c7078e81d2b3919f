/** A watch of what is no pod: Services by address and by name, made by the run and there already, and a host at both ends. */
import { setTimeout as delay } from 'node:timers/promises';
import { beforeAll, expect, test } from 'vitest';
import { Interruption } from '../../src/errors.ts';
import { fieldOf } from '../../src/kube/answers.ts';
import type { Kube } from '../../src/kube/kube.ts';
import type { Window, WindowKind } from '../../src/model/window.ts';
import { conductWatch } from '../../src/monitor/conduct.ts';
import { describeConnection } from '../../src/pair.ts';
import { type CheckRecord, checksOf, type RunRecord } from '../../src/record/schema.ts';
import { oneNode, runWith } from '../run/run-with.ts';
import { NetworkFaults } from '../support/network-faults.ts';

const DENY = { podSelector: { matchExpressions: [{ key: 'open', operator: 'DoesNotExist' }] } };
const SCENARIO = `apiVersion: podreach/v1
kind: Scenario
name: edge
namespaces: { edge: {} }
pods:
  edge/a: {}
  edge/b: { ports: [80], labels: { app: vault } }
  edge/b-too: { ports: [80], labels: { app: vault } }
  edge/c: { ports: [80], labels: { open: "yes", app: shop } }
services:
  edge/shop: { selector: { app: shop }, ports: [{ port: 80 }] }
  edge/vault: { selector: { app: vault }, ports: [{ port: 80 }] }
  kube-system/kube-dns: existing
hosts:
  bank: { address: 203.0.113.30, ports: [443] }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: deny, namespace: edge }
    spec: ${JSON.stringify(DENY)}
reachable:
  - { from: edge/a, to: "service/edge/shop:80", via: [clusterIP, dns] }
  - { from: edge/a, to: ["host/bank:443", "service/kube-system/kube-dns:53"] }
unreachable:
  - { from: edge/a, to: "service/edge/vault:80", via: [clusterIP, dns] }
  - { from: host/bank, to: "edge/b:80" }
`;
/** Cuts off names, and all else but what goes to the port of the pods. */
const ONLY_PORT_80 = { podSelector: {}, policyTypes: ['Egress'], egress: [{ ports: [{ port: 80 }] }] };

/** So long each state is left as it is: on a machine that is busy an attempt of each check falls into it, too. */
const SEEN_MS = 3_000;
/** Nothing takes longer to be in force there, whatever else the machine does. */
const IN_FORCE_MS = 10_000;

const policy = (name: string) => ({ resource: 'networkpolicies', namespace: 'edge', name }) as const;
const apply = (kube: Kube, name: string, spec: object): Promise<unknown> =>
  kube.apply(
    policy(name),
    JSON.stringify({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name, namespace: 'edge' },
      spec,
    }),
  );

async function addressesOf(kube: Kube, names: readonly string[]): Promise<readonly unknown[]> {
  const services = await kube.list({ resource: 'services' });
  return services
    .filter(({ metadata }) => names.includes(metadata.name))
    .map(({ spec }) => fieldOf(spec, 'clusterIP'));
}

/** When something began to be done, by the wall clock. */
const truth = new Map<string, number>();
let record: RunRecord;

beforeAll(async () => {
  const enough = new AbortController();
  const interfere = async (kube: Kube): Promise<void> => {
    const act = async (name: string, done: Promise<unknown>): Promise<void> => {
      truth.set(name, Date.now());
      await done;
      await delay(SEEN_MS);
    };
    await delay(SEEN_MS);
    await act('names cut', apply(kube, 'by-hand', ONLY_PORT_80));
    await act('names uncut', kube.delete(policy('by-hand')));
    await act('vault opened', kube.delete(policy('deny')));
    await act('vault closed', apply(kube, 'deny', DENY));
    const found = await addressesOf(kube, ['vault', 'all-open']);
    const faults = await NetworkFaults.of(kube);
    const lost = faults.filterNode('node-1', { incoming: [`ip daddr { ${found.join(', ')} } drop`] });
    await act('Services lost', lost);
    await act(
      'Services found',
      lost.then((undo) => undo()),
    );
  };
  record = await runWith(
    oneNode(),
    (event, kube) =>
      event.type === 'watch-began'
        ? interfere(kube).finally(() => enough.abort(new Interruption('SIGINT')))
        : undefined,
    {
      scenario: SCENARIO,
      whileStanding: (standing, run) =>
        conductWatch(standing, run, {
          everyMs: 250,
          afterMs: 0,
          budgets: { maxLeakMs: 0, maxUnknown: 0.9 },
          enough: enough.signal,
        }),
    },
  );
});

function checkOf(name: string): CheckRecord {
  const check = record.scenarios
    .flatMap(checksOf)
    .find((one) => describeConnection({ ...one, family: 'IPv4' }) === name);
  if (check === undefined) throw new Error(`there is no check ${name}`);
  return check;
}
const windowsOf = (name: string, kind: WindowKind) =>
  checkOf(name).watched?.windows.filter((window) => window.kind === kind) ?? [];

/** Milliseconds after the watch began. */
const at = (name: string): number =>
  (truth.get(name) ?? Number.NaN) - Date.parse(record.watch?.startedAt ?? '');

/** Where nobody could tell in the middle, one is told as several. */
function expectFound(windows: readonly Window[], begin: string, end: string): void {
  expect(windows).not.toEqual([]);
  for (const { began, ended } of windows) {
    expect(began.latestMs).toBeGreaterThanOrEqual(at(begin));
    expect(began.earliestMs).toBeLessThanOrEqual(at(begin) + IN_FORCE_MS);
    expect(ended?.latestMs).toBeGreaterThanOrEqual(at(end));
    expect(ended?.earliestMs).toBeLessThanOrEqual(at(end) + IN_FORCE_MS);
  }
}

test('a Service leaks by its address and by its name, and a host reaches what it must not', () => {
  for (const name of [
    'edge/a → service/edge/vault:80/TCP',
    'edge/a → service/edge/vault:80/TCP via dns',
    'host/bank → edge/b:80/TCP',
  ]) {
    const leaks = windowsOf(name, 'leak');
    expectFound(leaks, 'vault opened', 'vault closed');
    for (const { outcome } of leaks) expect({ name, outcome }).toEqual({ name, outcome: 'connected' });
    expect(checkOf(name)).toMatchObject({
      verdict: 'leaked',
      reason: expect.stringMatching(/^it was open /),
    });
  }
});

test('a name that does not resolve is told apart from a connection that is cut off', () => {
  for (const [name, shown] of [
    ['edge/a → service/edge/shop:80/TCP via dns', 'dns-failure'],
    ['edge/a → service/kube-system/kube-dns:53/TCP', 'timeout'],
    ['edge/a → host/bank:443/TCP', 'timeout'],
  ] as const) {
    const gaps = windowsOf(name, 'gap');
    expectFound(gaps, 'names cut', 'names uncut');
    for (const { outcome } of gaps) expect({ name, outcome }).toEqual({ name, outcome: shown });
    expect(checkOf(name).verdict).toBe('broken');
  }
  expect(checkOf('edge/a → service/edge/shop:80/TCP via dns').reason).toContain(
    'failed (dns-failure: ETIMEOUT)',
  );
  // What goes to its address needs no name.
  expect(windowsOf('edge/a → service/edge/shop:80/TCP', 'gap')).toEqual([]);
  expect(checkOf('edge/a → service/edge/shop:80/TCP').verdict).toBe('pass');
  // Nobody was kept from what has the name.
  expect(windowsOf('edge/a → service/edge/vault:80/TCP via dns', 'unknown')).toContainEqual(
    expect.objectContaining({ why: expect.stringMatching(/^the name did not resolve/) }),
  );
});

test('connections are held to Services and hosts, and none to what is there already', () => {
  const heldOf = (name: string) => checkOf(name).watched?.held?.events.map(({ event }) => event);
  expect(heldOf('edge/a → service/edge/shop:80/TCP')?.[0]).toBe('opened');
  expect(heldOf('edge/a → host/bank:443/TCP')?.[0]).toBe('opened');
  expect(heldOf('edge/a → service/kube-system/kube-dns:53/TCP')).toBeUndefined();
});

test('where a node leads to no Service, silence at one proves nothing', () => {
  const why = 'the way from node-1 to Services was not seen to be open';
  for (const name of ['edge/a → service/edge/vault:80/TCP', 'edge/a → service/edge/vault:80/TCP via dns']) {
    const unseen = windowsOf(name, 'unknown').filter((window) => window.why === why);
    // It begins with what was seen last.
    const isOfFault = ({ began, ended }: Window): boolean =>
      began.latestMs <= at('Services lost') + IN_FORCE_MS &&
      (ended?.latestMs ?? Number.POSITIVE_INFINITY) >= at('Services found');
    expect(unseen.filter(isOfFault)).not.toEqual([]);
  }
  expect(windowsOf('host/bank → edge/b:80/TCP', 'unknown').map((window) => window.why)).not.toContain(why);
});
