/** How long steps take to enforce and to allow: which pairs count, and which numbers are told. */
import { describe, expect, test } from 'vitest';
import { timesOf } from '../../src/judge/times.ts';
import type { CheckRecord } from '../../src/record/schema.ts';
import { attempts, buildCheck, type CheckParts } from '../report/fixture.ts';

const step = (...checks: readonly CheckParts[]): { checks: CheckRecord[] } => ({
  checks: checks.map((parts, id) => buildCheck({ id, ...parts })),
});
const opened = (settledMs: number): CheckParts => ({ expected: 'reachable', settledMs });
const NONE = { never: 0, relapsed: 0, unproven: 0 };
const shut = (settledMs: number): CheckParts => ({ expected: 'unreachable', settledMs });

describe('the first step', () => {
  test('cuts off what connected in the control, and opens nothing', () => {
    const { enforce, allow } = timesOf(
      step(shut(300), opened(20), {
        expected: 'unreachable',
        settledMs: 10,
        attempts: [...attempts('control', ['timeout']), ...attempts('settle', ['timeout', 'timeout'])],
      }),
    );
    expect(enforce).toEqual({
      concerned: 1,
      settledMs: [300],
      others: NONE,
      spread: { medianMs: 300, p95Ms: 300, maximumMs: 300 },
    });
    expect(allow).toEqual({ concerned: 0, settledMs: [], others: NONE });
  });
});

describe('a later step', () => {
  test('counts only what is expected otherwise than in the step before', () => {
    const before = step(shut(300), opened(20), opened(20), shut(300));
    const { enforce, allow } = timesOf(step(opened(80), shut(120), opened(20), shut(20), shut(5)), before);
    expect(allow.settledMs).toEqual([80]);
    // The last pair was not there before, so nothing was to be cut.
    expect(enforce.settledMs).toEqual([120]);
  });

  test('leaves out what showed that already, whatever was expected of it', () => {
    const before = step({
      expected: 'reachable',
      verdict: 'broken',
      attempts: [...attempts('control', ['connected']), ...attempts('settle', ['timeout', 'timeout'])],
    });
    expect(timesOf(step(shut(14)), before).enforce).toEqual({ concerned: 0, settledMs: [], others: NONE });
  });

  test('leaves out what others cut', () => {
    const before = step(opened(20));
    const cut = { ...shut(90), cutBy: 'others' as const, because: 'the firewall' };
    expect(timesOf(step(cut), before).enforce.concerned).toBe(0);
  });

  test('tells apart what came to it, what never did, what did not stay so, and of what nobody can tell', () => {
    const before = step(...Array.from({ length: 5 }, () => opened(20)));
    const { enforce } = timesOf(
      step(
        { ...shut(3_000), verdict: 'late' },
        { ...shut(40), verdict: 'flapping' },
        { ...shut(40), verdict: 'inconclusive' },
        { expected: 'unreachable', verdict: 'leaked' },
        // Nothing of it could be tried.
        { expected: 'unreachable', verdict: 'inconclusive', attempts: attempts('control', ['connected']) },
      ),
      before,
    );
    expect(enforce).toMatchObject({
      concerned: 5,
      settledMs: [3_000],
      others: { never: 1, relapsed: 1, unproven: 2 },
    });
  });
});

test.each([
  [1, 10, 10, 10],
  [2, 10, 20, 20],
  [4, 20, 40, 40],
  [19, 100, 190, 190],
  [20, 100, 190, 200],
  [100, 500, 950, 1_000],
])(
  'of %i times the median, the 95th of 100 and the greatest are times that were seen',
  (number, ...expected) => {
    // From the slowest to the fastest: they are told in their order.
    const times = Array.from({ length: number }, (_, index) => (number - index) * 10);
    const { allow } = timesOf(step(...times.map(opened)), step(...times.map(() => shut(1))));
    const { medianMs, p95Ms, maximumMs } = allow.spread ?? {};
    expect([medianMs, p95Ms, maximumMs]).toEqual(expected);
  },
);
