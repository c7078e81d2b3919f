/**
 * Small scenarios of which the truth is known, and faults of the network beside them. Whatever the network does, no verdict may be
 * false: inconclusive is the worst that noise may do.
 */
import { fieldOf } from '../../../src/kube/answers.ts';
import type { Kube } from '../../../src/kube/kube.ts';
import type { Verdict } from '../../../src/model/verdict.ts';
import type { ProgressEvent } from '../../../src/progress.ts';
import type { RunRecord } from '../../../src/record/schema.ts';
import { throughProxy } from '../../support/api-proxy.ts';
import { lasting, NetworkFaults, type Undo, whileThere } from '../../support/network-faults.ts';
import { runWith, sandbox } from '../run-with.ts';

/** What the policies do to each destination of an arena, whatever the network does. */
const TRUTH = {
  /** A policy cuts it off, as expected. */
  shut: { expected: 'unreachable', verdict: 'pass' },
  /** A policy should cut it off, and the cluster does not enforce it. */
  leak: { expected: 'unreachable', verdict: 'leaked' },
  /** Nothing cuts it off, as expected. */
  open: { expected: 'reachable', verdict: 'pass' },
  /** A policy cuts it off that should not. */
  broken: { expected: 'reachable', verdict: 'broken' },
} as const;
type Destination = keyof typeof TRUTH;
export const DESTINATIONS = Object.keys(TRUTH) as Destination[];

/** Verdicts that are not false, by the true one: who saw one thing and then the other may say so where it was so. */
const NOT_FALSE: Readonly<Record<'pass' | 'leaked' | 'broken', readonly Verdict[]>> = {
  pass: ['pass', 'inconclusive'],
  leaked: ['leaked', 'flapping', 'inconclusive'],
  broken: ['broken', 'flapping', 'inconclusive'],
};

export interface Pods {
  readonly source: string;
  readonly destinations: readonly string[];
}

/** One fault, and when it comes. */
export interface Trial {
  /** Becomes the name of its namespace. */
  readonly name: string;
  /** In words, for the table of the documentation. */
  readonly fault: string;
  /** Verdicts that are true as well, because the fault itself changes who reaches whom. */
  readonly alsoTrue?: Partial<Record<Destination, readonly Verdict[]>>;
  /** The phase whose beginning brings it; `rounds`: the end of the first round under the policies. */
  readonly at: Moment;
  /**
   * Does it, and undoes what must not go on.
   * @returns what undoes what goes on until the trial has ended: addresses of its pods are those of others then
   */
  readonly act: (faults: NetworkFaults, pods: Pods, kube: Kube) => Promise<Undo | undefined>;
}

export const MOMENTS = ['control', 'apply', 'settle', 'rounds', 'observe', 'closing'] as const;
export type Moment = (typeof MOMENTS)[number];

export interface Seen {
  readonly trial: Trial;
  readonly destination: Destination;
  readonly protocol: string;
  readonly verdict: Verdict | undefined;
  readonly reason: string | undefined;
  readonly isFalse: boolean;
}

/**
 * Runs all trials on one sandbox, several side by side. Where no node has taken up the policies within the time, or the moment of the
 * trial did not come, nothing was tried: on a machine that is busy that is an honest answer, and the trial is made again, with more time.
 * @throws where a scenario could not be run at all
 */
export async function runTrials(trials: readonly Trial[], bounds: TrialBounds): Promise<readonly Seen[]> {
  const { record, come } = await runOnce(trials, bounds);
  const idle = trials.filter(
    (trial) => errorOf(trial, record)?.code === 'not-enforcing' || !come.has(trial.name),
  );
  const withinMs = 3 * bounds.withinMs;
  const again = withinMs <= LONGEST_MS ? idle : [];
  const missed = idle.filter((trial) => !again.includes(trial));
  if (missed.length > 0) throw new Error(`never came: ${missed.map(({ name }) => name).join(', ')}`);
  return [
    ...trials.filter((trial) => !again.includes(trial)).flatMap((trial) => seenOf(trial, record)),
    ...(again.length > 0 ? await runTrials(again, { parallel: 1, withinMs }) : []),
  ];
}

