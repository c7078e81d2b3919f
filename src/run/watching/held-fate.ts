/** What became of one held connection, from what was heard of it. Pure. */
import type { Dark, Track } from '../../judge/windows/track.ts';
import type { HeldFate } from '../../model/held.ts';
import { greatest } from '../../numbers.ts';
import { NO_HEARTBEAT } from '../../probe/watch-protocol.ts';
import type { HeardEvent } from './heard.ts';

/** All times are milliseconds after the watch began. */
export type SeenFate =
  | {
      readonly fate: HeldFate;
      readonly beats: number;
      /** Of one that stalled or broke: the last heartbeat that came back, or its end. */
      readonly endedMs?: number;
      /** Until when it was held. */
      readonly heldMs: number;
      readonly longestStallMs?: number;
      readonly detail?: string;
    }
  | { readonly unseen: string };

/** In so long a heartbeat comes back, unless something is in its way. */
const SILENT_MS = 1_000;

/**
 * @param events in the order of time
 * @param known how many of them had been heard when the step began to act
 * @param dark what attempts at the same time could not be relied on, as windows know it
 */
export function fateOfHeld(events: readonly HeardEvent[], known: number, dark: Track['dark']): SeenFate {
  const before = events.slice(0, known);
  const last = before.at(-1);
  if (last?.event !== 'opened' && last?.event !== 'resumed') return { unseen: whyNotOpen(last) };
  const later = events.slice(known);
  const end = later.findIndex(({ event }) => event === 'broken' || event === 'ended');
  const ended = later[end];
  if (ended === undefined)
    return { unseen: dark.source[0]?.why ?? 'it was not heard of until it was held no more' };
  const until = later.slice(0, end);
  const { beats, detail } = ended;
  if (ended.event === 'broken' && detail !== NO_HEARTBEAT) {
    const why = [...dark.source, ...dark.destination].find((one) => isIn(one, ended.atMs))?.why;
    if (why !== undefined) return { unseen: `it broke while ${why}` };
    const said = detail === undefined ? {} : { detail };
    return { fate: 'broken', beats, endedMs: ended.atMs, heldMs: ended.atMs, ...said };
  }
  const stalled = until.at(-1);
  const heldMs = ended.atMs;
  if (stalled?.event === 'stalled') {
    const why = whyDark([...dark.source, ...dark.destination, ...dark.way], stalled.atMs, heldMs);
    if (why !== undefined) return { unseen: `it stalled ${why}` };
    return { fate: 'stalled', beats, endedMs: stalled.atMs, heldMs };
  }
  const stalls = until.flatMap(({ event, atMs }, index) =>
    event === 'stalled' ? [(until[index + 1]?.atMs ?? heldMs) - atMs] : [],
  );
  return {
    fate: 'survived',
    beats,
    heldMs,
    ...(stalls.length === 0 ? {} : { longestStallMs: greatest(stalls) }),
  };
}

function whyNotOpen(last: HeardEvent | undefined): string {
  if (last === undefined) return 'it was not opened before the step acted';
  switch (last.event) {
    case 'stalled':
      return 'it had stalled before the step acted';
    case 'broken':
      return `it had broken before the step acted${inWords(last)}`;
    default:
      return `it could not be opened before the step acted${inWords(last)}`;
  }
}

function inWords({ detail }: HeardEvent): string {
  return detail === undefined ? '' : ` (${detail})`;
}

function isIn({ fromMs, toMs }: Dark, atMs: number): boolean {
  return fromMs <= atMs && atMs <= toMs;
}

/**
 * Why silence proves nothing; undefined where it does: where nothing was in its way for long enough. What was lost in a dark time is sent
 * again before as much time has passed once more (TCP doubles its waits).
 */
function whyDark(all: readonly Dark[], fromMs: number, toMs: number): string | undefined {
  let lightFromMs = fromMs;
  let darkMs = 0;
  let why: string | undefined;
  const isLongEnough = (untilMs: number): boolean => untilMs - lightFromMs >= SILENT_MS + darkMs;
  for (const dark of all.toSorted((left, right) => left.fromMs - right.fromMs)) {
    if (dark.toMs <= lightFromMs || dark.fromMs >= toMs) continue;
    if (isLongEnough(dark.fromMs)) return undefined;
    darkMs = Math.max(darkMs, dark.toMs - Math.max(dark.fromMs, fromMs));
    lightFromMs = dark.toMs;
    why = `while ${dark.why}`;
  }
  return isLongEnough(toMs) ? undefined : (why ?? 'too shortly before it was held no more');
}
