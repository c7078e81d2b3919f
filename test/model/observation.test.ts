import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Attempt } from '../../src/model/attempt.ts';
import {
  countOf,
  dialledOf,
  firstOf,
  lastOf,
  newestOf,
  type Observation,
  observeAll,
  tookOf,
} from '../../src/model/observation.ts';
import { attempt } from '../judge/attempts.ts';
import { attemptLists } from './attempts.ts';

const observedIn = (attempts: readonly Attempt[]): Observation => observeAll(attempts).observed ?? [];

describe('a stretch', () => {
  test('is of attempts in a row that show the same, with its first and its last', () => {
    const made = [1, 2, 3].map((round) =>
      attempt('settle', 'timeout', { round, atMs: 1_000 * round, durationMs: 500 + round, dials: round + 1 }),
    );
    expect(observedIn(made)).toEqual([
      {
        outcome: 'timeout',
        listenerAlive: true,
        count: 3,
        first: { phase: 'settle', round: 1, atMs: 1_000, durationMs: 501, dials: 2, seen: expect.anything() },
        last: { phase: 'settle', round: 3, atMs: 3_000, durationMs: 503, dials: 4, seen: expect.anything() },
        took: { leastMs: 501, mostMs: 503, totalMs: 1_506 },
        dialled: { fewest: 2, most: 4 },
      },
    ]);
  });

  const plain = attempt('settle', 'timeout');
  test.each<[string, Partial<Attempt>]>([
    ['the outcome', { outcome: 'refused' }],
    ['an answer that came late', { late: true }],
    ['a listener that is dead', { listenerAlive: false }],
    ['what its system says of it', { detail: 'ETIMEDOUT' }],
    ['why nobody could be asked', { unasked: 'the exec broke' }],
    ['a side that was not seen', { seen: { source: 0, destination: 0 } }],
    ['that nothing was tried', { durationMs: 1 }],
  ])('ends with a change of %s', (_, change) => {
    expect(observedIn([plain, { ...plain, ...change }, plain]).map(({ count }) => count)).toEqual([1, 1, 1]);
  });

  test('goes on where only its own times differ, and from settling into the last look', () => {
    const later = attempt('observe', 'timeout', { atMs: 700 });
    expect(observedIn([plain, later]).map(({ count }) => count)).toEqual([2]);
  });

  test('takes no more room however long it is', () => {
    const sizeOf = (length: number): number =>
      JSON.stringify(observedIn(Array.from({ length }, () => ({ ...plain, durationMs: 5, dials: 2 }))))
        .length;
    expect(sizeOf(10_000)).toBeLessThan(sizeOf(10) + 20);
  });
});

test('nothing but what lies between is lost: order, counts, ends, and the bounds of times and dials', () => {
  fc.assert(
    fc.property(attemptLists, (attempts) => {
      const { control = [], turning = [], observed = [], closing = [] } = observeAll(attempts);
      let rest = attempts;
      for (const stretch of [...control, ...turning, ...observed, ...closing]) {
        const made = rest.slice(0, stretch.count);
        rest = rest.slice(stretch.count);
        expect(firstOf(stretch)).toEqual(made[0]);
        expect(lastOf(stretch)).toEqual(made.at(-1));
        expect(new Set(made.map(({ outcome }) => outcome))).toEqual(new Set([stretch.outcome]));
        const times = made.flatMap(({ durationMs }) => durationMs ?? []);
        const took = tookOf(stretch);
        expect(took?.leastMs).toBe(times.length === 0 ? undefined : Math.min(...times));
        expect(took?.mostMs).toBe(times.length === 0 ? undefined : Math.max(...times));
        expect(took?.totalMs ?? 0).toBeCloseTo(times.reduce((sum, ms) => sum + ms, 0));
        const dials = made.map(({ dials: number = 1 }) => number);
        expect(dialledOf(stretch)).toEqual({ fewest: Math.min(...dials), most: Math.max(...dials) });
      }
      expect(rest).toEqual([]);
      expect(countOf([...control, ...turning, ...observed, ...closing])).toBe(attempts.length);
      expect(newestOf(observeAll(attempts))).toEqual(attempts.at(-1));
    }),
  );
});
