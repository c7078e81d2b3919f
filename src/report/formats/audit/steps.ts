/** The steps of a scenario in sentences: what was done, what was to change by that, and how long it took. */

import type { StepTimes } from '../../../judge/times.ts';
import { namespaceOf } from '../../../keys.ts';
import { describeTarget } from '../../../pair.ts';
import { describeFirstInstant, isEarly } from '../../parts/first-instant.ts';
import { groupBy } from '../../parts/group.ts';
import { changedTo, describeTime, labelsOf, timedChecks } from '../../parts/steps.ts';
import { count, duration, formatNumber } from '../../text/text.ts';
import type { ActionView, CheckView, ScenarioView, StepView } from '../../view/view.ts';
import { drawFlows, type FlowChart } from './flow-chart.ts';
import { describePod, describePods, describePorts } from './names.ts';
import { join, list, name, type Phrase, say } from './phrase.ts';
import { claimsOf, type Statement } from './statements.ts';

/** Of more destinations that something changes for, only how many connections there are. */
const DESTINATIONS_NAMED = 12;
/** Of more pairs, those that took longest. */
const TIMES_TOLD = 100;

export interface AuditedStep {
  /** `Step 2 (monitoring is let in)`; absent where the scenario has but one step. */
  readonly title?: Phrase;
  /** What the scenario says of it. */
  readonly description?: string;
  /** What was done, and what came of it. */
  readonly account: readonly Phrase[];
  /** All of the first step; later those that say something new. */
  readonly statements: readonly Statement[];
  /** The others: they were tried again, and are confirmed as before. */
  readonly repeated: readonly Statement[];
  readonly chart: FlowChart;
}

export function auditSteps(scenario: ScenarioView): AuditedStep[] {
  return scenario.steps.map((step): AuditedStep => {
    const { statements } = claimsOf(step);
    const chart = drawFlows(step);
    if (!scenario.hasSteps) return { account: [], statements, repeated: [], chart };
    return {
      title: phraseStep(step),
      ...(step.description === undefined ? {} : { description: step.description }),
      account: accountOf(step),
      statements: statements.filter(({ isRepeated }) => !isRepeated),
      repeated: statements.filter(({ isRepeated }) => isRepeated),
      chart,
    };
  });
}

/** `Step 2 (monitoring is let in)` */
export function phraseStep({ number, name: given }: StepView): Phrase {
  return given === undefined ? say`Step ${number}` : say`Step ${number} (${name(given)})`;
}

/** That the statements of the step before were tried again; undefined where there are none. */
export function describeRepeated({ repeated }: AuditedStep): Phrase | undefined {
  if (repeated.length === 0) return undefined;
  const isOne = repeated.length === 1;
  return say`${count(repeated.length, 'statement')} of the step before ${isOne ? 'was' : 'were'} to stay true. ${isOne ? 'It was' : 'They were'} tried again, with new connections, and ${isOne ? 'is' : 'are'} confirmed.`;
}

function accountOf(step: StepView): Phrase[] {
  const { number, actions, stage, times, withinMs } = step;
  if (stage === 'not-begun') return [say`This step was not begun.`];
  if (stage === 'cut-short')
    return [say`What this step was to do was not done to its end. So nothing is said about what it changes.`];
  const opens = changedTo(step, 'opens');
  const closes = changedTo(step, 'closes');
  const done =
    number === 1
      ? step.policies.length === 0
        ? say`This is how it begins, without any policy.`
        : say`This is how it begins, with the policies that are there from the start.`
      : actions.length === 0
        ? say`Nothing was done in this step: only what is stated changes.`
        : say`After ${list(groupBy(actions, keyOf).map(phraseActions))}, ${opens.length + closes.length === 0 ? 'nothing that was stated before was to change.' : 'this was to change:'}`;
  return [
    done,
    ...(number > 1 || times.enforce.concerned === 0
      ? []
      : [
          say`${count(times.enforce.concerned, 'connection')} that worked before any policy had to become impossible.`,
        ]),
    ...phraseChange(opens, step, 'had to become possible'),
    ...phraseChange(closes, step, 'had to become impossible'),
    ...phraseTimes(step, 'allow'),
    ...phraseTimes(step, 'enforce'),
    ...phraseFirstInstants(step),
    ...(withinMs === undefined ? [] : [say`What the step changes has ${duration(withinMs)} to show.`]),
  ];
}

/** Labels are told one by one, as each has its own. */
function keyOf(action: ActionView): unknown {
  return action.kind === 'label' ? action : action.kind;
}

