/** Scenarios are to be looked at again by a day that they name. Days are compared with that of the run, never with a clock. */
import type { RunRecord, ScenarioRecord } from '../../record.ts';

/** The day of a run in UTC, `YYYY-MM-DD`. */
export function dayOf({ run }: RunRecord): string {
  return run.startedAt.slice(0, 10);
}

/** Whether the review was due before `today`. */
export function isOverdue({ reviewBy }: Pick<ScenarioRecord, 'reviewBy'>, today: string): boolean {
  return reviewBy !== undefined && reviewBy < today;
}

/** `review overdue since 2026-06-30 (owner: payments-team)` */
export function describeOverdue(
  scenario: Pick<ScenarioRecord, 'reviewBy' | 'owner'>,
  today: string,
): string | undefined {
  if (!isOverdue(scenario, today)) return undefined;
  const { reviewBy, owner } = scenario;
  return `review overdue since ${reviewBy}${owner === undefined ? '' : ` (owner: ${owner})`}`;
}
