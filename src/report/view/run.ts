/** A record becomes the view that every format reads. */

import { countedAsIn, countResults } from '../../judge/counts.ts';
import { exitCodeFor } from '../../judge/exit-code.ts';
import { withoutUnprovenPasses } from '../../judge/proven.ts';
import { watchEndOf } from '../../judge/windows/watch-end.ts';
import type { RunRecord, ScenarioRecord } from '../../record/schema.ts';
import { viewForeignPolicy } from './applied-policy.ts';
import { harmless } from './harmless.ts';
import { mismatchesAmong } from './mismatch.ts';
import { atAnyTime, statesOf } from './state.ts';
import { viewSteps } from './step.ts';
import type { CheckView, Mismatch, RunView, ScenarioView, StepView } from './view.ts';

/** A check leads to its scenario, and a scenario to its run: so each is there before it is filled. */
export function viewOf(written: RunRecord): RunView {
  const record = withoutUnprovenPasses(written);
  const { scenarios: writtenScenarios, ...rest } = record;
  const run = harmless(rest);
  const scenarios: ScenarioView[] = [];
  const checks: CheckView[] = [];
  const mismatches: Mismatch[] = [];
  const view: RunView = {
    ...run,
    scenarios,
    checks,
    mismatches,
    counts: countResults(writtenScenarios.flatMap(countedAsIn)),
    exitCode: exitCodeFor(record),
    watchEndMs: watchEndOf(written),
    day: run.run.startedAt.slice(0, 10),
    keepsPods: run.run.options.keep && run.run.interruptedBy === undefined,
  };
  for (const scenario of writtenScenarios) scenarios.push(viewScenario(scenario, view));
  for (const check of scenarios.flatMap((scenario) => scenario.checks)) checks.push(check);
  for (const mismatch of mismatchesAmong(checks)) mismatches.push(mismatch);
  return view;
}

function viewScenario(record: ScenarioRecord, run: RunView): ScenarioView {
  const { namespaces: _, pods: __, policies: ___, foreignPolicies = [], steps: written, ...rest } = record;
  const states = statesOf(record);
  const steps: StepView[] = [];
  const checks: CheckView[] = [];
  const mismatches: Mismatch[] = [];
  const scenario: ScenarioView = {
    ...harmless(rest),
    run,
    steps,
    hasSteps: written.length > 1,
    namespaces: atAnyTime(
      states,
      (state) => state.namespaces,
      ({ name }) => name,
    ),
    pods: atAnyTime(
      states,
      ({ pods }) => pods,
      ({ key }) => key,
    ),
    policies: atAnyTime(
      states,
      ({ policies }) => policies,
      ({ key, fingerprint }) => `${key} ${fingerprint}`,
    ),
    foreignPolicies: foreignPolicies.map(viewForeignPolicy),
    checks,
    mismatches,
    counts: countResults(countedAsIn(record)),
  };
  for (const step of viewSteps(record, states, scenario)) {
    steps.push(step);
    for (const check of step.checks) checks.push(check);
  }
  for (const mismatch of mismatchesAmong(checks)) mismatches.push(mismatch);
  return scenario;
}