interface TrialBounds {
  readonly parallel: number;
  readonly withinMs: number;
}

/** Whoever has not taken up a policy by then does not. */
const LONGEST_MS = 60_000;

/** @returns with the names of the trials whose moment came */
async function runOnce(
  trials: readonly Trial[],
  { parallel, withinMs }: TrialBounds,
): Promise<{ readonly record: RunRecord; readonly come: ReadonlySet<string> }> {
  /** What is done, by the names of the trials whose moment came. */
  const come = new Map<string, Promise<Undo | undefined>>();
  const interfere = (event: ProgressEvent, kube: Kube): Promise<unknown> | undefined => {
    const trial = trials.find(({ name }) => 'scenario' in event && event.scenario === name);
    if (trial === undefined) return undefined;
    if (event.type === 'scenario-ended')
      return come.get(trial.name)?.then((undo) => undo && whileThere(undo));
    if (come.has(trial.name) || momentOf(event) !== trial.at) return undefined;
    const done = NetworkFaults.of(kube).then((found) => trial.act(found, podsOf(trial.name), kube));
    come.set(trial.name, done);
    return done;
  };
  const record = await runWith(shamming(), interfere, {
    scenario: trials.map(({ name }) => scenarioOf(name)).join('---\n'),
    parallel,
    withinMs,
  });
  if (record.run.error !== undefined) throw new Error(record.run.error.message);
  for (const trial of trials) {
    const error = errorOf(trial, record);
    if (error !== undefined && error.code !== 'not-enforcing')
      throw new Error(`${trial.name}: ${error.message}`);
  }
  return { record, come: new Set(come.keys()) };
}

function scenarioIn(record: RunRecord, { name }: Trial): RunRecord['scenarios'][number] | undefined {
  return record.scenarios.find((one) => one.name === name);
}

function errorOf(trial: Trial, record: RunRecord) {
  return scenarioIn(record, trial)?.error;
}

/** What came of one trial. */
function seenOf(trial: Trial, record: RunRecord): Seen[] {
  const scenario = scenarioIn(record, trial);
  return (scenario?.steps[0]?.checks ?? []).map(({ to, protocol, verdict, reason }) => {
    const destination = DESTINATIONS.find((one) => to.endsWith(`/${one}`)) ?? 'open';
    const isFalse =
      verdict === undefined ||
      ![...NOT_FALSE[TRUTH[destination].verdict], ...(trial.alsoTrue?.[destination] ?? [])].includes(verdict);
    return { trial, destination, protocol, verdict, reason, isFalse };
  });
}

function momentOf(event: ProgressEvent): string | undefined {
  if (event.type === 'phase-started') return event.phase;
  return event.type === 'round-ended' && event.phase === 'settle' ? 'rounds' : undefined;
}

/** A cluster that takes the policies named `sham`, and does not enforce them. */
function shamming() {
  return throughProxy(sandbox(), {
    change: ({ path, body }) =>
      path.includes('/networkpolicies/sham') ? body.replace('sham: "yes"', 'nobody: "is"') : body,
  });
}

function podsOf(name: string): Pods {
  return {
    source: `${name}/a`,
    destinations: DESTINATIONS.map((destination) => `${name}/${destination}`),
  };
}

function scenarioOf(name: string): string {
  const rule = (expected: string): string =>
    DESTINATIONS.filter((destination) => TRUTH[destination].expected === expected)
      .map((destination) => `  - { from: ${name}/a, to: ${name}/${destination} }`)
      .join('\n');
  return `apiVersion: podreach/v1
kind: Scenario
name: ${name}
namespaces:
  ${name}: {}
pods:
  ${name}/a: {}
  ${name}/shut: { ports: [80, 53/UDP], labels: { closed: "yes" } }
  ${name}/leak: { ports: [80, 53/UDP], labels: { sham: "yes" } }
  ${name}/open: { ports: [80, 53/UDP] }
  ${name}/broken: { ports: [80, 53/UDP], labels: { closed: "yes" } }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: closed, namespace: ${name} }
    spec: { podSelector: { matchLabels: { closed: "yes" } } }
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: sham, namespace: ${name} }
    spec: { podSelector: { matchLabels: { sham: "yes" } } }
unreachable:
${rule('unreachable')}
reachable:
${rule('reachable')}
`;
}

