/** Verdicts that say: the cluster is not as expected. What stayed inconclusive says nothing about it. */
import type { Verdict } from '../model/verdict.ts';
import type { CheckRecord } from '../record/schema.ts';

/** The most dangerous first. */
export const MISMATCHES = ['leaked', 'broken', 'flapping', 'late'] as const satisfies readonly Verdict[];

export type MismatchRecord = CheckRecord & { readonly verdict: (typeof MISMATCHES)[number] };

export function isMismatch(check: CheckRecord): check is MismatchRecord {
  return MISMATCHES.some((verdict) => verdict === check.verdict);
}
