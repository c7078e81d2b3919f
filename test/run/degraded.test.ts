/** A network that fails while podreach looks: real packets, faults of which the truth is known, and not one false verdict. */
import { beforeAll, describe, expect, test } from 'vitest';
import type { ClusterProvider } from '../../src/cluster/cluster.ts';
import { findingOf } from '../../src/judge/finding.ts';
import type { Kube } from '../../src/kube/kube.ts';
import { lastOf, newestOf } from '../../src/model/observation.ts';
import type { ProgressEvent } from '../../src/progress.ts';
import type { CheckRecord, Phase, RunRecord } from '../../src/record/schema.ts';
import { throughProxy } from '../support/api-proxy.ts';
import { NetworkFaults } from '../support/network-faults.ts';
import { withSlowRules } from '../support/slow-rules.ts';
import { placeOf, runTrials, type Seen, SOME_NODE_TRIALS, SOME_POD_TRIALS } from './degraded/arena.ts';
import {
  type Part,
  runSideBySide,
  runWith,
  SCENARIO,
  type Scenarios,
  sandbox,
  verdicts,
  WITH_LATE_PAIR,
} from './run-with.ts';

/** What came of a trial that should not have. */
function falseOnes(seen: readonly Seen[]): string[] {
  return seen
    .filter(({ isFalse }) => isFalse)
    .map(
      ({ trial, destination, protocol, verdict, reason }) =>
        `${trial.name}: ${destination} ${protocol} ${verdict} (${reason})`,
    );
}

describe('while the network fails', () => {
  test('at the pods, nothing false is said', { timeout: 400_000 }, async () => {
    const seen = await runTrials(SOME_POD_TRIALS, { parallel: 4, withinMs: 4_000 });
    expect(falseOnes(seen)).toEqual([]);
    // Where nothing fails, everything comes out.
    const undisturbed = seen.filter(({ trial }) => trial.name === 'nothing');
    expect(undisturbed.map(({ destination, verdict }) => `${destination} ${verdict}`).toSorted()).toEqual(
      ['shut pass', 'leak leaked', 'open pass', 'broken broken'].flatMap((one) => [one, one]).toSorted(),
    );
    expect(seen).toHaveLength(8 * SOME_POD_TRIALS.length);
  });

  test.concurrent.each(SOME_NODE_TRIALS.map((trial) => [trial.name, trial] as const))(
    'at a node (%s), nothing false is said',
    { timeout: 400_000 },
    async (_, trial) => {
      const seen = await runTrials([trial], { parallel: 1, withinMs: 4_000 });
      expect(falseOnes(seen)).toEqual([]);
      expect(seen).toHaveLength(8);
    },
  );
});

/**
 * Acts on the network of the run's pods once, when a phase begins or a round under the policies has ended. Where it says that it
 * is `not yet` time to act, it is asked again when the next one has.
 */
async function runWhile(
  moment: string,
  act: (faults: NetworkFaults, kube: Kube) => Promise<unknown>,
  options: Parameters<typeof runWith>[2] = {},
  provider: ClusterProvider = sandbox(),
): Promise<RunRecord> {
  let hasActed = false;
  // Nothing is asked of any pod before it is done: what a test does to the network does not race with what the run looks at.
  let acting: Promise<undefined> | undefined;
  return await runWith(
    throughProxy(provider, { question: () => acting }),
    (event, kube) => {
      if (hasActed || !momentsOf(event).includes(moment)) return undefined;
      hasActed = true;
      const done = NetworkFaults.of(kube)
        .then((faults) => act(faults, kube))
        .then((answer) => {
          hasActed = answer !== 'not yet';
        });
      acting = done.then(() => undefined);
      return done;
    },
    options,
  );
}

/** What {@link runWhile} calls the moment of an event. The canary has phases and rounds as well: they are none. */
function momentsOf(event: ProgressEvent): readonly string[] {
  if (!('scenario' in event) || event.scenario !== 'pair') return [];
  if (event.type === 'phase-started') return [event.phase];
  if (event.type === 'round-ended') return [`${event.phase} round`, `${event.phase} round ${event.round}`];
  return [];
}

/** Nothing is cut by the policy, which selects nobody. */
const NOBODY = SCENARIO.replace('key: open, operator: DoesNotExist', 'key: nobody, operator: Exists');
const UDP = NOBODY.replaceAll('ports: [80]', 'ports: [53/UDP]');

function checkTo(record: Scenarios, to: string): CheckRecord | undefined {
  return record.scenarios[0]?.steps[0]?.checks.find((check) => check.to === to);
}

/** What a part of a run does to the network, by the name of its namespace. */
function failing(
  at: Phase,
  act: (faults: NetworkFaults, name: string, kube: Kube) => Promise<unknown>,
  scenario = SCENARIO,
): Part {
  return { scenario, at, act: async (kube, name) => act(await NetworkFaults.of(kube), name, kube) };
}

const cutFromOutside = (faults: NetworkFaults, name: string) =>
  faults.filterPod(`${name}/b`, { incoming: ['tcp dport 80 ip saddr != 127.0.0.0/8 iif != lo drop'] });

