import { describe, expect, it } from 'vitest';
import { type ChurnRecord, newPodTotals } from '../../src/judge/new-pods.ts';
import { describeAges } from '../../src/judge/windows/lengths.ts';
import { watchedVerdict } from '../../src/judge/windows/verdict.ts';
import type { Window } from '../../src/model/window.ts';

type Pod = ChurnRecord['pods'][number];
const pod = (parts: Partial<Pod>): Pod => ({
  pod: 'shop/web-new-1',
  copyOf: 'shop/web',
  node: 'node-1',
  beganMs: 0,
  clockMs: 5,
  triedMs: 60,
  endMs: 5_000,
  checks: 4,
  leaks: 0,
  gaps: 0,
  unknown: 0,
  unknownMs: 0,
  ...parts,
});
const churn = (pods: Pod[], due = pods.length): ChurnRecord => ({
  perMinute: 6,
  due,
  made: due,
  failures: [],
  pods,
});

describe('what new pods came to', () => {
  it('is counted by what they showed, and one may have shown several things', () => {
    const pods = [
      pod({ allowedMs: 200 }),
      pod({ leaks: 2, allowedMs: 400 }),
      pod({ leaks: 1, gaps: 1 }),
      pod({ unknown: 1, unknownMs: 900, triedMs: 300, allowedMs: 150 }),
    ];
    expect(newPodTotals(churn(pods, 7))).toEqual({
      told: 4,
      missing: 3,
      asExpected: 1,
      leaking: 2,
      cutOff: 1,
      unknown: 1,
      unknownMs: 900,
      triedMs: 300,
      allowedMs: [150, 200, 400],
      allow: { medianMs: 200, p95Ms: 400, maximumMs: 400 },
    });
  });

  it('is nothing where none told anything', () => {
    const totals = newPodTotals(churn([], 2));
    expect(totals).toMatchObject({ told: 0, missing: 2, asExpected: 0, unknownMs: 0, allowedMs: [] });
    expect(totals.allow).toBeUndefined();
    expect(totals.triedMs).toBeUndefined();
  });
});

const NEW_POD = {
  pod: 'shop/web-new-1',
  node: 'node-2',
  began: { earliestMs: 0, latestMs: 72 },
  ended: { earliestMs: 370, latestMs: 422 },
} as const;
/** Clocks could be compared to within half a second only. */
const leak: Window = {
  kind: 'leak',
  began: { earliestMs: 500, latestMs: 1_600 },
  ended: { earliestMs: 900, latestMs: 1_950 },
  attempts: 7,
  outcome: 'connected',
  newPod: NEW_POD,
};
const judge = (maxLeakMs: number, windows: readonly Window[] = [leak]) =>
  watchedVerdict({ verdict: 'pass', settledMs: 0 }, windows, {
    startedAt: '2026-01-01T00:00:00.000Z',
    budgets: { maxLeakMs, maxUnknown: 0.1 },
    endMs: 60_000,
  });

describe('a leak that a new pod saw', () => {
  it('is a leak of its check, and names the pod and its age', () => {
    expect(judge(0)).toMatchObject({
      verdict: 'leaked',
      reason:
        'it was open for 0.2 to 0.5 s from 00:00:01.600 UTC, for the new pod shop/web-new-1 on node-2, for its first 0.3 to 0.5 s, 7 attempts connected',
    });
  });

  it('is held against the budget by its age, however little is known of the clocks', () => {
    expect(judge(422).verdict).toBe('pass');
    expect(judge(400).verdict).toBe('inconclusive');
    expect(judge(290).verdict).toBe('leaked');
  });
});

describe('the age of a new pod', () => {
  const began = { earliestMs: 1_200, latestMs: 1_260 };
  it.each([
    [NEW_POD, 'for its first 0.3 to 0.5 s'],
    [{ ...NEW_POD, began }, 'from the age of 1.2 to 1.3 s to that of 0.3 to 0.5 s'],
    [{ ...NEW_POD, isOpen: true as const }, 'from its beginning until it was taken away'],
    [{ ...NEW_POD, began, isOpen: true as const }, 'from the age of 1.2 to 1.3 s until it was taken away'],
  ])('is told so: %#', (newPod, text) => {
    expect(describeAges(newPod)).toBe(text);
  });
});
