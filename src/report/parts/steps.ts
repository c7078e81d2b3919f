/** What a step did, what it changes, and how long that took. */

import type { Times } from '../../judge/times.ts';
import { count, duration, formatNumber } from '../text/text.ts';
import type { ActionView, CheckView, PolicyView, ScenarioView, StepView } from '../view/view.ts';
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

/** `12 checks are new, with pods that were not there before; 4 checks are gone, …`; undefined where it is the same checks. */
export function describeNewAndGone(step: StepView): string | undefined {
  const added = changedTo(step, 'new').length;
  const parts = [
    ...(added === 0
      ? []
      : [`${count(added, 'check')} ${added === 1 ? 'is' : 'are'} new, with pods that were not there before`]),
    ...(step.gone === 0
      ? []
      : [`${count(step.gone, 'check')} ${step.gone === 1 ? 'is' : 'are'} gone, with pods that were removed`]),
  ];
  return parts.length === 0 ? undefined : parts.join('; ');
}

/** `median 220 ms, p95 1.2 s, maximum 1.2 s (3 of 4 pairs)`; undefined where the step changes no pair so. */
export function describeTimes({ concerned, settledMs, spread }: Times): string | undefined {
  if (concerned === 0) return undefined;
  const whole = count(concerned, 'pair');
  const pairs = settledMs.length === concerned ? whole : `${formatNumber(settledMs.length)} of ${whole}`;
  if (spread === undefined) return `never (${pairs})`;
  if (settledMs.length === 1) return `${duration(spread.maximumMs)} (${pairs})`;
  const { medianMs, p95Ms, maximumMs } = spread;
  return `median ${duration(medianMs)}, p95 ${duration(p95Ms)}, maximum ${duration(maximumMs)} (${pairs})`;
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

/** A line for each step, for formats that know no steps: what it did, how many pairs it changes, and the times. */
export function stepLines({ steps, hasSteps }: ScenarioView): string[] {
  if (!hasSteps) return [];
  return steps.map((step) => {
    const [opens, closes] = [changedTo(step, 'opens').length, changedTo(step, 'closes').length];
    const [enforce, allow] = [describeTimes(step.times.enforce), describeTimes(step.times.allow)];
    const extent = describeNewAndGone(step);
    if (step.stage !== 'done') return `${step.title}: ${describeActions(step)}`;
    const told = [
      ...(step.number === 1 ? [] : [describeActions(step)]),
      ...(opens === 0 ? [] : [`${formatNumber(opens)} to be reachable from here on`]),
      ...(closes === 0 ? [] : [`${formatNumber(closes)} to be unreachable from here on`]),
      ...(extent === undefined ? [] : [extent]),
      ...(enforce === undefined ? [] : [`time to enforce: ${enforce}`]),
      ...(allow === undefined ? [] : [`time to allow: ${allow}`]),
    ];
    return `${step.title}: ${told.length === 0 ? count(step.checks.length, 'check') : told.join('; ')}`;
  });
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
