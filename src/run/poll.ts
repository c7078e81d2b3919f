/** How often to look at something that takes its time. */

const LONGEST_PAUSE_MS = 2_000;

/**
 * Milliseconds until the next look: the longer it takes, the less often a look is worth its price, so every tenth of the time so far.
 * @param shortestMs never less than this
 */
export function pollPauseMs(soFarMs: number, shortestMs: number): number {
  return Math.min(LONGEST_PAUSE_MS, Math.max(shortestMs, soFarMs / 10));
}
