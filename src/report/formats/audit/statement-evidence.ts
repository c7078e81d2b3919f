/** What a statement rests on, in short sentences: for readers who have never seen a policy. */
import { isHost } from '../../../model/endpoint.ts';
import { HELD_FATES, type HeldFate } from '../../../model/held.ts';
import { countOf, firstOf, lastOf, type Stretch } from '../../../model/observation.ts';
import { isOfExisting } from '../../../model/service.ts';
import { greatest, least } from '../../../numbers.ts';
import { allObservations, beforePolicies, underPolicies } from '../../parts/attempts.ts';
import { dayAndTime } from '../../parts/clock.ts';
import { describeApplied, describeSeen } from '../../parts/contrary.ts';
import { cutEvidenceOf, type WithoutPolicies } from '../../parts/evidence.ts';
import { groupBy } from '../../parts/group.ts';
import { count, formatNumber } from '../../text/text.ts';
import type { CheckView, ScenarioView } from '../../view/view.ts';
import { join, list, name, type Phrase, say } from './phrase.ts';

/** How many pairs, how often, when, whether there was something to block, and whether it was the policies that blocked it. */
export function describeEvidence(checks: readonly CheckView[]): Phrase {
  const stretches = checks.flatMap(allObservations);
  const scenario = checks[0]?.scenario;
  if (scenario === undefined || stretches.length === 0) return say`None: nothing was tried.`;
  const when = describeSpan(
    stretches.flatMap((stretch) => [firstOf(stretch).atMs, lastOf(stretch).atMs]),
    scenario,
  );
  return join(
    [
      say`${count(checks.length, 'pair')}, ${count(countOf(stretches), 'attempt')} in all${when === '' ? '' : ` ${when}`}.`,
      ...describeControl(checks),
      ...describeTrials(checks),
      ...describeCuts(checks, scenario),
      ...describeOpenBefore(checks),
    ],
    ' ',
  );
}

/** `between 02:00:00 and 02:00:01 UTC`; nothing where it is not known when the scenario began. @param times after that, in milliseconds */
function describeSpan(times: readonly number[], scenario: ScenarioView): string {
  const [first, last] = [least(times), greatest(times)].map((ms) => dayAndTime(scenario, ms)?.slice(11));
  if (first === undefined || last === undefined) return '';
  return first === last ? `at ${first} UTC` : `between ${first} and ${last} UTC`;
}

/** Whether there was something to block. */
function describeControl(checks: readonly CheckView[]): Phrase[] {
  const without = checks.filter((check) => check.cutBy === undefined && check.withoutControl !== undefined);
  const controlled = checks.filter((check) => check.cutBy === undefined && !without.includes(check));
  const ready = controlled.filter((check) => beforePolicies(check).some(isConnection)).length;
  const others = checks.length - controlled.length - without.length;
  const who = checks.length === 1 ? 'It' : checks.length === controlled.length ? 'Each' : 'Each other';
  // In a later step the policies may be gone again.
  const when =
    checks[0]?.scenario.hasSteps === true ? 'while no policy was in force' : 'before any policy was applied';
  return [
    ...(others === 0
      ? []
      : [
          checks.length === 1
            ? say`It need not connect without the policies: something else is to cut it.`
            : say`${formatNumber(others)} of them need not connect without the policies: something else is to cut them.`,
        ]),
    ...groupBy(without, ({ withoutControl }) => withoutControl).map((group) => {
      const which =
        checks.length === 1
          ? 'It was'
          : `${formatNumber(group.length)} of them ${group.length === 1 ? 'was' : 'were'}`;
      return say`${which} not tried ${when}: ${name(group[0]?.withoutControl ?? '')}.`;
    }),
    ...(controlled.length === 0
      ? []
      : ready === controlled.length
        ? [say`${who} could connect ${when}.`]
        : checks.length === 1
          ? [say`It could not connect even ${when}.`]
          : [say`${formatNumber(ready)} of them could connect ${when}.`]),
  ];
}

