/** How long a step took to bring about what it changes: worked out of the record, never stored in it. */

import type { CheckRecord, StepRecord } from '../record/schema.ts';
import { isChanged } from './elsewhere.ts';
import { isDecidedByHeld } from './held.ts';

/** Time to enforce: of pairs that a step cuts off. Time to allow: of pairs that it opens. */
export interface StepTimes {
  readonly enforce: Times;
  readonly allow: Times;
}

export interface Times {
  /** How many pairs the step changes so, of those that were judged. */
  readonly concerned: number;
  /** From the step's last action, of those that came to it and stayed so; the shortest first. */
  readonly settledMs: readonly number[];
  /** How many of the others there are, by what is known of them. */
  readonly others: Readonly<Record<OtherArrival, number>>;
  /** Absent where none did. */
  readonly spread?: Spread;
}

export interface Spread {
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly maximumMs: number;
}

/**
 * What became of a pair that a step is to cut off or to open. It `settled`: it came to it, and stayed so. It `never` came to it; it
 * `relapsed`, after it had; or it is `unproven`, as nobody can tell.
 */
export type Arrival = 'settled' | OtherArrival;
/** In the order in which they are told. */
export const OTHER_ARRIVALS = ['never', 'relapsed', 'unproven'] as const;
type OtherArrival = (typeof OTHER_ARRIVALS)[number];

type TimedStep = Pick<StepRecord, 'checks'>;

/** @param before absent for the first step */
export function timesOf({ checks }: TimedStep, before?: TimedStep): StepTimes {
  const checkBefore = new Map(before?.checks.map((check) => [check.id, check]));
  const concernedBy = (kind: keyof StepTimes): CheckRecord[] =>
    checks.filter((check) => timeOf(check, before && { check: checkBefore.get(check.id) }) === kind);
  return { enforce: measure(concernedBy('enforce')), allow: measure(concernedBy('allow')) };
}

/**
 * Which of its times a step takes for a check. It cuts off what was expected to be reachable in the step before, and opens what was
 * expected to be unreachable, unless that showed it to be so already. The first step cuts off what connected in the control, and opens nothing. What others cut (`cutBy`) is
 * no doing of the policies.
 * @param before in the step before, where there was one
 */
export function timeOf(
  { expected, cutBy, verdict, control = [] }: CheckRecord,
  before: { readonly check: Pick<CheckRecord, 'expected' | 'observed'> | undefined } | undefined,
): keyof StepTimes | undefined {
  if (verdict === undefined || cutBy !== undefined) return undefined;
  if (before !== undefined && !isChanged({ expected }, before.check)) return undefined;
  if (expected === 'reachable') return before === undefined ? undefined : 'allow';
  const isCutNow = before !== undefined || control.some(({ outcome }) => outcome === 'connected');
  return isCutNow ? 'enforce' : undefined;
}

/** A time of its own has only what settled. What is inconclusive may have come to it, and may not: its time is no proof. */
export function arrivalOf(check: Pick<CheckRecord, 'verdict' | 'settledMs' | 'held'>): Arrival {
  const { verdict, settledMs } = check;
  // New connections came to it.
  if (isDecidedByHeld(check)) return 'settled';
  switch (verdict) {
    case 'leaked':
    case 'broken':
      return 'never';
    case 'flapping':
      return 'relapsed';
    case 'pass':
    case 'late':
      return settledMs === undefined ? 'unproven' : 'settled';
    default:
      return 'unproven';
  }
}

function measure(concerned: readonly CheckRecord[]): Times {
  const settledMs = concerned
    .flatMap((check) => (arrivalOf(check) === 'settled' ? (check.settledMs ?? []) : []))
    .sort((left, right) => left - right);
  const others = { never: 0, relapsed: 0, unproven: 0 };
  for (const check of concerned) {
    const arrival = arrivalOf(check);
    if (arrival !== 'settled') others[arrival] += 1;
  }
  const spread = spreadOf(settledMs);
  return { concerned: concerned.length, settledMs, others, ...(spread === undefined ? {} : { spread }) };
}

/**
 * By nearest rank: the smallest of the times that at least half, or 95 of 100, of them do not exceed. So each is a time that was seen.
 * @param sorted the shortest first
 */
export function spreadOf(sorted: readonly number[]): Spread | undefined {
  const atRank = (share: number): number | undefined => sorted[Math.ceil(share * sorted.length) - 1];
  const [medianMs, p95Ms, maximumMs] = [atRank(0.5), atRank(0.95), atRank(1)];
  return medianMs === undefined || p95Ms === undefined || maximumMs === undefined
    ? undefined
    : { medianMs, p95Ms, maximumMs };
}
