import { describe, expect, test } from 'vitest';
import { describeFate, heldVerdict, isDecidedByHeld } from '../../src/judge/held.ts';
import type { Judgement } from '../../src/judge/judge.ts';
import { disagreementOf } from '../../src/judge/opinions.ts';
import { arrivalOf } from '../../src/judge/times.ts';
import { HELD_FATES, HELD_WISHES } from '../../src/model/held.ts';
import { VERDICTS } from '../../src/model/verdict.ts';
import type { CheckRecord } from '../../src/record/schema.ts';

type Held = NonNullable<CheckRecord['held']>;

const PASS: Judgement = { verdict: 'pass', settledMs: 51 };
const SEEN: Readonly<Record<(typeof HELD_FATES)[number], Omit<Held, 'wish'>>> = {
  survived: { fate: 'survived', beats: 20, heldMs: 3400 },
  stalled: { fate: 'stalled', beats: 4, endedMs: 80, heldMs: 3280 },
  broken: { fate: 'broken', beats: 4, endedMs: 120, heldMs: 120, detail: 'ECONNRESET' },
};

describe('where new connections are cut off as they must be', () => {
  test.each([
    ['kept', 'survived', 'pass'],
    ['kept', 'stalled', 'broken'],
    ['kept', 'broken', 'broken'],
    ['cut', 'survived', 'leaked'],
    ['cut', 'stalled', 'pass'],
    ['cut', 'broken', 'pass'],
    ['either', 'survived', 'pass'],
    ['either', 'stalled', 'pass'],
    ['either', 'broken', 'pass'],
  ] as const)('%s, and it %s: %s', (wish, fate, verdict) => {
    const held: Held = { wish, ...SEEN[fate] };
    const judged = heldVerdict(PASS, held);
    expect(judged.verdict).toBe(verdict);
    expect(judged.settledMs).toBe(51);
    expect(isDecidedByHeld({ held, ...judged })).toBe(verdict !== 'pass');
    // New connections are enforced all the same, and what becomes of others is left open by the specification.
    expect(arrivalOf({ held, ...judged })).toBe('settled');
    const predicted = { verdict: 'denied', grounds: 0 } as const;
    expect(disagreementOf({ expected: 'unreachable', predicted, held, ...judged })).toBe(
      verdict === 'pass' ? undefined : 'open',
    );
  });

  test('the reason says what was to become of it and what did', () => {
    expect(heldVerdict(PASS, { wish: 'cut', ...SEEN.survived }).reason).toBe(
      'new connections are cut off as they must be, but one that was open before must be cut too, and survived until it was held no more, 3.4 s after the last action',
    );
    expect(heldVerdict(PASS, { wish: 'kept', ...SEEN.stalled }).reason).toBe(
      'new connections are cut off as they must be, but one that was open before must be kept, and stalled: the last heartbeat came back 80 ms after the last action, and none in the 3.2 s that followed',
    );
    expect(heldVerdict(PASS, { wish: 'kept', ...SEEN.broken }).reason).toBe(
      'new connections are cut off as they must be, but one that was open before must be kept, and broke 120 ms after the last action (ECONNRESET)',
    );
  });

  test('the reason names the pod of a Service that it was open to', () => {
    expect(heldVerdict(PASS, { wish: 'cut', pod: 'shop/api-2', ...SEEN.survived }).reason).toContain(
      'but one that was open before to shop/api-2 must be cut too, and survived',
    );
  });

  test.each(HELD_WISHES)('what nobody could see is inconclusive, unless it is only told: %s', (wish) => {
    const expected =
      wish === 'either'
        ? PASS
        : {
            ...PASS,
            verdict: 'inconclusive',
            reason:
              'nobody can tell what became of the connection that was open before: the agent of shop/web did not run',
          };
    expect(heldVerdict(PASS, { wish, unseen: 'the agent of shop/web did not run' })).toEqual(expected);
  });

  test('nor can anybody tell when the run ended before', () => {
    expect(heldVerdict(PASS, { wish: 'kept' })).toMatchObject({
      verdict: 'inconclusive',
      reason: expect.stringContaining(': the run ended before'),
    });
  });
});

test('what came late is a mismatch in any case, and the worse one counts', () => {
  const late: Judgement = { verdict: 'late', reason: 'late', settledMs: 900 };
  expect(heldVerdict(late, { wish: 'cut', ...SEEN.survived }).verdict).toBe('leaked');
  expect(heldVerdict(late, { wish: 'kept', ...SEEN.survived })).toBe(late);
  expect(heldVerdict(late, { wish: 'kept', unseen: 'it was not opened' })).toBe(late);
});

test('new connections come first: what they do not prove cut off keeps its verdict', () => {
  for (const verdict of VERDICTS.filter((one) => one !== 'pass' && one !== 'late')) {
    const judged: Judgement = { verdict, reason: 'as it is' };
    for (const wish of HELD_WISHES)
      for (const fate of HELD_FATES) {
        const held: Held = { wish, ...SEEN[fate] };
        expect(heldVerdict(judged, held)).toBe(judged);
        expect(isDecidedByHeld({ held, ...judged })).toBe(false);
      }
  }
  expect(heldVerdict(PASS, undefined)).toBe(PASS);
});

test.each([
  [
    { ...SEEN.survived, longestStallMs: 1900 },
    'survived until it was held no more, 3.4 s after the last action, and came through a stall of 1.9 s',
  ],
  [{ fate: 'broken', endedMs: -12, heldMs: -12 } as const, 'broke 12 ms before the last action was done'],
  [{}, 'is not known'],
])('%o', (seen, text) => {
  expect(describeFate({ wish: 'either', ...seen })).toBe(text);
});
