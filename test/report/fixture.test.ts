/** What the reports are tested with is what a run would record: its verdicts are those that the judge gives. */
import { expect, test } from 'vitest';
import { judge } from '../../src/judge/judge.ts';
import { disagreementOf } from '../../src/judge/opinions.ts';
import { objectKey } from '../../src/keys.ts';
import { type CheckRecord, checksOf, type RunRecord, type ScenarioRecord } from '../../src/record/schema.ts';
import { lateNodes } from '../../src/report/parts/scenario-notes.ts';
import { APPLIED_MS, buildRecord, calmScenario, everyVerdict } from './fixture.ts';
import { keptRun } from './records.ts';

test.each<[string, RunRecord]>([
  ['with every verdict', everyVerdict()],
  ['in which all is well', buildRecord([calmScenario('done')])],
  ['of a run that leaves its policies in place', keptRun()],
])('a record %s holds the verdicts of its attempts', (_, record) => {
  for (const scenario of record.scenarios) {
    for (const check of checksOf(scenario).filter((one) => !isLate(one, scenario))) {
      const { verdict, reason, settledMs, disagreement } = check;
      const judged = judge(check, {
        confirm: record.run.options.confirm,
        actedMs: APPLIED_MS,
        closing: scenario.closingControl,
        others: record.environment.clusterPolicies?.join(', '),
      });
      expect({ verdict, reason, settledMs, disagreement }, `check ${check.id} of ${scenario.name}`).toEqual({
        reason: undefined,
        settledMs: undefined,
        ...judged,
        disagreement: disagreementOf(check),
      });
    }
  }
});

/** Where the policies are not in force nothing is judged by its attempts. */
function isLate({ from, to }: CheckRecord, scenario: ScenarioRecord): boolean {
  const late = scenario.steps.flatMap(lateNodes);
  return scenario.pods.some(
    (pod) => [from, to].includes(objectKey(pod)) && pod.node !== undefined && late.includes(pod.node),
  );
}
