/** Stretches of time, in milliseconds after the watch began. Pure. */

export interface TimeSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * Where nothing was seen: what lies between the spans, before them and after them, as far as it is longer than `toleratedMs`.
 * @param seen in any order; they may overlap
 * @param within the time in question
 */
export function holesBetween(
  seen: readonly TimeSpan[],
  within: TimeSpan,
  toleratedMs: number,
): readonly TimeSpan[] {
  const holes: TimeSpan[] = [];
  let seenUntil = within.fromMs;
  const note = (toMs: number): void => {
    if (toMs - seenUntil > toleratedMs) holes.push({ fromMs: seenUntil, toMs });
  };
  for (const { fromMs, toMs } of seen.toSorted((left, right) => left.fromMs - right.fromMs)) {
    if (toMs <= seenUntil) continue;
    note(Math.min(fromMs, within.toMs));
    seenUntil = Math.max(seenUntil, toMs);
    if (seenUntil >= within.toMs) return holes;
  }
  note(within.toMs);
  return holes;
}
