/** Tracks as agents make them, from attempts one by one. */
import type { Dark, Track, WatchedStretch } from '../../../src/judge/windows/track.ts';
import type { Outcome } from '../../../src/model/attempt.ts';

export interface Tried {
  readonly outcome: Outcome;
  readonly atMs: number;
  readonly tookMs: number;
}

/** What a track is to say beside its attempts. */
export interface Circumstances {
  readonly clockMs?: number;
  readonly source?: readonly Dark[];
  readonly destination?: readonly Dark[];
  readonly way?: readonly Dark[];
  /** How far apart attempts may be in one stretch: an agent ends it where it has missed one. */
  readonly apartMs?: number;
}

/** Attempts in a row that showed the same become one stretch. */
export function trackOf(
  attempts: readonly Tried[],
  { clockMs = 0, source = [], destination = [], way = [], apartMs = 1500 }: Circumstances = {},
): Track {
  const stretches: WatchedStretch[] = [];
  for (const { outcome, atMs, tookMs } of attempts) {
    const last = stretches.at(-1);
    if (last?.outcome !== outcome || atMs - last.lastMs > apartMs)
      stretches.push({
        outcome,
        count: 1,
        firstMs: atMs,
        firstTookMs: tookMs,
        lastMs: atMs,
        lastTookMs: tookMs,
        mostApartMs: 0,
      });
    else
      stretches[stretches.length - 1] = {
        ...last,
        count: last.count + 1,
        lastMs: atMs,
        lastTookMs: tookMs,
        mostApartMs: Math.max(last.mostApartMs, atMs - last.lastMs),
      };
  }
  return { stretches, clockMs, dark: { source, destination, way } };
}

const OUTCOMES: Readonly<Record<string, Outcome>> = {
  C: 'connected',
  F: 'timeout',
  R: 'refused',
  X: 'reset',
  W: 'wrong-peer',
  E: 'error',
  D: 'dns-failure',
};
const TOOK_MS = { connected: 10, timeout: 500 } as const;

/** One attempt a second, the first after half a second: `C` connected, `F` timeout, … a dot: none was made. */
export function attemptsOf(text: string): Tried[] {
  return [...text].flatMap((letter, index) => {
    const outcome = OUTCOMES[letter];
    if (outcome === undefined) return [];
    const tookMs = outcome === 'connected' || outcome === 'timeout' ? TOOK_MS[outcome] : 20;
    return [{ outcome, atMs: 1000 * index + 500, tookMs }];
  });
}
