/** The process exit code that a run record stands for. */
import { INTERRUPTED } from '../errors.ts';
import { checksOf, type RunRecord } from '../record/schema.ts';
import { countsAs, failsRun } from './known-issues.ts';

/**
 * 130 or 143 interrupted; 1 at least one mismatch that is not known; 3 the environment failed; 4 something stayed inconclusive; 0
 * every check passed, or is a mismatch that is known. A mismatch goes before a failure elsewhere: it is a fact about the cluster, and
 * the failure is not. A run that has shown nothing is never 0. A command that failed while checks were
 * watched is a failure of the environment, as it is that new pods were asked for and none has told anything.
 */
export function exitCodeFor(record: RunRecord): number {
  if (record.run.interruptedBy !== undefined) return INTERRUPTED[record.run.interruptedBy];
  if (record.scenarios.some((scenario) => checksOf(scenario).some((check) => failsRun(check, scenario))))
    return 1;
  if (record.run.error !== undefined || record.scenarios.some(({ error }) => error !== undefined)) return 3;
  if (record.watch?.command?.failure !== undefined) return 3;
  const { churn } = record.watch ?? {};
  if (churn !== undefined && churn.due > 0 && churn.pods.length === 0) return 3;
  const results = record.scenarios.flatMap((scenario) =>
    checksOf(scenario).map((check) => countsAs(check, scenario)),
  );
  return results.length > 0 && results.every((result) => result === 'pass' || result === 'known') ? 0 : 4;
}
