/** One check over many runs: when it failed, and whether it is flaky. */
import type { CountedAs } from '../judge/known-issues.ts';
import { MISMATCHES, VERDICTS } from '../model/verdict.ts';
import { greatest } from '../numbers.ts';
import type { CheckRecord } from '../record/schema.ts';
import type { ScenarioPlace } from './sides.ts';

/** What a check may count as in a run, by number. */
export const SHOWN = [...VERDICTS, 'unjudged', 'known'] as const;
export type ShownVerdict = (typeof SHOWN)[number];

export interface CheckTrend
  extends Pick<CheckRecord, 'from' | 'to' | 'port' | 'protocol' | 'family' | 'path'> {
  readonly place: ScenarioPlace;
  /** By run; null where it was not there. */
  readonly verdicts: readonly (ShownVerdict | null)[];
  /** In the newest run that judged it; absent where none did. */
  readonly last?: CountedAs;
  /** In how many runs it was a mismatch. */
  readonly failures: number;
  /** The indices of the first and the last of these. */
  readonly firstFailure?: number;
  readonly lastFailure?: number;
  /** It was flapping, or its verdict changed at least twice while policies, network plugin and cluster stayed what they were. */
  readonly isFlaky: boolean;
}

const FLAKY_CHANGES = 2;

/** A check in the runs that had it, in little room: run, verdict and basis of each, as they came in. */
export interface CheckTrace
  extends Pick<CheckTrend, 'from' | 'to' | 'port' | 'protocol' | 'family' | 'path'> {
  readonly place: ScenarioPlace;
  readonly runs: number[];
  readonly verdicts: number[];
  readonly bases: number[];
}

/** @param rank of a run, by its number as it came in */
export function trendOf(
  { runs, verdicts, bases, ...check }: CheckTrace,
  rank: (run: number) => number,
  length: number,
): CheckTrend {
  const byRun: (ShownVerdict | null)[] = Array.from({ length }, () => null);
  const basisOf = new Map<number, number>();
  for (const [turn, run] of runs.entries()) {
    byRun[rank(run)] = SHOWN[verdicts[turn] ?? 0] ?? null;
    basisOf.set(rank(run), bases[turn] ?? 0);
  }
  const failed = byRun.flatMap((verdict, run) => (isFailure(verdict) ? [run] : []));
  const [firstFailure, lastFailure] = [failed[0], failed.at(-1)];
  const verdict = byRun.findLast((shown): shown is CountedAs => shown !== null && shown !== 'unjudged');
  return {
    ...check,
    verdicts: byRun,
    ...(verdict === undefined ? {} : { last: verdict }),
    failures: failed.length,
    ...(firstFailure === undefined || lastFailure === undefined ? {} : { firstFailure, lastFailure }),
    isFlaky: byRun.includes('flapping') || changesOnOneBasis(byRun, basisOf) >= FLAKY_CHANGES,
  };
}

/** How often the verdict changed while all that it rests on stayed what it was; of several such, the most. */
function changesOnOneBasis(verdicts: CheckTrend['verdicts'], basisOf: ReadonlyMap<number, number>): number {
  const seen = new Map<number, { readonly verdict: string; readonly changes: number }>();
  for (const [run, verdict] of verdicts.entries()) {
    // A run that ended before says nothing of it.
    if (verdict === null || verdict === 'unjudged') continue;
    const basis = basisOf.get(run) ?? 0;
    const { verdict: before = verdict, changes = 0 } = seen.get(basis) ?? {};
    seen.set(basis, { verdict, changes: changes + (before === verdict ? 0 : 1) });
  }
  return greatest([...seen.values()].map(({ changes }) => changes));
}

function isFailure(verdict: CheckTrend['verdicts'][number] | undefined): boolean {
  return MISMATCHES.some((mismatch) => mismatch === verdict);
}

/** What is a mismatch now before what was one, the most dangerous first. */
export function weightOf({ last }: CheckTrend): number {
  const order: readonly unknown[] = MISMATCHES;
  const weight = order.indexOf(last);
  return weight === -1 ? MISMATCHES.length : weight;
}
