/** What the verdicts of a step take from its budget and from the other steps. */
import { describe, expect, test } from 'vitest';
import { type Elsewhere, elsewhereOf } from '../../src/judge/elsewhere.ts';
import { exitCodeFor } from '../../src/judge/exit-code.ts';
import { type JudgeRules, judge } from '../../src/judge/judge.ts';
import { disagreementOf } from '../../src/judge/opinions.ts';
import type { Attempt, Outcome } from '../../src/model/attempt.ts';
import { observeAll } from '../../src/model/observation.ts';
import type { CheckRecord, ScenarioRecord, StepRecord } from '../../src/record/schema.ts';
import { emptyRecord } from '../run/empty-record.ts';
import { attempt, closed, seenAt, sequence } from './attempts.ts';

const RULES: JudgeRules = { confirm: 2, actedMs: 0, closing: 'left-out' };
/** The first attempt of a sequence is made after a second, each other 100 ms later. */
const TIGHT: JudgeRules = { ...RULES, withinMs: 900 };
const SEEN = { seen: seenAt(1_000) };

describe('a check that shows what is expected after the budget of its step', () => {
  const cut = sequence('unreachable', 'cut cut');

  test('is late where it showed the opposite when that was over, and the reason says both times and the difference', () => {
    const open = observeAll([attempt('turn', 'connected', { atMs: 900 })]);
    expect(judge({ ...cut, ...open }, TIGHT, { hasToChange: true })).toEqual({
      verdict: 'late',
      reason:
        'it showed what is expected 1.0 s after the last action, 100 ms over the 900 ms that its step gives it',
      settledMs: 1_000,
    });
  });

  test.each([
    ['nobody looked', [], 'it was not tried at that time'],
    [
      'it was seen before that',
      [attempt('turn', 'connected', { atMs: 800 })],
      'it was not tried at that time',
    ],
    [
      'nobody could look',
      [attempt('turn', 'error', { atMs: 950, detail: 'network unreachable' })],
      'the probe could not try: network unreachable',
    ],
  ])('is inconclusive where %s then, and the reason says why', (_, turning, why) => {
    expect(judge({ ...cut, ...observeAll(turning) }, TIGHT, { hasToChange: true })).toEqual({
      verdict: 'inconclusive',
      reason: `it was seen to show what is expected 1.0 s after the last action, 100 ms over the 900 ms that its step gives it, and whether it did before is not known: ${why}`,
      settledMs: 1_000,
    });
  });

  test('is late where it has shown the opposite', () => {
    expect(judge(sequence('unreachable', 'connected cut cut'), TIGHT).verdict).toBe('late');
    expect(judge(sequence('reachable', 'cut cut connected connected'), TIGHT).verdict).toBe('late');
  });

  test('is late where it was cut off from before the budget was over until after that', () => {
    const turning = [0, 1].map((index) => attempt('turn', 'timeout', { atMs: 850 + 100 * index, ...SEEN }));
    const check = { ...sequence('reachable', 'connected connected'), ...observeAll(turning) };
    expect(judge(check, TIGHT, { hasToChange: true }).verdict).toBe('late');
  });

  test('is not made late by a single failed attempt', () => {
    const check = sequence('reachable', 'cut connected connected');
    expect(judge(check, TIGHT)).toEqual({ verdict: 'pass', settledMs: 1_100 });
    expect(judge(check, TIGHT, { hasToChange: true })).toEqual({
      verdict: 'inconclusive',
      reason:
        'it was seen to show what is expected 1.1 s after the last action, 200 ms over the 900 ms that its step gives it, and whether it did before is not known: it failed at that time, too seldom in a row to tell a block from a lost packet',
      settledMs: 1_100,
    });
  });

  test('is not late where it is as it was before', () => {
    expect(judge(cut, TIGHT, { hasToChange: false })).toEqual({ verdict: 'pass', settledMs: 1_000 });
  });

  test('is not late within the budget, and not without one', () => {
    const hasToChange = { hasToChange: true };
    expect(judge(cut, { ...RULES, withinMs: 1_000 }, hasToChange).verdict).toBe('pass');
    expect(judge(cut, RULES, hasToChange).verdict).toBe('pass');
  });

  test('is what it is where it is worse than late', () => {
    expect(judge(sequence('unreachable', 'cut cut connected'), TIGHT, { hasToChange: true }).verdict).toBe(
      'flapping',
    );
    expect(judge(sequence('unreachable', 'connected'), TIGHT, { hasToChange: true }).verdict).toBe('leaked');
  });

  test('rests on its cut like a pass', () => {
    const check = closed(sequence('unreachable', 'connected cut cut'), 'timeout');
    expect(judge(check, { ...TIGHT, closing: 'made' }, { hasToChange: true })).toMatchObject({
      verdict: 'inconclusive',
      reason: expect.stringContaining('so it was not they that cut it'),
    });
  });

  test('is a mismatch, and nobody is wrong about it', () => {
    const late = { verdict: 'late', expected: 'unreachable' } as const;
    expect(disagreementOf({ ...late, predicted: { verdict: 'denied', grounds: 0 } })).toBeUndefined();
    expect(exitCodeFor({ ...emptyRecord(), scenarios: [scenario([step([{ verdict: 'late' }])])] })).toBe(1);
  });
});

