/** How long to wait before something is tried again: longer each time, and not in step with others. */
import type { IncomingHttpHeaders } from 'node:http';

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

/** Milliseconds to wait: what the own reckoning says, which is at most ten seconds, and never less than what the server asks for. */
export function pauseMs({ tries, random, askedMs = 0 }: Setback): number {
  const reckonedMs = FIRST_PAUSE_MS * 2 ** (tries - 1) * (0.5 + random());
  return Math.max(askedMs, Math.min(reckonedMs, LONGEST_PAUSE_MS));
}

/**
 * What an answer asks for in its `Retry-After` (RFC 9110, 10.2.3), in milliseconds: a number of seconds, or a date, which counts from the
 * answer's own. Undefined where there is none, or one that makes no sense.
 */
export function retryAfterMs({ 'retry-after': asked, date }: IncomingHttpHeaders): number | undefined {
  if (asked === undefined) return undefined;
  if (/^\d+$/.test(asked)) return Number(asked) * 1000;
  const untilMs = asked.endsWith('GMT') ? Date.parse(asked) : Number.NaN;
  const fromMs = Date.parse(date ?? '') || Date.now();
  return Number.isNaN(untilMs) ? undefined : Math.max(0, untilMs - fromMs);
}

/** Follows the words of an answer that asks for more time than there is. */
export function tooLongWords(askedMs: number): string {
  return `; the server asks to wait ${askedMs / 1000} s, which is longer than podreach waits`;
}
