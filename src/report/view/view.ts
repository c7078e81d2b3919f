/**
 * A run as every format reads it. What is looked up is indexed, what came from outside is harmless to print, and no pass rests on
 * nothing: a format is given a view and nothing else, so none can forget any of it.
 */
import { hasReconnected } from '../../judge/closing.ts';
import { exitCodeFor } from '../../judge/exit-code.ts';
import { countContrary } from '../../judge/judge.ts';
import { MISMATCHES } from '../../judge/mismatch.ts';
import { objectKey } from '../../keys.ts';
import { describeConnection, describePortName } from '../../pair.ts';
import {
  type CheckRecord,
  checksOf,
  type RunRecord,
  type ScenarioRecord,
  type StepRecord,
} from '../../record/schema.ts';
import type { Fact } from '../text/block.ts';
import { type PolicyView, viewPolicy } from './applied-policy.ts';
import { type Counts, countVerdicts } from './counts.ts';
import { harmless, type View } from './harmless.ts';
import { withoutEmptyPasses } from './proven.ts';
import { reproduction } from './reproduction.ts';

export type { PolicyView };
/** Why podreach itself could not go on. */
export type FailureView = View<NonNullable<RunRecord['run']['error']>>;
/** A place in a scenario or policy file. */
export type LocationView = CheckView['declared'];
export type EnvironmentView = RunView['environment'];

export interface RunView extends View<Omit<RunRecord, 'scenarios'>> {
  readonly scenarios: readonly ScenarioView[];
  /** Of all scenarios, in their order. */
  readonly checks: readonly CheckView[];
  readonly mismatches: readonly Mismatch[];
  readonly counts: Counts;
  /** What the record stands for, whatever the process ended with. */
  readonly exitCode: number;
  /** Of the run in UTC, `YYYY-MM-DD`. */
  readonly day: string;
  /** Whether the pods are still in place: an interrupted run cleans up whatever was asked for. */
  readonly keepsPods: boolean;
}

export interface ScenarioView extends View<Omit<ScenarioRecord, 'pods' | 'policies' | 'steps'>> {
  readonly run: RunView;
  readonly pods: readonly PodView[];
  readonly policies: readonly PolicyView[];
  /** By `namespace/name`. */
  readonly policyOf: ReadonlyMap<string, PolicyView>;
  /** When each node showed that it had taken up the policies, by its markers. */
  readonly force: View<NonNullable<StepRecord['force']>>;
  /** Of all steps, in their order. */
  readonly checks: readonly CheckView[];
  readonly mismatches: readonly Mismatch[];
  readonly counts: Counts;
}

export interface PodView extends View<ScenarioRecord['pods'][number]> {
  /** `namespace/name` */
  readonly key: string;
}

export interface CheckView extends View<CheckRecord> {
  readonly scenario: ScenarioView;
  /** `shop/web → shop/db:5432/TCP (postgres)` */
  readonly pair: string;
  /** The pods of both ends; undefined where the scenario does not hold them. */
  readonly source: PodView | undefined;
  readonly destination: PodView | undefined;
  /** How many attempts under the policies did not show what is expected. */
  readonly contrary: number;
  /** Whether it connected when the policies had been taken away. */
  readonly hasReconnected: boolean;
  /** The command line that shows it again, or why there is none; made when it is asked for, as few of many are. */
  readonly reproduce: () => Fact;
}

/** A check that did not turn out as expected. */
export type Mismatch = CheckView & { readonly verdict: (typeof MISMATCHES)[number] };

/** A check leads to its scenario, and a scenario to its run: so each is there before it is filled. */
export function viewOf(written: RunRecord): RunView {
  const record = withoutEmptyPasses(written);
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
    counts: countVerdicts(writtenScenarios.flatMap(checksOf)),
    exitCode: exitCodeFor(record),
    day: run.run.startedAt.slice(0, 10),
    keepsPods: run.run.options.keep && run.run.interruptedBy === undefined,
  };
  for (const scenario of writtenScenarios) scenarios.push(viewScenario(scenario, view));
  for (const check of scenarios.flatMap((scenario) => scenario.checks)) checks.push(check);
  for (const mismatch of mismatchesAmong(checks)) mismatches.push(mismatch);
  return view;
}

function viewScenario(record: ScenarioRecord, run: RunView): ScenarioView {
  const { pods: writtenPods, policies: writtenPolicies, steps, ...rest } = record;
  const writtenChecks = checksOf(record);
  const pods = writtenPods.map((written) => {
    const pod = harmless(written);
    return { ...pod, key: objectKey(pod) };
  });
  const podOf = byKey(pods);
  const policies = writtenPolicies.map(viewPolicy);
  const checks: CheckView[] = [];
  const mismatches: Mismatch[] = [];
  const scenario: ScenarioView = {
    ...harmless(rest),
    run,
    pods,
    policies,
    policyOf: byKey(policies),
    force: harmless(steps.flatMap(({ force = [] }) => force)),
    checks,
    mismatches,
    counts: countVerdicts(writtenChecks),
  };
  for (const check of writtenChecks) checks.push(viewCheck(check, scenario, podOf));
  for (const mismatch of mismatchesAmong(checks)) mismatches.push(mismatch);
  return scenario;
}

function viewCheck(
  record: CheckRecord,
  scenario: ScenarioView,
  podOf: ReadonlyMap<string, PodView>,
): CheckView {
  const check = harmless(record);
  const view: CheckView = {
    ...check,
    scenario,
    pair: describeConnection(check) + describePortName(check.portName),
    source: podOf.get(check.from),
    destination: podOf.get(check.to),
    contrary: countContrary(record),
    hasReconnected: hasReconnected(record),
    reproduce: () => reproduction(view),
  };
  return view;
}

/** The first of each key. */
function byKey<One extends { readonly key: string }>(all: readonly One[]): ReadonlyMap<string, One> {
  return new Map(all.toReversed().map((one) => [one.key, one]));
}

/** The most dangerous first. */
function mismatchesAmong(checks: readonly CheckView[]): Mismatch[] {
  return checks
    .filter(isMismatch)
    .sort((left, right) => MISMATCHES.indexOf(left.verdict) - MISMATCHES.indexOf(right.verdict));
}

/** Whether a check shows that the cluster is not as expected. What stayed inconclusive says nothing about it. */
export function isMismatch(check: CheckView): check is Mismatch {
  return MISMATCHES.some((verdict) => verdict === check.verdict);
}
