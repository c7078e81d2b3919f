/** Waiting for policies, with agents that see what the test says, and time that passes only where somebody waits. */

import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../src/kube/kube.ts';
import type { Attempt, Outcome } from '../../src/model/attempt.ts';
import { countOf, newestOf, observeAll } from '../../src/model/observation.ts';
import type { Batch } from '../../src/probe/protocol.ts';
import type { CheckDraft } from '../../src/record/draft.ts';
import type { Settling } from '../../src/run/context.ts';
import { Evidence } from '../../src/run/evidence.ts';
import { runRound, type Stage } from '../../src/run/round.ts';
import { control, observe, settle } from '../../src/run/settle.ts';
import { sleepingClock } from '../cluster/kind/world.ts';
import { attempt } from '../judge/attempts.ts';
import { type Answers, agentsThat, contextOn as contextWith, sessionsThat } from './fake-agents.ts';
import { RememberedAttempts } from './noted.ts';

const APPLIED_MS = 500;
const FLOOR_MS = 200;
const WITHIN_MS = 4_000;
const ROUND_MS = 40;
const PAUSE_MS = 100;
/** The kubelet comes each second on the clock, and may be a little late: from the policies on, it has been at both ends by then. */
const VISITED_MS = 600;
/** How long a row lasts where nobody knows when the kubelet comes. */
const ROW_MS = 1_100;
const TIMEOUT_MS = 30;
/** An attempt that nobody answers dials for the last time after four fifths of its time. */
const LAST_DIAL_MS = 24;
const RULES = { confirm: 2, actedMs: APPLIED_MS };

/** What the source sees of one destination, round by round; the last goes on for ever. */
interface Seen {
  readonly expected: CheckDraft['expected'];
  readonly rounds: readonly Outcome[];
  /** What the policies mean. */
  readonly predicted?: 'allowed' | 'denied';
}

interface World {
  /** Whether policies were applied; absent: yes. */
  readonly isChanged?: boolean;
  /** What the state before may be mistaken for; absent: all where anything is expected to be reachable. */
  readonly mistakable?: readonly CheckDraft['expected'][];
  /** Pods that no kubelet visits any more. */
  readonly unvisited?: readonly string[];
  readonly isPatient?: boolean;
}

/** Has one source try a destination for each of `seen`, and gives the attempts at each. */
async function settled(
  seen: readonly Seen[],
  { isChanged = true, mistakable, unvisited = [], isPatient = false }: World = {},
): Promise<readonly (readonly Attempt[])[]> {
  const checks = seen.map(({ expected, predicted }, id) => ({
    ...checkOf(id, expected),
    ...(predicted === undefined ? {} : { predicted: { verdict: predicted, grounds: 0 } }),
  }));
  const clock = sleepingClock();
  await clock.sleep(APPLIED_MS);

  const answer = agentsThat(
    {
      outcomeOf({ id }) {
        if (clock.now() > APPLIED_MS + 3 * WITHIN_MS) throw new Error('it does not end');
        const rounds = seen[id]?.rounds ?? [];
        const round = checks.slice(id, id + 1).flatMap((check) => stage.attempts.of(check)).length;
        return rounds[round] ?? rounds.at(-1) ?? 'error';
      },
      isVisited: (pod) => !unvisited.includes(pod),
    },
    clock,
  );

  const stage = stageOf('a', ...seen.map((_, id) => `b${id}`));
  await settle(
    {
      name: 'x',
      checks,
      isMistakable: isChanged
        ? ({ expected }) => mistakable?.includes(expected) ?? checks.some(isReachable)
        : undefined,
    },
    RULES,
    stage,
    contextOn({ exec: sessionsThat(answer) }, clock, isPatient),
  );
  return checks.map((check) => stage.attempts.of(check));
}

