import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { describeOutcomes, isConfirmed, judge } from '../../src/judge/judge.ts';
import { OUTCOMES } from '../../src/record.ts';
import { attempt, checked } from './attempts.ts';

const rules = { confirm: 2, appliedMs: 900 };

describe('a check that settles', () => {
  test('passes once confirmed and seen again, with the time it took', () => {
    const check = checked('unreachable', [
      ['settle', 'connected'],
      ['settle', 'timeout'],
      ['settle', 'timeout'],
      ['observe', 'timeout'],
    ]);
    expect(judge(check, rules)).toEqual({ verdict: 'pass', settledMs: 200 });
  });

  test.each(['timeout', 'prohibited', 'refused'] as const)('unreachable by %s passes', (outcome) => {
    expect(
      judge(
        checked('unreachable', [
          ['settle', outcome],
          ['settle', outcome],
        ]),
        rules,
      ).verdict,
    ).toBe('pass');
  });

  test('rounds that prove nothing interrupt the row', () => {
    const check = checked('unreachable', [
      ['settle', 'timeout'],
      ['settle', 'error', { detail: 'exec broke' }],
      ['settle', 'timeout'],
    ]);
    expect(isConfirmed(check, rules)).toBe(false);
  });
});

describe('a check that does not settle', () => {
  test('leaks when it still connects', () => {
    expect(
      judge(
        checked('unreachable', [
          ['settle', 'connected'],
          ['settle', 'connected'],
        ]),
        rules,
      ),
    ).toEqual({
      verdict: 'leaked',
      reason: 'it connected although it must not',
    });
  });

  test('leaks although the last exec broke', () => {
    expect(
      judge(
        checked('unreachable', [
          ['settle', 'connected'],
          ['settle', 'error'],
        ]),
        rules,
      ).verdict,
    ).toBe('leaked');
  });

  test('is broken when it cannot connect, and says how', () => {
    expect(
      judge(
        checked('reachable', [
          ['settle', 'timeout'],
          ['settle', 'timeout'],
          ['settle', 'timeout'],
        ]),
        rules,
      ),
    ).toEqual({
      verdict: 'broken',
      reason: 'it could not connect: timeout 3 of 3',
    });
  });

  test('is inconclusive when nothing was ever proven', () => {
    const check = checked('unreachable', [['settle', 'timeout', { listenerAlive: false }]]);
    expect(judge(check, rules)).toEqual({
      verdict: 'inconclusive',
      reason: 'nothing was listening on the destination port',
    });
  });

  test('is inconclusive when it agreed too seldom', () => {
    expect(judge(checked('unreachable', [['settle', 'timeout']]), rules)).toEqual({
      verdict: 'inconclusive',
      reason: 'it did not show the expected state 2 times in a row',
    });
  });
});

describe('without a positive control', () => {
  test('a pair that never connected has nothing to block', () => {
    const check = {
      expected: 'unreachable' as const,
      attempts: [attempt('control', 'refused'), attempt('control', 'refused')],
    };
    expect(judge(check, rules)).toEqual({
      verdict: 'inconclusive',
      reason: 'it could not connect even before any policy (refused 2 of 2), so there was nothing to block',
    });
  });

  test('a probe that never could try says why', () => {
    const broken = { ...attempt('control', 'error'), detail: 'the exec was refused: Forbidden (403)' };
    expect(judge({ expected: 'reachable', attempts: [broken, broken] }, rules)).toEqual({
      verdict: 'inconclusive',
      reason: 'the probe could not try, even before any policy: the exec was refused: Forbidden (403)',
    });
  });

  test('a pair that was never tried is no pass', () => {
    expect(judge({ expected: 'unreachable', attempts: [] }, rules).verdict).toBe('inconclusive');
  });
});

describe('after settling', () => {
  const settled = [
    ['settle', 'timeout'],
    ['settle', 'timeout'],
  ] as const;

  test('one connection is enough for an unreachable check to flap', () => {
    expect(
      judge(checked('unreachable', [...settled, ['observe', 'connected'], ['observe', 'timeout']]), rules),
    ).toEqual({
      verdict: 'flapping',
      settledMs: 100,
      reason: 'it had settled as expected, then showed connected 1 of 1',
    });
  });

  const reached = [
    ['settle', 'connected'],
    ['settle', 'connected'],
  ] as const;

  test('one lost packet does not make a reachable check flap', () => {
    expect(
      judge(checked('reachable', [...reached, ['observe', 'timeout'], ['observe', 'connected']]), rules)
        .verdict,
    ).toBe('pass');
  });

  test('two failures in a row do', () => {
    expect(
      judge(checked('reachable', [...reached, ['observe', 'timeout'], ['observe', 'timeout']]), rules)
        .verdict,
    ).toBe('flapping');
  });

  test('a last look that proves nothing is no pass', () => {
    expect(
      judge(checked('reachable', [...reached, ['observe', 'error', { detail: 'pod gone' }]]), rules),
    ).toEqual({
      verdict: 'inconclusive',
      settledMs: 100,
      reason: 'the probe could not try: pod gone',
    });
  });
});

test('outcomes are told with their counts, the most frequent first', () => {
  const attempts = [attempt('settle', 'refused'), attempt('settle', 'timeout'), attempt('settle', 'timeout')];
  expect(describeOutcomes(attempts)).toBe('timeout 2 of 3, refused 1 of 3');
});

describe('laws, over any sequence of attempts', () => {
  const attempts = fc.array(
    fc.record({
      phase: fc.constantFrom('control' as const, 'settle' as const, 'observe' as const),
      outcome: fc.constantFrom(...OUTCOMES),
      alive: fc.boolean(),
    }),
    { maxLength: 12 },
  );
  const phases = ['control', 'settle', 'observe'];
  const built = (
    raw: readonly {
      phase: 'control' | 'settle' | 'observe';
      outcome: (typeof OUTCOMES)[number];
      alive: boolean;
    }[],
  ) =>
    raw
      .toSorted((left, right) => phases.indexOf(left.phase) - phases.indexOf(right.phase))
      .map(({ phase, outcome, alive }, index) =>
        attempt(phase, outcome, { atMs: 1000 + index * 100, listenerAlive: alive }),
      );

  test('never a false green: an unreachable check that connected after settling, or never failed to an open port, does not pass', () => {
    fc.assert(
      fc.property(attempts, (raw) => {
        const check = { expected: 'unreachable' as const, attempts: built(raw) };
        if (judge(check, rules).verdict !== 'pass') return;
        const proofs = check.attempts.filter(
          ({ phase, outcome, listenerAlive }) =>
            phase === 'settle' &&
            listenerAlive === true &&
            ['timeout', 'prohibited', 'refused'].includes(outcome),
        );
        expect(proofs.length).toBeGreaterThanOrEqual(rules.confirm);
        expect(
          check.attempts.some(({ phase, outcome }) => phase === 'control' && outcome === 'connected'),
        ).toBe(true);
        expect(
          check.attempts.some(({ phase, outcome }) => phase === 'observe' && outcome === 'connected'),
        ).toBe(false);
      }),
    );
  });

  test('never a false red: broken needs an attempt that failed at an open port', () => {
    fc.assert(
      fc.property(attempts, (raw) => {
        const check = { expected: 'reachable' as const, attempts: built(raw) };
        if (judge(check, rules).verdict !== 'broken') return;
        expect(
          check.attempts.some(
            ({ phase, outcome, listenerAlive }) =>
              phase !== 'control' && outcome !== 'connected' && listenerAlive === true,
          ),
        ).toBe(true);
      }),
    );
  });
});
