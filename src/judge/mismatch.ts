/** Verdicts that say: the cluster is not as expected. What stayed inconclusive says nothing about it. */
import { MISMATCHES, type MismatchVerdict } from '../model/verdict.ts';
import type { CheckRecord } from '../record/schema.ts';

export function isMismatch<One extends Pick<CheckRecord, 'verdict'>>(
  check: One,
): check is One & { readonly verdict: MismatchVerdict } {
  return MISMATCHES.some((verdict) => verdict === check.verdict);
}
