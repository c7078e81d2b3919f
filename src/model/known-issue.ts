/** Mismatches that somebody answers for: until the day on which they expire they do not fail a run. */
import type { Location } from '../errors.ts';
import type { MismatchVerdict } from './verdict.ts';

export interface KnownIssue {
  /** What its checks come to; a check that comes to anything else is not known. */
  readonly is: MismatchVerdict;
  /** The step that it is about, as reports name it; absent: every step. */
  readonly step?: string;
  readonly reason: string;
  readonly owner: string;
  /** ISO date, `YYYY-MM-DD`: the last day on which it counts, in UTC. */
  readonly expires: string;
  /** Where more is to be read: an address or a path. */
  readonly link?: string;
  /** The entry that lists it. */
  readonly location: Location;
  /** How many checks of the scenario it speaks of, over all steps. */
  readonly checks: number;
}

/** @param day `YYYY-MM-DD`, in UTC */
export function hasExpired({ expires }: Pick<KnownIssue, 'expires'>, day: string): boolean {
  return expires < day;
}

/** The day of a moment in UTC, `YYYY-MM-DD`. */
export function dayOf(moment: Date): string {
  return moment.toISOString().slice(0, 10);
}
