/** Waiting for policies, with agents that see what the test says, and time that passes only where somebody waits. */
import pLimit from 'p-limit';
import { describe, expect, test } from 'vitest';
import type { ExecRequest, ExecResult, Kube } from '../../src/kube/kube.ts';
import type { Batch } from '../../src/probe/protocol.ts';
import type { CheckRecord, Outcome } from '../../src/record.ts';
import type { RunContext } from '../../src/run/context.ts';
import type { Stage } from '../../src/run/round.ts';
import { control, observe, settle } from '../../src/run/settle.ts';
import { sleepingClock } from '../cluster/kind/world.ts';
import { attempt } from '../judge/attempts.ts';

const APPLIED_MS = 500;
const FLOOR_MS = 200;
const WITHIN_MS = 1_000;
const ROUND_MS = 40;
const PAUSE_MS = 100;
const RULES = { confirm: 2, appliedMs: APPLIED_MS };

/** What the source sees of one destination, round by round; the last goes on for ever. */
interface Seen {
  readonly expected: CheckRecord['expected'];
  readonly rounds: readonly Outcome[];
}

/** Has one source try a destination for each of `seen`, and gives the attempts at each. */
async function settled(
  seen: readonly Seen[],
  policies: readonly unknown[] = ['deny'],
): Promise<readonly CheckRecord['attempts'][]> {
  const checks = seen.map(({ expected }, id) => checkOf(id, expected));
  const clock = sleepingClock();
  await clock.sleep(APPLIED_MS);

  const answer = async ({ stdin = '' }: ExecRequest): Promise<ExecResult> => {
    if (clock.now() > APPLIED_MS + 3 * WITHIN_MS) throw new Error('it does not end');
    const { targets, listeners }: Batch = JSON.parse(stdin);
    const outcomes = targets.map(({ id }): [number, Outcome] => {
      const rounds = seen[id]?.rounds ?? [];
      const round = (checks[id]?.attempts.length ?? 0) - 1;
      return [id, rounds[round] ?? rounds.at(-1) ?? 'error'];
    });
    if (targets.length > 0) await clock.sleep(ROUND_MS);
    if (outcomes.some(([, outcome]) => outcome === 'error'))
      return { kind: 'broken', reason: 'the exec broke', mayHeal: false, stdout: '', stderr: '' };
    const lines = [
      ...outcomes.map(([id, outcome]) => ({ kind: 'attempt', id, outcome, startedMs: 0, durationMs: 1 })),
      ...listeners.map(({ port, protocol }) => ({ kind: 'listener', port, protocol, alive: true })),
      { kind: 'end', attempts: targets.length, listeners: listeners.length },
    ];
    const stdout = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    return { kind: 'exited', exitCode: 0, stdout, stderr: '' };
  };

  const stage = stageOf('a', ...seen.map((_, id) => `b${id}`));
  await settle({ name: 'x', checks, policies }, RULES, stage, contextOn({ exec: answer } as Kube, clock));
  return checks.map(({ attempts }) => attempts.filter(({ phase }) => phase === 'settle'));
}

function stageOf(...names: readonly string[]): Stage {
  const pods = names.map((name) => ({ namespace: 'x', name, ip: `ip-${name}`, node: 'node-1' }));
  return {
    pods: new Map(pods.map((pod) => [`x/${pod.name}`, pod])),
    beganMs: 0,
    noteSetbacks: () => undefined,
  };
}

/** A check that has connected before the policies. */
function checkOf(id: number, expected: CheckRecord['expected']): CheckRecord {
  const declared = { file: 'x.yaml', line: 1, column: 1 };
  const attempts = [attempt('control', 'connected')];
  return {
    id,
    from: 'x/a',
    to: `x/b${id}`,
    port: 80,
    protocol: 'TCP',
    path: 'podIP',
    expected,
    declared,
    attempts,
  };
}

/** As much of a context as settling needs. */
function contextOn(kube: Kube, clock = sleepingClock()): RunContext {
  return {
    runId: 'run',
    kube,
    clock,
    random: () => 0,
    timing: {
      timeoutMs: 30,
      withinMs: WITHIN_MS,
      controlMs: WITHIN_MS,
      settleFloorMs: FLOOR_MS,
      readyWithinMs: 0,
      execGraceMs: 0,
      confirm: RULES.confirm,
    },
    execLimit: pLimit(10),
    signal: new AbortController().signal,
    progress: () => undefined,
    save: () => undefined,
  } as Partial<RunContext> as RunContext;
}

