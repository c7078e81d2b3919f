/**
 * The windows of a watched check: when it did not show what is expected, and when nobody could tell. Pure: windows follow from the track,
 * so they can be worked out again and again while it grows.
 */
import type { Expectation } from '../../model/check.ts';
import type { Edge, Window } from '../../model/window.ts';
import { greatest } from '../../numbers.ts';
import { type Between, isBlind, unknownWindows } from './blind.ts';
import { darkTimes, type Known, type Pace, paceOf, type Sighting, sightingsOf } from './sightings.ts';
import type { Track } from './track.ts';

export interface WatchTimes {
  /** How often the check was tried. */
  readonly everyMs: number;
  /** When the watch ended, or until when it is known. */
  readonly endMs: number;
  /** Whether it has ended: what was not tried by then never is. */
  readonly isOver?: boolean;
}

/** A single failed attempt may have lost its packets: it is no gap. */
const LEAST_FAILED = 2;

/** In the order of time. */
export function windowsOf(expected: Expectation, track: Track, times: WatchTimes): Window[] {
  const { everyMs, endMs, isOver = false } = times;
  const pace = paceOf(everyMs);
  const dark = darkTimes(expected, track);
  const sightings = sightingsOf(expected, track, pace);
  const isUnseen = (between: Between): boolean => isBlind(between, dark, pace);
  const rows = inRows(sightings, isUnseen);
  const atEnd = endOf(sightings, endMs);
  const blind = [
    ...rows.flatMap(({ blindBefore }) => blindBefore ?? []),
    ...(isUnseen(atEnd) ? [atEnd] : []),
  ];
  // However short the watch was: without an attempt that proves something, nothing is known of any of it.
  const isUntold = isOver && rows.length === 0;
  return [
    ...contraryWindows(expected, rows, { endMs, isSeenToEnd: !isUnseen(atEnd), pace }),
    ...(isUntold
      ? unknownWindows(atEnd, dark, { ...pace, holeMs: 0 })
      : blind.flatMap((between) => unknownWindows(between, dark, pace))),
  ]
    .map((window) => widened(window, track.clockMs, endMs))
    .sort((left, right) => left.began.latestMs - right.began.latestMs);
}

/** Attempts that followed each other and prove the same, with no time in between that nobody could see. */
interface ProvenRow {
  readonly kind: 'agrees' | 'contradicts';
  readonly sightings: [Sighting, ...Sighting[]];
  /** The time before it, where nobody could tell what it showed. */
  readonly blindBefore?: Between;
}

function inRows(sightings: readonly Sighting[], isUnseen: (between: Between) => boolean): ProvenRow[] {
  const rows: ProvenRow[] = [];
  let nothing: Sighting[] = [];
  let from = exactly(0);
  for (const sighting of sightings) {
    const { kind, first, shownMs, last } = sighting;
    if (kind === 'proves-nothing') {
      nothing.push(sighting);
      continue;
    }
    const between = { from, to: first, shownMs, sightings: nothing };
    const blindBefore = isUnseen(between) ? between : undefined;
    const row = rows.at(-1);
    if (row?.kind === kind && blindBefore === undefined) row.sightings.push(sighting);
    else rows.push({ kind, sightings: [sighting], ...(blindBefore === undefined ? {} : { blindBefore }) });
    nothing = [];
    from = last;
  }
  return rows;
}

/** From the last attempt that proves something to the end of the watch. */
function endOf(sightings: readonly Sighting[], endMs: number): Between {
  const last = sightings.findLastIndex(({ kind }) => kind !== 'proves-nothing');
  const from = exactly(Math.min(endMs, sightings[last]?.overMs ?? 0));
  return { from, to: exactly(endMs), sightings: sightings.slice(last + 1) };
}

function exactly(ms: number): Known {
  return { earliestMs: ms, latestMs: ms };
}

/** A window that is not told yet. */
interface Contrary extends Pick<Window, 'began' | 'ended'> {
  readonly sightings: readonly Sighting[];
  /** By then all of its attempts had shown what they showed: a gap's when they dialled. */
  readonly overMs: number;
}

