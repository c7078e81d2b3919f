/** Verdicts that a record claims and does not show. */
import { underPolicies } from '../../judge/rows.ts';
import type { CheckRecord, RunRecord } from '../../record/schema.ts';

const REASON = 'the record holds no attempt with the policies in force, so nothing shows that it passed';

/** The record with every pass that no attempt shows made inconclusive: whatever wrote it, such a pass is proof of nothing. */
export function withoutEmptyPasses(record: RunRecord): RunRecord {
  const scenarios = record.scenarios.map((scenario) => {
    const isEmpty = (check: CheckRecord): boolean =>
      check.verdict === 'pass' && underPolicies(check.attempts).length === 0;
    if (!scenario.checks.some(isEmpty)) return scenario;
    const checks = scenario.checks.map((check): CheckRecord => {
      if (!isEmpty(check)) return check;
      const { settledMs: _, ...rest } = check;
      return { ...rest, verdict: 'inconclusive', reason: REASON };
    });
    return { ...scenario, checks };
  });
  return { ...record, scenarios };
}