describe('a change that was seen before its step was in force', () => {
  /** Seen at 100, 200, … ms, while the step came into force; what was seen after that begins at 1000 ms. */
  const turning = (...outcomes: readonly (readonly [Outcome, Partial<Attempt>?])[]) =>
    observeAll(
      outcomes.map(([outcome, more], index) =>
        attempt('turn', outcome, { round: index + 1, atMs: 100 * (index + 1), ...more }),
      ),
    );
  const cut = sequence('unreachable', 'cut cut');
  const settled = (check: Parameters<typeof judge>[0]) => judge(check, RULES).settledMs;

  test('dates what all attempts after that confirm', () => {
    expect(settled({ ...cut, ...turning(['connected'], ['connected'], ['timeout']) })).toBe(300);
    expect(settled({ ...cut, ...turning(['timeout'], ['timeout']) })).toBe(100);
    expect(settled({ ...cut, ...turning(['timeout'], ['connected'], ['timeout']) })).toBe(300);
    expect(settled({ ...cut, ...turning(['connected']) })).toBe(1_000);
    expect(settled({ ...cut, ...turning(['timeout', { late: true }]) })).toBe(1_000);
    expect(settled({ ...cut, ...turning(['error']) })).toBe(1_000);
  });

  test('dates nothing that turned back', () => {
    const late = sequence('unreachable', 'connected cut cut');
    expect(settled({ ...late, ...turning(['timeout']) })).toBe(1_100);
  });

  test('proves nothing', () => {
    const { observed: _, ...untried } = cut;
    expect(judge({ ...untried, ...turning(['timeout'], ['timeout']) }, RULES).verdict).toBe('inconclusive');
  });

  test('is dated by the dial that was answered', () => {
    const open = sequence('reachable', 'connected connected');
    expect(settled({ ...open, ...turning(['timeout'], ['connected', { dials: 2, durationMs: 120 }]) })).toBe(
      320,
    );
    expect(settled({ ...open, ...turning(['connected', { durationMs: 3 }]) })).toBe(100);
  });
});

describe('a check without a control', () => {
  const { control: _, ...cut } = sequence('unreachable', 'cut cut');
  const later = { ...cut, withoutControl: 'it came to be under policies' };

  test('rests on the triangle and on the closing control', () => {
    expect(judge(cut, RULES).verdict).toBe('inconclusive');
    expect(judge(later, { ...RULES, closing: 'made' }).verdict).toBe('inconclusive');
    expect(judge(closed(later, 'connected'), { ...RULES, closing: 'made' }).verdict).toBe('pass');
  });

  test('that was made late and failed says so', () => {
    const failed = { ...cut, ...observeAll([attempt('control', 'timeout')]) };
    expect(judge(failed, RULES).reason).toMatch(/^it could not connect even before any policy/);
    expect(judge(failed, RULES, { isYoung: true })).toEqual({
      verdict: 'inconclusive',
      reason:
        'it could not connect when no policy was to be in force any more (timeout 1 of 1): either something else cuts it, or a policy that was deleted still does',
    });
  });

  test('rests on the triangle alone where one of its pods is gone by then', () => {
    expect(judge(later, { ...RULES, closing: 'made' }, { isGone: true }).verdict).toBe('pass');
  });
});

