/** Verdicts that a record claims and does not show. */
import type { CheckRecord, RunRecord, ScenarioRecord } from '../record/schema.ts';
import { closingDoubt } from './closing.ts';
import { elsewhereOf } from './elsewhere.ts';
import { withFirstInstant } from './first-instant.ts';
import type { JudgeRules } from './judge.ts';

/** Why a pass of a step, which is named by its index, is none; undefined where it is one, and for all that did not pass. */
type DoubtOf = (check: CheckRecord, step: number) => string | undefined;

const NO_ATTEMPT = 'the record holds no attempt with the policies in force, so nothing shows that it passed';

/** The record with every pass that nothing in it shows made inconclusive: whatever wrote it, such a pass is proof of nothing. */
export function withoutUnprovenPasses(record: RunRecord): RunRecord {
  const { options } = record.run;
  const scenarios = record.scenarios.map((scenario) => {
    const unclosed = unclosedIn(scenario, options);
    const doubtOf: DoubtOf = (check, step) => {
      if (check.verdict !== 'pass') return undefined;
      if ((check.observed ?? []).length === 0) return NO_ATTEMPT;
      const { withinMs } = scenario.steps[step] ?? {};
      return withFirstInstant({ verdict: 'pass' }, check, { withinMs }).reason ?? unclosed(check, step);
    };
    const isDoubted = scenario.steps.some(({ checks }, step) =>
      checks.some((check) => doubtOf(check, step) !== undefined),
    );
    return isDoubted ? withDoubts(scenario, doubtOf) : scenario;
  });
  return { ...record, scenarios };
}

/** A run that was killed between steps has made no closing control, which the cuts of all of them rest on. */
function unclosedIn(scenario: ScenarioRecord, rules: Pick<JudgeRules, 'confirm'>): DoubtOf {
  if (scenario.steps.length < 2 || scenario.closingControl !== undefined) return () => undefined;
  const elsewhere = elsewhereOf(scenario, rules);
  return (check, step) => closingDoubt(check, 'pass', {}, elsewhere(step, check));
}

function withDoubts(scenario: ScenarioRecord, doubtOf: DoubtOf): ScenarioRecord {
  const proven = (check: CheckRecord, step: number): CheckRecord => {
    const reason = doubtOf(check, step);
    if (reason === undefined) return check;
    const { settledMs: _, ...rest } = check;
    return { ...rest, verdict: 'inconclusive', reason };
  };
  return {
    ...scenario,
    steps: scenario.steps.map((step, index) => ({
      ...step,
      checks: step.checks.map((check) => proven(check, index)),
    })),
  };
}
