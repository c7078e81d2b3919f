/** How long to wait before something is tried again: longer each time, and not in step with others. */

const FIRST_PAUSE_MS = 100;
const LONGEST_PAUSE_MS = 10_000;

export interface Setback {
  /** How often it has been tried so far, from 1. */
  readonly tries: number;
  /** From 0 to 1: spreads the retries of many clients. */
  readonly random: () => number;
  /** What the server asked for (`Retry-After`), in milliseconds. */
  readonly askedMs?: number | undefined;
}

/** Milliseconds to wait. What the server asks for goes before the own reckoning; neither is more than ten seconds. */
export function pauseMs({ tries, random, askedMs }: Setback): number {
  return Math.min(askedMs ?? FIRST_PAUSE_MS * 2 ** (tries - 1) * (0.5 + random()), LONGEST_PAUSE_MS);
}

/** A `Retry-After` header in milliseconds; undefined where there is none, or one that is no number of seconds. */
export function retryAfterMs(header: string | undefined): number | undefined {
  return header !== undefined && /^\d+$/.test(header) ? Number(header) * 1000 : undefined;
}
