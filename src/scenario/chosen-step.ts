/** One step of scenarios, chosen by its name or its number. */
import { PodreachError } from '../errors.ts';
import { FIRST_STEP } from '../model/step.ts';
import type { Plan, PlannedStep } from './scenario.ts';
import { quote, suggest } from './suggest.ts';

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
  if (index === undefined) {
    const names = plans.flatMap(({ steps }) => steps.flatMap(({ name }) => name ?? []));
    throw new PodreachError('usage', `no step is named ${quote(text)}`, {
      hint: suggest(text, [...new Set(names)], 'steps'),
    });
  }
  const most = plans.reduce((count, { steps }) => Math.max(count, steps.length), 0);
  throw new PodreachError('usage', `there is no step ${text}`, {
    hint:
      most === 1 ? 'There is one step, and its number is 1.' : `Write a number from 1 to ${most}, or a name.`,
  });
}
