/** How long a step took to bring about what it changes: worked out of the record, never stored in it. */

import type { CheckRecord, StepRecord } from '../record/schema.ts';
import { isChanged } from './elsewhere.ts';

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
  /** Absent where none did. */
  readonly spread?: Spread;
}

export interface Spread {
  readonly medianMs: number;
  readonly p95Ms: number;
  readonly maximumMs: number;
}

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

function measure(concerned: readonly CheckRecord[]): Times {
  const settledMs = concerned
    .flatMap(({ verdict, settledMs: ms }) =>
      ms !== undefined && (verdict === 'pass' || verdict === 'late') ? [ms] : [],
    )
    .sort((left, right) => left - right);
  const spread = spreadOf(settledMs);
  return { concerned: concerned.length, settledMs, ...(spread === undefined ? {} : { spread }) };
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
