/** The stretches of a watched check, and what they prove: a connection always something, a failed attempt only where all was there to connect. */
import type { Outcome } from '../../model/attempt.ts';
import type { Expectation } from '../../model/check.ts';
import { greatest } from '../../numbers.ts';
import { type Finding, findingOf } from '../finding.ts';
import type { Dark, Track, WatchedStretch } from './track.ts';

/** Attempts in a row that say the same of their check. Times are milliseconds after the watch began. */
export interface Sighting {
  readonly kind: Finding['kind'];
  readonly outcome: Outcome;
  readonly detail?: string;
  /** Why they prove nothing, where that lies in themselves and not in the time. */
  readonly why?: string;
  /** How many there were at the least. */
  readonly count: number;
  /** When the first dialled: a stretch that is cut does not tell it of each attempt. */
  readonly first: Known;
  /** By then the first had shown what it showed. */
  readonly shownMs: number;
  /** When the last dialled. */
  readonly last: Known;
  /** When the last was over. */
  readonly overMs: number;
}

/** A moment, as well as it is known. */
export interface Known {
  readonly earliestMs: number;
  readonly latestMs: number;
}

/** How far apart attempts are. */
export interface Pace {
  readonly everyMs: number;
  /** Who is further apart than this has missed one: attempts are begun at moments that move by a part of `everyMs`. */
  readonly missedMs: number;
  /** What is further apart than this leaves a hole in which nobody could tell, whatever the reason. */
  readonly holeMs: number;
}

export function paceOf(everyMs: number): Pace {
  return { everyMs, missedMs: 1.5 * everyMs, holeMs: Math.max(2.5 * everyMs, everyMs + 500) };
}

/** In the order of time. */
export function sightingsOf(expected: Expectation, track: Track, pace: Pace): Sighting[] {
  const exchangeMs = longestExchange(track.stretches);
  return track.stretches.flatMap((stretch) => {
    const finding = meaningOf(expected, stretch);
    return partsOf(stretch, track, pace).flatMap((part) =>
      cut(part, finding, spoiltBy(expected, part, finding, track, pace), { exchangeMs, pace }),
    );
  });
}

/** Times that cast doubt on what a check shows, those that say most about it first. */
export function darkTimes(expected: Expectation, { dark }: Pick<Track, 'dark'>): readonly Dark[] {
  // A way that does not carry is no excuse for what is to be reachable: it is the gap.
  return [...dark.source, ...dark.destination, ...(expected === 'unreachable' ? dark.way : [])];
}

/** All that an attempt needs is taken for given: where it is not, the time is dark. */
const WHOLE = { listenerAlive: true, seen: { source: 0, destination: 0, between: 0 } } as const;

/**
 * Where a name does not resolve, who dials it reaches nobody: that is a gap, which the same name was not before. It is no proof that anybody is
 * kept from anything (D22).
 */
function meaningOf(expected: Expectation, { outcome, detail }: WatchedStretch): Finding {
  if (outcome === 'dns-failure' && expected === 'reachable') return { kind: 'contradicts' };
  return findingOf(expected, { outcome, ...(detail === undefined ? {} : { detail }), ...WHOLE });
}