/** Connections that the policies deny are believed when they last longer. */
const MOMENT_MS = 1_000;

type End = 'source' | 'destinations';

function endsOf(end: End, pods: Pods): readonly string[] {
  return end === 'source' ? [pods.source] : pods.destinations;
}

/** No fault at all: the truth comes out. */
const NOTHING: Trial = { name: 'nothing', fault: 'none', at: 'apply', act: async () => undefined };

/** The link of one end is down for a while. */
function linkDown(end: End, ms: number, at: Moment): Trial {
  return {
    name: `link-${end}-${ms}-${at}`,
    fault: `link of the ${end} down for ${ms / 1000} s`,
    at,
    act: async (faults, pods) => {
      await Promise.all(endsOf(end, pods).map((pod) => lasting(ms, faults.linkDown(pod))));
      return undefined;
    },
  };
}

/** So many of a hundred packets of one end are lost, in both directions, for the rest of the run. */
function loss(end: End, percent: number): Trial {
  return {
    name: `loss-${end}-${percent}`,
    fault: `${percent} % of the packets of the ${end} lost`,
    at: 'apply',
    act: async (faults, pods, kube) => {
      return undoAll(
        await Promise.all(endsOf(end, pods).map((pod) => losePackets(faults, pod, percent, kube))),
      );
    },
  };
}

function undoAll(undos: readonly Undo[]): Undo {
  return async () => {
    await Promise.all(undos.map((undo) => undo()));
  };
}

async function losePackets(faults: NetworkFaults, pod: string, percent: number, kube: Kube): Promise<Undo> {
  const { ip, node } = await placeOf(pod, kube);
  return await faults.filterNode(node, {
    incoming: [`ip saddr ${ip} numgen random mod 100 < ${percent} drop`],
    outgoing: [`ip daddr ${ip} numgen random mod 100 < ${percent} drop`],
  });
}

/** Where a pod runs, whether or not the kubelet has just reached it. */
export async function placeOf(
  pod: string,
  kube: Kube,
): Promise<{ readonly ip: string; readonly node: string }> {
  const [namespace = '', name = ''] = pod.split('/');
  const found = await kube.get({ resource: 'pods', namespace, name });
  const [ip, node] = [fieldOf(found?.['status'], 'podIP'), fieldOf(found?.['spec'], 'nodeName')];
  if (typeof ip !== 'string' || typeof node !== 'string') throw new Error(`${pod} is nowhere yet`);
  return { ip, node };
}

/** The same on the way between the nodes. */
function lossBetween(percent: number): Trial {
  return {
    name: `loss-between-${percent}`,
    fault: `${percent} % of the packets between the nodes lost`,
    at: 'apply',
    act: async (faults) => {
      return await faults.filterNode('node-1', {
        incoming: [`ip saddr 10.244.2.0/24 numgen random mod 100 < ${percent} drop`],
        outgoing: [`ip daddr 10.244.2.0/24 numgen random mod 100 < ${percent} drop`],
      });
    },
  };
}

/** A node forwards nothing for a while: what it sends itself, the kubelet's visits among it, still arrives. */
function forwardingOff(ms: number, at: Moment): Trial {
  return {
    name: `forwarding-${ms}-${at}`,
    fault: `a node forwards nothing for ${ms / 1000} s`,
    at,
    act: async (faults) => {
      await lasting(ms, faults.forwardingOff('node-1'));
      return undefined;
    },
  };
}

/** No node enforces policies for a while: one that lasts longer than a moment is what was to be seen then. */
function flushed(ms: number, at: Moment): Trial {
  return {
    name: `flushed-${ms}-${at}`,
    fault: `enforcement gone for ${ms / 1000} s`,
    alsoTrue: { shut: ['flapping'], ...(ms > MOMENT_MS ? { broken: ['pass'] } : {}) },
    at,
    act: async (faults) => {
      await Promise.all(faults.nodes.map((node) => lasting(ms, faults.flush(node))));
      return undefined;
    },
  };
}