/** @param actions of one kind */
function phraseActions(actions: readonly ActionView[]): Phrase {
  const [first] = actions;
  if (first === undefined) return [];
  const what = list(actions.map(({ object }) => phraseObject(object)));
  const [was, each] = actions.length === 1 ? ['was', ''] : ['were', 'each '];
  switch (first.kind) {
    case 'apply':
      return say`${what} ${was} applied`;
    case 'delete':
      return say`${what} ${was} taken away`;
    case 'label':
      return phraseLabelling(first, what);
    case 'create':
      return say`${what} ${was} started`;
    case 'remove':
      return say`${what} ${was} removed`;
    case 'replace':
      return say`${what} ${was} ${each}replaced by another one with the same name and labels`;
  }
}

function phraseLabelling(action: ActionView, what: Phrase): Phrase {
  const { set, taken } = labelsOf(action);
  const parts = [
    ...(set.length === 0 ? [] : [say`was labelled ${list(set.map(name))}`]),
    ...(taken.length === 0 ? [] : [say`lost its label ${list(taken.map(name))}`]),
  ];
  return say`${what} ${list(parts)}`;
}

/** `namespace monitoring`, `policy shop/default-deny`, `pod web in shop` */
function phraseObject(object: string): Phrase {
  const [kind = '', ...rest] = object.split('/');
  if (kind === 'networkpolicy') return say`policy ${name(rest.join('/'))}`;
  if (kind === 'namespace') return say`namespace ${name(rest.join('/'))}`;
  return say`pod ${describePod(object)}`;
}

/** What new pods could reach from their first millisecond on. */
function phraseFirstInstants({ checks }: StepView): Phrase[] {
  return checks.filter(isEarly).map((check) => {
    const target = say`${describePod(check.to, namespaceOf(check.from))} on ${describePorts([check])}`;
    return say`From the first millisecond of ${describePod(check.from)} on, its connection to ${target} was tried: ${describeFirstInstant(check)}.`;
  });
}

/** @param verb of the connections, such as `had to become possible` */
function phraseChange(checks: readonly CheckView[], { pods }: StepView, verb: string): Phrase[] {
  if (checks.length === 0) return [];
  const targets = groupBy(checks, describeTarget);
  const told = targets.slice(0, DESTINATIONS_NAMED).flatMap((group): Phrase[] => {
    const [first] = group;
    if (first === undefined) return [];
    const sources = describePods(
      group.map(({ from }) => from),
      pods,
    );
    return [say`from ${sources} to ${describePod(first.to)} on ${describePorts([first])}`];
  });
  const left = targets.length - told.length;
  const more = left > 0 ? [say`and to ${count(left, 'more port')}`] : [];
  return [say`${count(checks.length, 'connection')} ${verb}: ${join([...told, ...more], '; ')}.`];
}

const STATES = { enforce: 'impossible', allow: 'possible' } as const;

/** How long it took, what did not come to it, and of several connections the time of each. */
function phraseTimes(step: StepView, kind: keyof StepTimes): Phrase[] {
  const { concerned, settledMs, spread, others } = step.times[kind];
  if (concerned === 0) return [];
  const state = STATES[kind];
  const isOne = concerned === 1;
  const who = (number: number): string =>
    number === concerned
      ? `All ${formatNumber(number)}`
      : `${formatNumber(number)} of ${formatNumber(concerned)}`;
  const told = [
    ...(spread === undefined
      ? []
      : settledMs.length === 1
        ? [say`${isOne ? 'It' : who(1)} became ${state} after ${duration(spread.maximumMs)}.`]
        : [
            say`${who(settledMs.length)} became ${state}: half of these within ${duration(spread.medianMs)}, 95 of 100 within ${duration(spread.p95Ms)}, the last after ${duration(spread.maximumMs)}.`,
          ]),
    ...(others.never === 0
      ? []
      : [
          say`${isOne ? 'It did not become' : others.never === concerned ? 'None of them became' : `${who(others.never)} did not become`} ${state}.`,
        ]),
    ...(others.relapsed === 0
      ? []
      : [say`${isOne ? 'It' : who(others.relapsed)} became ${state}, but did not stay so.`]),
    ...(others.unproven === 0
      ? []
      : [
          isOne
            ? say`Whether it became ${state} is not proven.`
            : say`Of ${who(others.unproven).toLowerCase()} it is not proven whether they became ${state}.`,
        ]),
  ];
  return isOne ? told : [...told, phraseEach(step, kind)];
}

function phraseEach(step: StepView, kind: keyof StepTimes): Phrase {
  const all = timedChecks(step, kind);
  const told = all.slice(-TIMES_TOLD).map((check) => {
    const target = say`${describePod(check.to, namespaceOf(check.from))} on ${describePorts([check])}`;
    return say`${describePod(check.from)} to ${target} ${describeTime(check)}`;
  });
  const left = all.length - told.length;
  return say`One by one${left > 0 ? ` (without the fastest ${formatNumber(left)})` : ''}: ${join(told, '; ')}.`;
}
