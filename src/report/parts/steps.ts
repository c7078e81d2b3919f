/** What a step did, what it changes, and how long that took. */

import { describeAge } from '../../judge/first-instant.ts';
import { type Arrival, arrivalOf, OTHER_ARRIVALS, type StepTimes, type Times } from '../../judge/times.ts';
import { destinationsOf } from '../../model/service.ts';
import type { Fact } from '../text/block.ts';
import { count, duration, formatNumber } from '../text/text.ts';
import type { ActionView, CheckView, PolicyView, ScenarioView, StepView } from '../view/view.ts';
import { describeFirstInstants, firstInstantLines } from './first-instant.ts';
import { groupBy } from './group.ts';

const DONE: Readonly<Record<ActionView['kind'], string>> = {
  apply: 'applied',
  delete: 'deleted',
  label: 'labelled',
  create: 'created',
  remove: 'removed',
  replace: 'replaced',
};

/** The steps of scenarios that go on after their first. */
export function stepsOf(scenarios: readonly ScenarioView[]): StepView[] {
  return scenarios.filter(({ hasSteps }) => hasSteps).flatMap(({ steps }) => steps);
}

/**
 * `labelled namespace/monitoring with team=devops; replaced shop/api, shop/web`
 * @param step not the first, which has nothing to do
 */
export function describeActions({ actions, stage }: Pick<StepView, 'actions' | 'stage'>): string {
  if (stage === 'not-begun') return 'not begun';
  if (actions.length === 0) return 'nothing: only what is expected changes';
  const isDone = stage === 'done';
  const told = groupBy(actions, ({ kind }) => kind).map((group) => {
    const [first] = group;
    if (first === undefined) return '';
    if (isDone && first.kind === 'label') return group.map(describeLabelling).join('; ');
    return `${isDone ? DONE[first.kind] : first.kind} ${group.map(({ object }) => object).join(', ')}`;
  });
  return `${isDone ? '' : 'begun, and not finished: '}${told.join('; ')}`;
}

function describeLabelling(action: ActionView): string {
  const { set, taken } = labelsOf(action);
  return [
    ...(set.length === 0 ? [] : [`labelled ${action.object} with ${set.join(', ')}`]),
    ...(taken.length === 0 ? [] : [`took ${taken.join(', ')} from ${action.object}`]),
  ].join('; ');
}

/** `team=devops` of those that were set, keys of those that were taken away. */
export function labelsOf({ labels = {} }: Pick<ActionView, 'labels'>): {
  readonly set: readonly string[];
  readonly taken: readonly string[];
} {
  const entries = Object.entries(labels);
  return {
    set: entries.flatMap(([key, value]) => (value === null ? [] : [`${key}=${value}`])),
    taken: entries.flatMap(([key, value]) => (value === null ? [key] : [])),
  };
}

/** The checks of which something else is expected than in the step before. */
export function changedTo(
  { checks }: Pick<StepView, 'checks'>,
  change: NonNullable<CheckView['change']>,
): readonly CheckView[] {
  return checks.filter((check) => check.change === change);
}

/**
 * `12 checks are new, with pods that were not there before; 2 checks are new, named by rules of this step for the first time; 4 checks are
 * gone, …`; undefined where it is the same checks.
 */
export function describeNewAndGone(step: StepView): string | undefined {
  const added = changedTo(step, 'new').length;
  const brought = newWithPods(step).length;
  const tell = (number: number, how: string): string[] =>
    number === 0 ? [] : [`${count(number, 'check')} ${number === 1 ? 'is' : 'are'} new, ${how}`];
  const parts = [
    ...tell(brought, 'with pods that were not there before'),
    ...tell(added - brought, 'named by rules of this step for the first time'),
    ...(step.gone === 0
      ? []
      : [`${count(step.gone, 'check')} ${step.gone === 1 ? 'is' : 'are'} gone, with pods that were removed`]),
  ];
  return parts.length === 0 ? undefined : parts.join('; ');
}

/** The checks that are new because the step makes one of their pods. */
function newWithPods(step: StepView): readonly CheckView[] {
  const made = new Set<string>(
    step.actions.flatMap(({ kind, object }) => (kind === 'create' ? [object] : [])),
  );
  return changedTo(step, 'new').filter((check) =>
    [check.from, ...destinationsOf(check)].some((pod) => made.has(pod)),
  );
}