/** Each fails at pods of its own: all are parts of one run. */
const FAILING = {
  'no-route': failing('apply', (faults, name) => faults.linkDown(`${name}/a`), NOBODY),
  'link-down': failing('apply', (faults, name) => faults.linkDown(`${name}/b`), NOBODY),
  'one-way': failing(
    'apply',
    async (faults, name, kube) => {
      const { ip, node } = await placeOf(`${name}/b`, kube);
      await faults.filterNode(node, { incoming: [`ip saddr ${ip} udp sport 53 drop`] });
    },
    UDP,
  ),
  handshake: failing(
    'apply',
    (faults, name) => faults.filterPod(`${name}/b`, { outgoing: ['tcp sport 80 ip length > 60 drop'] }),
    NOBODY,
  ),
  'another-answers': failing('settle', async (faults, name, kube) => {
    const [b, c] = await Promise.all(['b', 'c'].map((pod) => placeOf(`${name}/${pod}`, kube)));
    await faults.redirect(`${name}/a`, b?.ip ?? '', c?.ip ?? '');
  }),
  outside: failing('apply', cutFromOutside, NOBODY),
  'outside-said': failing(
    'apply',
    cutFromOutside,
    NOBODY.replace(
      '{ from: pair/a, to: pair/b }',
      '{ from: pair/a, to: pair/b, cutBy: others, because: a firewall of the host }',
    ),
  ),
  'cut-anyway': failing('apply', (faults, name) =>
    faults.filterPod(`${name}/b`, { incoming: ['tcp dport 80 iif != lo drop'] }),
  ),
} satisfies Record<string, Part>;

describe.concurrent('what once was a false green, at pods', () => {
  let of: (name: keyof typeof FAILING) => Scenarios;
  beforeAll(async () => {
    ({ of } = await runSideBySide(FAILING));
  });

  test('a source without a route shows no block', () => {
    const part = of('no-route');
    expect(verdicts(part)).toEqual({ 'no-route/b': 'inconclusive', 'no-route/c': 'inconclusive' });
    expect(checkTo(part, 'no-route/b')?.reason).toBe('the probe could not try: ENETUNREACH');
  });

  test('a destination whose link is down proves nothing, though its listener is alive', () => {
    const check = checkTo(of('link-down'), 'link-down/b');
    expect(check?.verdict).toBe('inconclusive');
    expect(newestOf(check ?? {})).toMatchObject({ outcome: 'timeout', listenerAlive: true });
    expect(check?.reason).toContain("the destination's own network was not proven");
  });

  test('a datagram that arrives has leaked, whatever becomes of the answer', () => {
    const check = checkTo(of('one-way'), 'one-way/b');
    expect(check?.verdict).toBe('leaked');
    expect(check?.observed?.at(-1)).toMatchObject({
      outcome: 'one-way',
      detail: 'the datagram arrived, and no answer came back',
    });
  });

  test('a handshake that goes through is no block', () => {
    expect(checkTo(of('handshake'), 'handshake/b')).toMatchObject({
      verdict: 'leaked',
      reason: expect.stringContaining('reset'),
    });
  });

  test('an answer of another pod is no block', () => {
    const check = checkTo(of('another-answers'), 'another-answers/b');
    expect(check?.verdict).toBe('leaked');
    expect(check?.reason).toContain('it got through although it must not: wrong-peer');
  });

  test('what something else cuts is no pass, unless the scenario says so', () => {
    expect(checkTo(of('outside'), 'outside/b')).toMatchObject({
      verdict: 'inconclusive',
      reason: 'it was cut by something else: the policies of the scenario allow it',
      disagreement: 'outside',
    });
    expect(verdicts(of('outside-said'))).toEqual({ 'outside-said/b': 'pass', 'outside-said/c': 'pass' });
  });

  test('a pair that cannot connect without the policies either was not cut by them', () => {
    expect(checkTo(of('cut-anyway'), 'cut-anyway/b')).toMatchObject({
      verdict: 'inconclusive',
      reason: expect.stringMatching(/^it could not connect after the policies were taken away either/),
    });
  });
});

