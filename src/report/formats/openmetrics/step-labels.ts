/** The labels by which the series of a step are told apart. */
import type { StepView } from '../../view/view.ts';
import type { SeriesLabels } from './family.ts';

/** The step of a scenario that has but one needs none: the scenario's is enough. */
export function stepLabels({ scenario, label }: StepView): SeriesLabels {
  return { scenario: scenario.name, ...(scenario.hasSteps ? { step: label } : {}) };
}
