/** The watch of a run in sentences: how long, what came out otherwise and when, what else happened, and what is not known. */
import { describeLength } from '../../../judge/windows/lengths.ts';
import { greatest, least } from '../../../numbers.ts';
import { describeTarget } from '../../../pair.ts';
import { shellCommand } from '../../../shell.ts';
import { dayAndTime, secondOf } from '../../parts/clock.ts';
import { groupBy } from '../../parts/group.ts';
import { summariseHeld } from '../../parts/held.ts';
import { describeCommandEnd, describeWindows } from '../../parts/watch.ts';
import { whenOf } from '../../parts/watched.ts';
import { count, duration, formatNumber } from '../../text/text.ts';
import type { CheckView, RunView, WatchView } from '../../view/view.ts';
import { groupWindows, type WindowGroup } from '../../view/window-groups.ts';
import { describePod, describePods, describePorts } from './names.ts';
import { phraseNewPods, phraseSeer } from './new-pods.ts';
import { join, list, name, type Phrase, say } from './phrase.ts';

/** Of more windows that are not one event, only how many there are. */
const GROUPS_TOLD = 50;
/** Of more ways in one window, only how many there are. */
const WAYS_NAMED = 8;
const INCIDENTS_TOLD = 100;

export interface AuditedWatch {
  /** How long, how often, and what came of it. */
  readonly account: readonly Phrase[];
  /** What came out otherwise than stated for a time, or is not known of one; the most dangerous first. */
  readonly windows: readonly Phrase[];
  /** What else happened, in the order of time. */
  readonly incidents: readonly Phrase[];
}

/** Undefined where nothing was watched. */
export function auditWatch(view: RunView): AuditedWatch | undefined {
  const { watch } = view;
  if (watch === undefined) return undefined;
  const groups = groupWindows(view);
  const left = groups.length - GROUPS_TOLD;
  const incidents = watch.incidents.slice(0, INCIDENTS_TOLD);
  const unsaid = watch.incidents.length - incidents.length;
  return {
    account: accountOf(view, watch),
    windows: [
      ...groups.slice(0, GROUPS_TOLD).map((group) => phraseWindow(group, watch)),
      ...(left > 0 ? [say`And ${formatNumber(left)} more times, which the other reports tell.`] : []),
    ],
    incidents: [
      ...incidents.map(({ atMs, text }) => say`At ${secondOf(watch, atMs)}: ${name(text)}.`),
      ...(unsaid > 0 ? [say`And ${formatNumber(unsaid)} more.`] : []),
    ],
  };
}

function accountOf(view: RunView, watch: WatchView): Phrase[] {
  const { startedAt, durationMs, everyMs, attempts, command, longestStallMs } = watch;
  const held = summariseHeld(view.checks, view.watchEndMs);
  const how =
    durationMs === undefined ? say`It did not come to its end` : say`It took ${duration(durationMs)}`;
  return [
    say`After that, every connection was tried again and again, a new one every ${duration(everyMs)}, from ${dayAndTime({ startedAt }, 0) ?? ''} UTC on. ${how}.`,
    ...(command === undefined
      ? []
      : [
          say`Meanwhile this was run: ${name(shellCommand(command.line))}. It ended ${name(describeCommandEnd(watch, command))}.`,
        ]),
    view.checks.some(({ watched }) => watched?.windows.length !== 0)
      ? say`What did not come out as stated: ${describeWindows(view)}.`
      : say`In all of that time everything came out as stated.`,
    ...(watch.churn === undefined ? [] : [phraseNewPods(watch.churn)]),
    ...(held === undefined
      ? []
      : [
          say`Connections were held open all the time, with a sign of life several times a second. Of ${held}.`,
        ]),
    say`${formatNumber(attempts.due)} attempts were due; ${formatNumber(attempts.made)} were made, and podreach heard of ${formatNumber(attempts.collected)}.${longestStallMs === 0 ? '' : ` The longest time in which a test pod did not run was ${duration(longestStallMs)}.`}${attempts.due === attempts.collected ? '' : ' Of a time that nobody saw nothing is said.'}`,
  ];
}

/** `Between 02:14:07 and 02:14:09 UTC all pods in shop could reach db in shop on TCP 5432 although they must not, after …` */
function phraseWindow(group: WindowGroup, watch: WatchView): Phrase {
  const { kind, why, length, incident, newPod } = group;
  const lasted = say`It lasted ${describeLength(length)}.${phraseSeer(newPod)}`;
  const span = phraseSpan(group, watch);
  const when =
    incident === undefined ? span : say`${span}, ${whenOf(incident, group)} ${name(incident.text)},`;
  switch (kind) {
    case 'leak':
      return say`${when} ${phrasePairs(group, ['could reach', 'must not'], 'was possible although it must not be')}. ${lasted}`;
    case 'gap':
      return say`${when} ${phrasePairs(group, ['could not reach', 'must'], 'was not possible although it must be')}. ${lasted}`;
    case 'unknown':
      return say`${when} nobody could tell about ${count(group.checks.length, 'connection')}${phraseSources(group.checks)}${why === undefined ? '' : say`: ${name(why)}`}. ${lasted}`;
  }
}

/** As much as was seen of it: from the first attempt that showed it to the last. */
function phraseSpan({ windows, ended }: WindowGroup, watch: WatchView): Phrase {
  const first = least(windows.map(({ window }) => window.began.latestMs));
  const from = secondOf(watch, first);
  if (ended === undefined) return say`From ${from} until the watch ended`;
  const to = secondOf(watch, greatest(windows.map(({ window }) => window.ended?.latestMs ?? first)));
  return from === to ? say`At ${from}` : say`Between ${from.replace(/ UTC$/, '')} and ${to}`;
}

/** Of the same sources and destinations one sentence; of several, a list. */
function phrasePairs(
  { checks }: WindowGroup,
  [could, must]: readonly [could: string, must: string],
  was: string,
): Phrase {
  const ways = waysOf(checks);
  const [only] = ways;
  if (only !== undefined && ways.length === 1)
    return say`${only.sources} ${could} ${only.destinations} although they ${must}`;
  const named = ways
    .slice(0, WAYS_NAMED)
    .map(({ sources, destinations }) => say`from ${sources} to ${destinations}`);
  const left = ways.length - named.length;
  return say`this ${was}: ${join([...named, ...(left > 0 ? [say`and ${count(left, 'more way')}`] : [])], '; ')}`;
}

/** From the same pods to ports; ports that the same pods lead to come together. */
function waysOf(checks: readonly CheckView[]): { readonly sources: Phrase; readonly destinations: Phrase }[] {
  const targets = groupBy(checks, describeTarget);
  return groupBy(targets, (group) => JSON.stringify(group.map(({ from }) => from))).flatMap((alike) => {
    const [group = []] = alike;
    const [first] = group;
    if (first === undefined) return [];
    const ports = alike
      .slice(0, WAYS_NAMED)
      .flatMap(([check]) =>
        check === undefined ? [] : [say`${describePod(check.to)} on ${describePorts([check])}`],
      );
    const left = alike.length - ports.length;
    return [
      {
        sources: describePods(
          group.map(({ from }) => from),
          first.step.pods,
        ),
        destinations: list([...ports, ...(left > 0 ? [say`${count(left, 'more port')}`] : [])]),
      },
    ];
  });
}

/** Where all start at one pod. */
function phraseSources(checks: readonly CheckView[]): Phrase {
  const [first] = checks;
  return first !== undefined && checks.every(({ from }) => from === first.from)
    ? say` from ${describePod(first.from)}`
    : [];
}
