/** How long windows lasted, in numbers and in words. */
import {
  type Edge,
  type Length,
  lengthOf,
  type NewPodWindow,
  type Window,
  type WindowKind,
} from '../../model/window.ts';

export interface Lengths {
  readonly windows: number;
  readonly attempts: number;
  /** Of all of them together. */
  readonly total: Length;
  /** The one that showed itself for longest; absent where there is none. */
  readonly longest?: Window;
  /** The one that may have been longest. */
  readonly most?: Window;
}

/** Those of one kind. @param endMs when the watch ended */
export function lengthsOf(windows: readonly Window[], kind: WindowKind, endMs: number): Lengths {
  const all = windows
    .filter((window) => window.kind === kind)
    .map((window) => ({ window, ...lengthOf(window, endMs) }));
  const sum = (ms: readonly number[]): number => ms.reduce((before, one) => before + one, 0);
  const longest = all.toSorted(
    (left, right) => right.atLeastMs - left.atLeastMs || right.atMostMs - left.atMostMs,
  )[0]?.window;
  const most = all.toSorted((left, right) => right.atMostMs - left.atMostMs)[0]?.window;
  return {
    windows: all.length,
    attempts: sum(all.map(({ window }) => window.attempts)),
    total: {
      atLeastMs: sum(all.map(({ atLeastMs }) => atLeastMs)),
      atMostMs: Math.min(endMs, sum(all.map(({ atMostMs }) => atMostMs))),
    },
    ...(longest === undefined ? {} : { longest }),
    ...(most === undefined ? {} : { most }),
  };
}

/** `0.6 to 0.9 s`, `3.1 s`, `up to 0.4 s`, `58.2 s to 1 min 4 s`: rounded so that it says no more than is known. */
export function describeLength({ atLeastMs, atMostMs }: Length): string {
  const least = written(atLeastMs, Math.floor);
  const most = written(atMostMs, Math.ceil);
  if (least === most) return most;
  if (least === NONE) return `up to ${most}`;
  // One unit is enough where both have the same.
  const [number = '', unit, ...more] = least.split(' ');
  return `${more.length === 0 && most.endsWith(` ${unit}`) && !most.includes('min') ? number : least} to ${most}`;
}

/** `for its first 0.3 to 0.5 s`, `from the age of 1.2 to 1.3 s to that of 2 to 2.1 s`, `from its beginning until it was taken away` */
export function describeAges({
  began,
  ended,
  isOpen,
}: Pick<NewPodWindow, 'began' | 'ended' | 'isOpen'>): string {
  const age = ({ earliestMs, latestMs }: Edge): string =>
    describeLength({ atLeastMs: earliestMs, atMostMs: latestMs });
  // Nothing that it saw before says that it was otherwise then.
  const isFromBeginning = began.earliestMs === 0;
  if (isOpen === true)
    return `from ${isFromBeginning ? 'its beginning' : `the age of ${age(began)}`} until it was taken away`;
  return isFromBeginning
    ? `for its first ${age(ended)}`
    : `from the age of ${age(began)} to that of ${age(ended)}`;
}

const NONE = '0 ms';
const TENTH_MS = 100;

/** Less than a tenth of a second is told in milliseconds, and a minute or more in seconds. */
function written(ms: number, round: (number: number) => number): string {
  if (round(ms) < TENTH_MS) return `${round(ms)} ms`;
  const tenths = round(ms / TENTH_MS);
  if (tenths < 600) return `${tenths / 10} s`;
  const seconds = round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
