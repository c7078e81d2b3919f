/** Windows held against the truth: a pair that opens and closes, agents that sleep, clocks that differ. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { windowsOf } from '../../../src/judge/windows/windows.ts';
import type { Expectation } from '../../../src/model/check.ts';
import { lengthOf, type Window } from '../../../src/model/window.ts';
import { seededRandom } from '../loss/packets.ts';
import { type Tried, trackOf } from './tracks.ts';

const END_MS = 60_000;
const RUNS = 300;

interface Interval {
  readonly fromMs: number;
  readonly toMs: number;
}

interface World {
  readonly expected: Expectation;
  readonly everyMs: number;
  /** How far an attempt may be from its turn. */
  readonly jitterMs: number;
  readonly timeoutMs: number;
  readonly exchangeMs: number;
  /** What the clock of the source shows too much. */
  readonly offsetMs: number;
  readonly clockMs: number;
  /** When the pair does not do what is expected. */
  readonly truth: readonly Interval[];
  readonly attempts: readonly Tried[];
}

/** Intervals with something between them; what begins with the watch may have begun before it, and what ends with it may go on. */
const intervals = (shortestMs: number, longestMs: number): fc.Arbitrary<Interval[]> =>
  fc
    .array(
      fc.record({
        pauseMs: fc.oneof(fc.integer({ min: 0, max: 2_000 }), fc.integer({ min: 0, max: 20_000 })),
        lastsMs: fc.integer({ min: shortestMs, max: longestMs }),
      }),
      { maxLength: 5 },
    )
    .map((parts) => {
      const all: Interval[] = [];
      let atMs = 0;
      for (const { pauseMs, lastsMs } of parts) {
        const fromMs = atMs + pauseMs + (all.length === 0 ? 0 : 1);
        if (fromMs >= END_MS) break;
        atMs = Math.min(END_MS, fromMs + lastsMs);
        all.push({ fromMs, toMs: atMs });
      }
      return all;
    });

const isIn = (all: readonly Interval[], ms: number): boolean =>
  all.some(({ fromMs, toMs }) => ms >= fromMs && ms < toMs);

const worlds: fc.Arbitrary<World> = fc
  .record({
    expected: fc.constantFrom('reachable' as const, 'unreachable' as const),
    everyMs: fc.constantFrom(250, 500, 1000),
    jitter: fc.constantFrom(0, 0.05, 0.1),
    phase: fc.double({ min: 0, max: 1, noNaN: true }),
    timeoutMs: fc.constantFrom(200, 500, 1000),
    exchangeMs: fc.constantFrom(1, 7, 40),
    offset: fc.double({ min: -1, max: 1, noNaN: true }),
    clockMs: fc.constantFrom(0, 20, 150),
    truth: intervals(1, 6_000),
    /** What chance decides of each attempt: its moment, and when within its exchange it meets the truth. */
    seed: fc.nat(),
  })
  .map(({ jitter, phase, offset, seed, ...world }) => {
    const { everyMs, timeoutMs, exchangeMs, clockMs, truth, expected } = world;
    const chance = seededRandom(seed);
    const jitterMs = jitter * everyMs;
    const offsetMs = offset * clockMs;
    const attempts: Tried[] = [];
    for (let turn = 0; (turn + phase + jitter) * everyMs < END_MS; turn += 1) {
      const atMs = Math.max(0, (turn + phase) * everyMs + jitterMs * (2 * chance() - 1));
      const isAsExpected = !isIn(truth, atMs + exchangeMs * chance());
      const isOpen = isAsExpected === (expected === 'reachable');
      attempts.push({
        outcome: isOpen ? 'connected' : 'timeout',
        atMs: atMs + offsetMs,
        // A timer comes late on a busy node, as does an answer.
        tookMs: isOpen ? exchangeMs : timeoutMs + 300 * chance() ** 4,
      });
    }
    return { ...world, jitterMs, offsetMs, attempts };
  });

const found = ({ expected, everyMs, clockMs, attempts }: World): Window[] =>
  windowsOf(expected, trackOf(attempts, { clockMs }), { everyMs, endMs: END_MS });
const rounded = 1e-6;

/** Whether a change of the truth may be where a window says that it was. */
function fits({ began, ended }: Window, { fromMs, toMs }: Interval): boolean {
  return (
    began.earliestMs <= fromMs + rounded &&
    fromMs <= began.latestMs + rounded &&
    (ended === undefined || (ended.earliestMs <= toMs + rounded && toMs <= ended.latestMs + rounded))
  );
}

