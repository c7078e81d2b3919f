/**
 * Three opinions of one check: what the scenario declares, what the policies mean, and what was seen. Where they are not one, two of
 * them agree, and that tells who is wrong.
 */
import type { Disagreement } from '../model/verdict.ts';
import type { CheckRecord } from '../record/schema.ts';
import { CUT_BY_SOMETHING_ELSE } from './closing.ts';
import { isDecidedByHeld } from './held.ts';

/**
 * Who is wrong about a judged check; undefined where all agree, where nothing was proven, or where it was one and then the other.
 * A check that was cut off, and not by the policies, is `outside`, unless the scenario says so itself (`cutBy`).
 */
export function disagreementOf({
  expected,
  predicted,
  verdict,
  cutBy,
  reason = '',
  ...rest
}: Pick<CheckRecord, 'expected' | 'predicted' | 'verdict' | 'cutBy' | 'reason' | 'held' | 'settledMs'>):
  | Disagreement
  | undefined {
  if (predicted === undefined || verdict === undefined || verdict === 'flapping') return undefined;
  // I7: policies say nothing of connections that are open already.
  if (isDecidedByHeld({ verdict, ...rest })) return 'open';
  const isPredicted = predicted.verdict === (expected === 'reachable' ? 'allowed' : 'denied');
  if (verdict === 'inconclusive') return reason.startsWith(CUT_BY_SOMETHING_ELSE) ? 'outside' : undefined;
  const isAsDeclared = verdict === 'pass' || verdict === 'late';
  if (cutBy !== undefined) return isAsDeclared ? undefined : 'outside';
  if (predicted.verdict === 'undefined') return isAsDeclared ? undefined : 'open';
  if (isAsDeclared) return isPredicted ? undefined : 'outside';
  return isPredicted ? 'cluster' : 'policy';
}
