/** What goes wrong between steps: enforcement that stands still, pods that change behind their addresses, and runs that are ended. */
import { describe, expect, test } from 'vitest';
import type { ClusterProvider } from '../../../src/cluster/cluster.ts';
import { sandboxCluster } from '../../../src/cluster/sandbox.ts';
import { Interruption } from '../../../src/errors.ts';
import type { Kube } from '../../../src/kube/kube.ts';
import type { ProgressEvent } from '../../../src/progress.ts';
import { throughProxy } from '../../support/api-proxy.ts';
import { lasting, NetworkFaults } from '../../support/network-faults.ts';
import { withFreezingRules } from '../../support/slow-rules.ts';
import { runWith, sandbox } from '../run-with.ts';
import { BY_ACTION, stepOf, stepsOf } from './scenarios.ts';

/** Whether a phase of a step begins. */
function begins(event: ProgressEvent, step: string, phase: string): boolean {
  return event.type === 'phase-started' && event.step === step && event.phase === phase;
}

/** Closes and opens, and at all times another pair stays as it is. */
const TO_AND_FRO = `apiVersion: podreach/v1
kind: Scenario
name: frozen
namespaces:
  frozen: {}
pods:
  frozen/a: { labels: { app: a } }
  frozen/b: { ports: [80], labels: { app: b } }
  frozen/c: { ports: [80], labels: { app: c } }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: c, namespace: frozen }
    spec: { podSelector: { matchLabels: { app: c } } }
reachable: [{ from: frozen/a, to: frozen/b }]
unreachable: [{ from: frozen/a, to: frozen/c }]
steps:
  - name: it closes
    apply:
      - apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: { name: b, namespace: frozen }
        spec: { podSelector: { matchLabels: { app: b } } }
    unreachable: [{ from: frozen/a, to: frozen/b }]
    within: 1s
  - name: it opens
    delete: [networkpolicy/frozen/b]
    reachable: [{ from: frozen/a, to: frozen/b }]
`;

// By themselves: they change where programs are looked for.
describe('enforcement that stands still', () => {
  test('for longer than the budget of a step makes its checks late, and those of one without are right', async () => {
    const rules = withFreezingRules();
    const record = await runWith(
      rules.provider,
      (event) => {
        if (!begins(event, 'it closes', 'apply') && !begins(event, 'it opens', 'apply')) return undefined;
        rules.freeze();
        setTimeout(rules.thaw, 5_000);
        return undefined;
      },
      { scenario: TO_AND_FRO, withinMs: 30_000 },
    );
    expect(stepsOf(record, 'frozen')).toEqual([
      'first: pass, pass',
      // The pair that is cut all the time is not late, though that can be told only when the step is in force.
      'it closes: late, pass',
      'it opens: pass, pass',
    ]);
    const [late] = stepOf(record, 'frozen', 1).checks;
    expect(late?.settledMs).toBeGreaterThan(2_000);
    expect(late?.reason).toMatch(
      /^it showed what is expected \d+(\.\d+)? s after the last action, .+ over the 1\.0 s that its step gives it$/,
    );
    for (const { settledMs } of stepOf(record, 'frozen', 2).checks) expect(settledMs).toBeGreaterThan(2_000);
    expect(record.run.exitCode).toBe(1);
  });

  test('is not hidden by an outage that looks like what is expected', async () => {
    const rules = withFreezingRules();
    const record = await runWith(
      rules.provider,
      async (event, kube) => {
        if (!begins(event, 'it closes', 'apply')) return;
        rules.freeze();
        // However long a busy machine takes to apply them: more than half of it is left.
        setTimeout(rules.thaw, 8_000);
        const faults = await NetworkFaults.of(kube);
        await lasting(700, faults.linkDown('frozen/b'));
      },
      { scenario: TO_AND_FRO, withinMs: 30_000 },
    );
    expect(stepsOf(record, 'frozen')[1]).toBe('it closes: late, pass');
    expect(stepOf(record, 'frozen', 1).checks[0]?.settledMs).toBeGreaterThan(3_000);
  });

  test('for good ends the scenario with the name of the step, and nothing passes on the old state', async () => {
    const rules = withFreezingRules();
    const record = await runWith(
      rules.provider,
      (event) => {
        if (begins(event, 'it opens', 'apply')) rules.freeze();
        return undefined;
      },
      { scenario: TO_AND_FRO.replace('    within: 1s\n', '') },
    );
    expect(record.scenarios[0]).toMatchObject({
      status: 'failed',
      error: {
        code: 'not-enforcing',
        message: 'it opens: no node has taken up the policies for 10 s (node-1, node-2)',
      },
    });
    expect(stepsOf(record, 'frozen')).toEqual([
      // No closing control: what rests on a cut is not proven.
      'first: pass, inconclusive',
      'it closes: inconclusive, inconclusive',
      'it opens: inconclusive, inconclusive',
    ]);
    for (const { reason } of stepOf(record, 'frozen', 2).checks)
      expect(reason).toMatch(/^node-\d has not taken up policies for 10 s$/);
    expect(record.run.exitCode).toBe(3);
  });
});