describe('with the truth known', () => {
  test('each window holds a time in which it was so, its begin and its end within the edges', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        // Two that no attempt told apart are one to everybody.
        const pairs = world.truth.flatMap((one, index) =>
          world.truth.slice(index).map(({ toMs }) => ({ ...one, toMs })),
        );
        for (const window of found(world)) {
          expect(window.kind).toBe(world.expected === 'reachable' ? 'gap' : 'leak');
          expect(pairs.some((interval) => fits(window, interval))).toBe(true);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('nothing is found where all is as expected', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        if (world.truth.length === 0) expect(found(world)).toEqual([]);
        // Nor is there more than what there is.
        expect(found(world).length).toBeLessThanOrEqual(world.truth.length);
      }),
      { numRuns: RUNS },
    );
  });

  test('what lasts for twice the time between two attempts is found', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const windows = found(world);
        const { everyMs, jitterMs, exchangeMs } = world;
        for (const interval of world.truth)
          if (interval.toMs - interval.fromMs >= 2 * (everyMs + jitterMs) + exchangeMs)
            expect(windows.some((window) => fits(window, interval) || holds(window, interval))).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  test('a leak is found by the one attempt that saw it', () => {
    fc.assert(
      fc.property(worlds, (world) => {
        const leaks = world.expected === 'unreachable' ? found(world) : [];
        const connected = world.attempts.filter(({ outcome }) => outcome === 'connected');
        if (world.expected === 'unreachable')
          expect(leaks.reduce((sum, { attempts }) => sum + attempts, 0)).toBe(connected.length);
        for (const { atMs } of world.expected === 'unreachable' ? connected : [])
          expect(leaks.some((window) => mayHold(window, atMs))).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });
});

describe('where packets that were lost are sent again', () => {
  /** What is denied at first connects if it is not when the packet is sent again. */
  const resent = fc
    .record({ world: worlds, againMs: fc.constantFrom(120, 180, 450, 900) })
    .map(({ world, againMs }) => {
      const { truth, expected, offsetMs, exchangeMs, timeoutMs } = world;
      const attempts = world.attempts.map((one): Tried => {
        const isOpen = isIn(truth, one.atMs - offsetMs + againMs) === (expected === 'unreachable');
        return one.outcome === 'timeout' && againMs < timeoutMs && isOpen
          ? { ...one, outcome: 'connected', tookMs: againMs + exchangeMs }
          : one;
      });
      return { ...world, attempts };
    });

  test('each window still holds a time in which it was so, its begin and its end within the edges, and none is told twice', () => {
    fc.assert(
      fc.property(resent, (world) => {
        const pairs = world.truth.flatMap((one, index) =>
          world.truth.slice(index).map(({ toMs }) => ({ ...one, toMs })),
        );
        const windows = found(world);
        for (const window of windows) expect(pairs.some((interval) => fits(window, interval))).toBe(true);
        expect(windows.length).toBeLessThanOrEqual(world.truth.length);
      }),
      { numRuns: RUNS },
    );
  });
});

function holds(window: Window, { fromMs, toMs }: Interval): boolean {
  return mayHold(window, fromMs) && mayHold(window, toMs);
}

/** @param atMs by a clock that may show a moment before the watch or after it */
function mayHold({ began, ended }: Window, atMs: number): boolean {
  const ms = Math.max(0, Math.min(END_MS, atMs));
  return began.earliestMs <= ms + rounded && ms <= (ended?.latestMs ?? END_MS) + rounded;
}

function surelyHolds({ began, ended }: Window, ms: number): boolean {
  return began.latestMs < ms - rounded && ms < (ended?.earliestMs ?? END_MS) - rounded;
}

describe('with times in which nobody can tell', () => {
  const dimmed = fc
    .record({
      world: worlds,
      source: intervals(300, 8_000),
      destination: intervals(300, 8_000),
      way: intervals(300, 8_000),
      isHidden: fc.boolean(),
    })
    .map(({ world, source, destination, way, isHidden }) => {
      const { expected, offsetMs, everyMs, clockMs } = world;
      const attempts = world.attempts
        // A source that sleeps makes no attempts, and one that was out then is not counted.
        .filter(({ atMs, tookMs }) => {
          const [fromMs, toMs] = [atMs - offsetMs, atMs - offsetMs + tookMs];
          return !source.some((one) => fromMs < one.toMs && toMs > one.fromMs);
        })
        // Nobody connects to what sleeps, or over a way that does not carry.
        .map((one): Tried => {
          const isDark = [...destination, ...way].some(
            ({ fromMs, toMs }) => one.atMs - offsetMs >= fromMs && one.atMs - offsetMs < toMs,
          );
          return isDark ? { ...one, outcome: 'timeout', tookMs: world.timeoutMs } : one;
        });
      const noted = (all: readonly Interval[], why: string) => all.map((one) => ({ ...one, why }));
      const track = trackOf(attempts, {
        clockMs,
        // Its own clock tells when it slept.
        source: noted(source, 'asleep').map(({ fromMs, toMs, why }) => ({
          fromMs: fromMs + offsetMs,
          toMs: toMs + offsetMs,
          why,
        })),
        destination: noted(destination, 'gone'),
        way: noted(way, 'shut'),
        // An agent ends a stretch where an attempt is missing.
        apartMs: isHidden ? END_MS : 1.5 * everyMs,
      });
      return {
        world,
        isHidden,
        source,
        destination,
        way,
        attempts,
        windows: windowsOf(expected, track, { everyMs, endMs: END_MS }),
      };
    });

  test('each leak and gap still has the truth within its edges, save that a way which does not carry is a gap', () => {
    fc.assert(
      fc.property(dimmed, ({ world, way, windows }) => {
        const truth = world.expected === 'reachable' ? [...world.truth, ...way] : world.truth;
        const pairs = truth.flatMap(({ fromMs }) => truth.map(({ toMs }) => ({ fromMs, toMs })));
        for (const window of windows)
          if (window.kind !== 'unknown') expect(pairs.some((pair) => fits(window, pair))).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  test('every connection of what must not connect is in a leak, and in nothing unknown', () => {
    fc.assert(
      fc.property(dimmed, ({ world, attempts, windows, isHidden }) => {
        if (world.expected === 'reachable') return;
        for (const { outcome, atMs } of attempts) {
          if (outcome !== 'connected') continue;
          expect(windows.some((window) => window.kind === 'leak' && mayHold(window, atMs))).toBe(true);
          // Where a stretch hides when its attempts were made, one between two sleeps is told with them.
          if (!isHidden)
            expect(windows.some((one) => one.kind === 'unknown' && surelyHolds(one, atMs))).toBe(false);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('nothing is told twice: all kinds together last no longer than the watch, and no two for sure at one time', () => {
    fc.assert(
      fc.property(dimmed, ({ windows }) => {
        const sure = windows
          .map(({ began, ended }) => ({ fromMs: began.latestMs, toMs: ended?.earliestMs ?? END_MS }))
          .filter(({ fromMs, toMs }) => toMs > fromMs)
          .sort((left, right) => left.fromMs - right.fromMs);
        for (const [index, { fromMs }] of sure.entries())
          expect(fromMs).toBeGreaterThanOrEqual((sure[index - 1]?.toMs ?? 0) - rounded);
        const lastMs = windows.reduce((sum, window) => sum + lengthOf(window, END_MS).atLeastMs, 0);
        expect(lastMs).toBeLessThanOrEqual(END_MS + rounded);
      }),
      { numRuns: RUNS },
    );
  });

  test('edges are in order, and within the watch', () => {
    fc.assert(
      fc.property(dimmed, ({ windows }) => {
        for (const { began, ended } of windows) {
          const edges = [0, began.earliestMs, began.latestMs, END_MS];
          expect(edges).toEqual(edges.toSorted((left, right) => left - right));
          if (ended === undefined) continue;
          expect(ended.earliestMs).toBeLessThanOrEqual(ended.latestMs + rounded);
          expect(began.earliestMs).toBeLessThanOrEqual(ended.latestMs + rounded);
        }
      }),
      { numRuns: RUNS },
    );
  });

  test('a source that sleeps through two attempts is unknown for at least that time', () => {
    fc.assert(
      fc.property(dimmed, ({ world, source, windows, attempts }) => {
        const { offsetMs, everyMs } = world;
        const isNear = (ms: number): boolean =>
          attempts.some(({ atMs }) => Math.abs(atMs - offsetMs - ms) < 1.5 * everyMs);
        for (const { fromMs, toMs } of source) {
          if (toMs - fromMs < 3 * everyMs + 1_500 || !isNear(fromMs) || !isNear(toMs)) continue;
          // Reasons may follow each other in it, and clocks blur where: most moments are surely in one of them.
          const moments = Array.from(
            { length: 9 },
            (_, index) => fromMs + ((index + 1) / 10) * (toMs - fromMs),
          );
          const isUnknown = (ms: number): boolean =>
            windows.some((window) => window.kind === 'unknown' && surelyHolds(window, ms));
          expect(moments.some(isUnknown)).toBe(true);
        }
      }),
      { numRuns: RUNS },
    );
  });
});
