/** Attempts of all kinds, as a run may note them, for properties. */
import fc from 'fast-check';
import { type Attempt, OUTCOMES, TRYING_PHASES, type TryingPhase } from '../../src/model/attempt.ts';

const SIDES = ['source', 'destination', 'between'] as const;

/** Attempts in the order in which a scenario makes them: now and then many of one kind in a row. */
export const attemptLists: fc.Arbitrary<readonly Attempt[]> = fc
  .array(
    fc.record({
      phase: fc.constantFrom(...TRYING_PHASES),
      times: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 12 })),
      outcome: fc.constantFrom<(typeof OUTCOMES)[number]>('connected', 'timeout', ...OUTCOMES),
      late: fc.boolean(),
      listenerAlive: fc.constantFrom(true, true, false, undefined),
      detail: fc.constantFrom(undefined, 'ECONNREFUSED'),
      seen: fc.option(fc.subarray([...SIDES], { minLength: 2 }), { nil: undefined }),
      gapMs: fc.integer({ min: 1, max: 900 }),
      seenAfterMs: fc.integer({ min: -400, max: 800 }),
      durationMs: fc.constantFrom(undefined, 0.4, 12, 500),
      dials: fc.constantFrom(undefined, 2, 3),
    }),
    { maxLength: 10 },
  )
  .map((groups) => {
    const inOrder = groups.toSorted((left, right) => orderOf(left.phase) - orderOf(right.phase));
    let atMs = 0;
    return inOrder.flatMap(
      ({ times, gapMs, seenAfterMs, late, listenerAlive, detail, seen, durationMs, dials, ...group }) =>
        Array.from({ length: times }, (_, index): Attempt => {
          atMs += gapMs;
          return {
            ...group,
            round: index + 1,
            atMs,
            ...(late && group.outcome === 'timeout' ? { late: true } : {}),
            ...(listenerAlive === undefined ? {} : { listenerAlive }),
            ...(detail === undefined ? {} : { detail }),
            ...(seen === undefined
              ? {}
              : { seen: Object.fromEntries(seen.map((side) => [side, atMs + seenAfterMs])) }),
            ...(durationMs === undefined ? {} : { durationMs: durationMs + index }),
            ...(dials === undefined ? {} : { dials }),
          };
        }),
    );
  });

function orderOf(phase: TryingPhase): number {
  return TRYING_PHASES.indexOf(phase);
}
