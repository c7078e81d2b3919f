/** What the first instant of a new pod makes of a verdict. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeAge, firstInstantsOf, withFirstInstant } from '../../src/judge/first-instant.ts';
import type { Judgement } from '../../src/judge/judge.ts';
import type { CheckRecord } from '../../src/record/schema.ts';

type SeenFirst = NonNullable<CheckRecord['firstInstant']>;
type AgedWindow = SeenFirst['windows'][number];

const LEAK: AgedWindow = {
  kind: 'leak',
  began: { earliestMs: 0, latestMs: 112 },
  ended: { earliestMs: 371, latestMs: 421 },
  attempts: 6,
  outcome: 'connected',
};
const LATER_LEAK: AgedWindow = {
  ...LEAK,
  began: { earliestMs: 912, latestMs: 964 },
  ended: { earliestMs: 1_204, latestMs: 1_258 },
};
const GAP: AgedWindow = {
  ...LEAK,
  kind: 'gap',
  attempts: 3,
  outcome: 'timeout',
  began: { earliestMs: 90, latestMs: 140 },
};
const UNKNOWN: AgedWindow = {
  kind: 'unknown',
  began: { earliestMs: 500, latestMs: 550 },
  ended: { earliestMs: 1_500, latestMs: 1_600 },
  attempts: 2,
  why: 'the agent of shop/late did not run',
};

const seen = (parts: Partial<SeenFirst> = {}): SeenFirst => ({
  attempts: 60,
  triedMs: 110,
  endMs: 5_000,
  windows: [],
  ...parts,
});

function judged(
  expected: CheckRecord['expected'],
  firstInstant: SeenFirst | undefined,
  {
    judgement = { verdict: 'pass', settledMs: 40 },
    withinMs,
    doubt,
  }: { judgement?: Judgement; withinMs?: number; doubt?: string } = {},
): Judgement {
  const check = { from: 'shop/late', expected, ...(firstInstant === undefined ? {} : { firstInstant }) };
  return withFirstInstant(judgement, check, { withinMs, doubt });
}

describe('what must be unreachable', () => {
  test('passes where nothing connected from the first attempt on', () => {
    expect(judged('unreachable', seen())).toEqual({ verdict: 'pass', settledMs: 40 });
  });

  test.each([
    [LEAK, 'it was open for the first 371 to 421 ms of shop/late, 6 attempts connected'],
    [
      LATER_LEAK,
      'it was open when shop/late was 912 to 964 ms old, until it was 1.20 to 1.26 s old, 6 attempts connected',
    ],
    [
      { kind: 'leak', began: { earliestMs: 0, latestMs: 112 }, attempts: 1, outcome: 'one-way' },
      'it was open from the first instant of shop/late on, until it was asked last, 5.00 s old, 1 attempt got through (one-way)',
    ],
  ] as const)('has leaked with the age of it', (window, reason) => {
    expect(judged('unreachable', seen({ windows: [UNKNOWN, window] }))).toEqual({
      verdict: 'leaked',
      reason,
      settledMs: 40,
    });
  });

  test.each(['flapping', 'inconclusive', 'late'] as const)(
    'has leaked where it is %s otherwise',
    (verdict) => {
      expect(
        judged('unreachable', seen({ windows: [LEAK] }), { judgement: { verdict, reason: '…' } }),
      ).toMatchObject({
        verdict: 'leaked',
      });
    },
  );

  test('keeps its reason where it leaks later as well', () => {
    const judgement = { verdict: 'leaked', reason: 'it connected although it must not' } as const;
    expect(judged('unreachable', seen({ windows: [LEAK] }), { judgement })).toEqual(judgement);
  });

  test.each([
    [
      seen({ windows: [UNKNOWN] }),
      'what shop/late saw when it was 500 ms to 1.60 s old is not known: the agent of shop/late did not run',
    ],
    [
      { attempts: 0, endMs: 0, windows: [] },
      'what shop/late saw at first is not known: nothing was heard of it',
    ],
    [
      {
        attempts: 0,
        endMs: 0,
        windows: [
          {
            kind: 'unknown',
            began: { earliestMs: 0, latestMs: 0 },
            attempts: 0,
            why: 'shop/late was not heard: the exec broke',
          },
        ],
      },
      'what shop/late saw at first is not known: shop/late was not heard: the exec broke',
    ],
    [
      seen({
        triedMs: 2_700,
        windows: [
          {
            kind: 'unknown',
            began: { earliestMs: 0, latestMs: 0 },
            ended: { earliestMs: 2_700, latestMs: 2_700 },
            attempts: 0,
            why: 'no attempt was made',
          },
        ],
      }),
      'what shop/late saw before it was 2.70 s old is not known: no attempt was made',
    ],
  ] as const)('is inconclusive where nobody could tell', (firstInstant, reason) => {
    expect(judged('unreachable', firstInstant)).toEqual({ verdict: 'inconclusive', reason, settledMs: 40 });
  });

  test('has no leak where the policies of the step before may not have been in force, and does not pass', () => {
    const doubt = 'node-2 has not taken up policies for 5 s';
    const windows = [LEAK];
    expect(judged('unreachable', seen({ windows }), { doubt })).toMatchObject({
      verdict: 'inconclusive',
      reason: doubt,
    });
    const judgement = { verdict: 'leaked', reason: 'it connected although it must not' } as const;
    expect(judged('unreachable', seen({ windows }), { doubt, judgement })).toEqual(judgement);
  });
});

describe('what must be reachable', () => {
  const allowed = { earliestMs: 980, latestMs: 1_032 };

  test('passes once it was let through, in the time of its step', () => {
    expect(judged('reachable', seen({ allowed }), { withinMs: 1_032 })).toMatchObject({ verdict: 'pass' });
    expect(judged('reachable', seen({ allowed, windows: [UNKNOWN] }))).toMatchObject({ verdict: 'pass' });
  });

  test('is late where that took longer, and inconclusive where it may have', () => {
    const reason =
      'it was let through 980 ms to 1.04 s after the first millisecond of shop/late, and its step gives it';
    expect(judged('reachable', seen({ allowed }), { withinMs: 900 })).toMatchObject({
      verdict: 'late',
      reason: `${reason} 900 ms`,
    });
    expect(judged('reachable', seen({ allowed }), { withinMs: 1_000 })).toMatchObject({
      verdict: 'inconclusive',
      reason: `${reason} 1.0 s: attempts are too far apart to tell`,
    });
  });

  test('is broken where it was cut off for longer than it may take', () => {
    expect(judged('reachable', seen({ windows: [GAP] }))).toMatchObject({
      verdict: 'broken',
      reason:
        'it was cut off when shop/late was 90 to 140 ms old, until it was 371 to 421 ms old, 3 attempts failed (timeout)',
    });
  });

  test('is inconclusive where nobody could tell when', () => {
    expect(judged('reachable', seen({ windows: [UNKNOWN] }))).toMatchObject({ verdict: 'inconclusive' });
    expect(judged('reachable', { attempts: 0, endMs: 0, windows: [] })).toMatchObject({
      verdict: 'inconclusive',
    });
  });
});

const edge = fc
  .tuple(fc.double({ min: 0, max: 20_000, noNaN: true }), fc.double({ min: 0, max: 2_000, noNaN: true }))
  .map(([earliestMs, more]) => ({ earliestMs, latestMs: earliestMs + more }));
const window = fc.record({
  kind: fc.constantFrom('leak', 'gap', 'unknown'),
  began: edge,
  attempts: fc.nat(9),
});
const anySeen = fc.record({
  attempts: fc.nat(99),
  endMs: fc.nat(30_000),
  windows: fc.array(window, { maxLength: 4 }),
}) satisfies fc.Arbitrary<SeenFirst>;

test('what is seen at first never makes a verdict better, and passes only where all of it was seen', () => {
  const verdicts = ['pass', 'leaked', 'broken', 'flapping', 'late', 'inconclusive'] as const;
  fc.assert(
    fc.property(
      fc.constantFrom(...verdicts),
      fc.constantFrom('reachable', 'unreachable'),
      anySeen,
      (verdict, expected, firstInstant) => {
        const after = judged(expected, firstInstant, { judgement: { verdict, reason: '…' } }).verdict;
        if (after === 'pass') {
          expect(verdict).toBe('pass');
          expect([firstInstant.attempts > 0, firstInstant.windows]).toEqual([true, []]);
        }
        const hasLeak = firstInstant.windows.some(({ kind }) => kind === 'leak');
        if (hasLeak) expect(after).toBe('leaked');
        else if (verdict !== 'pass') expect(after).toBe(verdict);
      },
    ),
  );
});

test('an age is told to be no more certain than it is', () => {
  const inMs = (text: string, unit: string): number => Number(text) * (unit === 's' ? 1000 : 1);
  fc.assert(
    fc.property(edge, (one) => {
      const told = describeAge(one);
      const [, least = '0', leastUnit, most = '', unit = ''] =
        /^(?:([\d.]+)(?: (m?s))? to |up to )?([\d.]+) (m?s)$/.exec(told) ?? [];
      expect(inMs(most, unit)).toBeGreaterThanOrEqual(one.latestMs - 1e-6);
      const isOne = !told.includes(' to ');
      if (!isOne) expect(inMs(least, leastUnit ?? unit)).toBeLessThanOrEqual(one.earliestMs + 1e-6);
    }),
  );
});

test('the pairs of a step are counted by what became of them', () => {
  const check = (expected: CheckRecord['expected'], firstInstant: SeenFirst): CheckRecord =>
    ({ expected, firstInstant, verdict: 'pass' }) as unknown as CheckRecord;
  expect(
    firstInstantsOf([
      check('reachable', seen({ allowed: { earliestMs: 100, latestMs: 300 } })),
      check('reachable', seen({ allowed: { earliestMs: 100, latestMs: 200 } })),
      check('reachable', seen({ windows: [UNKNOWN] })),
      check('unreachable', seen()),
      check('unreachable', seen({ windows: [LEAK, UNKNOWN] })),
      check('unreachable', seen({ windows: [UNKNOWN] })),
    ]),
  ).toEqual({
    reachable: {
      concerned: 3,
      allowedMs: [200, 300],
      spread: { medianMs: 200, p95Ms: 300, maximumMs: 300 },
    },
    unreachable: { concerned: 3, open: 1, unknown: 1 },
  });
  expect(firstInstantsOf([{ verdict: 'pass' } as CheckRecord])).toBeUndefined();
});
