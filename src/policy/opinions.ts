/**
 * Three opinions of one check: what the scenario declares, what the policies mean, and what was seen. Where they are not one, two of
 * them agree, and that tells who is wrong.
 */
import type { Verdict } from './match.ts';

/**
 * - `policy`: the policies do what they say, and that is not what the scenario asks for.
 * - `cluster`: scenario and policies agree, and the cluster does something else.
 * - `outside`: the cluster does what the scenario asks for, and these policies do not say so: something else decides.
 * - `open`: the specification leaves it open, and the cluster took the other way.
 */
export const DISAGREEMENTS = ['policy', 'cluster', 'outside', 'open'] as const;
export type Disagreement = (typeof DISAGREEMENTS)[number];

type State = 'reachable' | 'unreachable';

/**
 * Who is wrong about a check; undefined where all agree, where nothing was proven, or where it was one and then the other.
 * @param verdict as `judge` gave it
 */
export function disagreementOf(
  declared: State,
  predicted: Verdict,
  verdict: 'pass' | 'leaked' | 'broken' | 'flapping' | 'inconclusive' | undefined,
): Disagreement | undefined {
  if (verdict === undefined || verdict === 'inconclusive' || verdict === 'flapping') return undefined;
  const isAsDeclared = verdict === 'pass';
  if (predicted === 'undefined') return isAsDeclared ? undefined : 'open';
  const isPredictedAsDeclared = (predicted === 'allowed') === (declared === 'reachable');
  if (isAsDeclared) return isPredictedAsDeclared ? undefined : 'outside';
  return isPredictedAsDeclared ? 'cluster' : 'policy';
}