describe('other steps', () => {
  const made: JudgeRules = { ...RULES, closing: 'made' };
  const closing: readonly (readonly [string, CheckRecord['expected'], Elsewhere, string])[] = [
    [
      'a cut pair that connected later needs no closing control',
      'unreachable',
      { connectsLater: true },
      'pass',
    ],
    ['one that did not, needs it', 'unreachable', {}, 'inconclusive'],
    ['a cut that outlasts the policies that made it is broken', 'reachable', { wasDenied: true }, 'broken'],
    ['one that no policy has made is not', 'reachable', {}, 'inconclusive'],
    [
      'a cut that the policies made before is no pass for that',
      'unreachable',
      { wasDenied: true },
      'inconclusive',
    ],
  ];
  test.each(closing)('%s', (_, expected, elsewhere, verdict) => {
    expect(judge(sequence(expected, 'cut cut'), made, elsewhere).verdict).toBe(verdict);
  });

  test('are looked at for the same two pods only', () => {
    const denied = { predicted: { verdict: 'denied', grounds: 0 } } as const;
    const replaced = { kind: 'replace', object: 'x/b' } as const;
    const record = scenario([
      step([{ ...sequence('unreachable', 'cut cut'), ...denied }]),
      step([sequence('reachable', 'connected connected')]),
      { ...step([sequence('unreachable', 'cut cut')]), actions: [replaced], pods: PODS },
    ]);
    const elsewhere = elsewhereOf(record, RULES);
    const inStep = (index: number) => elsewhere(index, checkOf(record, index));
    expect([0, 1, 2].map(inStep)).toEqual([
      {
        hasToChange: false,
        isToStay: false,
        isYoung: false,
        connectsLater: true,
        wasDenied: false,
        isGone: true,
      },
      {
        hasToChange: true,
        isToStay: false,
        isYoung: false,
        connectsLater: false,
        wasDenied: false,
        isGone: true,
      },
      {
        hasToChange: true,
        isToStay: false,
        isYoung: true,
        connectsLater: false,
        wasDenied: false,
        isGone: false,
      },
    ]);
  });

  test('what has to change is what a step brings, and what the step before did not show', () => {
    const reached = sequence('reachable', 'connected connected');
    const cut = sequence('unreachable', 'cut cut');
    const hasToChange = (before: Partial<CheckRecord>, more: Partial<StepRecord> = {}) => {
      const record = scenario([step([before]), { ...step([cut]), ...more }]);
      return elsewhereOf(record, RULES)(1, checkOf(record, 1)).hasToChange;
    };
    expect(hasToChange(reached)).toBe(true);
    expect(hasToChange(cut)).toBe(false);
    // It was to connect, and was cut already.
    expect(hasToChange(sequence('reachable', 'cut cut'))).toBe(false);
    expect(hasToChange(sequence('reachable', 'nothing'))).toBe(true);
    const actions = [{ kind: 'replace', object: 'x/b' }] as const;
    expect(hasToChange(cut, { actions: [...actions], pods: PODS })).toBe(true);
  });

  test('what is to stay as it was in the step before flaps where it shows something else for a while', () => {
    const verdict = (before: Partial<CheckRecord>, now: Partial<CheckRecord>) => {
      const record = scenario([step([before]), step([now])]);
      const check = checkOf(record, 1);
      const { verdict, reason } = judge({ ...check, ...now }, RULES, elsewhereOf(record, RULES)(1, check));
      return [verdict, reason];
    };
    const cut = sequence('unreachable', 'cut cut');
    const opened = sequence('unreachable', 'connected cut cut');
    expect(verdict(cut, opened)).toEqual([
      'flapping',
      'it had settled as expected in the step before, then showed connected 1 of 1',
    ]);
    expect(verdict(closed(cut, 'connected'), opened)[0]).toBe('flapping');
    expect(verdict(cut, cut)[0]).toBe('pass');
    // Nothing else is told of what has not come back, and of what was not as expected before.
    expect(verdict(cut, sequence('unreachable', 'connected'))[0]).toBe('leaked');
    expect(verdict(sequence('unreachable', 'cut cut connected'), opened)[0]).toBe('pass');
    expect(verdict(sequence('reachable', 'connected connected'), opened)[0]).toBe('pass');
    const open = sequence('reachable', 'connected connected');
    expect(verdict(open, sequence('reachable', 'cut cut connected connected'))[0]).toBe('flapping');
    // One failed attempt breaks nothing.
    expect(verdict(open, sequence('reachable', 'cut connected connected'))[0]).toBe('pass');
  });

  test('a cut has outlasted its policies only where the pair has not connected in between', () => {
    const denied = {
      ...sequence('unreachable', 'cut cut'),
      predicted: { verdict: 'denied', grounds: 0 },
    } as const;
    const cut = sequence('reachable', 'cut cut');
    const wasDenied = (...checks: readonly Partial<CheckRecord>[]) => {
      const record = scenario(checks.map((check) => step([check])));
      const last = checks.length - 1;
      return elsewhereOf(record, RULES)(last, checkOf(record, last)).wasDenied;
    };
    expect(wasDenied(denied, cut)).toBe(true);
    expect(wasDenied(denied, cut, cut)).toBe(true);
    expect(wasDenied(denied, sequence('reachable', 'connected connected'), cut)).toBe(false);
    expect(wasDenied(denied, sequence('reachable', 'connected cut cut'))).toBe(false);
    expect(wasDenied(denied, { ...cut, ...observeAll([attempt('turn', 'connected')]) })).toBe(false);
    expect(wasDenied({ ...denied, ...sequence('unreachable', 'cut cut connected') }, cut)).toBe(false);
    expect(wasDenied(denied, sequence('reachable', 'connected'), denied, cut)).toBe(true);
  });
});

const PODS = ['a', 'b'].map((name) => ({ namespace: 'x', name, labels: {}, ports: [] }));

function step(checks: readonly Partial<CheckRecord>[]): StepRecord {
  return {
    checks: checks.map((check, id) => ({
      id,
      from: 'x/a',
      to: 'x/b',
      port: 80,
      protocol: 'TCP',
      path: 'podIP',
      family: 'IPv4',
      expected: 'unreachable',
      declared: { file: 'x.yaml', line: 1, column: 1 },
      ...check,
    })),
  };
}

function scenario(steps: readonly StepRecord[]): ScenarioRecord {
  return {
    name: 'x',
    tags: [],
    location: { file: 'x.yaml', line: 1, column: 1 },
    status: 'finished',
    phases: [],
    namespaces: [],
    pods: PODS,
    policies: [],
    grounds: [],
    warnings: [],
    steps,
  };
}

function checkOf({ steps }: ScenarioRecord, index: number): CheckRecord {
  const check = steps[index]?.checks[0];
  if (check === undefined) throw new Error(`there is no step ${index}`);
  return check;
}
