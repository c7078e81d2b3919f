/** What became of connections that were held open while checks were watched. */
import type { HeldFate } from '../../model/held.ts';
import { greatest } from '../../numbers.ts';
import { count, duration, formatNumber } from '../text/text.ts';
import type { CheckView, WatchView } from '../view/view.ts';
import { momentOf } from './clock.ts';

type HeldView = NonNullable<NonNullable<CheckView['watched']>['held']>;

/** The worst that befell it. `unopened`: it never came to be. */
export type WorstFate = HeldFate | 'unopened';

export function fateOf({ events }: HeldView): WorstFate {
  const befell = new Set(events.map(({ event }) => event));
  if (befell.has('broken')) return 'broken';
  if (!befell.has('opened')) return 'unopened';
  return befell.has('stalled') ? 'stalled' : 'survived';
}

/** `broke 2 times, first at 02:14:07.120 UTC (ECONNRESET); stalled once, for 2.4 s; 3,700 heartbeats came back` */
export function describeHeld(held: HeldView, watch: WatchView, endMs: number): string {
  const { beats, events } = held;
  const broken = events.filter(({ event }) => event === 'broken');
  const stalls = stallsOf(held, endMs);
  const pods = new Set(events.flatMap(({ event, detail }) => (event === 'opened' ? (detail ?? []) : [])));
  const came = `${count(beats, 'heartbeat')} came back${pods.size === 0 ? '' : ` from ${[...pods].join(', ')}`}`;
  if (fateOf(held) === 'unopened') {
    const detail = events.at(-1)?.detail;
    return `it could not be opened${detail === undefined ? '' : ` (${detail})`}`;
  }
  const [first] = broken;
  const told = [
    ...(first === undefined
      ? []
      : [
          `broke ${times(broken.length)}, ${broken.length === 1 ? '' : 'first '}at ${momentOf(watch, first.atMs)}${first.detail === undefined ? '' : ` (${first.detail})`}`,
        ]),
    ...(stalls.length === 0
      ? []
      : [
          `stalled ${times(stalls.length)}, for ${duration(greatest(stalls))}${stalls.length === 1 ? '' : ' at most'}`,
        ]),
  ];
  return told.length === 0 ? `survived: ${came}` : [...told, came].join('; ');
}

/** `18 held: 16 survived, 1 broken, 1 stalled (2.4 s at most)`; undefined where none was held. */
export function summariseHeld(checks: readonly CheckView[], endMs: number): string | undefined {
  const all = checks.flatMap(({ watched }) => watched?.held ?? []);
  if (all.length === 0) return undefined;
  const stalls = all.flatMap((held) => stallsOf(held, endMs));
  const longest = stalls.length === 0 ? '' : `; the longest stall took ${duration(greatest(stalls))}`;
  const fates = FATES.flatMap(([fate, word]) => {
    const number = all.filter((held) => fateOf(held) === fate).length;
    return number === 0 ? [] : [`${formatNumber(number)} ${word}`];
  });
  return `${count(all.length, 'connection')}: ${fates.join(', ')}${longest}`;
}

const FATES: readonly (readonly [fate: WorstFate, word: string])[] = [
  ['survived', 'survived'],
  ['broken', 'broken'],
  ['stalled', 'stalled and went on'],
  ['unopened', 'never opened'],
];

/** How long each of its stalls took: until it went on, broke, or the watch ended. */
function stallsOf({ events }: HeldView, endMs: number): number[] {
  return events.flatMap(({ event, atMs }, index) =>
    event === 'stalled' ? [Math.max(0, (events[index + 1]?.atMs ?? endMs) - atMs)] : [],
  );
}

function times(number: number): string {
  return number === 1 ? 'once' : `${formatNumber(number)} times`;
}
