/** Attempts in a row: what it takes to believe that a pair is connected, or that it is cut off. */
import type { AttemptRecord, CheckRecord } from '../record/schema.ts';
import { type Finding, findingOf, gotThrough } from './finding.ts';

export type Judged = Pick<CheckRecord, 'expected' | 'attempts' | 'confirm' | 'predicted' | 'cutBy'>;

/** Attempts that followed each other and all show the same, as many as there are. */
export interface Row {
  readonly kind: Finding['kind'];
  readonly attempts: readonly AttemptRecord[];
  readonly first: AttemptRecord;
  readonly last: AttemptRecord;
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

/**
 * All attempts since the policies were applied, in rows; the closing control is not among them.
 * @param confirm how many attempts in a row it takes; where packets get lost, a cut takes as many as `check.confirm` says
 */
export function rowsOf(check: Judged, confirm: number): Row[] {
  const rows: { readonly kind: Row['kind']; readonly attempts: [AttemptRecord, ...AttemptRecord[]] }[] = [];
  for (const attempt of underPolicies(check.attempts)) {
    const { kind } = findingOf(check.expected, attempt);
    const row = rows.at(-1);
    if (row?.kind === kind) row.attempts.push(attempt);
    else rows.push({ kind, attempts: [attempt] });
  }
  return rows.map(({ kind, attempts }) => {
    const [first] = attempts;
    const last = attempts.at(-1) ?? first;
    const isCut = kind === (check.expected === 'unreachable' ? 'agrees' : 'contradicts');
    const needed = isCut
      ? (check.confirm ?? Math.max(LEAST_CUTS, confirm))
      : neededOf(kind, isLetThrough(check) ? Math.max(LEAST_LET_THROUGH, confirm) : confirm);
    const isLong = isCut ? spansVisits(first, last) : spansMoment(check, first, last);
    // Where packets get lost, one that got through one way lost the others: that is no cut.
    const isLossy = check.confirm !== undefined;
    const counted = attempts.filter((attempt) => !isCut || !isLossy || !gotThrough(attempt)).length;
    const isComplete = counted >= needed && isLong;
    return { kind, attempts, first, last, isCut, counted, needed, isComplete };
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
  return rows.some(
    ({ isCut, attempts, counted, needed }) => isCut && attempts.length >= needed && counted < needed,
  );
}

/** The newest row; undefined where the newest attempt proves nothing, or there is none. */
export function trailingRow(check: Judged, confirm: number): Row | undefined {
  const row = rowsOf(check, confirm).at(-1);
  return row?.kind === 'proves-nothing' ? undefined : row;
}

export function underPolicies(attempts: readonly AttemptRecord[]): AttemptRecord[] {
  return attempts.filter(({ phase }) => phase === 'settle' || phase === 'observe');
}

/** Whether a row of connections is that of a pair which the policies are to let through, or lasts. */
function spansMoment(check: Judged, first: AttemptRecord, last: AttemptRecord): boolean {
  return !isLetThrough(check) || last.atMs - first.atMs >= LET_THROUGH_MS;
}

/** Whether a pair is to connect although the policies deny it. */
export function isLetThrough({ expected, predicted, cutBy }: Omit<Judged, 'attempts'>): boolean {
  return expected === 'reachable' && predicted?.verdict === 'denied' && cutBy === undefined;
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
function spansVisits(first: AttemptRecord, { seen = {} }: AttemptRecord): boolean {
  const { source = -1, destination = -1, between = -1 } = seen;
  return Math.min(source, destination, between) >= first.atMs;
}
