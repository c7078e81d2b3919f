/** A record of a watch, built by hand: the network plugin of a cluster is upgraded, and each kind of window is seen once. */
import { nearestIncident } from '../../src/judge/windows/incident.ts';
import { watchedVerdict } from '../../src/judge/windows/verdict.ts';
import type { Incident } from '../../src/model/incident.ts';
import type { Window } from '../../src/model/window.ts';
import type { CheckRecord, RunRecord } from '../../src/record/schema.ts';
import { buildCheck, buildRecord, buildScenario, type CheckParts } from './fixture.ts';

type WatchRecord = NonNullable<RunRecord['watch']>;
type Held = NonNullable<NonNullable<CheckRecord['watched']>['held']>;

export const WATCH_MS = 150_000;
const EVERY_MS = 1_000;
const STARTED_AT = '2026-11-20T02:00:06.000Z';

/** Half of them on each node; one more on the first. */
const NODES: Readonly<Record<string, string>> = {
  'shop/web': 'node-1',
  'shop/api': 'node-2',
  'shop/db': 'node-2',
  'shop/cache': 'node-1',
  'billing/api': 'node-1',
  'billing/worker': 'node-2',
  'billing/db': 'node-2',
  'monitoring/prometheus': 'node-1',
  'monitoring/grafana': 'node-1',
};
const PODS = Object.keys(NODES);

const SPACES = ['shop', 'billing', 'monitoring'];

const INCIDENTS: readonly Incident[] = [
  { kind: 'command-started', atMs: 10_000, text: 'the command started' },
  {
    kind: 'plugin-image',
    atMs: 21_000,
    withinMs: 2_000,
    object: 'daemonset/kube-system/calico-node',
    text: 'the image of calico-node changed to v3.33.0',
  },
  {
    kind: 'plugin-restarted',
    atMs: 60_000,
    object: 'daemonset/kube-system/calico-node',
    node: 'node-2',
    text: 'calico-node on node-2 restarted',
  },
  { kind: 'command-ended', atMs: 118_000, text: 'the command ended' },
];

const COMMAND = [
  'helm',
  'upgrade',
  'calico',
  'projectcalico/tigera-operator',
  '--version',
  'v3.33.0',
  '--wait',
];

/** Enforcement on node-2 is open for 0.7 s when its network plugin has restarted. */
const LEAK = { fromMs: 61_200, toMs: 61_900 } as const;
/** The way to node-2 is gone for 3 s before that. */
const GAP = { fromMs: 57_900, toMs: 60_900 } as const;
/** The agent of shop/cache does not run for 5 s. */
const STALL = { fromMs: 90_200, toMs: 95_200 } as const;

const isOpen = (from: string, to: string): boolean =>
  from.split('/')[0] === to.split('/')[0] || from === 'monitoring/prometheus';

function windowsOf(from: string, to: string, number: number): Window[] {
  const expected = isOpen(from, to) ? 'reachable' : 'unreachable';
  const isToNode2 = NODES[to] === 'node-2';
  // Each check is tried at a moment of its own.
  const offMs = (number * 137) % 400;
  const windows: Window[] = [];
  if (expected === 'reachable' && isToNode2 && NODES[from] !== 'node-2')
    windows.push({ ...between(GAP, 300 + offMs), kind: 'gap', attempts: 3, outcome: 'timeout' });
  // Only one attempt fell into it, of each check that had any.
  if (expected === 'unreachable' && isToNode2 && number % 2 === 0)
    windows.push({ ...between(LEAK, 50 + offMs / 4), kind: 'leak', attempts: 1, outcome: 'connected' });
  if (from === 'shop/cache')
    windows.push({
      ...between(STALL, 20),
      kind: 'unknown',
      attempts: 0,
      why: 'the agent of shop/cache did not run',
    });
  return windows;
}

/** @param apartMs so much later than the change an attempt shows it, and so much earlier the one before was */
function between(
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
  apartMs: number,
): Pick<Window, 'began' | 'ended'> {
  return {
    began: { earliestMs: fromMs - EVERY_MS / 2, latestMs: fromMs + apartMs },
    ended: { earliestMs: toMs - 50, latestMs: toMs + apartMs },
  };
}

function heldOf(from: string, to: string): Held {
  const opened = { event: 'opened', atMs: 40 } as const;
  if (from === 'shop/web' && to === 'shop/db')
    return {
      beats: 738,
      events: [
        opened,
        { event: 'stalled', atMs: 57_900 },
        { event: 'broken', atMs: 60_950, detail: 'ECONNRESET' },
        { event: 'opened', atMs: 61_400 },
      ],
    };
  if (from === 'shop/web' && to === 'shop/api')
    return {
      beats: 735,
      events: [opened, { event: 'stalled', atMs: 57_900 }, { event: 'resumed', atMs: 60_920 }],
    };
  return { beats: 750, events: [opened] };
}

