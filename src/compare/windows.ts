/** Windows of checks that were watched in both records. */
import { failsRun } from '../judge/known-issues.ts';
import { watchEndOf } from '../judge/windows/watch-end.ts';
import { type Length, lengthOf, WINDOW_KINDS, type WindowKind } from '../model/window.ts';
import type { CheckRecord, RunRecord } from '../record/schema.ts';
import { checkKey, type PlacedStep, pairUp, type ScenarioPlace, type Sides } from './sides.ts';

/** The most telling first. */
export const WINDOW_CHANGES = ['new', 'longer', 'shorter', 'gone'] as const;
export type WindowChange = (typeof WINDOW_CHANGES)[number];

export interface WindowDifference
  extends Pick<CheckRecord, 'from' | 'to' | 'port' | 'portName' | 'protocol' | 'family' | 'path'> {
  readonly place: ScenarioPlace;
  readonly kind: WindowKind;
  readonly change: WindowChange;
  /** Whether the second record is the worse for it. */
  readonly isWorse: boolean;
  /** Absent: there was no such window. */
  readonly before?: WindowSide;
  /** Absent: there is no such window any more. */
  readonly after?: WindowSide;
}

/** What one record says of a window. */
export interface WindowSide extends Length {
  /** What happened nearest to its beginning, as a clause. */
  readonly incident?: string;
}

type WatchedRecord = Pick<RunRecord, 'watch' | 'scenarios'>;

/**
 * Windows have no names: of each check and kind the longest is held against the longest, the next against the next. What is worse comes
 * first, and leaks before gaps.
 * @param steps of both records
 */
export function compareWindows(
  steps: readonly Sides<PlacedStep>[],
  { before, after }: { readonly before: WatchedRecord; readonly after: WatchedRecord },
): WindowDifference[] {
  const differences = steps.flatMap((step) => {
    if (step.before === undefined || step.after === undefined) return [];
    const { place, knownIssues } = step.after;
    const scenario = knownIssues === undefined ? {} : { knownIssues };
    return pairUp(step.before.step.checks, step.after.step.checks, checkKey).flatMap((sides) => {
      const [was, is] = [sides.before, sides.after];
      if (was?.watched === undefined || is?.watched === undefined) return [];
      const { from, to, port, portName, protocol, family, path } = is;
      const names = portName === undefined ? {} : { portName };
      const check = { place, from, to, port, ...names, protocol, family, path };
      const fails = failsRun(is, scenario);
      return WINDOW_KINDS.flatMap((kind) =>
        comparePairs(sidesOf(was, kind, before), sidesOf(is, kind, after)).map((difference) => ({
          ...check,
          kind,
          ...difference,
          isWorse:
            fails && kind !== 'unknown' && (difference.change === 'new' || difference.change === 'longer'),
        })),
      );
    });
  });
  return differences.toSorted(
    (left, right) =>
      Number(right.isWorse) - Number(left.isWorse) ||
      WINDOW_CHANGES.indexOf(left.change) - WINDOW_CHANGES.indexOf(right.change) ||
      WINDOW_KINDS.indexOf(left.kind) - WINDOW_KINDS.indexOf(right.kind),
  );
}

/** Those of one kind, the longest first. */
function sidesOf({ watched }: CheckRecord, kind: WindowKind, record: WatchedRecord): WindowSide[] {
  const endMs = watchEndOf(record);
  return (watched?.windows ?? [])
    .filter((window) => window.kind === kind)
    .map((window): WindowSide => {
      const incident = window.incident === undefined ? undefined : record.watch?.incidents[window.incident];
      return { ...lengthOf(window, endMs), ...(incident === undefined ? {} : { incident: incident.text }) };
    })
    .sort((left, right) => right.atLeastMs - left.atLeastMs || right.atMostMs - left.atMostMs);
}

function comparePairs(
  was: readonly WindowSide[],
  is: readonly WindowSide[],
): Pick<WindowDifference, 'change' | 'before' | 'after'>[] {
  return Array.from({ length: Math.max(was.length, is.length) }, (_, rank) => rank).flatMap((rank) => {
    const [before, after] = [was[rank], is[rank]];
    const change = changeOf(before, after);
    if (change === undefined) return [];
    return [
      { change, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) },
    ];
  });
}

/** Undefined where both may have lasted the same. */
function changeOf(before: WindowSide | undefined, after: WindowSide | undefined): WindowChange | undefined {
  if (before === undefined) return 'new';
  if (after === undefined) return 'gone';
  if (after.atLeastMs > before.atMostMs) return 'longer';
  return after.atMostMs < before.atLeastMs ? 'shorter' : undefined;
}