test('before the floor nothing is tried that the state before may be mistaken for, and what is new is', async () => {
  const [open = [], cut = []] = await settled(
    [
      { expected: 'reachable', rounds: ['connected'] },
      { expected: 'unreachable', rounds: ['timeout'] },
    ],
    { mistakable: ['reachable'] },
  );
  expect(timesOf(cut)[0]).toBeLessThan(FLOOR_MS);
  expect(timesOf(open)[0]).toBeGreaterThanOrEqual(FLOOR_MS);
  // The row of the cut one does not hold up the other.
  expect(timesOf(open)[0]).toBeLessThan(FLOOR_MS + ROUND_MS + PAUSE_MS);
});

test.each([
  ['settle', 6],
  ['turn', undefined],
] as const)('a dial that is lost in the phase %s makes a cut take %s attempts', async (phase, confirm) => {
  const clock = sleepingClock();
  const plain = agentsThat({ outcomeOf: () => 'connected' }, clock);
  const exec = sessionsThat(async (request, input) => {
    const answer = await plain(request, input);
    return {
      ...answer,
      stdout: answer.stdout.replaceAll('"durationMs":1', '"durationMs":1,"dials":2,"lost":1'),
    };
  });
  const check = checkOf(0, 'reachable');
  await runRound([check], { phase, number: 1 }, stageOf('a', 'b0'), contextOn({ exec }, clock));
  expect(check.confirm).toBe(confirm);
});

function stageOf(...names: readonly string[]): Stage & { readonly attempts: RememberedAttempts } {
  const pods = names.map((name) => ({ namespace: 'x', name, ip: `ip-${name}`, node: 'node-1' }));
  return {
    pods: new Map(pods.map((pod) => [`x/${pod.name}`, pod])),
    beganMs: 0,
    evidence: new Evidence(0),
    attempts: new RememberedAttempts(),
    noteSetbacks: () => undefined,
  };
}

/** A check that has connected before the policies. */
function checkOf(id: number, expected: CheckDraft['expected']): CheckDraft {
  const declared = { file: 'x.yaml', line: 1, column: 1 };
  return {
    id,
    from: 'x/a',
    to: `x/b${id}`,
    port: 80,
    protocol: 'TCP',
    path: 'podIP',
    family: 'IPv4',
    expected,
    declared,
    ...observeAll([attempt('control', 'connected')]),
  };
}

const isReachable = ({ expected }: CheckDraft): boolean => expected === 'reachable';

function untried({ control: _, ...check }: CheckDraft): CheckDraft {
  return check;
}

/** As much of a context as settling needs. */
function contextOn(answers: Answers, clock = sleepingClock(), isPatient = false): Settling {
  return contextWith(answers, clock, {
    timeoutMs: TIMEOUT_MS,
    denialMs: TIMEOUT_MS,
    withinMs: WITHIN_MS,
    controlMs: WITHIN_MS,
    settleFloorMs: FLOOR_MS,
    execGraceMs: 0,
    confirm: RULES.confirm,
    isPatient,
  });
}

const outcomesOf = (attempts: readonly Attempt[]): string[] => attempts.map(({ outcome }) => outcome);
const timesOf = (attempts: readonly Attempt[]): number[] => attempts.map(({ atMs }) => atMs - APPLIED_MS);

test('a check is tried until it has shown what is expected as often in a row as it takes, and no more', async () => {
  const [late = [], early = []] = await settled([
    { expected: 'unreachable', rounds: ['connected', 'connected', 'timeout', 'timeout'] },
    { expected: 'unreachable', rounds: ['timeout', 'timeout', 'connected'] },
  ]);
  expect(outcomesOf(late)).toEqual(['connected', 'connected', 'timeout', 'timeout']);
  expect(outcomesOf(early)).toEqual(['timeout', 'timeout']);
});

test('a check that was cut off and connects again is tried no more: nothing can mend that', async () => {
  const [turned = [], lost = []] = await settled([
    { expected: 'unreachable', rounds: ['timeout', 'connected', 'timeout'] },
    { expected: 'reachable', rounds: ['connected', 'timeout'] },
  ]);
  expect(outcomesOf(turned)).toEqual(['timeout', 'connected']);
  expect(outcomesOf(lost)).toEqual(['connected', 'timeout', 'timeout']);
});

