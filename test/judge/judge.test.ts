import { describe, expect, test } from 'vitest';
import { type JudgeRules, judge } from '../../src/judge/judge.ts';
import { describeOutcomes } from '../../src/judge/reasons.ts';
import { observeAll } from '../../src/model/observation.ts';
import { attempt, checked, seenAt, sequence } from './attempts.ts';

const rules: JudgeRules = { confirm: 2, actedMs: 900, closing: 'left-out' };

describe('a check that settles', () => {
  test('passes with the time it took to the first attempt of the row', () => {
    const check = sequence('unreachable', 'connected cut cut cut');
    expect(judge(check, rules)).toEqual({ verdict: 'pass', settledMs: 200 });
  });

  test.each(['timeout', 'prohibited', 'refused'] as const)('unreachable by %s passes', (outcome) => {
    const check = checked('unreachable', [
      ['settle', outcome],
      ['settle', outcome],
    ]);
    expect(judge(check, rules).verdict).toBe('pass');
  });

  test('does not pass on what is shown in pieces', () => {
    const check = sequence('unreachable', 'cut nothing cut');
    expect(judge(check, rules)).toEqual({
      verdict: 'inconclusive',
      reason: 'it did not show the expected state 2 times in a row',
    });
  });
});

describe('a check that does not settle', () => {
  test.each([
    ['connected connected', 'it connected although it must not'],
    ['connected nothing', 'it connected although it must not'],
  ])('leaks with %s', (words, reason) => {
    expect(judge(sequence('unreachable', words), rules)).toEqual({ verdict: 'leaked', reason });
  });

  test.each([
    ['one-way', 'what was sent arrived although it must not; only the answers did not come back'],
    ['reset', 'it got through although it must not: reset 1 of 1'],
    ['wrong-peer', 'it got through although it must not: wrong-peer 1 of 1'],
  ] as const)('leaks where something got through: %s', (outcome, reason) => {
    expect(judge(checked('unreachable', [['settle', outcome]]), rules)).toEqual({
      verdict: 'leaked',
      reason,
    });
  });

  test.each(['timeout', 'refused', 'prohibited', 'reset', 'one-way'] as const)(
    'is broken when it cannot connect, and says how: %s',
    (outcome) => {
      const check = checked('reachable', [
        ['settle', outcome],
        ['settle', 'timeout'],
        ['settle', 'timeout'],
      ]);
      const { verdict, reason } = judge(check, rules);
      expect(verdict).toBe('broken');
      expect(reason).toMatch(/^it could not connect: timeout [23] of 3/);
    },
  );

  test('is not broken by a single failure', () => {
    expect(judge(sequence('reachable', 'cut'), { ...rules, confirm: 1 })).toEqual({
      verdict: 'inconclusive',
      reason: 'it failed at last, too seldom in a row to tell a block from a lost packet (timeout 1 of 1)',
    });
  });

  test('is inconclusive when nothing was ever proven', () => {
    const check = checked('unreachable', [['settle', 'timeout', { listenerAlive: false }]]);
    expect(judge(check, rules)).toEqual({
      verdict: 'inconclusive',
      reason: 'nothing was listening on the destination port',
    });
  });

  test.each(['unreachable', 'reachable'] as const)(
    'is inconclusive when no visit fell between its attempts (%s)',
    (expected) => {
      const check = checked(expected, [
        ['settle', 'timeout'],
        ['settle', 'timeout', { seen: seenAt(999) }],
      ]);
      expect(judge(check, rules)).toEqual({
        verdict: 'inconclusive',
        reason:
          'it was cut off 2 times in a row, but too close together to tell a block from a short failure of the network',
      });
    },
  );

  test('is inconclusive when it agreed too seldom for a way that loses packets', () => {
    const check = { ...sequence('unreachable', 'cut cut'), confirm: 6 };
    expect(judge(check, rules)).toEqual({
      verdict: 'inconclusive',
      reason:
        'it did not show the expected state 6 times in a row, which is what it takes where packets get lost on the way',
    });
  });

  test.each([
    ['six that were cut off', 'broken', ['timeout', 'timeout', 'timeout', 'timeout', 'timeout', 'timeout']],
    [
      'five, and one that arrived',
      'inconclusive',
      ['timeout', 'timeout', 'one-way', 'timeout', 'timeout', 'timeout'],
    ],
    [
      'five, and one that was taken',
      'inconclusive',
      ['timeout', 'timeout', 'reset', 'timeout', 'timeout', 'timeout'],
    ],
  ] as const)('where packets get lost, takes %s for %s', (_, verdict, outcomes) => {
    const check = checked(
      'reachable',
      outcomes.map((outcome) => ['settle', outcome]),
    );
    expect(judge({ ...check, confirm: 6 }, rules).verdict).toBe(verdict);
    expect(judge(check, rules).verdict).toBe('broken');
  });

  test('where packets get lost, a row of lost answers is no cut, and no pass either', () => {
    const shown = (...outcomes: readonly ('connected' | 'one-way' | 'timeout')[]) => ({
      ...checked(
        'reachable',
        outcomes.map((outcome) => ['settle', outcome]),
      ),
      confirm: 6,
    });
    const arrived = Array.from({ length: 12 }, () => 'one-way' as const);
    const reason = 'what was sent arrived, and no answer came back, on a way that loses packets';
    expect(judge(shown('connected', 'connected', ...arrived, 'connected'), rules)).toMatchObject({
      verdict: 'inconclusive',
      reason: `${reason} (one-way 12 of 15, connected 3 of 15)`,
    });
    expect(judge(shown(...arrived), rules)).toEqual({
      verdict: 'inconclusive',
      reason: `${reason} (one-way 12 of 12)`,
    });
  });

  test('an answer that comes late is no block, and no connection', () => {
    const late = (expected: 'reachable' | 'unreachable') =>
      checked(expected, [
        ['settle', 'timeout', { late: true }],
        ['settle', 'timeout', { late: true }],
      ]);
    expect(judge(late('unreachable'), rules)).toEqual({
      verdict: 'leaked',
      reason: 'it was answered although it must not, only too late for the attempt',
    });
    expect(judge(late('reachable'), rules)).toEqual({
      verdict: 'inconclusive',
      reason: 'it was answered late: the network was slow',
    });
  });

  test('is inconclusive when it was not tried under the policies', () => {
    expect(judge(sequence('reachable', ''), rules)).toEqual({
      verdict: 'inconclusive',
      reason: 'it was not tried after the policies were applied',
    });
  });
});

