/** Scenarios are to be looked at again by a day that they name. Days are compared with that of the run, never with a clock. */
import type { ScenarioView } from '../view/view.ts';

/** Whether the review was due before the day of the run. */
export function isOverdue({ reviewBy, run }: ScenarioView): boolean {
  return reviewBy !== undefined && reviewBy < run.day;
}

/** `review overdue since 2026-06-30 (owner: payments-team)` */
export function describeOverdue(scenario: ScenarioView): string | undefined {
  if (!isOverdue(scenario)) return undefined;
  const { reviewBy, owner } = scenario;
  return `review overdue since ${reviewBy}${owner === undefined ? '' : ` (owner: ${owner})`}`;
}