/** How often what is stated was seen, and of the pairs that passed what else was. */
function describeTrials(checks: readonly CheckView[]): Phrase[] {
  const [only] = checks;
  if (only !== undefined && checks.length === 1) {
    if (underPolicies(only).length === 0) return [say`It was not tried ${describeApplied(only)}.`];
    return [say`It ${only.expected === 'unreachable' ? 'was ' : ''}${phraseSeen(only)}.`];
  }
  const times = checks.map((check) => countOf(underPolicies(check)));
  const tried = times.reduce((sum, number) => sum + number, 0);
  const agreeing = tried - checks.reduce((sum, check) => sum + check.contrary, 0);
  const [fewest, most] = [least(times), greatest(times)];
  const often = fewest === most ? count(most, 'time') : `${formatNumber(fewest)} to ${count(most, 'time')}`;
  return [
    say`Each was tried ${often}${only === undefined ? '' : ` ${describeApplied(only)}`}; ${formatNumber(agreeing)} of ${count(tried, 'attempt')} showed what is stated.`,
  ];
}

/** How often what is stated of a pair was seen, and if it passed, what else was. */
export function phraseSeen(check: CheckView): Phrase {
  const { account, reasons } = describeSeen(check);
  return reasons.length === 0 ? say`${account}` : say`${account} (${list(reasons.map(name))})`;
}

/** What shows that pairs were cut off, and that it was the policies that cut them. */
function describeCuts(checks: readonly CheckView[], scenario: ScenarioView): Phrase[] {
  const cuts = checks.flatMap((check) => cutEvidenceOf(check) ?? []);
  if (cuts.length === 0) return [];
  const ofHosts = checks.filter(({ from, to }) => isHost(from) || isHost(to)).length;
  const ofServices = checks.filter(isOfExisting).length;
  const what = ofServices === 0 ? 'host' : ofHosts === 0 ? 'Service' : 'host or Service';
  const visited = describeSpan(
    cuts.flatMap(({ seen }) => [seen.source, seen.destination]),
    scenario,
  );
  const which = checks.length === 1 ? 'The cut' : `The cut of ${count(cuts.length, 'pair')}`;
  return [
    ofHosts + ofServices === checks.length
      ? say`${which} is proven. When it was seen last, the port was open. The node of the pod had just reached it, and a pod on that node, which no policy restricts, had connected on the same way to or from the ${what}${visited === '' ? '' : ` (${visited})`}.`
      : say`${which} is proven. When it was seen last, the port was open from inside its own pod. The nodes of both pods had just reached them${visited === '' ? '' : ` (${visited})`}. The way between the nodes was open.${ofHosts + ofServices === 0 ? '' : ` No node reaches a ${what}: there, a pod which no policy restricts had connected on the same way.`}`,
    ...FATES.flatMap(([fate, describe]) => {
      const number = cuts.filter(({ withoutPolicies }) => withoutPolicies === fate).length;
      if (number === 0) return [];
      const who = checks.length === 1 ? 'It' : `${formatNumber(number)} of ${formatNumber(cuts.length)}`;
      return [say`${who} ${describe(number === 1 ? 'was' : 'were')}.`];
    }),
  ];
}

/** What became of connections that were open before. */
function describeOpenBefore(checks: readonly CheckView[]): Phrase[] {
  const held = checks.flatMap((check) => check.held ?? []);
  if (held.length === 0) return [];
  const fates = [...HELD_FATES, undefined].flatMap((fate) => {
    const number = held.filter((one) => one.fate === fate).length;
    return number === 0
      ? []
      : [say`${formatNumber(number)} ${fate === undefined ? 'of which nobody can tell' : WENT[fate]}`];
  });
  return [
    say`${held.length === 1 ? 'One connection was' : say`${formatNumber(held.length)} connections were`} open before: ${list(fates)}.`,
  ];
}

const WENT: Readonly<Record<HeldFate, string>> = {
  survived: 'went on',
  stalled: 'carried nothing any more',
  broken: 'was ended',
};

/** Of those that something else is to cut it has been said before. */
const FATES: readonly (readonly [WithoutPolicies, (was: string) => string])[] = [
  ['connected', () => 'connected again when the policies had been taken away'],
  ['connected-later', () => 'connected in a later step'],
  ['not-connected', () => 'did not connect when the policies had been taken away either'],
  ['left-out', (was) => `${was} not tried again without the policies, because the run keeps them`],
  ['not-tried', (was) => `${was} not tried again without the policies`],
];

function isConnection({ outcome }: Stretch): boolean {
  return outcome === 'connected';
}