/** The pod that goes is the only one on its node beside others; the one that comes gets its address there. */
const REUSED = `apiVersion: podreach/v1
kind: Scenario
name: reused
namespaces:
  reused: {}
pods:
  reused/a: { labels: { app: a } }
  reused/old: { ports: [80], labels: { app: old } }
  reused/new: { ports: [80], labels: { app: new }, created: later }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: old, namespace: reused }
    spec: { podSelector: { matchLabels: { app: old } } }
unreachable: [{ from: reused/a, to: reused/old }]
steps:
  - name: the old one goes
    remove: [reused/old]
    otherwise: reachable
  - name: a new one comes
    create: [reused/new]
    otherwise: reachable
`;

describe.concurrent('a step', () => {
  test('in which another pod gets the address of one that is gone is about the new one', async () => {
    const record = await runWith(sandbox(), undefined, { scenario: REUSED });
    const [scenario] = record.scenarios;
    const old = scenario?.pods.find(({ name }) => name === 'old')?.ip;
    const young = scenario?.steps[2]?.pods?.find(({ name }) => name === 'new')?.ip;
    expect([old, young]).toEqual([expect.any(String), old]);
    expect(stepsOf(record, 'reused')).toEqual(['first: pass', 'the old one goes: ', 'a new one comes: pass']);
    expect(record.run.exitCode).toBe(0);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)(
    'in which %s comes ends the run; what was judged stays, and nothing is left behind',
    async (signalName) => {
      const controller = new AbortController();
      const record = await runWith(
        sandbox(),
        (event) => {
          if (begins(event, 'it opens for all', 'settle')) controller.abort(new Interruption(signalName));
          return undefined;
        },
        { scenario: BY_ACTION.apply, signal: controller.signal },
      );
      expect(record.run).toMatchObject({ interruptedBy: signalName, incomplete: true });
      expect(record.run.exitCode).toBe(signalName === 'SIGINT' ? 130 : 143);
      expect(record.scenarios[0]?.status).toBe('interrupted');
      expect(stepsOf(record, 'apply')).toEqual([
        'first: pass',
        // What rests on a cut is proven only by a later connection, and there was none.
        'it closes: inconclusive',
        'it opens for all: unjudged',
      ]);
    },
  );

  test('that one node does not show is inconclusive for what has an end there, and all else is judged', async () => {
    const record = await runWith(withOneNodeLacking(), undefined, { scenario: EACH_OTHER });
    const [scenario] = record.scenarios;
    const { force = [], checks } = stepOf(record, 'each-other', 1);
    const lacking = force.flatMap(({ node, turnedMs }) => (turnedMs === undefined ? [node] : []));
    expect([force.length, lacking.length]).toEqual([3, 1]);
    const there = scenario?.pods.flatMap(({ namespace, name, node = '' }) =>
      lacking.includes(node) ? [`${namespace}/${name}`] : [],
    );
    const [open, unknown] = [false, true].map((isThere) =>
      checks.filter(({ from, to }) => [from, to].some((end) => there?.includes(end)) === isThere),
    );
    expect(open?.map(({ verdict }) => verdict)).toEqual(['pass', 'pass']);
    const reason = `${lacking[0]} has not taken up changes for 10 s`;
    expect(unknown?.map(({ verdict, ...check }) => [verdict, check.reason])).toEqual(
      Array(4).fill(['inconclusive', reason]),
    );
    // The closing control is made all the same.
    expect(scenario?.closingControl).toBe('made');
    expect(stepOf(record, 'each-other', 0).checks.map(({ verdict }) => verdict)).toEqual(
      Array(6).fill('pass'),
    );
  });

  test('that only expects is inconclusive where an earlier one was not taken up', async () => {
    const record = await runWith(withOneNodeLacking(), undefined, { scenario: STALE });
    const [, opens, expects] = [0, 1, 2].map((step) => stepOf(record, 'stale', step));
    const lacking = opens?.force?.filter(({ turnedMs }) => turnedMs === undefined);
    expect(lacking).toHaveLength(1);
    expect(expects?.force).toEqual(lacking);
    expect(stepsOf(record, 'stale')[2]).toMatch(/inconclusive/);
    const reasons = expects?.checks.flatMap(({ reason = [] }) => reason);
    expect(reasons).toContain(`${lacking?.[0]?.node} has not taken up what an earlier step has changed`);
  });
});

/**
 * All nodes take up late, or not in time, who stands behind the Service: to whom it led before is gone. And the policy never comes to select
 * anybody.
 */
test('after which nodes lead elsewhere than to the pods behind a Service cuts nobody off there', async () => {
  const delays: Readonly<Record<string, string>> = { 'another pod': '4s', 'and another': '10m' };
  const record = await runWith(
    throughProxy(sandbox(), {
      change: ({ path, body }) =>
        path.includes('/namespaces/behind/networkpolicies/')
          ? body.replace('is: closed', 'is: nobody')
          : body,
    }),
    (event, kube) => {
      if (event.type !== 'phase-started' || event.phase !== 'apply') return undefined;
      const delay = delays[event.step ?? ''];
      return delay === undefined ? undefined : delayServices(delay, kube);
    },
    { scenario: BEHIND, withinMs: 6_000 },
  );
  expect(stepsOf(record, 'behind')).toEqual([
    'first: pass',
    'another pod: leaked',
    'and another: inconclusive',
  ]);
  const [web] = record.scenarios[0]?.pods ?? [];
  const node = web?.node ?? '';
  const [late, never] = [1, 2].map((step) => stepOf(record, 'behind', step));
  expect(late?.leading).toEqual([{ node, services: ['service/behind/api'], turnedMs: expect.any(Number) }]);
  expect(never?.leading).toEqual([{ node, services: ['service/behind/api'] }]);
  expect(never?.checks[0]?.reason).toBe(
    `${node} was not seen for 6 s to have taken up who stands behind service/behind/api now`,
  );
});

async function delayServices(delay: string, kube: Kube): Promise<void> {
  const change = { metadata: { annotations: { 'sandbox.podreach.dev/service-delay': delay } } };
  for (const name of ['node-1', 'node-2']) await kube.patch({ resource: 'nodes', name }, change);
}

/** The pod that comes is there before the one goes whose address it would get. */
const BEHIND = `apiVersion: podreach/v1
kind: Scenario
name: behind
namespaces:
  behind: {}
pods:
  behind/web: { labels: { app: web } }
  behind/one: { ports: [80], labels: { app: api } }
  behind/two: { ports: [80], labels: { app: api, is: closed }, created: later }
  behind/three: { ports: [80], labels: { app: api, is: closed }, created: later }
services:
  behind/api: { selector: { app: api }, ports: [{ port: 80 }] }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: api, namespace: behind }
    spec: { podSelector: { matchLabels: { is: closed } } }
reachable: [{ from: behind/web, to: service/behind/api }]
steps:
  - name: another pod
    create: [behind/two]
    remove: [behind/one]
    unreachable: [{ from: behind/web, to: service/behind/api }]
  - name: and another
    create: [behind/three]
    remove: [behind/two]
`;

/** Three nodes, of which one never gives its outpost the label that a marker waits for. */
function withOneNodeLacking(): ClusterProvider {
  return throughProxy(sandboxCluster({ nodes: 3, enforcement: 'on' }), {
    answer({ method, path }) {
      const isMarker = method === 'PATCH' && /\/podreach-outposts-[^/]+\/pods\/open-2\?/.test(path);
      const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'open-2' } };
      return isMarker ? { status: 200, body: pod } : undefined;
    },
  });
}