/** A watch of 72 checks, with a leak, a gap, unknown time, a connection that broke and a command. */
export function upgradeWatched(): RunRecord {
  const watch: WatchRecord = {
    startedAt: STARTED_AT,
    durationMs: WATCH_MS,
    everyMs: EVERY_MS,
    why: 'so many checks take 36 of 500 connections a second that node-2 can carry',
    endedBy: 'command',
    budgets: { maxLeakMs: 0, maxGapMs: 2_000, maxUnknown: 0.1 },
    command: { line: COMMAND, startedMs: 10_000, endedMs: 118_000, exitCode: 0 },
    attempts: { due: 12_150, made: 12_105, collected: 12_105 },
    longestStallMs: 5_000,
    incidents: [...INCIDENTS],
  };
  const pairs = PODS.flatMap((from) => PODS.filter((to) => to !== from).map((to) => [from, to] as const));
  const scenario = buildScenario(
    'cluster',
    {
      pods: Object.fromEntries(PODS.map((pod) => [pod, [8080]])),
      nodes: NODES,
      policies: { 'shop/default-deny': 1, 'billing/default-deny': 9, 'monitoring/default-deny': 17 },
      checks: pairs.map(([from, to], id) => watchedCheck(from, to, id, watch)),
    },
    {
      owner: 'platform-team',
      grounds: [[], ...SPACES.map((space) => [denialIn(space)])],
      durationMs: 160_400,
      phases: [{ name: 'watch', atMs: 6_000, durationMs: WATCH_MS }],
    },
  );
  const record = buildRecord(
    [scenario],
    { exitCode: 1, durationMs: 162_000, endedAt: '2026-11-20T02:02:42.000Z' },
    { cluster: 'context', clusterName: 'staging', nodes: [{ name: 'node-1' }, { name: 'node-2' }] },
  );
  return { ...record, watch };
}

/** The same watch in which nothing was amiss; it ended with its time. */
export function calmWatch(): RunRecord {
  const { watch, scenarios, ...rest } = upgradeWatched();
  if (watch === undefined) throw new Error('the record has a watch');
  const { command: _, why: __, ...calm } = watch;
  return {
    ...rest,
    run: { ...rest.run, exitCode: 0 },
    watch: {
      ...calm,
      endedBy: 'time',
      attempts: { due: 12_150, made: 12_150, collected: 12_150 },
      longestStallMs: 0,
      incidents: [],
    },
    scenarios: scenarios.map((scenario) => ({
      ...scenario,
      steps: scenario.steps.map((step) => ({
        ...step,
        checks: step.checks.map(({ reason: ___, ...check }) => ({
          ...check,
          verdict: 'pass' as const,
          watched: { attempts: 150, unknownMs: 0, windows: [] },
        })),
      })),
    })),
  };
}

/** The upgrade once more: what leaked does not, and what was cut off is so for four seconds more. */
export function upgradedOtherwise(): RunRecord {
  const { scenarios, ...rest } = upgradeWatched();
  const again = (check: CheckRecord): CheckRecord => {
    if (check.watched === undefined) return check;
    const windows = check.watched.windows
      .filter(({ kind }) => kind !== 'leak')
      .map((window) =>
        window.kind === 'gap' && window.ended !== undefined
          ? {
              ...window,
              ended: {
                earliestMs: window.ended.earliestMs + 4_000,
                latestMs: window.ended.latestMs + 4_000,
              },
            }
          : window,
      );
    const { reason: _, verdict, ...others } = check;
    return verdict === 'leaked'
      ? { ...others, verdict: 'pass', watched: { ...check.watched, windows } }
      : { ...check, watched: { ...check.watched, windows } };
  };
  return {
    ...rest,
    scenarios: scenarios.map((scenario) => ({
      ...scenario,
      steps: scenario.steps.map((step) => ({ ...step, checks: step.checks.map(again) })),
    })),
  };
}

function denialIn(space: string): RunRecord['scenarios'][number]['grounds'][number][number] {
  const location = { file: 'policies/cluster.yaml', line: 1 + 8 * SPACES.indexOf(space), column: 1 };
  return { direction: 'ingress', policy: `${space}/default-deny`, location };
}

function watchedCheck(from: string, to: string, id: number, watch: WatchRecord): CheckParts {
  const expected = isOpen(from, to) ? 'reachable' : 'unreachable';
  const nodes = { source: NODES[from], destinations: [NODES[to]] };
  const windows = windowsOf(from, to, id).map((window) => {
    const incident = nearestIncident(window, watch.incidents, nodes);
    return { ...window, ...(incident === undefined ? {} : { incident }) };
  });
  const unknownMs = windows.some(({ kind }) => kind === 'unknown') ? 4_930 : 0;
  const { settledMs = 0 } = buildCheck({ expected });
  const judged = watchedVerdict({ verdict: 'pass', settledMs }, windows, { ...watch, endMs: WATCH_MS });
  return {
    from,
    to,
    port: 8080,
    expected,
    ...judged,
    predicted:
      expected === 'reachable'
        ? { verdict: 'allowed', grounds: 0 }
        : { verdict: 'denied', grounds: 1 + SPACES.indexOf(to.split('/')[0] ?? '') },
    ...(judged.verdict === 'pass' ? {} : { disagreement: 'cluster' }),
    watched: {
      attempts: unknownMs === 0 ? 150 : 145,
      unknownMs,
      windows,
      ...(expected === 'reachable' ? { held: heldOf(from, to) } : {}),
    },
  };
}

