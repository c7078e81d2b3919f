import { describe, expect, test } from 'vitest';
import { observeAll } from '../../src/model/observation.ts';
import { denialTimeMs, isInTime, timeLimitOf } from '../../src/run/denial-time.ts';
import { attempt } from '../judge/attempts.ts';

const answered = (...durations: readonly number[]) =>
  observeAll(durations.map((durationMs) => attempt('control', 'connected', { durationMs })));

describe('how long an attempt may take that is to be cut off', () => {
  test.each([
    ['four times the slowest answer before the policies', [answered(3, 100), answered(31)], 400],
    ['never less than a busy process needs', [answered(0.4)], 250],
    ['never more than the limit', [answered(90, 400)], 1_000],
    [
      'the limit, where nothing answered',
      [observeAll([attempt('control', 'timeout', { durationMs: 30 })])],
      1_000,
    ],
    [
      'and not what came later, or failed',
      [
        answered(80),
        observeAll([
          attempt('settle', 'connected', { durationMs: 90 }),
          attempt('control', 'reset', { durationMs: 95 }),
        ]),
      ],
      320,
    ],
  ])('is %s', (_, checks, expected) => {
    expect(denialTimeMs(checks, 1_000)).toBe(expected);
  });

  test('is the limit, where that is less than a process needs', () => {
    expect(denialTimeMs([answered(1)], 100)).toBe(100);
  });

  test('is not asked of what is to connect', () => {
    const timing = { timeoutMs: 1_000, denialMs: 300 };
    expect(timeLimitOf({ expected: 'unreachable' }, timing)).toBe(300);
    expect(timeLimitOf({ expected: 'reachable' }, timing)).toBe(1_000);
  });
});

test('a witness that took more than a third of it says that silence may be slowness', () => {
  expect(isInTime(100, 300)).toBe(true);
  expect(isInTime(101, 300)).toBe(false);
});