/** Answers do not come back for a while, or for good: what is sent arrives. A reachable pair is then broken in truth, and named so. */
function repliesCut(at: Moment, ms?: number): Trial {
  return {
    name: `replies-${ms ?? 'ever'}-${at}`,
    fault: `answers of the destinations cut${ms === undefined ? '' : ` for ${ms / 1000} s`}`,
    alsoTrue: { open: ['broken', 'flapping'] },
    at,
    act: async (faults, { source, destinations }, kube) => {
      const { ip: to } = await placeOf(source, kube);
      const cuts = destinations.map(async (pod) => {
        const { ip, node } = await placeOf(pod, kube);
        return faults.filterNode(node, { incoming: [`ip saddr ${ip} ip daddr ${to} drop`] });
      });
      if (ms === undefined) return undoAll(await Promise.all(cuts));
      await Promise.all(cuts.map((cut) => lasting(ms, cut)));
      return undefined;
    },
  };
}

/** Handshakes go through, and whatever a destination says after that is lost. */
function answersMuted(at: Moment): Trial {
  return {
    name: `muted-${at}`,
    fault: 'handshakes go through, answers do not',
    at,
    act: async (faults, { destinations }) => {
      for (const pod of destinations)
        await faults.filterPod(pod, { outgoing: ['tcp sport 80 ip length > 60 drop'] });
      return undefined;
    },
  };
}

/** The kubelets reach no pod of the trial any more. */
function visitsBlocked(at: Moment): Trial {
  return {
    name: `visits-${at}`,
    fault: "the kubelet's visits blocked",
    at,
    act: async (faults) => {
      return undoAll(
        await Promise.all(
          faults.nodes.map((node) => faults.filterNode(node, { outgoing: ['tcp dport 20817 drop'] })),
        ),
      );
    },
  };
}

const LINK_TRIALS = (['source', 'destinations'] as const).map((end) =>
  [300, 1_000, 3_000, 10_000].flatMap((ms) => MOMENTS.map((at) => linkDown(end, ms, at))),
);

const OTHER_POD_TRIALS: readonly Trial[] = [
  NOTHING,
  ...(['source', 'destinations'] as const).flatMap((end) =>
    [1, 5, 20, 50].map((percent) => loss(end, percent)),
  ),
  repliesCut('apply'),
  ...[1_000, 3_000, 6_000, 10_000].flatMap((ms) =>
    (['apply', 'settle', 'rounds', 'observe'] as const).map((at) => repliesCut(at, ms)),
  ),
  answersMuted('apply'),
];

/** Trials that share no node: each disturbs the pods of its own namespace alone. */
export const POD_TRIALS: readonly Trial[] = [...LINK_TRIALS.flat(), ...OTHER_POD_TRIALS];

/** Some of them, for every run of the tests: every length and every moment of an outage, at one end or the other. */
export const SOME_POD_TRIALS: readonly Trial[] = [
  // Seven on, and both the length and the moment are the next.
  ...LINK_TRIALS.flatMap((trials, end) => trials.filter((_, index) => index % 7 === 4 * end)),
  ...OTHER_POD_TRIALS.filter(
    ({ name }) => !/^loss-.*-(1|5|20)$|^replies-(?!ever-|3000-settle|6000-rounds)/.test(name),
  ),
];

/** Trials that disturb a node, and so everything that is on it: each has a sandbox of its own. */
export const NODE_TRIALS: readonly Trial[] = [
  ...[1, 5, 20, 50].map(lossBetween),
  forwardingOff(1_000, 'settle'),
  forwardingOff(10_000, 'apply'),
  ...(['apply', 'settle', 'rounds'] as const).flatMap((at) => [flushed(200, at), flushed(700, at)]),
  flushed(2_000, 'rounds'),
  visitsBlocked('apply'),
];

/** Some of them, for every run of the tests: one of each kind. */
export const SOME_NODE_TRIALS: readonly Trial[] = NODE_TRIALS.filter(({ name }) =>
  [
    'loss-between-20',
    'forwarding-10000-apply',
    'flushed-200-rounds',
    'flushed-700-settle',
    'visits-apply',
  ].includes(name),
);
