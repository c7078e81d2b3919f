/**
 * Three opinions of one check: what the scenario declares, what the policies mean, and what was seen. Where they are not one, two of
 * them agree, and that tells who is wrong.
 */
import type { CheckRecord, Disagreement, Verdict } from '../record.ts';

type Predicted = NonNullable<CheckRecord['predicted']>['verdict'];

/**
 * Who is wrong about a check; undefined where all agree, where nothing was proven, or where it was one and then the other.
 * @param verdict as `judge` gave it
 */
export function disagreementOf(
  declared: CheckRecord['expected'],
  predicted: Predicted,
  verdict: Verdict | undefined,
): Disagreement | undefined {
  if (verdict === undefined || verdict === 'inconclusive' || verdict === 'flapping') return undefined;
  const isAsDeclared = verdict === 'pass';
  if (predicted === 'undefined') return isAsDeclared ? undefined : 'open';
  const isPredictedAsDeclared = (predicted === 'allowed') === (declared === 'reachable');
  if (isAsDeclared) return isPredictedAsDeclared ? undefined : 'outside';
  return isPredictedAsDeclared ? 'cluster' : 'policy';
}
