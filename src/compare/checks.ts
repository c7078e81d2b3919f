/** Checks that two records do not say the same of. */
import { type Counts, countResults } from '../judge/counts.ts';
import { type CountedAs, countsAs } from '../judge/known-issues.ts';
import { MISMATCHES } from '../model/verdict.ts';
import type { CheckRecord } from '../record/schema.ts';
import { isLeftOut } from './left-out.ts';
import { checkKey, type PlacedStep, pairUp, type ScenarioPlace, type Sides } from './sides.ts';

/**
 * What became of a check, the most dangerous first. A verdict: it is so now, and was not. `known`: it is a mismatch that somebody
 * answers for, and was not. `fixed`: it was a mismatch, and passes;
 * `proven`: nothing was proven, and it passes; `expectation`: only what is expected of it changed; `untried`: it was left out, as the
 * Service that it goes to lacks its family; `new`, `gone`: it is in one record only, for any other reason.
 */
export const CHANGES = [
  ...MISMATCHES,
  'inconclusive',
  'unjudged',
  'untried',
  'known',
  'fixed',
  'proven',
  'expectation',
  'new',
  'gone',
] as const;
export type CheckChange = (typeof CHANGES)[number];

export interface CheckDifference
  extends Pick<CheckRecord, 'from' | 'to' | 'port' | 'portName' | 'protocol' | 'family' | 'path'> {
  readonly place: ScenarioPlace;
  readonly change: CheckChange;
  /** Whether the second record is the worse for it. */
  readonly isWorse: boolean;
  /** Absent: it was not there. */
  readonly before?: CheckSide;
  /** Absent: it is there no more. */
  readonly after?: CheckSide;
}

/** What one record says of a check. */
export interface CheckSide
  extends Pick<CheckRecord, 'expected' | 'declared' | 'because' | 'verdict' | 'reason'> {
  /** It is a mismatch that somebody answers for. */
  readonly isKnown?: true;
}

/** A check with what it counts as in its record. */
interface CountedCheck {
  readonly check: CheckRecord;
  readonly counted: CountedAs | 'unjudged';
}

export interface ComparedChecks {
  /** The most dangerous first. */
  readonly differences: readonly CheckDifference[];
  /** Those of which both records say the same, by their verdict. */
  readonly same: Counts;
}

export function compareChecks(steps: readonly Sides<PlacedStep>[]): ComparedChecks {
  const differences: CheckDifference[] = [];
  const same: CountedAs[] = [];
  let unjudged = 0;
  for (const { before, after } of steps) {
    const place = (after ?? before).place;
    for (const sides of pairUp(countedIn(before), countedIn(after), ({ check }) => checkKey(check))) {
      const change = changeOf(sides, after);
      if (change !== undefined) differences.push(differenceOf(sides, change, place));
      else if (sides.after?.counted === 'unjudged') unjudged += 1;
      else if (sides.after !== undefined) same.push(sides.after.counted);
    }
  }
  const groups = Map.groupBy(differences, ({ change }) => change);
  return {
    differences: CHANGES.flatMap((change) => groups.get(change) ?? []),
    same: { ...countResults(same), unjudged },
  };
}

function countedIn(placed: PlacedStep | undefined): CountedCheck[] {
  const { step, knownIssues } = placed ?? {};
  const scenario = knownIssues === undefined ? {} : { knownIssues };
  return (step?.checks ?? []).map((check) => ({ check, counted: countsAs(check, scenario) ?? 'unjudged' }));
}

/** @param there the step of the second record */
function changeOf(
  { before, after }: Sides<CountedCheck>,
  there: PlacedStep | undefined,
): CheckChange | undefined {
  if (after === undefined) return isLeftOut(before.check, there) ? 'untried' : 'gone';
  const { counted } = after;
  if (counted === before?.counted)
    return before.check.expected === after.check.expected ? undefined : 'expectation';
  if (isFailure(counted)) return counted;
  if (before === undefined) return 'new';
  if (counted !== 'pass') return counted;
  return isFailure(before.counted) || before.counted === 'known' ? 'fixed' : 'proven';
}

function isFailure(counted: CountedCheck['counted']): counted is (typeof MISMATCHES)[number] {
  return MISMATCHES.some((verdict) => verdict === counted);
}

function differenceOf(
  { before, after }: Sides<CountedCheck>,
  change: CheckChange,
  place: ScenarioPlace,
): CheckDifference {
  const { from, to, port, portName, protocol, family, path } = (after ?? before).check;
  return {
    place,
    from,
    to,
    port,
    ...(portName === undefined ? {} : { portName }),
    protocol,
    family,
    path,
    change,
    isWorse: isWorse(change, before?.check),
    ...(before === undefined ? {} : { before: sideOf(before) }),
    ...(after === undefined ? {} : { after: sideOf(after) }),
  };
}

/** A mismatch of another kind than before is one that was not known; what had passed, and is not proven any more, may be one. */
function isWorse(change: CheckChange, before: CheckRecord | undefined): boolean {
  return (
    MISMATCHES.some((verdict) => verdict === change) ||
    ((change === 'inconclusive' || change === 'untried') && before?.verdict === 'pass')
  );
}

function sideOf({ check, counted }: CountedCheck): CheckSide {
  const { expected, declared, because, verdict, reason } = check;
  return {
    expected,
    declared,
    ...(because === undefined ? {} : { because }),
    ...(verdict === undefined ? {} : { verdict }),
    ...(reason === undefined ? {} : { reason }),
    ...(counted === 'known' ? { isKnown: true as const } : {}),
  };
}
