/** Times between two attempts that prove something in which nobody could tell, each with its reason. */
import type { Window } from '../../model/window.ts';
import type { Known, Pace, Sighting } from './sightings.ts';
import type { Dark } from './track.ts';

/** What proves something before and after: an attempt, or the beginning and the end of the watch. */
export interface Between {
  /** When the last attempt before dialled. */
  readonly from: Known;
  /** When the first attempt after dialled. */
  readonly to: Known;
  /** By then it had shown something; absent: the watch was over. */
  readonly shownMs?: number;
  /** Attempts in between, which prove nothing. */
  readonly sightings: readonly Sighting[];
}

const NOT_TRIED = 'no attempt was made, or none was heard of';

/** Whether nobody could tell what a check showed meanwhile, and not just because attempts are some time apart. */
export function isBlind({ from, to }: Between, dark: readonly Dark[], { missedMs, holeMs }: Pace): boolean {
  const apartMs = to.latestMs - from.earliestMs;
  if (apartMs > holeMs) return true;
  return apartMs > missedMs && dark.some((one) => one.toMs > from.latestMs && one.fromMs < to.earliestMs);
}

/**
 * Windows of one reason each, one after the other.
 * @param dark those that say most first
 */
export function unknownWindows(between: Between, dark: readonly Dark[], { holeMs }: Pace): Window[] {
  const { from, to, shownMs, sightings } = between;
  const own = sightings.flatMap(({ why, first, overMs }) =>
    why === undefined ? [] : [{ fromMs: first.latestMs, toMs: overMs, why }],
  );
  const reasons = inTurns([...dark, ...own], { fromMs: from.latestMs, toMs: to.earliestMs }, holeMs);
  return reasons.map((reason, index) => {
    const before = reasons[index - 1];
    const after = reasons[index + 1];
    const endedBy = after?.fromMs ?? shownMs;
    return {
      kind: 'unknown',
      began: { earliestMs: before?.toMs ?? from.earliestMs, latestMs: reason.fromMs },
      ...(endedBy === undefined ? {} : { ended: { earliestMs: reason.toMs, latestMs: endedBy } }),
      attempts: sightings
        .filter(
          ({ first }) => (reasons.find(({ toMs }) => first.latestMs <= toMs) ?? reasons.at(-1)) === reason,
        )
        .reduce((sum, { count }) => sum + count, 0),
      why: reason.why,
    };
  });
}

/** Reasons that do not overlap: what came first goes on. Ones of the same words are one; what none explains is one by itself. */
function inTurns(
  reasons: readonly Dark[],
  { fromMs, toMs }: Pick<Dark, 'fromMs' | 'toMs'>,
  holeMs: number,
): Dark[] {
  const turns: Dark[] = [];
  let until = fromMs;
  for (const reason of reasons.toSorted((left, right) => left.fromMs - right.fromMs)) {
    const begunMs = Math.max(reason.fromMs, until);
    const endedMs = Math.min(reason.toMs, toMs);
    if (endedMs <= begunMs) continue;
    if (begunMs - until > holeMs) turns.push({ fromMs: until, toMs: begunMs, why: NOT_TRIED });
    const last = turns.at(-1);
    if (last?.why === reason.why) turns[turns.length - 1] = { ...last, toMs: endedMs };
    else turns.push({ fromMs: begunMs, toMs: endedMs, why: reason.why });
    until = endedMs;
  }
  if (toMs - until > holeMs || turns.length === 0) turns.push({ fromMs: until, toMs, why: NOT_TRIED });
  return turns;
}
