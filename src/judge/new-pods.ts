/** What the new pods of a watch came to: worked out of the record, never stored in it. */
import { greatest } from '../numbers.ts';
import type { RunRecord } from '../record/schema.ts';
import { type Spread, spreadOf } from './times.ts';

export type ChurnRecord = NonNullable<NonNullable<RunRecord['watch']>['churn']>;

export interface NewPodTotals {
  /** How many told what they saw. */
  readonly told: number;
  /** How many there should have been besides. */
  readonly missing: number;
  /** Of those that told, how many saw nothing but what they should, all the time. */
  readonly asExpected: number;
  /** How many could reach what they must not. */
  readonly leaking: number;
  /** How many could not reach in time, or later, what they must. */
  readonly cutOff: number;
  /** Of how many nobody could tell all. */
  readonly unknown: number;
  /** For how long nobody could tell, of the one of which least is known. */
  readonly unknownMs: number;
  /** How old the last of them was when it tried its first check; absent: none did. */
  readonly triedMs?: number;
  /** How old they were when all that they must reach was reachable, the youngest first. */
  readonly allowedMs: readonly number[];
  /** Absent where of none it is known. */
  readonly allow?: Spread;
}

export function newPodTotals({ due, pods }: ChurnRecord): NewPodTotals {
  const having = (count: 'leaks' | 'gaps' | 'unknown'): number => pods.filter((pod) => pod[count] > 0).length;
  const tried = pods.flatMap(({ triedMs }) => triedMs ?? []);
  const allowedMs = pods.flatMap((pod) => pod.allowedMs ?? []).toSorted((left, right) => left - right);
  const allow = spreadOf(allowedMs);
  return {
    told: pods.length,
    missing: Math.max(0, due - pods.length),
    asExpected: pods.filter(({ leaks, gaps, unknown }) => leaks + gaps + unknown === 0).length,
    leaking: having('leaks'),
    cutOff: having('gaps'),
    unknown: having('unknown'),
    unknownMs: greatest([0, ...pods.map(({ unknownMs }) => unknownMs)]),
    ...(tried.length === 0 ? {} : { triedMs: greatest(tried) }),
    allowedMs,
    ...(allow === undefined ? {} : { allow }),
  };
}
