/** When a container is visited next, as pure functions of times in milliseconds. */

/** How soon a container that was never ready is visited again. */
const SOON_MS = 50;
/** One that keeps failing is visited after this part of the time that it has taken already. */
const PATIENCE = 1 / 10;
/** Phases are multiples of this: to wake up is half of what a visit costs, and a few containers may share it. */
const SLOT_MS = 20;
/** All places in a period lie in this part of it: whoever waits until all containers were visited then waits half as long on average. */
const VISITING = 1 / 5;

export interface Timetable {
  readonly periodMs: number;
  /** Where in its period a container is visited: a whole number, as the period is, so that their sums are exact. */
  readonly phaseMs: number;
}

/**
 * The phase of the `index`-th container. Any number of them in a row is spread evenly over the part of the period in which containers
 * are visited (the golden ratio does that), so that they are not all visited at once.
 */
export function phaseOf(index: number, periodMs: number): number {
  const place = (index * 0.618_033_988_75) % 1;
  return Math.floor((place * VISITING * periodMs) / SLOT_MS) * SLOT_MS;
}

/**
 * The next visit before the first success. A kubelet waits a whole period; here a container is to be ready when it can be.
 * @param beganAtMs when the visit before began
 * @param waitedMs for how long the container has been visited
 */
export function nextEarlyVisit({ periodMs }: Timetable, beganAtMs: number, waitedMs: number): number {
  return beganAtMs + Math.min(periodMs, Math.max(SOON_MS, waitedMs * PATIENCE));
}

/**
 * The next visit after a success: always the same place in the period, so that no delay adds up. A visit that took
 * longer than the period is followed by the next at once, and what was missed before that is left out, as a Go ticker does.
 * @param dueAtMs when the visit before was due
 */
export function nextVisit({ periodMs, phaseMs }: Timetable, dueAtMs: number, nowMs: number): number {
  const latest = (timeMs: number): number => Math.floor((timeMs - phaseMs) / periodMs) * periodMs + phaseMs;
  return Math.max(latest(dueAtMs) + periodMs, latest(nowMs));
}
