/** The process exit code that a run record stands for. */
import { checksOf, type RunRecord } from '../record/schema.ts';
import { isMismatch } from './mismatch.ts';

/** What a process ends with that a signal ended, as a shell has it: 128 and the number of the signal. */
export const INTERRUPTED = { SIGINT: 130, SIGTERM: 143 } as const;

/**
 * 130 or 143 interrupted; 1 at least one mismatch; 3 the environment failed; 4 something stayed inconclusive; 0 every
 * check passed. A mismatch goes before a failure elsewhere: it is a fact about the cluster, and the failure is not.
 * A run without a check that passed is never 0. A command that failed while checks were watched is a failure of the environment.
 */
export function exitCodeFor(record: RunRecord): number {
  if (record.run.interruptedBy !== undefined) return INTERRUPTED[record.run.interruptedBy];
  const checks = record.scenarios.flatMap(checksOf);
  if (checks.some(isMismatch)) return 1;
  if (record.run.error !== undefined || record.scenarios.some(({ error }) => error !== undefined)) return 3;
  if (record.watch?.command?.failure !== undefined) return 3;
  if (checks.length === 0 || checks.some(({ verdict }) => verdict !== 'pass')) return 4;
  return 0;
}