const outcomesOf = (attempts: CheckRecord['attempts']): string[] => attempts.map(({ outcome }) => outcome);
const timesOf = (attempts: CheckRecord['attempts']): number[] =>
  attempts.map(({ atMs }) => atMs - APPLIED_MS);

test('a check is tried until it has shown what is expected as often in a row as it takes, and no more', async () => {
  const [late = [], early = []] = await settled([
    { expected: 'unreachable', rounds: ['connected', 'timeout', 'connected', 'timeout', 'timeout'] },
    { expected: 'unreachable', rounds: ['timeout', 'timeout', 'connected'] },
  ]);
  expect(outcomesOf(late)).toEqual(['connected', 'timeout', 'connected', 'timeout', 'timeout']);
  expect(outcomesOf(early)).toEqual(['timeout', 'timeout']);
});

test('a round that errors is no agreement, and the count begins anew', async () => {
  const [attempts = []] = await settled([
    { expected: 'unreachable', rounds: ['timeout', 'error', 'timeout', 'timeout'] },
  ]);
  expect(outcomesOf(attempts)).toEqual(['timeout', 'error', 'timeout', 'timeout']);
  expect(attempts[1]?.detail).toBe('the exec broke');
});

test('rounds that agree follow at once, and there is a pause before all others', async () => {
  const [attempts = []] = await settled([
    { expected: 'unreachable', rounds: ['connected', 'timeout', 'timeout'] },
  ]);
  const second = ROUND_MS + PAUSE_MS;
  expect(timesOf(attempts)).toEqual([0, second, second + ROUND_MS]);
});

describe('the first round', () => {
  const OPEN: Seen = { expected: 'reachable', rounds: ['connected'] };
  const SHUT: Seen = { expected: 'unreachable', rounds: ['timeout'] };

  test('waits until policies can be in force where something is to be reachable', async () => {
    const [shut = [], open = []] = await settled([SHUT, OPEN]);
    expect([timesOf(shut)[0], timesOf(open)[0]]).toEqual([FLOOR_MS, FLOOR_MS]);
  });

  test('waits for nothing where nothing is to be reachable, or nothing was applied', async () => {
    const [shut = []] = await settled([SHUT]);
    const [open = []] = await settled([OPEN], []);
    expect([timesOf(shut)[0], timesOf(open)[0]]).toEqual([0, 0]);
  });
});

describe('when the time is over', () => {
  // A round takes 140 ms with the pause before it: the eighth is the last that begins in time.
  const sevenTimes = Array<Outcome>(7).fill('connected');

  test('what still contradicts is left as it is', async () => {
    const [attempts = []] = await settled([{ expected: 'unreachable', rounds: ['connected'] }]);
    expect(timesOf(attempts).at(-1)).toBe(7 * (ROUND_MS + PAUSE_MS));
  });

  test('what agrees is tried on until that is confirmed', async () => {
    const [late = [], never = []] = await settled([
      { expected: 'unreachable', rounds: [...sevenTimes, 'timeout'] },
      { expected: 'unreachable', rounds: ['connected'] },
    ]);
    expect(outcomesOf(late)).toEqual([...sevenTimes, 'timeout', 'timeout']);
    expect(never).toHaveLength(8);
  });

  test('what agrees is tried on until it contradicts', async () => {
    const [late = []] = await settled([
      { expected: 'unreachable', rounds: [...sevenTimes, 'timeout', 'connected'] },
    ]);
    expect(outcomesOf(late)).toEqual([...sevenTimes, 'timeout', 'connected']);
  });
});

test('before the policies a pod that has died is told, even where a round takes all the time there is', async () => {
  const clock = sleepingClock();
  const kube = {
    exec: async () => {
      await clock.sleep(2 * WITHIN_MS);
      return { kind: 'broken', reason: 'not found', mayHeal: false, stdout: '', stderr: '' };
    },
    list: async () => [],
  } as Partial<Kube> as Kube;
  const checks = [{ ...checkOf(0, 'reachable'), attempts: [] }];
  await expect(
    control({ name: 'x', checks }, stageOf('a', 'b0'), contextOn(kube, clock)),
  ).rejects.toMatchObject({
    code: 'provision-failed',
    message: 'pod x/a cannot run: somebody has deleted it',
  });
});

test('200,000 checks that have settled together need no last look', async () => {
  const checks = Array.from({ length: 200_000 }, (_, id) => ({
    ...checkOf(id, 'unreachable'),
    attempts: [1, 2].map((round) => attempt('settle', 'timeout', { round })),
  }));
  await observe({ name: 'x', checks }, RULES, stageOf(), contextOn({} as Kube));
  expect(checks.every(({ attempts }) => attempts.length === 2)).toBe(true);
});
