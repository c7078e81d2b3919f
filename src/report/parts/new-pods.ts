/** The new pods of a watch in words: how many there were, what they could reach that they must not, and when what they must. */
import { type ChurnRecord, describeLeftOut, leftOutByReason, newPodTotals } from '../../judge/new-pods.ts';
import { describeAges } from '../../judge/windows/lengths.ts';
import { count, duration, formatNumber } from '../text/text.ts';
import type { WindowView } from '../view/window-groups.ts';

/** Of more reasons, only how many pods they cost. */
const REASONS_TOLD = 3;

/** `12 new pods (6 a minute): none could reach what it must not; …` */
export function describeNewPods(churn: ChurnRecord): string {
  return `${count(churn.pods.length, 'new pod')} (${formatNumber(churn.perMinute)} a minute): ${newPodClauses(churn).join('; ')}`;
}

/** What they came to, a clause for each thing there is to say. */
function newPodClauses(churn: ChurnRecord): string[] {
  const totals = newPodTotals(churn);
  const { told, asExpected, leaking, cutOff, unknown, unknownMs, triedMs, allow, allowedMs } = totals;
  return [
    ...(told === 0
      ? ['none told what it saw']
      : [`${numberOf(leaking)} could reach what ${leaking === 1 || leaking === 0 ? 'it' : 'they'} must not`]),
    ...(asExpected === told ? [] : [`${numberOf(asExpected)} saw nothing but what is expected`]),
    ...(allow === undefined
      ? []
      : [
          `${allowedMs.length === told ? '' : `${formatNumber(allowedMs.length)} of them `}allowed after ${duration(allow.medianMs)} (median), ${duration(allow.p95Ms)} (95 of 100), ${duration(allow.maximumMs)} at most`,
        ]),
    ...(cutOff === 0 ? [] : [`${formatNumber(cutOff)} could not reach in time, or later, what they must`]),
    ...(unknown === 0
      ? []
      : [`of ${formatNumber(unknown)} nobody could tell all, for ${duration(unknownMs)} at most`]),
    ...(triedMs === undefined ? [] : [`each was seen from the age of ${duration(triedMs)} on, or earlier`]),
    ...missingClauses(churn, totals.missing),
    ...leftOutByReason(churn.leftOut).map((part) => `they leave out ${describeLeftOut(part)}`),
  ];
}

function numberOf(number: number): string {
  return number === 0 ? 'none' : formatNumber(number);
}

function missingClauses({ due, failures }: ChurnRecord, missing: number): string[] {
  if (missing === 0) return [];
  const told = failures.toSorted((left, right) => right.pods - left.pods).slice(0, REASONS_TOLD);
  const reasons = told.map(({ reason, pods }) => `${reason} (${formatNumber(pods)})`);
  const others = failures.slice(REASONS_TOLD).reduce((sum, { pods }) => sum + pods, 0);
  const all = [...reasons, ...(others === 0 ? [] : [`other reasons (${formatNumber(others)})`])];
  return [
    `${formatNumber(missing)} of ${formatNumber(due)} are missing${all.length === 0 ? '' : `: ${all.join(', ')}`}`,
  ];
}

/** `seen by the new pod shop/web-new-3 on node-2, for its first 0.3 to 0.5 s` */
export function describeSeer(newPod: NonNullable<WindowView['newPod']>): string {
  return `seen by the new pod ${newPod.pod} on ${newPod.node}, ${describeAges(newPod)}`;
}
