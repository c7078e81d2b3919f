/** The new pods of a watch in sentences. */
import { type ChurnRecord, leftOutByReason, newPodTotals } from '../../../judge/new-pods.ts';
import { describeAges } from '../../../judge/windows/lengths.ts';
import { count, duration, formatNumber } from '../../text/text.ts';
import type { WindowView } from '../../view/window-groups.ts';
import { join, list, name, type Phrase, say } from './phrase.ts';

export function phraseNewPods(churn: ChurnRecord): Phrase {
  const totals = newPodTotals(churn);
  const { told, leaking, cutOff, unknown, unknownMs, triedMs, allow, allowedMs, missing } = totals;
  const sentences = [
    say`Meanwhile ${count(told, 'new pod')} started, with the labels of pods at which connections start, and tried these from the first moment on.`,
    ...(told === 0
      ? []
      : [
          leaking === 0
            ? say`None of them could reach what it must not.`
            : say`${formatNumber(leaking)} of them could reach what must be impossible.`,
        ]),
    ...(allow === undefined
      ? []
      : [
          say`${formatNumber(allowedMs.length)} came to reach all that they must: half of these within ${duration(allow.medianMs)}, 95 of 100 within ${duration(allow.p95Ms)}, the last after ${duration(allow.maximumMs)}.`,
        ]),
    ...(cutOff === 0
      ? []
      : [say`${formatNumber(cutOff)} could not reach in time, or later, what they must.`]),
    ...(unknown === 0
      ? []
      : [
          say`Of ${formatNumber(unknown)} not everything is known, for ${duration(unknownMs)} at most; of that time nothing is said.`,
        ]),
    ...(triedMs === undefined
      ? []
      : [say`What they could reach before they were ${duration(triedMs)} old, nobody saw of all of them.`]),
    ...(missing === 0
      ? []
      : [
          say`${formatNumber(missing)} more ${missing === 1 ? 'was to start, and is' : 'were to start, and are'} not known of${reasonsOf(churn)}.`,
        ]),
    ...leftOutByReason(churn.leftOut).map(
      ({ checks, pods, others, why }) =>
        say`They did not try ${count(checks, 'connection')} of ${list([...pods.map(name), ...(others === 0 ? [] : [say`${count(others, 'other')}`])])}, because ${why}.`,
    ),
  ];
  return join(sentences, ' ');
}

function reasonsOf({ failures }: ChurnRecord): Phrase {
  if (failures.length === 0) return [];
  return say`: ${join(
    failures.map(({ reason, pods }) => say`${name(reason)} (${formatNumber(pods)})`),
    '; ',
  )}`;
}

/** Which of them saw a window, and how old it was. */
export function phraseSeer(newPod: WindowView['newPod']): Phrase {
  return newPod === undefined
    ? []
    : say` That was a new pod with the same labels: ${name(newPod.pod)} on ${name(newPod.node)}, ${describeAges(newPod)}.`;
}
