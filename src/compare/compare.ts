/**
 * What two run records say differently: a pure function of both. Each kind of difference has a file of its own, and a field in
 * {@link RecordComparison}.
 */
import type { Counts } from '../judge/counts.ts';
import { withoutUnprovenPasses } from '../judge/proven.ts';
import type { RunRecord } from '../record/schema.ts';
import { type CheckDifference, compareChecks } from './checks.ts';
import { type CircumstanceDifference, compareCircumstances } from './circumstances.ts';
import { comparePolicies, type PolicyDifference } from './policies.ts';
import { type RunFacts, runFacts } from './run-facts.ts';
import { pairUp, stepKey, stepsOf } from './sides.ts';
import { compareTimes, type TimeDifference } from './times.ts';
import { compareWindows, type WindowDifference } from './windows.ts';

export interface RecordComparison {
  readonly before: RunFacts;
  readonly after: RunFacts;
  readonly outcome: ComparisonOutcome;
  /** The most dangerous first. */
  readonly checks: readonly CheckDifference[];
  /** Checks of which both records say the same, by their verdict. */
  readonly same: Counts;
  /** Of checks that were watched in both runs, what is worse first. */
  readonly windows: readonly WindowDifference[];
  readonly times: readonly TimeDifference[];
  readonly policies: readonly PolicyDifference[];
  readonly circumstances: readonly CircumstanceDifference[];
}

/**
 * `worse`: a mismatch that was not there, one of which a window is new or longer, or a pass that is not proven any more. `incomplete`:
 * nothing worse was seen, but the second run did not come to its end, so it may be. `unrelated`: not one check of the first run is in
 * the second, so nothing was compared. `same`: nothing differs.
 */
export type ComparisonOutcome = 'worse' | 'incomplete' | 'unrelated' | 'not-worse' | 'same';

export function compareRecords(written: RunRecord, other: RunRecord): RecordComparison {
  const [before, after] = [withoutUnprovenPasses(written), withoutUnprovenPasses(other)];
  const steps = pairUp(stepsOf(before), stepsOf(after), stepKey);
  const { differences: checks, same } = compareChecks(steps);
  const parts = {
    checks,
    windows: compareWindows(steps, { before, after }),
    times: compareTimes(steps),
    policies: comparePolicies(steps),
    circumstances: compareCircumstances(before, after),
  };
  const [was, is] = [runFacts(before), runFacts(after)];
  return { before: was, after: is, outcome: outcomeOf({ ...parts, before: was, after: is }), ...parts, same };
}

function outcomeOf({
  before,
  after,
  ...parts
}: Omit<RecordComparison, 'outcome' | 'same'>): ComparisonOutcome {
  if ([...parts.checks, ...parts.windows].some(({ isWorse }) => isWorse)) return 'worse';
  if (!after.isWhole) return 'incomplete';
  const gone = parts.checks.filter(({ change }) => change === 'gone' || change === 'untried').length;
  if (gone > 0 && gone === totalOf(before.counts)) return 'unrelated';
  return Object.values(parts).some(({ length }) => length > 0) ? 'not-worse' : 'same';
}

function totalOf(counts: Counts): number {
  return Object.values(counts).reduce((sum, number) => sum + number, 0);
}

/** The process exit code of an outcome. As ever a mismatch goes before a failure. */
export function exitCodeOfComparison(outcome: ComparisonOutcome): 0 | 1 | 3 {
  switch (outcome) {
    case 'worse':
      return 1;
    case 'incomplete':
    case 'unrelated':
      return 3;
    case 'not-worse':
    case 'same':
      return 0;
  }
}
