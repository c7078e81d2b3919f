/**
 * What the attempts of a check showed, one after the other: attempts in a row that show just the same are one stretch, with its first
 * and its last. So every change is kept, and a check that shows the same for an hour takes no more room than one that was tried twice.
 */
import type { Attempt, HeardBackends, Moment, Shown, Triangle } from './attempt.ts';

/** Attempts in a row that show the same, also of which sides of their triangle were seen. */
export interface Stretch extends Shown {
  readonly count: number;
  readonly first: Moment;
  /** Absent where there is but one. */
  readonly last?: Moment;
  /** What they took; absent where first and last say all. */
  readonly took?: Took;
  /** How often they dialled; absent where first and last say all, or all dialled once. */
  readonly dialled?: DialRange;
}

export interface Took {
  readonly leastMs: number;
  readonly mostMs: number;
  readonly totalMs: number;
}

export interface DialRange {
  readonly fewest: number;
  readonly most: number;
}

/** In their order. */
export type Observation = readonly Stretch[];

/** All that was seen of a check, by what was in force; absent: not tried. */
export interface Observations {
  /** Before any policy. */
  readonly control?: Observation;
  /** While its step came into force: it tells when a change came, and decides nothing. */
  readonly turning?: Observation;
  /** Under the policies. */
  readonly observed?: Observation;
  /** After the policies had been taken away. */
  readonly closing?: Observation;
}

/** Which of its observations an attempt belongs to. */
export function observationOf(phase: Moment['phase']): keyof Observations {
  switch (phase) {
    case 'settle':
    case 'observe':
      return 'observed';
    case 'turn':
      return 'turning';
    case 'control':
    case 'closing':
      return phase;
  }
}

/** The same observation, and one attempt more. */
export function observe(observation: Observation, attempt: Attempt): Observation {
  const newest = observation.at(-1);
  // There are tens of thousands: an array that is spread into another has room for more than it will ever hold.
  if (newest === undefined || !showsTheSame(newest, attempt)) return observation.concat(stretchOf(attempt));
  return observation.slice(0, -1).concat(lengthened(newest, momentOf(attempt)));
}

/** All attempts of a check as its observations. */
export function observeAll(attempts: readonly Attempt[]): Observations {
  const observations: { -readonly [Key in keyof Observations]: Observations[Key] } = {};
  for (const attempt of attempts) {
    const key = observationOf(attempt.phase);
    observations[key] = observe(observations[key] ?? [], attempt);
  }
  return observations;
}

/** A stretch of one attempt. */
export function stretchOf(attempt: Attempt): Stretch {
  const { phase, round, atMs, durationMs, dials, seen, ...shown } = attempt;
  return { ...shown, count: 1, first: momentOf(attempt) };
}

/** How many attempts there were. */
export function countOf(observation: Observation): number {
  return observation.reduce((sum, { count }) => sum + count, 0);
}

export function firstOf({ first, ...rest }: Stretch): Attempt {
  return { ...shownBy(rest), ...first };
}

export function lastOf({ first, last = first, ...rest }: Stretch): Attempt {
  return { ...shownBy(rest), ...last };
}

/** The newest attempt of all. */
export function newestOf({ control, turning, observed, closing }: Observations): Attempt | undefined {
  const stretch = (closing ?? observed ?? turning ?? control)?.at(-1);
  return stretch && lastOf(stretch);
}

/** Undefined where nothing was tried, so that nothing took any time. */
export function tookOf({ took, first, last }: Stretch): Took | undefined {
  if (took !== undefined) return took;
  const times = [first, last].flatMap((moment) => moment?.durationMs ?? []);
  if (times.length === 0) return undefined;
  return {
    leastMs: Math.min(...times),
    mostMs: Math.max(...times),
    totalMs: times.reduce((sum, ms) => sum + ms, 0),
  };
}

export function dialledOf({ dialled, first, last = first }: Stretch): DialRange {
  if (dialled !== undefined) return dialled;
  const [one, other] = [first.dials ?? 1, last.dials ?? 1];
  return { fewest: Math.min(one, other), most: Math.max(one, other) };
}

function lengthened(stretch: Stretch, moment: Moment): Stretch {
  const { count, first, took: _, dialled: __, ...rest } = stretch;
  const longer = { ...rest, count: count + 1, first, last: moment };
  if (count === 1) return longer;
  const before = tookOf(stretch);
  const { durationMs: ms } = moment;
  const { fewest, most } = dialledOf(stretch);
  const dials = moment.dials ?? 1;
  return {
    ...longer,
    ...(before === undefined || ms === undefined
      ? {}
      : {
          took: {
            leastMs: Math.min(before.leastMs, ms),
            mostMs: Math.max(before.mostMs, ms),
            totalMs: before.totalMs + ms,
          },
        }),
    ...(Math.max(most, dials) === 1
      ? {}
      : { dialled: { fewest: Math.min(fewest, dials), most: Math.max(most, dials) } }),
  };
}

function showsTheSame(stretch: Stretch, attempt: Attempt): boolean {
  const { last = stretch.first } = stretch;
  return (
    stretch.outcome === attempt.outcome &&
    stretch.late === attempt.late &&
    stretch.listenerAlive === attempt.listenerAlive &&
    stretch.unasked === attempt.unasked &&
    stretch.detail === attempt.detail &&
    isSameSplit(stretch.backends, attempt.backends) &&
    sidesOf(last) === sidesOf(attempt) &&
    (last.durationMs === undefined) === (attempt.durationMs === undefined)
  );
}

function isSameSplit(one: HeardBackends | undefined, other: HeardBackends | undefined): boolean {
  return one?.answered.join() === other?.answered.join() && one?.silent.join() === other?.silent.join();
}

/** Which sides of the triangle were seen. */
function sidesOf({ seen }: { readonly seen?: Triangle }): string {
  if (seen === undefined) return 'none asked for';
  return [seen.source, seen.destination, seen.between].map((side) => side !== undefined).join();
}

function momentOf({ phase, round, atMs, durationMs, dials, seen }: Attempt): Moment {
  return {
    phase,
    round,
    atMs,
    ...(durationMs === undefined ? {} : { durationMs }),
    ...(dials === undefined ? {} : { dials }),
    ...(seen === undefined ? {} : { seen }),
  };
}

function shownBy({ outcome, late, listenerAlive, unasked, detail, backends }: Shown): Shown {
  return {
    outcome,
    ...(late === undefined ? {} : { late }),
    ...(listenerAlive === undefined ? {} : { listenerAlive }),
    ...(unasked === undefined ? {} : { unasked }),
    ...(detail === undefined ? {} : { detail }),
    ...(backends === undefined ? {} : { backends }),
  };
}