describe.concurrent('what once was a false green', { timeout: 400_000 }, () => {
  test('what connects after it was cut is flapping', async () => {
    let latest: RunRecord | undefined;
    const wasCut = (): boolean =>
      latest !== undefined &&
      (checkTo(latest, 'pair/b')?.observed ?? []).some(
        (stretch) => findingOf('unreachable', lastOf(stretch)).kind === 'agrees',
      );
    const record = await runWhile(
      'settle round',
      async (faults) =>
        wasCut() ? await Promise.all(faults.nodes.map((node) => faults.flush(node))) : 'not yet',
      {
        // It goes on until the deadline, and looks once more at what had settled.
        scenario: WITH_LATE_PAIR,
        patient: true,
        save: (saved) => {
          latest = saved;
        },
      },
    );
    expect(verdicts(record)['pair/b']).toBe('flapping');
    expect(record.run.exitCode).toBe(1);
  });

  test('a handshake that goes through after the pair was cut off is flapping', async () => {
    const record = await runWhile(
      'settle round 3',
      async (faults, kube) => {
        await faults.filterPod('pair/b', { outgoing: ['tcp sport 80 ip length > 60 drop'] });
        await kube.delete({ resource: 'networkpolicies', namespace: 'pair', name: 'deny' });
      },
      { scenario: WITH_LATE_PAIR, patient: true },
    );
    const check = checkTo(record, 'pair/b');
    expect(check?.verdict).toBe('flapping');
    expect(check?.observed?.map(({ outcome }) => outcome)).toContain('reset');
  });

  test('a node that does not take up policies makes its checks inconclusive, and names itself', async () => {
    // Every pod of the pair that is cut is on one node, and that node is stopped.
    const record = await runWhile('control', async (faults) => {
      await faults.filterNode('node-2', { incoming: ['tcp dport 10001 drop'] });
    });
    const [scenario] = record.scenarios;
    expect(scenario?.steps[0]?.force).toEqual([
      { node: 'node-1', turnedMs: expect.any(Number) },
      { node: 'node-2' },
    ]);
    const onNode2 = scenario?.pods.flatMap(({ namespace, name, node }) =>
      node === 'node-2' ? [`${namespace}/${name}`] : [],
    );
    for (const { from, to, verdict, reason } of scenario?.steps[0]?.checks ?? []) {
      const isTouched = [from, to].some((pod) => onNode2?.includes(pod));
      expect([verdict, reason]).toEqual(
        isTouched ? ['inconclusive', 'node-2 has not taken up policies for 10 s'] : ['pass', undefined],
      );
    }
  });

  test('where no node takes up policies, the run ends with 3', async () => {
    const record = await runWhile(
      'control',
      (faults) =>
        Promise.all(
          faults.nodes.map((node) => faults.filterNode(node, { incoming: ['tcp dport 10001 drop'] })),
        ),
      { withinMs: 2_000 },
    );
    expect(record.scenarios[0]?.error).toMatchObject({
      code: 'not-enforcing',
      message: 'no node has taken up the policies for 2 s (node-1, node-2)',
    });
    expect(record.run.exitCode).toBe(3);
  });
});

test.concurrent('one packet in twenty that is lost everywhere breaks nothing', {
  timeout: 400_000,
}, async () => {
  const pods = Array.from({ length: 17 }, (_, index) => `p${index}`);
  const scenario = `apiVersion: podreach/v1
kind: Scenario
name: lossy
namespaces:
  lossy: {}
pods:
${pods.map((pod) => `  lossy/${pod}: { ports: [80], labels: { app: ${pod} } }`).join('\n')}
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: shut, namespace: lossy }
    spec: { podSelector: { matchLabels: { app: p0 } }, ingress: [{ from: [{ podSelector: { matchLabels: { app: p1 } } }] }] }
unreachable:
  - { from: [lossy/p2, lossy/p3, lossy/p4], to: lossy/p0 }
reachable:
  - { from: lossy/*, to: lossy/*, except: [{ to: lossy/p0 }] }
`;
  const record = await runWhile(
    'apply',
    (faults) =>
      Promise.all(
        faults.nodes.map((node) =>
          // Each packet once, where it leaves its pod.
          faults.filterNode(node, { incoming: ['iifname "pod*" numgen random mod 100 < 5 drop'] }),
        ),
      ),
    { scenario, withinMs: 20_000 },
  );
  const mismatches = record.scenarios[0]?.steps[0]?.checks.filter(({ verdict }) => verdict !== 'pass') ?? [];
  expect(mismatches.map(({ from, to, verdict, reason }) => `${from} ${to} ${verdict}: ${reason}`)).toEqual(
    [],
  );
  expect(record.scenarios[0]?.steps[0]?.checks).toHaveLength(259);
});

test.concurrent('pods that their kubelets do not reach end the run, with the node', {
  timeout: 400_000,
}, async () => {
  const record = await runWhile('provision', (faults) =>
    Promise.all(faults.nodes.map((node) => faults.filterNode(node, { outgoing: ['tcp dport 20817 drop'] }))),
  );
  expect(record.scenarios[0]?.error).toMatchObject({
    code: 'provision-failed',
    message: expect.stringMatching(/^the kubelet does not reach its pods on node-1, node-2: /),
  });
  expect(record.run.exitCode).toBe(3);
});

// By itself: it changes where programs are looked for.
test('rules that are committed a second late are waited for', async () => {
  const provider = withSlowRules(1);
  const denyAll = SCENARIO.replace(
    'podSelector: { matchExpressions: [{ key: open, operator: DoesNotExist }] }',
    'podSelector: {}',
  );
  const record = await runWith(provider, undefined, { scenario: denyAll });
  expect(verdicts(record)).toEqual({ 'pair/b': 'pass', 'pair/c': 'broken' });
  for (const { turnedMs } of record.scenarios[0]?.steps[0]?.force ?? [])
    expect(turnedMs).toBeGreaterThan(900);
});
