/** What is doubtful about scenarios before anything has started, as the commands tell it. */
import type { Warning } from '../policy/review.ts';
import { neutralise } from '../report/text/text.ts';
import { type Plan, wholePlan } from '../scenario/scenario.ts';

/** How many warnings are told where some can wait: policies that miss the point altogether show it by their first few. */
const SHOWN = 10;

/** All warnings of all scenarios. What will go wrong in a run comes before what may be meant. */
export async function warningsFor(plans: readonly Plan[]): Promise<readonly Warning[]> {
  const { reviewScenario } = await import('../policy/review.ts');
  const warnings = plans.flatMap((plan) => reviewScenario(wholePlan(plan)));
  return [...warnings.filter(isCertain), ...warnings.filter((warning) => !isCertain(warning))];
}

/** A few lines for each, and how to see those that are left out: never one of what will go wrong in a run. */
export function describeWarnings(warnings: readonly Warning[], shown = SHOWN): string[] {
  const told = warnings.slice(0, Math.max(shown, warnings.filter(isCertain).length));
  const more = warnings.length - told.length;
  return [
    ...told.flatMap(describeWarning),
    ...(more > 0 ? [`… and ${more} more: podreach validate --verbose shows all.`] : []),
  ];
}

function isCertain({ code }: Warning): boolean {
  return code === 'refused-policy' || code === 'contradicted-check';
}

function describeWarning({ code, rule, message, location, advice }: Warning): string[] {
  const name = rule === undefined ? code : `${code}, ${rule}`;
  return [
    `${neutralise(location.file)}:${location.line}:${location.column}: warning: ${neutralise(message)} [${name}]`,
    `  next: ${neutralise(advice)}`,
  ];
}