/** An edge lies between attempts that prove the one and the other: where nobody could tell in between, it is as uncertain as that is long. */
function contraryWindows(
  expected: Expectation,
  rows: readonly ProvenRow[],
  {
    endMs,
    isSeenToEnd,
    pace,
  }: { readonly endMs: number; readonly isSeenToEnd: boolean; readonly pace: Pace },
): Window[] {
  const found: Contrary[] = [];
  let isUnbroken = false;
  for (const [index, row] of rows.entries()) {
    if (row.blindBefore !== undefined) isUnbroken = false;
    if (row.kind === 'agrees') continue;
    if (countOf(row.sightings) < (expected === 'unreachable' ? 1 : LEAST_FAILED)) continue;
    const before = isUnbroken ? found.at(-1) : undefined;
    const agreedBeforeMs = agreedBefore(rows, index, pace);
    const { overMs, ...contrary } = contraryOf(expected, row, agreedBeforeMs);
    const ended = {
      earliestMs: lastOf(row).last.earliestMs,
      latestMs: agreedAfter(rows, index, overMs, pace) ?? endMs,
    };
    const isOpen = index === rows.length - 1 && isSeenToEnd;
    const one = { ...contrary, overMs, ...(isOpen ? {} : { ended }) };
    // A connection that took long may have been made when the next ones were, whatever was dialled and denied meanwhile.
    if (before !== undefined && before.overMs > agreedBeforeMs) found.splice(-1, 1, asOne(before, one));
    else found.push(one);
    isUnbroken = true;
  }
  return found.map(({ began, ended, sightings }) => ({
    kind: expected === 'unreachable' ? 'leak' : 'gap',
    began,
    ...(ended === undefined ? {} : { ended }),
    attempts: countOf(sightings),
    ...mostOf(sightings),
  }));
}

function contraryOf(expected: Expectation, row: ProvenRow, agreedBeforeMs: number): Omit<Contrary, 'ended'> {
  const { sightings } = row;
  return {
    began: { earliestMs: agreedBeforeMs, latestMs: sightings[0].shownMs },
    sightings,
    overMs:
      expected === 'unreachable' ? greatest(sightings.map((one) => one.overMs)) : lastOf(row).last.latestMs,
  };
}

function asOne(before: Contrary, after: Contrary): Contrary {
  return {
    ...after,
    began: { ...before.began, latestMs: Math.min(before.began.latestMs, after.began.latestMs) },
    sightings: [...before.sightings, ...after.sightings],
    overMs: Math.max(before.overMs, after.overMs),
  };
}

function lastOf({ sightings }: ProvenRow): Sighting {
  return sightings.at(-1) ?? sightings[0];
}

/**
 * When the last one dialled that agrees, and had shown so when the contrary was dialled: one that was out then may have connected later.
 * What waits in vain shows so from its dial on.
 */
function agreedBefore(rows: readonly ProvenRow[], contrary: number, { holeMs }: Pace): number {
  const contraryMs = rows[contrary]?.sightings[0].first.earliestMs ?? 0;
  for (let index = contrary - 1; index >= 0; index -= 1) {
    const { kind, sightings } = rows[index] as ProvenRow;
    if (kind !== 'agrees') continue;
    for (const { outcome, first, shownMs, last, overMs } of sightings.toReversed()) {
      const isInVain = outcome === 'timeout';
      const tookMs = isInVain ? 0 : overMs - last.latestMs;
      if (last.latestMs + tookMs <= contraryMs) return last.earliestMs;
      if ((isInVain ? first.latestMs : shownMs) <= contraryMs)
        return Math.max(first.earliestMs, contraryMs - tookMs - holeMs);
    }
  }
  return 0;
}

/** When the first one had shown that it agrees that dialled after the contrary had been shown: one that was out before tells of before. */
function agreedAfter(
  rows: readonly ProvenRow[],
  contrary: number,
  contraryMs: number,
  { holeMs }: Pace,
): number | undefined {
  for (let index = contrary + 1; index < rows.length; index += 1) {
    const { kind, sightings } = rows[index] as ProvenRow;
    if (kind !== 'agrees') continue;
    for (const { first, shownMs, last } of sightings) {
      if (first.latestMs >= contraryMs) return shownMs;
      if (last.earliestMs >= contraryMs)
        return Math.min(last.latestMs, contraryMs + holeMs) + (shownMs - first.latestMs);
    }
  }
  return undefined;
}

/** What most of them showed. */
function mostOf(sightings: readonly Sighting[]): Pick<Window, 'outcome' | 'detail'> {
  const byShown = new Map<string, Sighting[]>();
  for (const sighting of sightings) {
    const key = `${sighting.outcome} ${sighting.detail ?? ''}`;
    byShown.set(key, [...(byShown.get(key) ?? []), sighting]);
  }
  const [most = []] = [...byShown.values()].sort((left, right) => countOf(right) - countOf(left));
  const [{ outcome, detail } = { outcome: undefined, detail: undefined }] = most;
  return { ...(outcome === undefined ? {} : { outcome }), ...(detail === undefined ? {} : { detail }) };
}

function countOf(sightings: readonly Sighting[]): number {
  return sightings.reduce((sum, { count }) => sum + count, 0);
}

/** Clocks are compared through execs: each edge may be off by so much, but lies within the watch. */
function widened(window: Window, clockMs: number, endMs: number): Window {
  const within = (ms: number): number => Math.max(0, Math.min(endMs, ms));
  const edge = ({ earliestMs, latestMs }: Edge): Edge => ({
    earliestMs: within(earliestMs - clockMs),
    latestMs: within(latestMs + clockMs),
  });
  const { began, ended, ...rest } = window;
  return { ...rest, began: edge(began), ...(ended === undefined ? {} : { ended: edge(ended) }) };
}
