/** Checks that did not turn out as expected. */
import { MISMATCHES } from '../../judge/mismatch.ts';
import type { CheckView, Mismatch } from './view.ts';

/** Whether a check shows that the cluster is not as expected. What stayed inconclusive says nothing about it. */
export function isMismatch(check: CheckView): check is Mismatch {
  return MISMATCHES.some((verdict) => verdict === check.verdict);
}

/** The most dangerous first. */
export function mismatchesAmong(checks: readonly CheckView[]): Mismatch[] {
  return checks
    .filter(isMismatch)
    .sort((left, right) => MISMATCHES.indexOf(left.verdict) - MISMATCHES.indexOf(right.verdict));
}
