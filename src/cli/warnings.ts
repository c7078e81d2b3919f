/** What is doubtful about scenarios before anything has started, as the commands tell it. */
import type { Warning } from '../policy/review.ts';
import type { Plan } from '../scenario/scenario.ts';

/** A scenario whose policies miss the point altogether is told by its first few warnings. */
const SHOWN = 10;

/** All warnings of all scenarios. */
export async function warningsFor(plans: readonly Plan[]): Promise<readonly Warning[]> {
  const { reviewScenario } = await import('../policy/review.ts');
  return plans.flatMap((plan) => reviewScenario(plan));
}

/** A few lines for each, and how to see those that are too many. */
export function describeWarnings(warnings: readonly Warning[]): string[] {
  const more = warnings.length - SHOWN;
  return [
    ...warnings.slice(0, SHOWN).flatMap(describeWarning),
    ...(more > 0 ? [`… and ${more} more: podreach validate --json shows all.`] : []),
  ];
}

function describeWarning({ code, rule, message, location, advice }: Warning): string[] {
  const name = rule === undefined ? code : `${code}, ${rule}`;
  return [
    `${location.file}:${location.line}:${location.column}: warning: ${message} [${name}]`,
    `  next: ${advice}`,
  ];
}
