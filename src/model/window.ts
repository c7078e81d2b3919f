/** A stretch of time in which a watched check did not show what is expected, or nobody could tell. */
import type { Outcome } from './attempt.ts';

/**
 * - `leak`: it was expected unreachable, and connected. One connection is enough.
 * - `gap`: it was expected reachable, and two attempts in a row failed.
 * - `unknown`: the probe could not probe, or what it saw proves nothing.
 */
export const WINDOW_KINDS = ['leak', 'gap', 'unknown'] as const;
export type WindowKind = (typeof WINDOW_KINDS)[number];

/** When something changed, as well as attempts can tell; in milliseconds after the watch began. */
export interface Edge {
  /** When the last attempt dialled that showed the state before. */
  readonly earliestMs: number;
  /** When the first attempt had shown the state after: one that waits in vain does so when an answer should have come. */
  readonly latestMs: number;
}

/** Told to be no more certain than it is. */
export function inWholeMs({ earliestMs, latestMs }: Edge): Edge {
  return { earliestMs: Math.floor(earliestMs), latestMs: Math.ceil(latestMs) };
}

export interface Window {
  readonly kind: WindowKind;
  readonly began: Edge;
  /** Absent: it was still so when the watch ended. */
  readonly ended?: Edge;
  /** How many attempts showed it. */
  readonly attempts: number;
  /** What most of them showed; absent for unknown. */
  readonly outcome?: Outcome;
  /** The system's own word for the outcome. */
  readonly detail?: string;
  /** For unknown: why nobody could tell, as a clause. */
  readonly why?: string;
  /** Which new pod showed it; absent: the source of the check itself. */
  readonly newPod?: NewPodWindow;
}

/** A window that a new pod showed, in ages: milliseconds after its process began. */
export interface NewPodWindow {
  /** `namespace/name` */
  readonly pod: string;
  readonly node: string;
  readonly began: Edge;
  readonly ended: Edge;
  /** It was still so when the pod was taken away. */
  readonly isOpen?: true;
}

/** How long a window lasted. */
export interface Length {
  /** So long it showed itself. */
  readonly atLeastMs: number;
  /** So long it may have been. */
  readonly atMostMs: number;
}

/** Ages are exact, whatever clocks differ by. @param endMs when the watch ended */
export function lengthOf({ newPod, ...window }: Window, endMs: number): Length {
  const { began, ended } = newPod ?? window;
  const { earliestMs, latestMs } = ended ?? { earliestMs: endMs, latestMs: endMs };
  return {
    atLeastMs: Math.max(0, earliestMs - began.latestMs),
    atMostMs: Math.max(0, latestMs - began.earliestMs),
  };
}