/** Dials from one moment to another. */
interface Span {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Dials of a stretch that prove nothing for the time that they fell into, or times in which none can have been made. */
interface Spoilt {
  /** In the order of time. */
  readonly spans: readonly Span[];
  readonly isEmpty: boolean;
}

function spoiltBy(
  expected: Expectation,
  stretch: WatchedStretch,
  { kind }: Finding,
  { clockMs, dark }: Track,
  { everyMs, missedMs }: Pace,
): Spoilt {
  const { firstMs, firstTookMs, lastMs, lastTookMs, mostApartMs } = stretch;
  // What was still out when the dark time began may have ended in it.
  const beforeMs = clockMs + Math.max(firstTookMs, lastTookMs);
  const around = (times: readonly Dark[]): Span[] =>
    times
      .filter(({ fromMs, toMs }) => toMs + clockMs >= firstMs && fromMs - beforeMs <= lastMs)
      .map(({ fromMs, toMs }) => ({ fromMs: fromMs - beforeMs, toMs: toMs + clockMs }));
  const isFailure = kind === (expected === 'unreachable' ? 'agrees' : 'contradicts');
  if (isFailure) return { spans: joined(around(darkTimes(expected, { dark }))), isEmpty: false };
  // Another may have got the address of a pod that is gone.
  if (kind === 'contradicts' && stretch.outcome === 'wrong-peer')
    return { spans: joined(around(dark.destination)), isEmpty: false };
  if (mostApartMs <= missedMs) return { spans: [], isEmpty: true };
  // Other connections prove themselves. But where attempts are missing, the source slept.
  const asleep = dark.source.filter(
    ({ fromMs, toMs }) =>
      toMs - fromMs >= everyMs && toMs - fromMs <= mostApartMs && fromMs > firstMs && toMs < lastMs,
  );
  return { spans: joined(asleep), isEmpty: true };
}

/** Those that overlap become one. */
function joined(spans: readonly Span[]): Span[] {
  const all: Span[] = [];
  for (const span of spans.toSorted((left, right) => left.fromMs - right.fromMs)) {
    const last = all.at(-1);
    if (last === undefined || span.fromMs > last.toMs) all.push(span);
    else all[all.length - 1] = { fromMs: last.fromMs, toMs: Math.max(last.toMs, span.toMs) };
  }
  return all;
}

/** The first and the last attempt by themselves, where nothing is known of those between, or there are none; otherwise the stretch. */
function partsOf(stretch: WatchedStretch, track: Track, pace: Pace): WatchedStretch[] {
  if (stretch.count === 1 || (stretch.count > 2 && !leavesHole(stretch, track, pace))) return [stretch];
  const { firstMs, firstTookMs, lastMs, lastTookMs } = stretch;
  const first = { ...stretch, count: 1, lastMs: firstMs, lastTookMs: firstTookMs, mostApartMs: 0 };
  const last = { ...stretch, count: 1, firstMs: lastMs, firstTookMs: lastTookMs, mostApartMs: 0 };
  return [first, last];
}

/** Whether attempts are missing somewhere in a stretch, and no sleep of the source says where. */
function leavesHole(
  { mostApartMs, firstMs, lastMs }: WatchedStretch,
  { dark }: Track,
  { holeMs }: Pace,
): boolean {
  if (mostApartMs <= holeMs) return false;
  const longestSleepMs = greatest(
    dark.source.map(({ fromMs, toMs }) => Math.min(toMs, lastMs) - Math.max(fromMs, firstMs)),
  );
  return mostApartMs > longestSleepMs + holeMs;
}

/** A stretch without its spoilt dials, and these by themselves, where there were any for sure. */
function cut(
  stretch: WatchedStretch,
  finding: Finding,
  { spans, isEmpty }: Spoilt,
  { exchangeMs, pace }: { readonly exchangeMs: number; readonly pace: Pace },
): Sighting[] {
  const whole = sighting(stretch, finding, exchangeMs);
  if (spans.length === 0) return [whole];
  // What is further apart was not made while the source slept.
  const apartMs = Math.max(1, Math.min(stretch.mostApartMs, pace.missedMs));
  const parts: Sighting[] = [];
  const add = (span: Span, isSpoilt: boolean): void => {
    const part = partOf(whole, span, apartMs);
    if (part !== undefined) parts.push({ ...part, ...(isSpoilt ? { kind: 'proves-nothing' } : {}) });
  };
  let fromMs = stretch.firstMs;
  for (const span of spans) {
    if (span.fromMs > fromMs) add({ fromMs, toMs: span.fromMs }, false);
    if (!isEmpty)
      add({ fromMs: Math.max(fromMs, span.fromMs), toMs: Math.min(span.toMs, stretch.lastMs) }, true);
    fromMs = span.toMs;
  }
  if (fromMs < stretch.lastMs) add({ fromMs, toMs: stretch.lastMs }, false);
  return parts;
}

/** What is known of those that dialled within a span; undefined where there may have been none. */
function partOf(whole: Sighting, { fromMs, toMs }: Span, apartMs: number): Sighting | undefined {
  const { first, shownMs, last, overMs } = whole;
  const holdsFirst = fromMs <= first.latestMs;
  const holdsLast = toMs >= last.earliestMs;
  if (holdsFirst && holdsLast) return whole;
  const known = holdsFirst || holdsLast ? 1 : 0;
  const count = Math.min(whole.count - 1, Math.floor((toMs - fromMs) / apartMs) + known);
  if (count === 0) return undefined;
  const begun = holdsFirst ? first : { earliestMs: fromMs, latestMs: Math.min(fromMs + apartMs, toMs) };
  const ended = holdsLast ? last : { earliestMs: Math.max(toMs - apartMs, fromMs), latestMs: toMs };
  return {
    ...whole,
    count,
    first: begun,
    shownMs: begun.latestMs + (shownMs - first.latestMs),
    last: ended,
    overMs: ended.latestMs + (overMs - last.latestMs),
  };
}

function sighting(stretch: WatchedStretch, finding: Finding, exchangeMs: number): Sighting {
  const { outcome, detail, count, firstMs, firstTookMs, lastMs, lastTookMs } = stretch;
  // Whoever waits for an answer in vain has shown it as soon as one would have come.
  const isInVain = outcome === 'timeout' || outcome === 'one-way' || isUnanswered(outcome, detail);
  return {
    kind: finding.kind,
    outcome,
    ...(detail === undefined ? {} : { detail }),
    ...(finding.kind === 'proves-nothing' ? { why: finding.reason } : {}),
    count,
    first: { earliestMs: firstMs, latestMs: firstMs },
    shownMs: firstMs + (isInVain ? Math.min(firstTookMs, exchangeMs) : firstTookMs),
    last: { earliestMs: lastMs, latestMs: lastMs },
    overMs: lastMs + lastTookMs,
  };
}

/** No name server has answered. */
function isUnanswered(outcome: Outcome, detail: string | undefined): boolean {
  return outcome === 'dns-failure' && detail === 'ETIMEOUT';
}

/** How long it takes to connect, as far as the track tells; infinite where nothing connected. */
function longestExchange(stretches: readonly WatchedStretch[]): number {
  const took = stretches
    .filter(({ outcome }) => outcome === 'connected')
    .flatMap(({ firstTookMs, lastTookMs }) => [firstTookMs, lastTookMs]);
  return took.length === 0 ? Number.POSITIVE_INFINITY : greatest(took);
}
