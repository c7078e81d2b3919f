/** Attempts in a row: what it takes to believe that a pair is connected, or that it is cut off. */
import type { Attempt } from '../model/attempt.ts';
import {
  countOf,
  firstOf,
  lastOf,
  type Observation,
  type Observations,
  type Stretch,
} from '../model/observation.ts';
import type { CheckRecord } from '../record/schema.ts';
import { type Finding, findingOf, gotThrough } from './finding.ts';

export type Judged = Expected & Observations;

type Expected = Pick<CheckRecord, 'expected' | 'confirm' | 'predicted' | 'cutBy'>;

/** Attempts that followed each other and all show the same, as many as there are. */
export interface Row {
  readonly kind: Finding['kind'];
  readonly stretches: Observation;
  readonly count: number;
  readonly first: Attempt;
  readonly last: Attempt;
  /** Whether they show the pair cut off. */
  readonly isCut: boolean;
  /** How many of them count. */
  readonly counted: number;
  /** How many of them it takes. */
  readonly needed: number;
  /** Whether it is to be believed. */
  readonly isComplete: boolean;
}

/**
 * From the first to the last connection of a row that the policies deny: something else may let the pair through, but so does a moment
 * in which nothing is enforced.
 */
const LET_THROUGH_MS = 1_000;
const LEAST_LET_THROUGH = 2;
/** A single attempt may have lost its packets: it is no cut, whatever `confirm` says. */
const LEAST_CUTS = 2;

/** How many attempts a cut takes where no packets get lost. @param confirm see {@link rowsOf} */
export function cutsInRow(confirm: number): number {
  return Math.max(LEAST_CUTS, confirm);
}

/**
 * All attempts since the policies were applied, in rows; the closing control is not among them.
 * @param confirm how many attempts in a row it takes; where packets get lost, a cut takes as many as `check.confirm` says
 */
export function rowsOf(check: Judged, confirm: number): Row[] {
  const rows: { readonly kind: Row['kind']; readonly stretches: [Stretch, ...Stretch[]] }[] = [];
  for (const stretch of check.observed ?? []) {
    const { kind } = findingOf(check.expected, lastOf(stretch));
    const row = rows.at(-1);
    if (row?.kind === kind) row.stretches.push(stretch);
    else rows.push({ kind, stretches: [stretch] });
  }
  return rows.map(({ kind, stretches }) => {
    const [oldest] = stretches;
    const first = firstOf(oldest);
    const last = lastOf(stretches.at(-1) ?? oldest);
    const isCut = kind === (check.expected === 'unreachable' ? 'agrees' : 'contradicts');
    const needed = isCut
      ? (check.confirm ?? cutsInRow(confirm))
      : neededOf(kind, isLetThrough(check) ? Math.max(LEAST_LET_THROUGH, confirm) : confirm);
    const isLong = isCut ? spansVisits(first, last) : spansMoment(check, first, last);
    // Where packets get lost, one that got through one way lost the others: that is no cut.
    const isLossy = check.confirm !== undefined;
    const count = countOf(stretches);
    const counted = isCut && isLossy ? countOf(stretches.filter((one) => !gotThrough(one))) : count;
    const isComplete = counted >= needed && isLong;
    return { kind, stretches, count, first, last, isCut, counted, needed, isComplete };
  });
}

/** Whether it has contradicted more than once after it had agreed, each time too shortly to be believed. */
export function alternates(rows: readonly Row[]): boolean {
  const agreed = rows.findIndex(({ kind }) => kind === 'agrees');
  return agreed !== -1 && rows.slice(agreed).filter(({ kind }) => kind === 'contradicts').length > 1;
}

/**
 * Whether it failed as often in a row as a cut takes, and would have been one but for attempts of which something arrived: where packets
 * get lost, that is no cut, and no connection either.
 */
export function losesAnswers(rows: readonly Row[]): boolean {
  return rows.some(({ isCut, count, counted, needed }) => isCut && count >= needed && counted < needed);
}

/** The newest row; undefined where the newest attempt proves nothing, or there is none. */
export function trailingRow(check: Judged, confirm: number): Row | undefined {
  const row = rowsOf(check, confirm).at(-1);
  return row?.kind === 'proves-nothing' ? undefined : row;
}

/** Whether a row of connections is that of a pair which the policies are to let through, or lasts. */
function spansMoment(check: Expected, first: Attempt, last: Attempt): boolean {
  return !isLetThrough(check) || last.atMs - first.atMs >= LET_THROUGH_MS;
}

/** Whether a pair is to connect although the policies deny it. */
export function isLetThrough({ expected, predicted, cutBy }: Expected): boolean {
  const isDenied = predicted?.verdict === 'denied' || predicted?.verdict === 'partial';
  return expected === 'reachable' && isDenied && cutBy === undefined;
}

/** Of attempts that do not show a cut. */
function neededOf(kind: Row['kind'], confirm: number): number {
  switch (kind) {
    case 'agrees':
      return confirm;
    case 'contradicts': // one connection is a leak
      return 1;
    case 'proves-nothing':
      return Number.POSITIVE_INFINITY;
  }
}

/**
 * Whether each side of the triangle was seen to work between the first dial of one attempt and the last dial of another: a failure of
 * the network that took both attempts would have had to take that as well.
 */
function spansVisits(first: Attempt, { seen = {} }: Attempt): boolean {
  const { source = -1, destination = -1, between = -1 } = seen;
  return Math.min(source, destination, between) >= first.atMs;
}
