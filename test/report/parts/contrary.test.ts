import { describe, expect, test } from 'vitest';
import type { Attempt } from '../../../src/model/attempt.ts';
import type { CheckRecord } from '../../../src/record/schema.ts';
import {
  describeContrary,
  isPassedContrary,
  passedContrary,
  summariseContrary,
} from '../../../src/report/parts/contrary.ts';
import type { CheckView } from '../../../src/report/view/view.ts';
import { attempts, buildScenario, type CheckParts, viewScenario } from '../fixture.ts';

function checkOf(
  expected: CheckRecord['expected'],
  made: readonly Attempt[],
  overrides: CheckParts = {},
): CheckView {
  const check = {
    from: 'shop/web',
    expected,
    attempts: [...attempts('control', ['timeout', 'connected']), ...made],
    ...overrides,
  };
  const scenario = buildScenario('x', { pods: { 'shop/web': [], 'shop/db': [5432] }, checks: [check] });
  return viewScenario(scenario).checks[0] ?? expect.unreachable();
}

describe('of a pass that was not of one piece is told', () => {
  test.each<[string, CheckRecord['expected'], Attempt[], string]>([
    [
      'what was open while the policies were taking effect',
      'unreachable',
      attempts('settle', ['connected', 'connected', 'connected', 'connected', 'timeout', 'timeout']),
      'cut off in 2 of 6 attempts with the policies applied; 4 connections before that, while the policies were taking effect',
    ],
    [
      'what else got through by then',
      'unreachable',
      attempts('settle', ['connected', 'one-way', 'reset', 'reset', 'timeout', 'refused']),
      'cut off in 2 of 6 attempts with the policies applied; 1 connection and 1 attempt that arrived unanswered and 2 connections that were reset before that, while the policies were taking effect',
    ],
    [
      'what was not open yet',
      'reachable',
      attempts('settle', ['timeout', 'connected', 'connected']),
      'connected in 2 of 3 attempts with the policies applied; 1 timeout before that, while the policies were taking effect',
    ],
    [
      'a packet that was lost in between',
      'reachable',
      [...attempts('settle', ['connected', 'timeout', 'connected']), ...attempts('observe', ['connected'])],
      'connected in 3 of 4 attempts with the policies applied; 1 timeout in between, too few in a row to count',
    ],
    [
      'what proved nothing, and why',
      'unreachable',
      [
        ...attempts('settle', ['timeout'], { seen: { source: 1, destination: 1 } }),
        ...attempts('settle', ['error'], { detail: 'exec broke' }),
        ...attempts('settle', ['timeout', 'timeout']),
      ],
      'cut off in 2 of 4 attempts with the policies applied; 2 more proved nothing (the way between them was not open: its witnesses could not connect either; the probe could not try: exec broke)',
    ],
  ])('%s', (_, expected, made, account) => {
    const check = checkOf(expected, made);
    expect(isPassedContrary(check)).toBe(true);
    expect(describeContrary(check)).toBe(account);
  });

  test('nothing of what was tried without the policies', () => {
    const check = checkOf('unreachable', [
      ...attempts('settle', ['timeout', 'timeout']),
      ...attempts('closing', ['timeout', 'connected']),
    ]);
    expect(isPassedContrary(check)).toBe(false);
    expect(describeContrary(check)).toBe('cut off in 2 of 2 attempts with the policies applied');
  });
});

test('what did not pass is told as a whole elsewhere', () => {
  expect(
    isPassedContrary(checkOf('unreachable', attempts('settle', ['connected']), { verdict: 'leaked' })),
  ).toBe(false);
});

test('one line sums up all of them', () => {
  const whole = checkOf('reachable', attempts('settle', ['connected', 'connected']));
  const one = checkOf('reachable', attempts('settle', ['timeout', 'connected', 'connected']));
  expect(passedContrary([whole, one])).toEqual([one]);
  expect(summariseContrary([whole])).toBeUndefined();
  expect(summariseContrary([whole, one])).toBe(
    `1 check passed, but not in every attempt: shop/web → shop/db:5432/TCP, ${describeContrary(one)}`,
  );
  expect(summariseContrary([one, whole, one])).toBe(
    `2 checks passed, but not in every attempt, such as shop/web → shop/db:5432/TCP, ${describeContrary(one)}`,
  );
});