test('one lost attempt of a pair that is to be reachable is no change', async () => {
  const [attempts = []] = await settled([
    { expected: 'reachable', rounds: ['connected', 'timeout', 'connected', 'connected'] },
  ]);
  expect(outcomesOf(attempts)).toEqual(['connected', 'timeout', 'connected', 'connected']);
});

test('a round that errors is no agreement, and the count begins anew', async () => {
  const [attempts = []] = await settled([
    { expected: 'unreachable', rounds: ['timeout', 'error', 'timeout', 'timeout'] },
  ]);
  expect(outcomesOf(attempts)).toEqual(['timeout', 'error', 'timeout', 'timeout']);
  expect(attempts[1]?.detail).toBe('the exec broke');
});

test('what was cut off is tried again when the kubelet has come by at both ends', async () => {
  const [attempts = []] = await settled([{ expected: 'unreachable', rounds: ['timeout'] }]);
  expect(timesOf(attempts)).toEqual([0, VISITED_MS - LAST_DIAL_MS]);
});

test('what was refused at once takes as long: its last dial is its first', async () => {
  const [attempts = []] = await settled([{ expected: 'unreachable', rounds: ['refused'] }]);
  expect(timesOf(attempts)).toEqual([0, VISITED_MS]);
});

test.each(['a', 'b0'])('what was cut off is never confirmed where no kubelet comes to %s', async (pod) => {
  const [attempts = []] = await settled([{ expected: 'unreachable', rounds: ['timeout'] }], {
    unvisited: [pod],
  });
  expect(timesOf(attempts).at(-1)).toBeGreaterThan(WITHIN_MS - ROW_MS);
  const side = pod === 'a' ? 'source' : 'destination';
  expect(attempts.map(({ seen }) => seen?.[side])).toEqual(attempts.map(() => undefined));
});

test('connections that agree follow at once, and there is a pause before all others', async () => {
  const [attempts = []] = await settled([{ expected: 'reachable', rounds: ['connected'] }], {
    isChanged: false,
  });
  const [slow = []] = await settled(
    [{ expected: 'reachable', rounds: ['error', 'connected', 'connected'] }],
    { isChanged: false },
  );
  expect(timesOf(attempts)).toEqual([0, ROUND_MS]);
  expect(timesOf(slow)).toEqual([0, ROUND_MS + PAUSE_MS, 2 * ROUND_MS + PAUSE_MS]);
});

describe('a mismatch', () => {
  const leak: Seen = { expected: 'unreachable', rounds: ['connected'], predicted: 'allowed' };
  const breach: Seen = { expected: 'reachable', rounds: ['timeout'], predicted: 'denied' };

  test('that the policies predict is tried as often as a confirmation takes', async () => {
    const [leaks = [], breaches = []] = await settled([leak, breach]);
    expect(outcomesOf(leaks)).toEqual(['connected', 'connected']);
    expect(outcomesOf(breaches)).toEqual(['timeout', 'timeout']);
  });

  test.each<[string, Seen, World]>([
    ['the policies do not predict', { ...leak, predicted: 'denied' }, {}],
    ['nobody can explain', { expected: 'unreachable', rounds: ['connected'] }, {}],
    ['a patient run sees', leak, { isPatient: true }],
    ['nobody proves, because no kubelet comes by', breach, { unvisited: ['b0'] }],
  ])('that %s has all the time there is', async (_, seen, world) => {
    const [attempts = []] = await settled([seen], world);
    expect(attempts.length).toBeGreaterThan(5);
  });

  test('that mends itself in time is none', async () => {
    const [attempts = []] = await settled([{ ...leak, rounds: ['connected', 'timeout'] }]);
    expect(outcomesOf(attempts)).toEqual(['connected', 'timeout', 'timeout']);
  });
});