/** Of each of so many checks, a window each minute of an hour: most of them alone. */
export function manyWindows(checks: RunRecord): RunRecord {
  const [scenario] = checks.scenarios;
  const { watch } = upgradeWatched();
  if (scenario === undefined || watch === undefined) throw new Error('the record has a scenario');
  const { command: _, ...rest } = watch;
  const steps = scenario.steps.map((step) => ({
    ...step,
    checks: step.checks.map((check, index) => {
      const number = index % 3;
      const windows = Array.from({ length: number }, (__, time): Window => {
        const fromMs = time * 900_000 + ((index * 7919) % 800_000);
        return {
          kind: check.expected === 'reachable' ? 'gap' : 'leak',
          began: { earliestMs: fromMs - 800, latestMs: fromMs },
          ended: { earliestMs: fromMs + 2_000, latestMs: fromMs + 2_900 },
          attempts: 2,
          outcome: check.expected === 'reachable' ? 'timeout' : 'connected',
        };
      });
      return { ...check, watched: { attempts: 3_600, unknownMs: 0, windows } };
    }),
  }));
  return { ...checks, watch: { ...rest, durationMs: 3_600_000 }, scenarios: [{ ...scenario, steps }] };
}

type ChurnRecord = NonNullable<WatchRecord['churn']>;

const NEW_POD = {
  copyOf: 'shop/web',
  node: 'node-1',
  clockMs: 12,
  triedMs: 64,
  endMs: 5_020,
  checks: 8,
  leaks: 0,
  gaps: 0,
  unknown: 0,
  unknownMs: 0,
} as const;

/** Three new pods in a watch in which all else was well. One was open for its first moments, of one nobody could tell all, one is missing. */
export function watchedWithNewPods(): RunRecord {
  const { watch, scenarios, run, ...rest } = calmWatch();
  if (watch === undefined) throw new Error('the record has a watch');
  const churn: ChurnRecord = {
    perMinute: 2,
    due: 4,
    made: 3,
    failures: [{ reason: 'pod shop/web-new-N was not accepted: exceeded quota', pods: 1 }],
    pods: [
      { ...NEW_POD, pod: 'shop/web-new-1', beganMs: 1_200, allowedMs: 210 },
      {
        ...NEW_POD,
        pod: 'shop/web-new-2',
        node: 'node-2',
        beganMs: 30_900,
        triedMs: 71,
        leaks: 1,
        allowedMs: 930,
      },
      { ...NEW_POD, pod: 'shop/web-new-4', beganMs: 91_100, unknown: 2, unknownMs: 1_240 },
    ],
  };
  const leak: Window = {
    kind: 'leak',
    began: { earliestMs: 30_888, latestMs: 30_986 },
    ended: { earliestMs: 31_250, latestMs: 31_332 },
    attempts: 7,
    outcome: 'connected',
    newPod: {
      pod: 'shop/web-new-2',
      node: 'node-2',
      began: { earliestMs: 0, latestMs: 74 },
      ended: { earliestMs: 362, latestMs: 420 },
    },
  };
  return {
    ...rest,
    run: { ...run, exitCode: 1 },
    watch: { ...watch, churn },
    scenarios: scenarios.map((scenario) => ({
      ...scenario,
      steps: scenario.steps.map((step) => ({
        ...step,
        checks: step.checks.map((check) => {
          if (check.from !== 'shop/web' || check.to !== 'billing/db') return check;
          const { settledMs = 0 } = check;
          const judged = watchedVerdict({ verdict: 'pass', settledMs }, [leak], {
            ...watch,
            endMs: WATCH_MS,
          });
          return {
            ...check,
            ...judged,
            disagreement: 'cluster' as const,
            watched: { attempts: 150, unknownMs: 0, windows: [leak] },
          };
        }),
      })),
    })),
  };
}

/** A watch in which all was well but the command. */
export function failedCommand(): RunRecord {
  const { watch, run, ...record } = calmWatch();
  if (watch === undefined) throw new Error('the record has a watch');
  const command = {
    line: COMMAND,
    startedMs: 10_000,
    endedMs: 31_000,
    exitCode: 3,
    failure: 'it exited with 3',
  };
  return { ...record, run: { ...run, exitCode: 3 }, watch: { ...watch, endedBy: 'command', command } };
}
