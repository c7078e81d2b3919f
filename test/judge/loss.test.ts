/** On networks that lose packets: whole checks, from their control to their verdict, with the seeds fixed. */
import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../src/model/verdict.ts';
import { falseCut, unanswered } from './loss/bound.ts';
import { seededRandom } from './loss/packets.ts';
import type { Setting } from './loss/pair.ts';
import { verdictOn } from './loss/trial.ts';

type Truth = Pick<Setting, 'isCut' | 'expected'>;

const TRUTHS: readonly Truth[] = [true, false].flatMap((isCut) =>
  (['unreachable', 'reachable'] as const).map((expected) => ({ isCut, expected })),
);
const NETWORKS = (['both', 'there', 'back'] as const).flatMap((direction) =>
  (['source', 'between'] as const).map((place) => ({ direction, place })),
);

function verdictsOf(setting: Setting, trials: number): Verdict[] {
  const random = seededRandom(1);
  return Array.from({ length: trials }, () => verdictOn(setting, random));
}

/** What is as it is expected must not be called a mismatch, and what is not must not pass. */
function isWrong({ isCut, expected }: Truth, verdict: Verdict): boolean {
  const isAsExpected = isCut === (expected === 'unreachable');
  return isAsExpected ? verdict !== 'pass' && verdict !== 'inconclusive' : verdict === 'pass';
}

test.each(TRUTHS)('without loss every verdict is right: cut $isCut, expected $expected', (truth) => {
  const verdict = { unreachable: 'leaked', reachable: 'broken' } as const;
  const isAsExpected = truth.isCut === (truth.expected === 'unreachable');
  const verdicts = verdictsOf({ loss: 0, direction: 'both', place: 'between', ...truth }, 20);
  expect(new Set(verdicts)).toEqual(new Set([isAsExpected ? 'pass' : verdict[truth.expected]]));
});

describe.each(TRUTHS)('cut $isCut, expected $expected', (truth) => {
  test.each(NETWORKS)('no verdict is wrong where 5 % are lost: $direction, $place', (network) => {
    const verdicts = verdictsOf({ loss: 0.05, ...network, ...truth }, 150);
    expect(verdicts.filter((verdict) => isWrong(truth, verdict))).toEqual([]);
  });

  test.each([0.2, 0.5])('where %d of the packets are lost, no more are wrong than the bound says', (loss) => {
    for (const network of NETWORKS) {
      const verdicts = verdictsOf({ loss, ...network, ...truth }, 400);
      const q = unanswered(loss, network.direction === 'both' ? 'both' : 'one');
      const bound = truth.isCut ? 0 : verdicts.length * falseCut(q, truth.expected);
      const wrong = verdicts.filter((verdict) => isWrong(truth, verdict)).length;
      expect(wrong).toBeLessThanOrEqual(bound + 3 * Math.sqrt(bound));
    }
  });
});
