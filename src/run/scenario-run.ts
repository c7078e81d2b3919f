/** One scenario from provisioning to clean-up. */
import { type JudgeRules, judge } from '../judge/judge.ts';
import { disagreementOf } from '../judge/opinions.ts';
import { objectKey } from '../keys.ts';
import { policiesIsolating } from '../policy/isolation.ts';
import type { CheckRecord, Phase, ScenarioRecord, Verdict } from '../record.ts';
import { VERDICTS } from '../record.ts';
import type { Plan } from '../scenario/scenario.ts';
import { applyPolicies } from './apply.ts';
import { cleanUpNamespaces } from './cleanup.ts';
import type { RunContext } from './context.ts';
import { failureOf } from './failure.ts';
import { predictPlaced } from './predict.ts';
import { provision, type RunningPods } from './provision.ts';
import type { Stage } from './round.ts';
import { control, observe, settle } from './settle.ts';

/**
 * Runs one scenario and writes all it sees into `scenario`. Never throws for what belongs to the scenario: its failure
 * stands in the record. Checks that were tried are judged in every ending.
 */
export async function runScenario(
  plan: Plan,
  scenario: ScenarioRecord,
  keep: boolean,
  context: RunContext,
): Promise<void> {
  const beganMs = context.clock.now();
  const elapsed = (): number => Math.round(context.clock.now() - beganMs);
  scenario.status = 'running';
  scenario.startedAt = context.clock.date().toISOString();

  const inPhase = async <Result>(name: Phase, work: () => Promise<Result>): Promise<Result> => {
    const phase: ScenarioRecord['phases'][number] = { name, atMs: elapsed() };
    scenario.phases.push(phase);
    context.progress({ type: 'phase-started', scenario: scenario.name, phase: name });
    context.save();
    try {
      return await work();
    } finally {
      phase.durationMs = elapsed() - phase.atMs;
    }
  };

  try {
    const pods = await inPhase('provision', () => provision(scenario, context));
    noteWherePodsRun(scenario, pods);
    predictPlaced(plan, scenario, context.assumptions);
    const stage: Stage = { pods, beganMs, noteSetbacks: (reasons) => noteSetbacks(scenario, reasons) };
    await inPhase('control', () => control(scenario, stage, context));
    await inPhase('apply', () => applyPolicies(plan.policies, context));
    const rules: JudgeRules = {
      confirm: context.timing.confirm,
      appliedMs: context.clock.now() - beganMs,
    };
    try {
      await inPhase('settle', () => settle(scenario, rules, stage, context));
      await inPhase('observe', () => observe(scenario, rules, stage, context));
    } finally {
      judgeChecks(plan, scenario, rules, context.signal.aborted);
    }
    scenario.status = 'finished';
  } catch (thrown) {
    scenario.status = context.signal.aborted ? 'interrupted' : 'failed';
    if (!context.signal.aborted) scenario.error = failureOf(thrown);
  }
  // A run that is cut off is cleaned up as a whole.
  if (!keep && !context.signal.aborted) await inPhase('cleanup', () => cleanUpAfter(scenario, context));
  scenario.durationMs = elapsed();
  context.save();
  tellEnd(scenario, context);
}

function noteWherePodsRun(scenario: ScenarioRecord, running: RunningPods): void {
  for (const pod of scenario.pods) {
    const found = running.get(objectKey(pod));
    if (found === undefined) continue;
    pod.node = found.node;
    pod.ip = found.ip;
  }
}

function noteSetbacks(scenario: ScenarioRecord, reasons: readonly string[]): void {
  const lastReason = reasons.at(-1);
  if (lastReason === undefined) return;
  scenario.execRetries = { count: (scenario.execRetries?.count ?? 0) + reasons.length, lastReason };
}

async function cleanUpAfter(scenario: ScenarioRecord, context: RunContext): Promise<void> {
  try {
    await cleanUpNamespaces(
      context,
      scenario.namespaces.map(({ name }) => name),
    );
  } catch (thrown) {
    if (!context.signal.aborted) scenario.error ??= failureOf(thrown);
  }
}

/** @param cutOff the run ended before the checks had their time: only what has shown itself already is a verdict */
function judgeChecks(plan: Plan, scenario: ScenarioRecord, rules: JudgeRules, cutOff: boolean): void {
  for (const check of scenario.checks) {
    const { verdict, reason, settledMs } = judge(check, rules);
    if (cutOff && settledMs === undefined) continue;
    check.verdict = verdict;
    if (reason !== undefined) check.reason = reason;
    if (settledMs !== undefined) check.settledMs = Math.round(settledMs);
    if (verdict !== 'pass') check.isolatedBy = isolatedBy(plan, check);
    const disagreement =
      check.predicted && disagreementOf(check.expected, check.predicted.verdict, check.verdict);
    if (disagreement !== undefined) check.disagreement = disagreement;
  }
}

function isolatedBy(plan: Plan, check: CheckRecord): NonNullable<CheckRecord['isolatedBy']> {
  const names = (key: string, direction: 'egress' | 'ingress'): string[] => {
    const pod = plan.pods.find((candidate) => objectKey(candidate) === key);
    return pod === undefined ? [] : policiesIsolating(pod, plan.policies, direction).map(objectKey);
  };
  return { egress: names(check.from, 'egress'), ingress: names(check.to, 'ingress') };
}

function tellEnd(scenario: ScenarioRecord, context: RunContext): void {
  const verdicts = Object.fromEntries(VERDICTS.map((verdict) => [verdict, 0])) as Record<Verdict, number>;
  for (const { verdict } of scenario.checks) if (verdict !== undefined) verdicts[verdict] += 1;
  const { name, status, durationMs = 0, error } = scenario;
  context.progress({
    type: 'scenario-ended',
    scenario: name,
    status,
    verdicts,
    durationMs,
    ...(error === undefined ? {} : { error }),
  });
}
