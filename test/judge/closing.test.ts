import { describe, expect, test } from 'vitest';
import { hasReconnected } from '../../src/judge/closing.ts';
import { type JudgeRules, judge } from '../../src/judge/judge.ts';
import { closed, sequence } from './attempts.ts';

const rules = { confirm: 2, actedMs: 1000 } as const;
const made: JudgeRules = { ...rules, closing: 'made' };
const leftOut: JudgeRules = { ...rules, closing: 'left-out' };

const RESTING_ON_A_CUT = [
  ['unreachable', 'cut cut', 'pass'],
  ['reachable', 'cut cut', 'broken'],
  ['reachable', 'connected cut cut', 'flapping'],
] as const;
const RESTING_ON_A_CONNECTION = [
  ['unreachable', 'connected', 'leaked'],
  ['unreachable', 'cut cut connected', 'flapping'],
  ['reachable', 'connected connected', 'pass'],
  ['reachable', 'cut cut connected connected', 'pass'],
] as const;

describe('a verdict that rests on a cut', () => {
  test.each(RESTING_ON_A_CUT)(
    '%s, %s: %s once it connected without the policies',
    (expected, words, verdict) => {
      const check = closed(sequence(expected, words), 'timeout', 'connected');
      expect(hasReconnected(check)).toBe(true);
      expect(judge(check, made).verdict).toBe(verdict);
    },
  );

  test.each(RESTING_ON_A_CUT)('%s, %s: inconclusive where it did not', (expected, words) => {
    const check = closed(sequence(expected, words), 'timeout', 'timeout');
    expect(hasReconnected(check)).toBe(false);
    expect(judge(check, made)).toMatchObject({
      verdict: 'inconclusive',
      reason:
        'it could not connect after the policies were taken away either (timeout 2 of 2), so it was not they that cut it',
    });
    expect(judge(sequence(expected, words), made).reason).toMatch(/either \(not tried\)/);
  });

  test.each(RESTING_ON_A_CUT)('%s, %s: inconclusive where the run did not get so far', (expected, words) => {
    expect(judge(sequence(expected, words), rules)).toMatchObject({
      verdict: 'inconclusive',
      reason: 'it was cut off, but the policies were not taken away to see whether it was they that cut it',
    });
  });

  test.each(RESTING_ON_A_CUT)('%s, %s: %s where the policies are to stay', (expected, words, verdict) => {
    expect(judge(sequence(expected, words), leftOut).verdict).toBe(verdict);
  });
});

test.each(RESTING_ON_A_CONNECTION)('%s, %s: %s, whatever came after', (expected, words, verdict) => {
  const check = sequence(expected, words);
  const verdicts = [rules, made, leftOut].flatMap((each) => [
    judge(check, each).verdict,
    judge(closed(check, 'timeout'), each).verdict,
  ]);
  expect(new Set(verdicts)).toEqual(new Set([verdict]));
});

describe('a pair that is cut off as expected although the policies allow it', () => {
  const allowed = {
    ...sequence('unreachable', 'cut cut'),
    predicted: { verdict: 'allowed', grounds: 0 },
  } as const;

  test('was cut by something else', () => {
    expect(judge(allowed, leftOut)).toEqual({
      verdict: 'inconclusive',
      reason: 'it was cut by something else: the policies of the scenario allow it',
      settledMs: 0,
    });
    const reason = expect.stringMatching(/^it was cut by something else/);
    const verdict = 'inconclusive';
    expect(judge(closed(allowed, 'connected'), made)).toMatchObject({ verdict, reason });
    expect(judge(closed(allowed, 'timeout'), made)).toMatchObject({ verdict, reason });
    expect(judge(allowed, rules)).toMatchObject({ verdict, reason });
  });

  test('is told what else there is', () => {
    expect(judge(allowed, { ...leftOut, others: 'the GlobalNetworkPolicy deny' }).reason).toBe(
      'it was cut by something else, such as the GlobalNetworkPolicy deny: the policies of the scenario allow it',
    );
  });

  test('passes where the scenario says so, without any control', () => {
    const { control: _, ...uncontrolled } = allowed;
    const check = { ...uncontrolled, cutBy: 'others' } as const;
    for (const each of [rules, made, leftOut]) expect(judge(check, each).verdict).toBe('pass');
  });
});
