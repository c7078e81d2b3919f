/** What a watch has seen of one check, as windows are made of it; all times in milliseconds after the watch began. */
import type { Outcome } from '../../model/attempt.ts';

/**
 * Attempts in a row that showed the same. An agent ends one where it has missed an attempt: what is lost in a longer one is unknown as a
 * whole, unless the source slept.
 */
export interface WatchedStretch {
  readonly outcome: Outcome;
  readonly detail?: string;
  readonly count: number;
  /** When the first one dialled. */
  readonly firstMs: number;
  readonly firstTookMs: number;
  /** When the last one dialled. */
  readonly lastMs: number;
  readonly lastTookMs: number;
  /** The longest time from one dial to the next. */
  readonly mostApartMs: number;
}

/** A time in which something cannot be relied on. */
export interface Dark {
  readonly fromMs: number;
  readonly toMs: number;
  /** Why, as a clause: "the agent of shop/web did not run". */
  readonly why: string;
}

export interface Track {
  /** In the order of time. Attempts of which podreach never heard are in none: `dark.source` says when. */
  readonly stretches: readonly WatchedStretch[];
  /** All times of the stretches may be off by so much, both ways: clocks of nodes are compared through execs. */
  readonly clockMs: number;
  readonly dark: {
    /** The source could not probe, or what it saw was never heard of. */
    readonly source: readonly Dark[];
    /** The destination's process did not run, or did not listen. */
    readonly destination: readonly Dark[];
    /** The links of both pods or the way between their nodes were not seen to work: what does not connect then proves no denial. */
    readonly way: readonly Dark[];
  };
}
