/** What became of connections that were open when a step cut their pairs off. */
import { describeFate, isDecidedByHeld } from '../../judge/held.ts';
import { HELD_FATES, type HeldWish } from '../../model/held.ts';
import type { Fact } from '../text/block.ts';
import { count, formatNumber } from '../text/text.ts';
import type { CheckView } from '../view/view.ts';

type HeldConnectionView = NonNullable<CheckView['held']>;

const WISHES: Readonly<Record<HeldWish, string>> = {
  kept: 'must be kept',
  cut: 'must be cut',
  either: 'may be kept or cut',
};

/** Of more connections, those that are not as they are to be come first. */
const CONNECTIONS_NAMED = 3;

/** `open before to shop/api, must be cut, and survived until it was held no more, 3.4 s after the last action; 25 heartbeats came back` */
function describeHeldConnection(held: HeldConnectionView): string {
  const { wish, fate, pod, beats = 0, unseen = 'the run ended before' } = held;
  const open = pod === undefined ? 'open before' : `open before to ${pod}`;
  return fate === undefined
    ? `${open}, ${WISHES[wish]}; nobody can tell what became of it: ${unseen}`
    : `${open}, ${WISHES[wish]}, and ${describeFate(held)}; ${count(beats, 'heartbeat')} came back`;
}

/** None where nothing was asked. */
export function heldFacts({ held }: Pick<CheckView, 'held'>): Fact[] {
  return held === undefined ? [] : [{ label: 'held', text: describeHeldConnection(held) }];
}

/** `3 connections were open when their pairs were to be cut off: 2 survived, 1 stalled (shop/web → … must be cut, and …)`; undefined where there are none. */
export function summariseHeldConnections(checks: readonly CheckView[]): string | undefined {
  const all = checks.flatMap(({ held, ...check }) => (held === undefined ? [] : [{ held, ...check }]));
  if (all.length === 0) return undefined;
  const fates = [...HELD_FATES, undefined].flatMap((fate) => {
    const number = all.filter(({ held }) => held.fate === fate).length;
    return number === 0 ? [] : [`${formatNumber(number)} ${fate ?? 'of which nobody can tell'}`];
  });
  const ordered = [...all].sort(
    (left, right) => Number(isDecidedByHeld(right)) - Number(isDecidedByHeld(left)),
  );
  const named = ordered
    .slice(0, CONNECTIONS_NAMED)
    .map(({ title, held }) => `${title} ${WISHES[held.wish]}, and ${held.fate ?? 'is not known'}`);
  const left = all.length - named.length;
  const told = [...named, ...(left > 0 ? [`and ${formatNumber(left)} more`] : [])].join('; ');
  const were = all.length === 1 ? 'was open when its pair was' : 'were open when their pairs were';
  return `${count(all.length, 'connection')} ${were} to be cut off: ${fates.join(', ')} (${told})`;
}
