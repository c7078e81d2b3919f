/** What new pods saw, as it stands in the record: windows of checks, and an account of each pod. Pure. */

import { lengthsOf } from '../../judge/windows/lengths.ts';
import type { Dark } from '../../judge/windows/track.ts';
import type { Edge, Window } from '../../model/window.ts';
import { greatest, least } from '../../numbers.ts';
import type { CheckDraft, RunDraft } from '../../record/draft.ts';
import { type FirstInstant, firstInstantOf } from '../../run/first-instant/first-instant.ts';
import type { NewPodTarget } from './copies.ts';
import type { SeenNewPod } from './new-pod.ts';

export type NewPodRecord = NonNullable<NonNullable<RunDraft['watch']>['churn']>['pods'][number];

/** Leaks and gaps of one check that a new pod saw. Times are milliseconds after the watch began. */
export interface NewPodWindows {
  readonly check: CheckDraft;
  readonly windows: readonly Window[];
}

/**
 * @param around when the destination of a check, or the way there, could not be relied on, in milliseconds after the watch began
 * @param endMs when the watch ended: windows lie within it
 */
export function accountOf(
  pod: SeenNewPod,
  around: (one: NewPodTarget) => { readonly destination: readonly Dark[]; readonly way: readonly Dark[] },
  { withinMs, endMs }: { readonly withinMs: number; readonly endMs: number },
): { readonly account: NewPodRecord; readonly found: readonly NewPodWindows[] } {
  const { key, copyOf, node, everyMs, heard, checks } = pod;
  const all = checks.map((one) => {
    const { check } = one.watched;
    const { target } = one;
    const { expected } = check;
    const saw = firstInstantOf({ key, heard, target, expected, ...around(one) }, { everyMs, withinMs });
    return { check, saw };
  });
  const having = (kind: Window['kind']): number =>
    all.filter(({ saw }) => saw.windows.some((window) => window.kind === kind)).length;
  const tried = all.flatMap(({ saw }) => saw.triedMs ?? []);
  const allowedMs = allowedOf(all);
  const account: NewPodRecord = {
    pod: key,
    copyOf,
    node,
    beganMs: Math.round(heard.processMs),
    clockMs: Math.ceil(heard.clockMs),
    ...(tried.length === 0 ? {} : { triedMs: Math.ceil(least(tried)) }),
    endMs: Math.round(greatest(all.map(({ saw }) => saw.endMs))),
    checks: all.length,
    leaks: having('leak'),
    gaps: having('gap'),
    unknown: having('unknown'),
    unknownMs: Math.round(
      greatest(all.map(({ saw }) => lengthsOf(saw.windows, 'unknown', saw.endMs).total.atLeastMs)),
    ),
    ...(allowedMs === undefined ? {} : { allowedMs: Math.ceil(allowedMs) }),
  };
  const found = all.flatMap(({ check, saw }) => {
    const windows = saw.windows
      .filter(({ kind }) => kind !== 'unknown')
      .map((window) => onWatchClock(window, saw, pod, endMs));
    return windows.length === 0 ? [] : [{ check, windows }];
  });
  return { account, found };
}

/** When the last of what must be reachable was; undefined where there is none, or one was not, or nobody could tell when. */
function allowedOf(
  all: readonly { readonly check: CheckDraft; readonly saw: FirstInstant }[],
): number | undefined {
  const reachable = all.filter(({ check }) => check.expected === 'reachable');
  const times = reachable.flatMap(({ saw }) => saw.allowed?.latestMs ?? []);
  return reachable.length === 0 || times.length < reachable.length ? undefined : greatest(times);
}

/** Ages are exact, and clocks of nodes are not: when in the watch it was is less certain than how long. */
function onWatchClock(
  { began, ended, ...rest }: Window,
  saw: FirstInstant,
  { key, node, heard }: SeenNewPod,
  endMs: number,
): Window {
  const last: Edge = ended ?? { earliestMs: saw.endMs, latestMs: saw.endMs };
  const within = (ms: number): number => Math.max(0, Math.min(endMs, ms));
  const onClock = ({ earliestMs, latestMs }: Edge): Edge => ({
    earliestMs: within(heard.processMs + earliestMs - heard.clockMs),
    latestMs: within(heard.processMs + latestMs + heard.clockMs),
  });
  return {
    ...rest,
    began: onClock(began),
    ended: onClock(last),
    newPod: {
      pod: key,
      node,
      began,
      ended: last,
      ...(ended === undefined ? { isOpen: true as const } : {}),
    },
  };
}
