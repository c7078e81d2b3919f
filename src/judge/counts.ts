/** Results in numbers. */
import type { Verdict } from '../model/verdict.ts';
import type { CheckRecord } from '../record/schema.ts';

/** Checks by verdict; `unjudged` are those that the run did not come to. */
export type Counts = Readonly<Record<Verdict | 'unjudged', number>>;

export function countVerdicts(checks: readonly Pick<CheckRecord, 'verdict'>[]): Counts {
  const counts = { pass: 0, leaked: 0, broken: 0, flapping: 0, late: 0, inconclusive: 0, unjudged: 0 };
  for (const { verdict } of checks) counts[verdict ?? 'unjudged'] += 1;
  return counts;
}
