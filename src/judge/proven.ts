/** Verdicts that a record claims and does not show. */
import { type CheckRecord, checksOf, type RunRecord } from '../record/schema.ts';

const REASON = 'the record holds no attempt with the policies in force, so nothing shows that it passed';

/** The record with every pass that no attempt shows made inconclusive: whatever wrote it, such a pass is proof of nothing. */
export function withoutEmptyPasses(record: RunRecord): RunRecord {
  const scenarios = record.scenarios.map((scenario) => {
    const isEmpty = (check: CheckRecord): boolean =>
      check.verdict === 'pass' && (check.observed ?? []).length === 0;
    if (!checksOf(scenario).some(isEmpty)) return scenario;
    const proven = (check: CheckRecord): CheckRecord => {
      if (!isEmpty(check)) return check;
      const { settledMs: _, ...rest } = check;
      return { ...rest, verdict: 'inconclusive', reason: REASON };
    };
    return {
      ...scenario,
      steps: scenario.steps.map((step) => ({ ...step, checks: step.checks.map(proven) })),
    };
  });
  return { ...record, scenarios };
}
