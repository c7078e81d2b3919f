/**
 * The windows of a watched check: when it did not show what is expected, and when nobody could tell. Pure: windows follow from the track,
 * so they can be worked out again and again while it grows.
 */
import type { Expectation } from '../../model/check.ts';
import type { Edge, Window } from '../../model/window.ts';
import { type Between, isBlind, unknownWindows } from './blind.ts';
import { darkTimes, type Known, paceOf, type Sighting, sightingsOf } from './sightings.ts';
import type { Track } from './track.ts';

export interface WatchTimes {
  /** How often the check was tried. */
  readonly everyMs: number;
  /** When the watch ended, or until when it is known. */
  readonly endMs: number;
}

/** A single failed attempt may have lost its packets: it is no gap. */
const LEAST_FAILED = 2;

/** In the order of time. */
export function windowsOf(expected: Expectation, track: Track, { everyMs, endMs }: WatchTimes): Window[] {
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
  return [
    ...contraryWindows(expected, rows, { endMs, isSeenToEnd: !isUnseen(atEnd) }),
    ...blind.flatMap((between) => unknownWindows(between, dark, pace)),
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

/** An edge lies between attempts that prove the one and the other: where nobody could tell in between, it is as uncertain as that is long. */
function contraryWindows(
  expected: Expectation,
  rows: readonly ProvenRow[],
  { endMs, isSeenToEnd }: { readonly endMs: number; readonly isSeenToEnd: boolean },
): Window[] {
  const least = expected === 'unreachable' ? 1 : LEAST_FAILED;
  const agreedAfter = shownNext(rows);
  const windows: Window[] = [];
  let agreedBeforeMs = 0;
  for (const [index, { kind, sightings }] of rows.entries()) {
    const [first] = sightings;
    const last = sightings.at(-1) ?? first;
    if (kind === 'agrees') {
      agreedBeforeMs = last.last.earliestMs;
      continue;
    }
    const attempts = countOf(sightings);
    if (attempts < least) continue;
    const isOpen = index === rows.length - 1 && isSeenToEnd;
    windows.push({
      kind: expected === 'unreachable' ? 'leak' : 'gap',
      began: { earliestMs: agreedBeforeMs, latestMs: first.shownMs },
      ...(isOpen
        ? {}
        : { ended: { earliestMs: last.last.earliestMs, latestMs: agreedAfter[index] ?? endMs } }),
      attempts,
      ...mostOf(sightings),
    });
  }
  return windows;
}

/** For each row, when the next one that agrees had shown so. */
function shownNext(rows: readonly ProvenRow[]): (number | undefined)[] {
  let next: number | undefined;
  return rows
    .toReversed()
    .map(({ kind, sightings: [first] }) => {
      const after = next;
      if (kind === 'agrees') next = first.shownMs;
      return after;
    })
    .toReversed();
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
