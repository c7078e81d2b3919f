/** Checks that did not turn out as expected. */
import { MISMATCHES } from '../../model/verdict.ts';
import type { CheckView, Mismatch } from './view.ts';

/** Whether a check shows that the cluster is not as expected, known or not. What stayed inconclusive says nothing about it. */
export function isMismatch(check: CheckView): check is Mismatch {
  return MISMATCHES.some((verdict) => verdict === check.verdict);
}

/** Those that fail the run, the most dangerous first. */
export function mismatchesAmong(checks: readonly CheckView[]): Mismatch[] {
  return byDanger(checks.filter(isMismatch).filter(({ known }) => known === undefined));
}

/** Those that do not, because somebody answers for them. */
export function knownAmong(checks: readonly CheckView[]): KnownMismatch[] {
  return byDanger(checks.filter(isMismatch).filter(isKnown));
}

export type KnownMismatch = Mismatch & { readonly known: NonNullable<CheckView['known']> };

function isKnown(check: Mismatch): check is KnownMismatch {
  return check.known !== undefined;
}

function byDanger<One extends Mismatch>(checks: readonly One[]): One[] {
  return checks.toSorted(
    (left, right) => MISMATCHES.indexOf(left.verdict) - MISMATCHES.indexOf(right.verdict),
  );
}
