/** One step of scenarios, chosen by its name or its number. */
import { PodreachError } from '../errors.ts';
import { FIRST_STEP } from '../model/step.ts';
import type { Plan, PlannedStep } from './scenario.ts';
import { nearest, quote } from './suggest.ts';

/** The most that a hint lists. */
const STEPS_LISTED = 20;
const PLANS_LISTED = 3;

export interface ChosenStep {
  readonly plan: Plan;
  readonly step: PlannedStep;
  /** Counted from 1. */
  readonly number: number;
}

/**
 * The step of each plan that has it.
 *
 * @param text a name as reports show it, or a number counted from 1; left out: the first
 * @throws PodreachError `usage` where no plan has such a step
 */
export function chooseStep(plans: readonly Plan[], text = '1'): readonly ChosenStep[] {
  const index = /^\d+$/.test(text) ? Number(text) - 1 : undefined;
  const chosen = plans.flatMap((plan): readonly ChosenStep[] => {
    const place = index ?? plan.steps.findIndex(({ name = FIRST_STEP }) => name === text);
    const step = plan.steps[place];
    return step === undefined ? [] : [{ plan, step, number: place + 1 }];
  });
  if (chosen.length > 0) return chosen;
  throw new PodreachError(
    'usage',
    index === undefined ? `no step is named ${quote(text)}` : `there is no step ${text}`,
    { hint: hintForStep(text, plans) },
  );
}

/** The nearest name, where one is near; and the steps that there are, with their numbers. */
function hintForStep(text: string, plans: readonly Plan[]): string {
  const names = [...new Set(plans.flatMap(({ steps }) => steps.map(({ name = FIRST_STEP }) => name)))];
  const near = nearest(text, names) ?? onlyOneWith(text, names);
  const meant = near === undefined ? [] : [`Did you mean ${quote(near)}?`];
  const known = plans.slice(0, PLANS_LISTED).map(({ scenario, steps }) => {
    const of = plans.length === 1 ? '' : ` of ${scenario.name}`;
    const listed = steps
      .slice(0, STEPS_LISTED)
      .map(({ name = FIRST_STEP }, index) => `${index + 1} (${name})`)
      .join(', ');
    const left = steps.length - STEPS_LISTED;
    return `The steps${of} are: ${listed}${left > 0 ? `, and ${left} more` : ''}.`;
  });
  return [...meant, ...known].join(' ');
}

function onlyOneWith(text: string, names: readonly string[]): string | undefined {
  const [only, ...others] = names.filter((name) => name.toLowerCase().includes(text.toLowerCase()));
  return others.length === 0 && /[^0-9]/.test(text) ? only : undefined;
}
