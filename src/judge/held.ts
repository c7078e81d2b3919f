/** What becomes of a connection that was open before a step cut its pair off, held against what the scenario wants of it. Pure. */
import { duration } from '../duration.ts';
import type { CheckRecord } from '../record/schema.ts';
import type { Judgement } from './judge.ts';

type HeldRecord = NonNullable<CheckRecord['held']>;

/** What a held connection makes of a check by itself; undefined: it is as it is to be, nothing is wanted of it, or nobody could tell. */
function mismatchOf({ wish, fate }: HeldRecord): 'leaked' | 'broken' | undefined {
  if (fate === undefined) return undefined;
  if (wish === 'kept' && fate !== 'survived') return 'broken';
  return wish === 'cut' && fate === 'survived' ? 'leaked' : undefined;
}

/** Whether new connections were cut off as they must be, and only the held one is not as it is to be. */
export function isDecidedByHeld({
  verdict,
  settledMs,
  held,
}: Pick<CheckRecord, 'verdict' | 'settledMs' | 'held'>): boolean {
  // What never showed what is expected has not settled.
  return (
    held !== undefined && settledMs !== undefined && verdict !== undefined && mismatchOf(held) === verdict
  );
}

/**
 * New connections come first: a check that they did not prove cut off keeps its verdict. Otherwise the first rule that fits counts:
 *
 * 1. It was to be kept, and broke or stalled to the end: `broken`. It was to be cut, and survived: `leaked`.
 * 2. It is to be kept or cut, and nobody could tell what became of it: `inconclusive`, unless the check is late.
 */
export function heldVerdict(judged: Judgement, held: HeldRecord | undefined): Judgement {
  if (held === undefined || (judged.verdict !== 'pass' && judged.verdict !== 'late')) return judged;
  const verdict = mismatchOf(held);
  if (verdict !== undefined) return { ...judged, verdict, reason: whyNot(held) };
  if (held.wish === 'either' || held.fate !== undefined || judged.verdict === 'late') return judged;
  const unseen = held.unseen ?? 'the run ended before';
  return {
    ...judged,
    verdict: 'inconclusive',
    reason: `nobody can tell what became of the connection that was open before: ${unseen}`,
  };
}

/** `new connections are cut off as they must be, but one that was open before must be cut too, and survived` */
function whyNot(held: HeldRecord): string {
  const to = held.pod === undefined ? '' : ` to ${held.pod}`;
  return `new connections are cut off as they must be, but one that was open before${to} must be ${held.wish}${held.wish === 'cut' ? ' too' : ''}, and ${describeFate(held)}`;
}

/** `survived for 3.4 s after the last action`, `stalled 80 ms after it`; what nobody could tell is not told. */
export function describeFate({ fate, endedMs = 0, heldMs = 0, longestStallMs, detail }: HeldRecord): string {
  switch (fate) {
    case 'survived': {
      const stall =
        longestStallMs === undefined ? '' : `, and came through a stall of ${duration(longestStallMs)}`;
      return `survived until it was held no more, ${momentOf(heldMs)}${stall}`;
    }
    case 'stalled':
      return `stalled: the last heartbeat came back ${momentOf(endedMs)}, and none in the ${duration(Math.max(0, heldMs - endedMs))} that followed`;
    case 'broken':
      return `broke ${momentOf(endedMs)}${detail === undefined ? '' : ` (${detail})`}`;
    default:
      return 'is not known';
  }
}

/** `3.4 s after the last action` */
function momentOf(ms: number): string {
  return ms < 0
    ? `${duration(-ms)} before the last action was done`
    : `${duration(ms)} after the last action`;
}
