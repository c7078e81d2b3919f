/** What windows and budgets make of a verdict, and the words for it. */
import { describe, expect, test } from 'vitest';
import { describeLength, lengthsOf } from '../../../src/judge/windows/lengths.ts';
import { type WatchRules, watchedVerdict } from '../../../src/judge/windows/verdict.ts';
import type { Window } from '../../../src/model/window.ts';

const RULES: WatchRules = {
  startedAt: '2026-11-20T02:14:00.000Z',
  budgets: { maxLeakMs: 0, maxUnknown: 0.1 },
  endMs: 60_000,
};
const PASS = { verdict: 'pass', settledMs: 40 } as const;

/** From 7.12 s on, at least and at most so long. */
function window(
  kind: Window['kind'],
  [atLeastMs, atMostMs]: [number, number],
  parts: Partial<Window> = {},
): Window {
  return {
    kind,
    began: { earliestMs: 7_120 - (atMostMs - atLeastMs), latestMs: 7_120 },
    ended: { earliestMs: 7_120 + atLeastMs, latestMs: 7_120 + atLeastMs },
    attempts: 3,
    ...(kind === 'unknown' ? { why: 'the agent of shop/web did not run' } : {}),
    ...(kind === 'leak' ? { outcome: 'connected' } : {}),
    ...(kind === 'gap' ? { outcome: 'timeout' } : {}),
    ...parts,
  };
}
const judge = (windows: readonly Window[], budgets: Partial<WatchRules['budgets']> = {}) =>
  watchedVerdict(PASS, windows, { ...RULES, budgets: { ...RULES.budgets, ...budgets } });

describe('without budgets', () => {
  test('a check without windows passes', () => {
    expect(judge([])).toBe(PASS);
  });

  test.each([
    [
      'leak',
      'leaked',
      'it was open for up to 0.4 s from 02:14:07.120 UTC, 1 attempt connected',
      [0, 400],
      { attempts: 1 },
    ],
    [
      'leak',
      'leaked',
      'it was open for 0.6 to 0.9 s from 02:14:07.120 UTC, 3 attempts connected',
      [640, 890],
      {},
    ],
    [
      'leak',
      'leaked',
      'it was open for 0.6 to 0.9 s from 02:14:07.120 UTC, 3 attempts got through (reset)',
      [640, 890],
      { outcome: 'reset' },
    ],
    [
      'gap',
      'broken',
      'it was cut off for 2.9 to 3.4 s from 02:14:07.120 UTC, 3 attempts failed (timeout)',
      [2_900, 3_400],
      {},
    ],
    [
      'gap',
      'broken',
      'it was cut off for 2.9 to 3.4 s from 02:14:07.120 UTC, 3 attempts failed (prohibited: EHOSTUNREACH)',
      [2_900, 3_400],
      { outcome: 'prohibited', detail: 'EHOSTUNREACH' },
    ],
  ] as const)('any %s makes it %s: %s', (kind, verdict, reason, [least, most], parts) => {
    expect(judge([window(kind, [least, most], parts)])).toEqual({ verdict, reason, settledMs: 40 });
  });

  test('a gap that is told with nothing is one all the same', () => {
    expect(judge([window('gap', [0, 0])]).verdict).toBe('broken');
  });

  test('the longest of several is told', () => {
    const windows = [window('leak', [0, 900]), window('leak', [640, 890]), window('leak', [100, 300])];
    expect(judge(windows).reason).toBe(
      'it was open 3 times, once for 0.6 to 0.9 s from 02:14:07.120 UTC, 3 attempts connected',
    );
  });

  test('one that did not end says so', () => {
    const { ended: _, ...open } = window('gap', [0, 500]);
    expect(judge([open]).reason).toBe(
      'it was cut off for 52.8 to 53.4 s from 02:14:07.120 UTC until the watch ended, 3 attempts failed (timeout)',
    );
  });

  test('where the watch did not begin and end on one day, the day is told', () => {
    const rules = { ...RULES, startedAt: '2026-11-20T23:59:55.000Z' };
    expect(watchedVerdict(PASS, [window('leak', [640, 890])], rules).reason).toContain(
      'from 2026-11-21 00:00:02.120 UTC',
    );
  });
});

