/** What a check showed while it was watched. */
import { describeLength } from '../../judge/windows/lengths.ts';
import { lengthOf } from '../../model/window.ts';
import type { Fact } from '../text/block.ts';
import { count, formatNumber } from '../text/text.ts';
import type { CheckView, WatchView } from '../view/view.ts';
import type { WindowView } from '../view/window-groups.ts';
import { momentOf } from './clock.ts';
import { describeHeld } from './held.ts';
import { describeSeer } from './new-pods.ts';

/** Of more windows of one check, only how many there are. */
const WINDOWS_TOLD = 5;

/** Whether what was seen before the watch was as expected, and only the watch showed otherwise. */
export function isDecidedByWatch({ verdict, settledMs, watched }: CheckView): boolean {
  // What never showed what is expected has not settled.
  if (settledMs === undefined || (verdict !== 'leaked' && verdict !== 'broken')) return false;
  const kind = verdict === 'leaked' ? 'leak' : 'gap';
  return watched?.windows.some((window) => window.kind === kind) ?? false;
}

/** Its windows, and what became of the connection that was held open; none of what was not watched. */
export function watchedFacts(check: CheckView): Fact[] {
  const { watched, scenario } = check;
  const { watch, watchEndMs } = scenario.run;
  if (watched === undefined || watch === undefined) return [];
  const { windows, held, attempts } = watched;
  const told = windows.slice(0, WINDOWS_TOLD).map((window) => describeWindow(window, watch, watchEndMs));
  const left = windows.length - told.length;
  const all = [...told, ...(left > 0 ? [`and ${formatNumber(left)} more`] : [])];
  return [
    {
      label: 'watched',
      text: `in ${count(attempts, 'attempt')}: ${windows.length === 0 ? 'always as expected' : all.join('; ')}`,
    },
    ...(held === undefined ? [] : [{ label: 'held', text: describeHeld(held, watch, watchEndMs) }]),
  ];
}

/** `leak of 0.6 to 0.9 s from 02:14:07.120 UTC, in which 3 attempts showed connected, after calico-node on node-2 restarted` */
export function describeWindow(window: WindowView, watch: WatchView, endMs: number): string {
  const { kind, began, ended, attempts, outcome, detail, why, incident, newPod } = window;
  const happened = incident === undefined ? undefined : watch.incidents[incident];
  const showed =
    outcome === undefined ? '' : ` showed ${outcome}${detail === undefined ? '' : ` (${detail})`}`;
  return [
    `${kind} ${kind === 'unknown' ? 'for' : 'of'} ${describeLength(lengthOf(window, endMs))} from ${momentOf(watch, began.latestMs)}${ended === undefined ? ' until the watch ended' : ''}`,
    ...(newPod === undefined ? [] : [describeSeer(newPod)]),
    ...(showed === '' ? [] : [`in which ${count(attempts, 'attempt')}${showed}`]),
    ...(why === undefined ? [] : [`because ${why}`]),
    ...(happened === undefined ? [] : [`${whenOf(happened, window)} ${happened.text}`]),
  ].join(', ');
}

/** Whether an incident came before a window, or while it began. */
export function whenOf(
  { atMs }: WatchView['incidents'][number],
  { began }: Pick<WindowView, 'began'>,
): 'after' | 'while' {
  return atMs < began.earliestMs ? 'after' : 'while';
}