describe('without a positive control', () => {
  test('a pair that never connected has nothing to block', () => {
    const attempts = [attempt('control', 'refused'), attempt('control', 'refused')];
    expect(judge({ expected: 'unreachable', ...observeAll(attempts) }, rules)).toEqual({
      verdict: 'inconclusive',
      reason: 'it could not connect even before any policy (refused 2 of 2), so there was nothing to block',
    });
  });

  test('a probe that never could try says why', () => {
    const broken = attempt('control', 'error', { detail: 'the exec was refused: Forbidden (403)' });
    expect(judge({ expected: 'reachable', ...observeAll([broken, broken]) }, rules)).toEqual({
      verdict: 'inconclusive',
      reason: 'the probe could not try, even before any policy: the exec was refused: Forbidden (403)',
    });
  });

  test.each(['', 'cut cut', 'connected'])('what was not tried before is not judged (%s)', (words) => {
    const { control: _, ...uncontrolled } = sequence('unreachable', words);
    expect(judge(uncontrolled, rules)).toEqual({
      verdict: 'inconclusive',
      reason: 'it was not tried before the policies were applied',
    });
  });
});

describe('after settling', () => {
  test.each(['connected', 'one-way', 'reset', 'wrong-peer'] as const)(
    'one %s is enough for an unreachable check to flap',
    (outcome) => {
      const check = checked('unreachable', [
        ['settle', 'timeout'],
        ['settle', 'timeout'],
        ['observe', outcome],
        ['observe', 'timeout'],
      ]);
      expect(judge(check, rules)).toEqual({
        verdict: 'flapping',
        settledMs: 100,
        reason: `it had settled as expected, then showed ${outcome} 1 of 1`,
      });
    },
  );

  test.each([
    ['unreachable', 'connected cut connected', 'it had been cut off, then showed connected 1 of 1'],
    ['reachable', 'cut connected cut cut', 'it had connected, then showed timeout 2 of 2'],
  ] as const)('%s may flap before it has settled: %s', (expected, words, reason) => {
    expect(judge(sequence(expected, words), rules)).toEqual({ verdict: 'flapping', reason });
  });

  test('one lost packet does not make a reachable check flap', () => {
    const check = sequence('reachable', 'connected connected cut connected');
    expect(judge(check, rules).verdict).toBe('pass');
  });

  test('two failures in a row do', () => {
    const check = sequence('reachable', 'connected connected cut cut connected');
    expect(judge(check, rules).verdict).toBe('flapping');
  });

  test('a last look that proves nothing is no pass', () => {
    const check = checked('reachable', [
      ['settle', 'connected'],
      ['settle', 'connected'],
      ['observe', 'error', { detail: 'pod gone' }],
    ]);
    expect(judge(check, rules)).toEqual({
      verdict: 'inconclusive',
      settledMs: 100,
      reason: 'the probe could not try: pod gone',
    });
  });
});

test('outcomes are told with their counts, the most frequent first', () => {
  const attempts = [attempt('settle', 'refused'), attempt('settle', 'timeout'), attempt('settle', 'timeout')];
  expect(describeOutcomes(observeAll(attempts).observed ?? [])).toBe('timeout 2 of 3, refused 1 of 3');
});
