/** The steps of a scenario, each with its state and its checks. */
import { hasReconnected } from '../../judge/closing.ts';
import { countResults } from '../../judge/counts.ts';
import { countContrary } from '../../judge/judge.ts';
import { countsAs, expiredIssueOf, knownIssueOf } from '../../judge/known-issues.ts';
import { laterConnections } from '../../judge/later-connection.ts';
import { timeOf, timesOf } from '../../judge/times.ts';
import { destinationsOf } from '../../model/service.ts';
import { FIRST_STEP } from '../../model/step.ts';
import { describeConnection, describePortName } from '../../pair.ts';
import type { CheckRecord, ScenarioRecord, StepRecord } from '../../record/schema.ts';
import { harmless } from './harmless.ts';
import { mismatchesAmong } from './mismatch.ts';
import { reproduction } from './reproduction.ts';
import type { State } from './state.ts';
import type { CheckView, Mismatch, PodView, ScenarioView, StepView } from './view.ts';

/** A step as it is written, and what there is in it. */
interface WrittenStep {
  readonly step: StepRecord;
  readonly checkOf: ReadonlyMap<number, CheckRecord>;
  readonly podOf: ReadonlyMap<string, PodView>;
  readonly state: State;
}

/** The steps as they are written, and what is known of them all. */
interface WrittenSteps {
  readonly steps: readonly WrittenStep[];
  readonly laterConnection: ReturnType<typeof laterConnections>;
}

/** @param states one for each step */
export function viewSteps(
  record: ScenarioRecord,
  states: readonly State[],
  scenario: ScenarioView,
): StepView[] {
  const steps = record.steps.flatMap((step, index): WrittenStep[] => {
    const state = states[index];
    if (state === undefined) return [];
    const checkOf = new Map(step.checks.map((check) => [check.id, check]));
    return [{ step, state, checkOf, podOf: byKey(state.pods) }];
  });
  const written = { steps, laterConnection: laterConnections(record) };
  return steps.map((own, index) => viewStep(own, index, written, scenario));
}

/** A check leads to its step: so that is there before its checks are. */
function viewStep(
  { step, state, checkOf }: WrittenStep,
  index: number,
  written: WrittenSteps,
  scenario: ScenarioView,
): StepView {
  const before = written.steps[index - 1];
  const { checks: writtenChecks, actions = [], force = [], namespaces, pods, policies, ...rest } = step;
  const number = index + 1;
  const told = harmless(rest);
  const checks: CheckView[] = [];
  const mismatches: Mismatch[] = [];
  const view: StepView = {
    ...told,
    scenario,
    number,
    title: `step ${number}${told.name === undefined ? '' : ` (${told.name})`}`,
    label: told.name ?? FIRST_STEP,
    actions: harmless(actions),
    stage: number === 1 ? 'done' : stageOf(step),
    ...state,
    policyOf: byKey(state.policies),
    force: harmless(force),
    checks,
    mismatches,
    counts: countResults(writtenChecks.map((check) => countsAs(check, scenario))),
    times: timesOf(step, before?.step),
    gone: before?.step.checks.filter(({ id }) => !checkOf.has(id)).length ?? 0,
  };
  for (const check of writtenChecks) checks.push(viewCheck(check, view, written));
  for (const mismatch of mismatchesAmong(checks)) mismatches.push(mismatch);
  return view;
}

function stageOf({ atMs, actedMs }: StepRecord): StepView['stage'] {
  if (atMs === undefined) return 'not-begun';
  return actedMs === undefined ? 'cut-short' : 'done';
}

function viewCheck(record: CheckRecord, step: StepView, { steps, laterConnection }: WrittenSteps): CheckView {
  const check = harmless(record);
  const own = steps[step.number - 1];
  const before = steps[step.number - 2];
  const later = laterConnection(step.number - 1, record);
  const pair = describeConnection(check) + describePortName(check.portName);
  const view: CheckView = {
    ...check,
    scenario: step.scenario,
    step,
    pair,
    title: step.scenario.hasSteps ? `${pair} in ${step.title}` : pair,
    change: changeOf(record, before),
    timed: timeOf(record, before && { check: before.checkOf.get(record.id) }),
    source: own?.podOf.get(check.from),
    destination: own?.podOf.get(check.to),
    toNode: own && nodeOfAll(destinationsOf(check), own.podOf),
    countsAs: countsAs(record, step.scenario),
    known: knownIssueOf(record, step.scenario),
    wasKnown: expiredIssueOf(record, step.scenario),
    contrary: countContrary(record),
    hasReconnected: hasReconnected(record),
    connectedLater: later === undefined ? undefined : later + 1,
    reproduce: () => reproduction(view),
  };
  return view;
}

function nodeOfAll(pods: readonly string[], podOf: WrittenStep['podOf']): string | undefined {
  const nodes = new Set(pods.map((pod) => podOf.get(pod)?.node));
  const [only] = nodes;
  return nodes.size === 1 ? only : undefined;
}

function changeOf({ id, expected }: CheckRecord, before: WrittenStep | undefined): CheckView['change'] {
  if (before === undefined) return undefined;
  const was = before.checkOf.get(id)?.expected;
  if (was === undefined) return 'new';
  if (was === expected) return undefined;
  return expected === 'reachable' ? 'opens' : 'closes';
}

/** The first of each key. */
function byKey<One extends { readonly key: string }>(all: readonly One[]): ReadonlyMap<string, One> {
  return new Map(all.toReversed().map((one) => [one.key, one]));
}