/** With a pod on each of three nodes. */
const EACH_OTHER = `apiVersion: podreach/v1
kind: Scenario
name: each-other
namespaces:
  each-other: {}
pods:
  each-other/a: { ports: [80] }
  each-other/b: { ports: [80] }
  each-other/c: { ports: [80] }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: friends, namespace: each-other }
    spec:
      podSelector: {}
      ingress: [{ from: [{ podSelector: { matchLabels: { is: friend } } }] }]
otherwise: unreachable
steps:
  - name: they become friends
    label:
      each-other/a: { is: friend }
      each-other/b: { is: friend }
      each-other/c: { is: friend }
    otherwise: reachable
`;

/** With a pod on each of three nodes. */
const STALE = `apiVersion: podreach/v1
kind: Scenario
name: stale
namespaces:
  stale: {}
pods:
  stale/a: { labels: { app: a } }
  stale/b: { ports: [80], labels: { app: b } }
  stale/c: { ports: [80], labels: { app: c } }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: b, namespace: stale }
    spec:
      podSelector: { matchLabels: { app: b } }
      ingress: [{ from: [{ podSelector: { matchLabels: { app: friend } } }] }]
unreachable: [{ from: stale/a, to: stale/b }]
steps:
  - name: it opens
    label: { stale/a: { app: friend } }
    reachable: [{ from: stale/a, to: stale/b }]
  - name: only what is expected changes
    reachable: [{ from: stale/a, to: "*" }, { from: stale/b, to: stale/c }]
`;