/** What is said of pairs that did not come to it, or did not stay so. */
const ARRIVALS = {
  never: 'never',
  relapsed: 'not for good',
  unproven: 'not proven',
} as const satisfies Readonly<Record<Exclude<Arrival, 'settled'>, string>>;

/**
 * `median 220 ms, p95 1.2 s, maximum 1.2 s (3 of 4 pairs; 1 not proven)`, `never (0 of 1 pair)`; undefined where the step changes no pair
 * so.
 * @param slowest which pair it was that took longest, where that is to be named
 */
export function describeTimes(times: Times, slowest?: CheckView): string | undefined {
  const { concerned, settledMs, others, spread } = times;
  if (concerned === 0) return undefined;
  const whole = count(concerned, 'pair');
  const pairs = settledMs.length === concerned ? whole : `${formatNumber(settledMs.length)} of ${whole}`;
  const kinds = OTHER_ARRIVALS.filter((arrival) => others[arrival] > 0);
  const told = kinds.map((arrival) => `${formatNumber(others[arrival])} ${ARRIVALS[arrival]}`).join(', ');
  if (spread === undefined) {
    const [only] = kinds;
    return `${kinds.length === 1 && only !== undefined ? ARRIVALS[only] : told} (${pairs})`;
  }
  const named = slowest === undefined ? '' : `, ${settledMs.length === 1 ? '' : 'the last '}${slowest.pair}`;
  const group = `(${pairs}${named}${told === '' ? '' : `; ${told}`})`;
  if (settledMs.length === 1) return `${duration(spread.maximumMs)} ${group}`;
  const { medianMs, p95Ms, maximumMs } = spread;
  return `median ${duration(medianMs)}, p95 ${duration(p95Ms)}, maximum ${duration(maximumMs)} ${group}`;
}

/** The times of a step, as they are called. */
export const TIMES = [
  ['enforce', 'time to enforce'],
  ['allow', 'time to allow'],
] as const satisfies readonly (readonly [keyof StepTimes, string])[];

/** A pair that a step cuts off or opens. */
export type TimedCheck = CheckView & { readonly timed: keyof StepTimes };

/** The pairs that a step cuts off, or those that it opens: those that came to it first, the slowest of them at the end. */
export function timedChecks({ checks }: Pick<StepView, 'checks'>, kind: keyof StepTimes): TimedCheck[] {
  const timeOf = (check: CheckView): number =>
    arrivalOf(check) === 'settled' ? (check.settledMs ?? 0) : Number.POSITIVE_INFINITY;
  return checks
    .filter((check): check is TimedCheck => check.timed === kind)
    .sort((left, right) => (timeOf(left) === timeOf(right) ? 0 : timeOf(left) - timeOf(right)));
}

/** As {@link describeTimes}, with the name of the slowest pair. */
export function describeStepTimes(step: StepView, kind: keyof StepTimes): string | undefined {
  return describeTimes(
    step.times[kind],
    timedChecks(step, kind).findLast((check) => arrivalOf(check) === 'settled'),
  );
}

/** What became of one pair that its step cuts off or opens: `after 51 ms`, `never`, `after 51 ms, which is not proven`. */
export function describeTime(check: TimedCheck): string {
  const arrival = arrivalOf(check);
  const after = check.settledMs === undefined ? undefined : `after ${duration(check.settledMs)}`;
  switch (arrival) {
    case 'settled':
      return after ?? ARRIVALS.unproven;
    case 'never':
      return ARRIVALS.never;
    case 'relapsed':
      return after === undefined ? ARRIVALS.relapsed : `${after}, and ${ARRIVALS.relapsed}`;
    case 'unproven':
      return after === undefined ? ARRIVALS.unproven : `${after}, which is ${ARRIVALS.unproven}`;
  }
}

export const DONE_TO = { enforce: 'enforced', allow: 'allowed' } as const;

/** `enforced  after 51 ms`; nothing of a pair that its step neither cuts off nor opens, and where there is but one step. */
export function timeFacts(check: CheckView): Fact[] {
  return check.scenario.hasSteps && isTimed(check)
    ? [{ label: DONE_TO[check.timed], text: describeTime(check) }]
    : [];
}

function isTimed(check: CheckView): check is TimedCheck {
  return check.timed !== undefined;
}

