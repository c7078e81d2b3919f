/** Checks that two records do not say the same of. */
import type { Counts } from '../judge/counts.ts';
import { countVerdicts } from '../judge/counts.ts';
import { isMismatch, MISMATCHES } from '../judge/mismatch.ts';
import type { CheckRecord } from '../record/schema.ts';
import { checkKey, type PlacedStep, pairUp, type ScenarioPlace, type Sides } from './sides.ts';

/**
 * What became of a check, the most dangerous first. A verdict: it is so now, and was not. `fixed`: it was a mismatch, and passes;
 * `proven`: nothing was proven, and it passes; `expectation`: only what is expected of it changed; `new`, `gone`: it is in one record only.
 */
export const CHANGES = [
  ...MISMATCHES,
  'inconclusive',
  'unjudged',
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
export type CheckSide = Pick<CheckRecord, 'expected' | 'declared' | 'because' | 'verdict' | 'reason'>;

export interface ComparedChecks {
  /** The most dangerous first. */
  readonly differences: readonly CheckDifference[];
  /** Those of which both records say the same, by their verdict. */
  readonly same: Counts;
}

export function compareChecks(steps: readonly Sides<PlacedStep>[]): ComparedChecks {
  const differences: CheckDifference[] = [];
  const same: CheckRecord[] = [];
  for (const { before, after } of steps) {
    const place = (after ?? before).place;
    for (const sides of pairUp(before?.step.checks ?? [], after?.step.checks ?? [], checkKey)) {
      const change = changeOf(sides);
      if (change !== undefined) differences.push(differenceOf(sides, change, place));
      else if (sides.after !== undefined) same.push(sides.after);
    }
  }
  const groups = Map.groupBy(differences, ({ change }) => change);
  return { differences: CHANGES.flatMap((change) => groups.get(change) ?? []), same: countVerdicts(same) };
}

function changeOf({ before, after }: Sides<CheckRecord>): CheckChange | undefined {
  if (after === undefined) return 'gone';
  const { verdict = 'unjudged' } = after;
  if (before !== undefined && verdict === (before.verdict ?? 'unjudged'))
    return before.expected === after.expected ? undefined : 'expectation';
  if (isMismatch(after)) return after.verdict;
  if (before === undefined) return 'new';
  if (verdict !== 'pass') return verdict;
  return isMismatch(before) ? 'fixed' : 'proven';
}

function differenceOf(
  { before, after }: Sides<CheckRecord>,
  change: CheckChange,
  place: ScenarioPlace,
): CheckDifference {
  const { from, to, port, portName, protocol, family, path } = after ?? before;
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
    isWorse: isWorse(change, before),
    ...(before === undefined ? {} : { before: sideOf(before) }),
    ...(after === undefined ? {} : { after: sideOf(after) }),
  };
}

/** A mismatch of another kind than before is one that was not known; what had passed, and is not proven any more, may be one. */
function isWorse(change: CheckChange, before: CheckRecord | undefined): boolean {
  return (
    MISMATCHES.some((verdict) => verdict === change) ||
    (change === 'inconclusive' && before?.verdict === 'pass')
  );
}

function sideOf({ expected, declared, because, verdict, reason }: CheckRecord): CheckSide {
  return {
    expected,
    declared,
    ...(because === undefined ? {} : { because }),
    ...(verdict === undefined ? {} : { verdict }),
    ...(reason === undefined ? {} : { reason }),
  };
}