describe('the first round', () => {
  const OPEN: Seen = { expected: 'reachable', rounds: ['connected'] };
  const SHUT: Seen = { expected: 'unreachable', rounds: ['timeout'] };

  test('waits for the floor where something is to be reachable', async () => {
    const [shut = [], open = []] = await settled([SHUT, OPEN]);
    expect([timesOf(shut)[0], timesOf(open)[0]]).toEqual([FLOOR_MS, FLOOR_MS]);
  });

  test('waits for nothing where nothing is to be reachable, or nothing was applied', async () => {
    const [shut = []] = await settled([SHUT]);
    const [open = []] = await settled([OPEN], { isChanged: false });
    expect([timesOf(shut)[0], timesOf(open)[0]]).toEqual([0, 0]);
  });
});

describe('when the time is over', () => {
  // A round takes 140 ms with the pause before it: the 30th is the last that is decided on in time.
  const inTime = Array<Outcome>(29).fill('connected');

  test('what still contradicts is left as it is', async () => {
    const [attempts = []] = await settled([{ expected: 'unreachable', rounds: ['connected'] }]);
    expect(timesOf(attempts).at(-1)).toBe(29 * (ROUND_MS + PAUSE_MS));
  });

  test('what agrees is tried on until that is confirmed', async () => {
    const [late = [], never = []] = await settled([
      { expected: 'unreachable', rounds: [...inTime, 'timeout'] },
      { expected: 'unreachable', rounds: ['connected'] },
    ]);
    expect(outcomesOf(late)).toEqual([...inTime, 'timeout', 'timeout']);
    expect(never).toHaveLength(30);
  });

  test('what fails is tried on until one lost attempt can be told from a block', async () => {
    const [late = []] = await settled([
      { expected: 'reachable', rounds: [...Array<Outcome>(27).fill('error'), 'timeout'] },
    ]);
    expect(outcomesOf(late).slice(27)).toEqual(['timeout', 'timeout']);
  });

  test('what agrees is tried on until it contradicts', async () => {
    const [late = []] = await settled([
      { expected: 'unreachable', rounds: [...inTime, 'timeout', 'connected'] },
    ]);
    expect(outcomesOf(late)).toEqual([...inTime, 'timeout', 'connected']);
  });
});

test('a round that takes all the time there is is not the only one', async () => {
  const clock = sleepingClock();
  let rounds = 0;
  const answers: Answers = {
    exec: sessionsThat(async () => {
      rounds += 1;
      await clock.sleep(2 * WITHIN_MS);
      return { kind: 'broken', reason: 'busy', mayHeal: false, stdout: '', stderr: '' };
    }),
    list: async () => [podThatRuns('a'), podThatRuns('b0')],
  };
  const context = contextOn(answers, clock);
  const execs = 2; // of a round: source and destination
  const settling = [checkOf(0, 'unreachable')];
  await settle(
    { name: 'x', checks: settling, isMistakable: isReachable },
    RULES,
    stageOf('a', 'b0'),
    context,
  );
  expect(rounds).toBe(6 * execs);
  rounds = 0;
  await control({ name: 'x', checks: [untried(checkOf(0, 'reachable'))] }, stageOf('a', 'b0'), context);
  expect(rounds).toBe(6 * execs);
});

function podThatRuns(name: string): KubeObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'x', name },
    spec: { nodeName: 'node-1' },
    status: {
      phase: 'Running',
      podIP: '10.0.0.1',
      containerStatuses: [{ ready: true, state: { running: {} } }],
    },
  };
}

test('before the policies a pod that has died is told, even where a round takes all the time there is', async () => {
  const clock = sleepingClock();
  const answers: Answers = {
    exec: sessionsThat(async () => {
      await clock.sleep(2 * WITHIN_MS);
      return { kind: 'broken', reason: 'not found', mayHeal: false, stdout: '', stderr: '' };
    }),
    list: async () => [],
  };
  const checks = [untried(checkOf(0, 'reachable'))];
  await expect(
    control({ name: 'x', checks }, stageOf('a', 'b0'), contextOn(answers, clock)),
  ).rejects.toMatchObject({
    code: 'provision-failed',
    message: 'pod x/a cannot run: somebody has deleted it',
  });
});