/** `after 3.1 s, 1.1 s over the 2.0 s of its step`, as far as it is known. */
export function describeDelay({ settledMs, firstInstant, step: { withinMs } }: CheckView): string {
  const { allowed } = firstInstant ?? {};
  if (allowed !== undefined && withinMs !== undefined)
    return `${describeAge(allowed)} after its first millisecond, and its step gives it ${duration(withinMs)}`;
  if (settledMs === undefined) return 'after its time';
  const after = `after ${duration(settledMs)}`;
  return withinMs === undefined
    ? after
    : `${after}, ${duration(settledMs - withinMs)} over the ${duration(withinMs)} of its step`;
}

/** Why a step that was done has neither a time to enforce nor a time to allow; undefined where it has one. */
export function describeNoTimes(step: StepView): string | undefined {
  const { number, stage, times, checks, actions } = step;
  if (stage !== 'done' || times.enforce.concerned + times.allow.concerned > 0) return undefined;
  if (checks.every(({ verdict }) => verdict === undefined)) return 'none, as nothing was judged';
  if (number === 1) return 'none, as no pair that connected in the control is to be cut off by policies';
  const changed = changedTo(step, 'opens').length + changedTo(step, 'closes').length;
  if (changed > 0)
    return 'none, as what is to change showed that already in the step before, is cut by others, or was not judged';
  if (actions.some(({ kind }) => kind === 'replace' || kind === 'create'))
    return 'none, as a pair has one where what is expected of it changes, and not where its pod is new';
  return changedTo(step, 'new').length > 0
    ? 'none, as a pair has one where what is expected of it changes, and nothing was expected before of those that are new'
    : 'none, as what is expected of each pair is what it was';
}

/** What was expected of a check in the step before, where that was otherwise. */
export function describeChange({ change }: CheckView): string | undefined {
  switch (change) {
    case 'opens':
      return 'unreachable in the step before';
    case 'closes':
      return 'reachable in the step before';
    case 'new':
      return 'not there in the step before';
    case undefined:
      return undefined;
  }
}

/** A line for each step, for formats that know no steps: what it did, how many pairs it changes, the times and the budget. */
export function stepLines({ steps, hasSteps }: ScenarioView): string[] {
  if (!hasSteps) return [];
  return steps.map((step) => {
    const [opens, closes] = [changedTo(step, 'opens').length, changedTo(step, 'closes').length];
    const { title, number, stage, checks, withinMs } = step;
    if (stage !== 'done') return `${title}: ${describeActions(step)}`;
    const told = [
      number === 1 ? count(checks.length, 'check') : describeActions(step),
      ...(opens === 0 ? [] : [`${formatNumber(opens)} to be reachable from here on`]),
      ...(closes === 0 ? [] : [`${formatNumber(closes)} to be unreachable from here on`]),
      ...listed(describeNewAndGone(step)),
      ...timesFacts(step).map(({ label, text }) => `${label}: ${text}`),
      ...listed(describeFirstInstants(step)).map((text) => `first instant: ${text}`),
      ...(withinMs === undefined ? [] : [`budget: ${duration(withinMs)}`]),
    ];
    return `${title}: ${told.join('; ')}`;
  });
}

/** The times of a step, or why it has none. */
function timesFacts(step: StepView): Fact[] {
  const none = describeNoTimes(step);
  if (none !== undefined) return [{ label: 'times', text: none }];
  return TIMES.flatMap(([kind, label]) =>
    listed(describeStepTimes(step, kind)).map((text) => ({ label, text })),
  );
}

function listed(text: string | undefined): string[] {
  return text === undefined ? [] : [text];
}

/** `time to enforce: shop/web → shop/db:5432/TCP after 51 ms` for each pair that a step cuts off or opens, and what new pods saw at first. */
export function pairLines(step: StepView): string[] {
  const times = TIMES.flatMap(([kind, label]) =>
    timedChecks(step, kind).map((check) => `${label}: ${check.pair} ${describeTime(check)}`),
  );
  return [...times, ...firstInstantLines(step)];
}

/** The numbers of the steps in which a policy is there in this form. */
export function stepsWith({ key, fingerprint }: PolicyView, { steps }: ScenarioView): number[] {
  return steps.flatMap(({ number, policyOf }) =>
    policyOf.get(key)?.fingerprint === fingerprint ? [number] : [],
  );
}

/** Whether there is nothing in it to look at. */
export function isCalmStep({ counts, checks }: StepView): boolean {
  return counts.pass + counts.known === checks.length;
}
