/** A verdict costs as much as there are changes, and is the same as over all attempts one by one. */
import fc from 'fast-check';
import { expect, test } from 'vitest';
import {
  agreesAtLast,
  countContrary,
  hasFlapped,
  isConfirmed,
  isExplained,
  type JudgeRules,
  judge,
  wasCut,
} from '../../src/judge/judge.ts';
import { disagreementOf } from '../../src/judge/opinions.ts';
import type { Attempt } from '../../src/model/attempt.ts';
import {
  type Observations,
  observationOf,
  observeAll,
  type Stretch,
  stretchOf,
} from '../../src/model/observation.ts';
import { attemptLists } from '../model/attempts.ts';

/** Every attempt a stretch of its own. */
function oneByOne(attempts: readonly Attempt[]): Observations {
  const observations: { -readonly [Key in keyof Observations]: readonly Stretch[] } = {};
  for (const attempt of attempts) {
    const key = observationOf(attempt.phase);
    observations[key] = [...(observations[key] ?? []), stretchOf(attempt)];
  }
  return observations;
}

test('stretches are judged as their attempts are', () => {
  const worlds = fc.record({
    expected: fc.constantFrom('reachable' as const, 'unreachable' as const),
    lossy: fc.constantFrom(undefined, undefined, 6),
    predicted: fc.constantFrom(undefined, 'allowed' as const, 'denied' as const, 'undefined' as const),
    isCutByOthers: fc.constantFrom(false, false, true),
    confirm: fc.integer({ min: 1, max: 3 }),
    closing: fc.constantFrom(undefined, 'made' as const, 'left-out' as const),
  });
  const verdicts = new Set<string>();
  fc.assert(
    fc.property(
      attemptLists,
      worlds,
      (attempts, { expected, lossy, predicted, isCutByOthers, confirm, closing }) => {
        const check = {
          expected,
          ...(lossy === undefined ? {} : { confirm: lossy }),
          ...(predicted === undefined ? {} : { predicted: { verdict: predicted, grounds: 0 } }),
          ...(isCutByOthers ? { cutBy: 'others' as const } : {}),
        };
        const rules: JudgeRules = { confirm, actedMs: 0, closing };
        const answers = (seen: Observations) => {
          const judged = { ...check, ...seen };
          const judgement = judge(judged, rules);
          return {
            judgement,
            disagreement: disagreementOf({ ...check, ...judgement }),
            contrary: countContrary(judged),
            asked: [isConfirmed, hasFlapped, isExplained, wasCut].map((ask) => ask(judged, rules)),
            agrees: agreesAtLast(judged),
          };
        };
        const answered = answers(observeAll(attempts));
        verdicts.add(answered.judgement.verdict);
        expect(answered).toEqual(answers(oneByOne(attempts)));
      },
    ),
    { numRuns: 3_000, seed: 12 },
  );
  expect([...verdicts].toSorted()).toEqual(['broken', 'flapping', 'inconclusive', 'leaked', 'pass']);
});