describe('before the policies', () => {
  /** @returns what the control has seen at last of a pair that shows this, after so many milliseconds */
  async function controlled(outcomeAt: (ms: number) => Outcome): Promise<Attempt | undefined> {
    const clock = sleepingClock();
    const exec = sessionsThat(agentsThat({ outcomeOf: () => outcomeAt(clock.now()) }, clock));
    const list = async () => [podThatRuns('a'), podThatRuns('b0')];
    const check = untried(checkOf(0, 'reachable'));
    await control({ name: 'x', checks: [check] }, stageOf('a', 'b0'), contextOn({ exec, list }, clock));
    return newestOf(check);
  }

  test('a name that does not resolve yet is waited for longer than a connection', async () => {
    const seenAfter = (ms: number, first: Outcome) => controlled((now) => (now < ms ? first : 'connected'));
    expect(await seenAfter(29_000, 'dns-failure')).toMatchObject({ outcome: 'connected' });
    expect(await seenAfter(29_000, 'timeout')).toMatchObject({ outcome: 'timeout' });
    const never = await seenAfter(Number.POSITIVE_INFINITY, 'dns-failure');
    expect(never?.outcome).toBe('dns-failure');
    expect(never?.atMs).toBeLessThan(31_000);
  });
});

test('200,000 checks that have settled together need no last look', async () => {
  const shown = observeAll([1, 2].map((round) => attempt('settle', 'timeout', { round })));
  const check = { ...checkOf(0, 'unreachable'), ...shown };
  const checks = Array.from({ length: 200_000 }, (_, id) => ({ ...check, id }));
  await observe({ name: 'x', checks }, RULES, stageOf(), contextOn({}));
  expect(checks.every(({ observed = [] }) => countOf(observed) === 2)).toBe(true);
});

test('agents give denials their own time, and are asked what arrived, and last of all what came late', async () => {
  const clock = sleepingClock();
  await clock.sleep(APPLIED_MS);
  const checks = [checkOf(0, 'unreachable'), checkOf(1, 'reachable')];
  const answer = agentsThat({ outcomeOf: ({ id }) => (id === 0 ? 'timeout' : 'connected') }, clock);
  const batches: { readonly pod: string; readonly batch: Batch }[] = [];
  const exec = sessionsThat(async (request, input) => {
    batches.push({ pod: request.pod, batch: JSON.parse(input) });
    return await answer(request, input);
  });
  const { timing, ...rest } = contextOn({ exec }, clock);
  const context = { ...rest, timing: { ...timing, denialMs: 20 } };
  const [tried, stage] = [{ name: 'x', checks, isMistakable: () => true }, stageOf('a', 'b0', 'b1')];

  await settle(tried, RULES, stage, context);
  const rounds = batches.filter(({ batch }) => batch.targets.length > 0);
  expect(rounds.map(({ batch }) => batch.targets.map(({ timeoutMs }) => timeoutMs))).toEqual(
    rounds.map(() => [20, undefined]),
  );
  const held = batches.filter(({ pod, batch }) => pod === 'b0' && batch.listeners.length > 0);
  expect(new Set(held.map(({ batch }) => batch.holdMs))).toEqual(new Set([20]));
  // Once, when the cut was confirmed.
  const asked = batches.flatMap(({ pod, batch }) =>
    batch.halfOpenAt === undefined ? [] : [pod, batch.halfOpenAt],
  );
  expect(asked).toEqual(['b0', ['ip-b0']]);
  expect(batches.filter(({ batch }) => batch.endsDials)).toEqual([]);

  batches.length = 0;
  await observe(tried, RULES, stage, context);
  expect(batches.map(({ pod, batch }) => [pod, batch.endsDials, batch.halfOpenAt])).toEqual([
    ['a', true, undefined],
  ]);
});