describe('with a budget', () => {
  test.each([
    [600, 600, 'pass'],
    [601, 601, 'leaked'],
    [600, 601, 'inconclusive'],
    [0, 600, 'pass'],
    [0, 601, 'inconclusive'],
    [601, 5_000, 'leaked'],
  ] as const)('of 600 ms, a leak of %i to %i ms is %s', (least, most, verdict) => {
    expect(judge([window('leak', [least, most])], { maxLeakMs: 600 }).verdict).toBe(verdict);
  });

  test('each window has the whole of it', () => {
    expect(judge([window('gap', [500, 600]), window('gap', [500, 600])], { maxGapMs: 600 }).verdict).toBe(
      'pass',
    );
  });

  test('reasons name it', () => {
    expect(judge([window('gap', [640, 890])], { maxGapMs: 600 }).reason).toBe(
      'it was cut off for 0.6 to 0.9 s from 02:14:07.120 UTC, 3 attempts failed (timeout), and --max-gap allows 600 ms',
    );
    expect(judge([window('leak', [640, 890])], { maxLeakMs: 750 })).toEqual({
      ...PASS,
      verdict: 'inconclusive',
      reason:
        'it was open for 0.6 to 0.9 s from 02:14:07.120 UTC, 3 attempts connected, and --max-leak allows 750 ms: attempts are too far apart to tell (--every)',
    });
  });

  test('the one that may have been longest decides where none surely was', () => {
    const windows = [window('gap', [500, 550]), window('gap', [100, 700])];
    expect(judge(windows, { maxGapMs: 600 }).reason).toContain('once for 0.1 to 0.7 s');
  });

  test('one that is surely over it decides over one that may be', () => {
    const windows = [window('gap', [100, 5_000]), window('gap', [700, 900])];
    expect(judge(windows, { maxGapMs: 600 }).verdict).toBe('broken');
  });

  test('of one kind is not that of the other', () => {
    expect(judge([window('gap', [640, 890])], { maxLeakMs: 5_000 }).verdict).toBe('broken');
    expect(judge([window('leak', [640, 890])], { maxGapMs: 5_000 }).verdict).toBe('leaked');
  });
});

describe('where nobody could tell', () => {
  test.each([
    [6_000, 'pass'],
    [6_001, 'inconclusive'],
  ] as const)('for %i ms of a minute, it is %s', (ms, verdict) => {
    expect(judge([window('unknown', [ms, ms + 900])]).verdict).toBe(verdict);
  });

  test('all such times count together, and the longest says why', () => {
    const windows = [
      window('unknown', [4_000, 4_000]),
      window('unknown', [3_500, 3_500], { why: 'it rained' }),
    ];
    expect(judge(windows)).toEqual({
      ...PASS,
      verdict: 'inconclusive',
      reason:
        'nobody could tell for 7.5 s of the 1 min 0 s in which it was watched (12.5 %), and --max-unknown allows 10 %: the agent of shop/web did not run',
    });
  });

  test('a window decides all the same', () => {
    const unknown = window('unknown', [30_000, 30_000]);
    expect(judge([unknown, window('leak', [0, 400])]).verdict).toBe('leaked');
    expect(judge([unknown, window('gap', [640, 890])], { maxGapMs: 700 }).reason).toContain('--max-gap');
    expect(judge([unknown, window('gap', [640, 690])], { maxGapMs: 700 }).reason).toContain('--max-unknown');
  });
});

test.each(['leaked', 'broken', 'flapping', 'late', 'inconclusive'] as const)(
  'a check that was %s before keeps its verdict',
  (verdict) => {
    const judged = { verdict, reason: 'as it was' };
    expect(watchedVerdict(judged, [window('leak', [640, 890])], RULES)).toBe(judged);
  },
);

test('the windows of one kind together: how many, how long, and which were longest', () => {
  const windows = [window('leak', [640, 890]), window('leak', [0, 1_000]), window('gap', [9_000, 9_000])];
  expect(lengthsOf(windows, 'leak', 60_000)).toEqual({
    windows: 2,
    attempts: 6,
    total: { atLeastMs: 640, atMostMs: 1_890 },
    longest: windows[0],
    most: windows[1],
  });
  expect(lengthsOf(windows, 'unknown', 60_000)).toEqual({
    windows: 0,
    attempts: 0,
    total: { atLeastMs: 0, atMostMs: 0 },
  });
  const long = [window('gap', [40_000, 50_000]), window('gap', [15_000, 30_000])];
  expect(lengthsOf(long, 'gap', 60_000).total).toEqual({ atLeastMs: 55_000, atMostMs: 60_000 });
});

test.each([
  [0, 0, '0 ms'],
  [0, 40, 'up to 40 ms'],
  [12, 40, '12 to 40 ms'],
  [0, 400, 'up to 0.4 s'],
  [99, 100, '99 ms to 0.1 s'],
  [640, 890, '0.6 to 0.9 s'],
  [600, 600, '0.6 s'],
  [3_000, 3_000, '3 s'],
  [2_999, 3_001, '2.9 to 3.1 s'],
  [58_210, 63_100, '58.2 s to 1 min 4 s'],
  [59_940, 59_960, '59.9 s to 1 min 0 s'],
  [65_900, 125_000, '1 min 5 s to 2 min 5 s'],
])('%d to %d ms is written so that it says no more than is known: %s', (atLeastMs, atMostMs, text) => {
  expect(describeLength({ atLeastMs, atMostMs })).toBe(text);
});
