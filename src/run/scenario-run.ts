/** One scenario from provisioning to the verdicts, and its clean-up. */
import { messageOf } from '../errors.ts';
import { type Judgement, type JudgeRules, judge } from '../judge/judge.ts';
import { disagreementOf } from '../judge/opinions.ts';
import { objectKey } from '../keys.ts';
import type { Verdict } from '../model/verdict.ts';
import { VERDICTS } from '../model/verdict.ts';
import type { Oracle } from '../policy/oracle.ts';
import type { Assumptions } from '../policy/peers.ts';
import { Attempts, type CheckDraft, type ScenarioDraft, type StepDraft } from '../record/draft.ts';
import type { Phase } from '../record/schema.ts';
import type { Plan } from '../scenario/scenario.ts';
import { applyPolicies } from './apply.ts';
import { type Cleaning, cleanUpNamespaces } from './cleanup.ts';
import { closingControl } from './closing.ts';
import type { Bounded, Recording, Requesting, Settling, Telling } from './context.ts';
import { denialTimeMs } from './denial-time.ts';
import { Evidence } from './evidence.ts';
import { failureOf } from './failure.ts';
import { awaitForce, type Marker, turnMarker, unforced } from './markers.ts';
import type { Watching } from './outposts.ts';
import { predictPlaced } from './predict.ts';
import type { Proof } from './prove.ts';
import { type Provisioning, provision, type RunningPods } from './provision.ts';
import { hearOut, type Stage, witness } from './round.ts';
import { control, observe, settle, type Tried } from './settle.ts';
import { Witnesses } from './witnesses.ts';

export interface ScenarioOptions {
  /** Leave everything in place at the end. */
  readonly keep: boolean;
  /** Its place among the scenarios of the run, counted from 1: that of its marker. */
  readonly number: number;
  readonly proof: Promise<Proof>;
  /** Aborted where the proof has failed: then nothing is to be seen there. */
  readonly unproven: AbortSignal;
  /** What is known of how the cluster takes policies. */
  readonly assumptions: Assumptions;
  /** See `JudgeRules.others`. */
  readonly others: string | undefined;
  /** Called when it needs the outposts no more. */
  readonly onSeen: () => void;
}

/** What scenarios are run with. */
export type Running = Provisioning & Settling & Watching & Cleaning & Requesting<'apply'>;

/**
 * Runs one scenario and writes all it sees into `scenario`. Never throws for what belongs to the scenario: its failure
 * stands in the record. Checks that were tried are judged in every ending.
 */
export async function runScenario(
  plan: Plan,
  scenario: ScenarioDraft,
  options: ScenarioOptions,
  context: Running,
): Promise<void> {
  const beganMs = context.clock.now();
  const elapsed = (): number => Math.round(context.clock.now() - beganMs);
  const [step] = scenario.steps;
  const tried: Tried = { name: scenario.name, policies: plan.steps[0].policies, checks: step.checks };
  scenario.status = 'running';
  scenario.startedAt = context.clock.date().toISOString();

  const inPhase: InPhase = async (name, work) => {
    const phase: ScenarioDraft['phases'][number] = { name, atMs: elapsed() };
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
    const oracle = predictPlaced(plan, scenario, options.assumptions);
    const stage: Stage = {
      pods,
      beganMs,
      evidence: new Evidence(beganMs),
      attempts: new Attempts(),
      noteSetbacks: (reasons) => noteSetbacks(scenario, reasons),
    };
    const { outposts, settleFloorMs } = await inPhase('control', async () => {
      await control(tried, stage, context);
      return await options.proof;
    });
    const marker: Marker = { number: options.number, outposts };
    const witnessed = { ...stage, witnesses: new Witnesses(outposts) };
    const denialMs = denialTimeMs(step.checks, context.timing.timeoutMs);
    step.denialMs = denialMs;
    const proven = { ...context, timing: { ...context.timing, settleFloorMs, denialMs } };
    await runUnderPolicies(
      { plan, oracle, scenario, step, tried },
      marker,
      witnessed,
      options,
      inPhase,
      proven,
    );
    scenario.status = 'finished';
  } catch (thrown) {
    if (options.unproven.aborted) scenario.status = 'skipped';
    else scenario.status = context.signal.aborted ? 'interrupted' : 'failed';
    if (!context.signal.aborted) scenario.error = failureOf(thrown);
  }
  options.onSeen();
  scenario.durationMs = elapsed();
  context.save();
  tellEnd(scenario, context);
}

/** Takes away what a scenario has created, while others run. What goes wrong stands in its record, unless the signal is aborted. */
export async function cleanUpAfter(scenario: ScenarioDraft, context: Cleaning & Recording): Promise<void> {
  const beganMs = context.clock.now();
  const phase: ScenarioDraft['phases'][number] = { name: 'cleanup', atMs: scenario.durationMs ?? 0 };
  scenario.phases.push(phase);
  try {
    await cleanUpNamespaces(
      context,
      scenario.namespaces.map(({ name }) => name),
    );
  } catch (thrown) {
    if (context.signal.aborted) return;
    scenario.error ??= failureOf(thrown);
    context.progress({ type: 'note', text: `${scenario.name}: ${messageOf(thrown)}` });
  } finally {
    phase.durationMs = Math.round(context.clock.now() - beganMs);
    context.save();
  }
}

type InPhase = <Result>(name: Phase, work: () => Promise<Result>) => Promise<Result>;

/** A scenario whose pods run. */
interface Placed {
  readonly plan: Plan;
  /** Knows where they run. */
  readonly oracle: Oracle;
  readonly scenario: ScenarioDraft;
  readonly step: StepDraft;
  /** All of its checks. */
  readonly tried: Tried;
}

/** From applying the policies to the verdicts, which are given in every ending. @throws what applying, waiting and trying throw */
async function runUnderPolicies(
  { plan, oracle, scenario, step, tried }: Placed,
  marker: Marker,
  stage: Stage,
  { keep, others }: ScenarioOptions,
  inPhase: InPhase,
  context: Running,
): Promise<void> {
  const hasPolicies = plan.steps[0].policies.length > 0;
  const actedMs = await inPhase('apply', async () => {
    await applyPolicies(plan.steps[0].policies, context);
    const atMs = context.clock.now() - stage.beganMs;
    if (hasPolicies) await turnMarker(marker, context);
    return atMs;
  });
  const rules = { confirm: context.timing.confirm, actedMs, others };
  try {
    await inPhase('settle', async () => {
      const openWays = hasPolicies
        ? await awaitForce(step, marker, actedMs, stage, context)
        : await witness(step.checks, stage, context);
      const witnessed = Promise.resolve(openWays);
      await settle(forced(tried, step, stage, context), rules, stage, context, witnessed);
    });
    await inPhase('observe', () => observe(tried, rules, stage, context));
    if (keep) await hearOut(step.checks, stage, context);
    else await inPhase('closing', () => closingControl(tried, plan.steps[0].policies, rules, stage, context));
    scenario.closingControl = keep ? 'left-out' : 'made';
  } finally {
    const late = (check: CheckDraft): string | undefined => unforced(check, step, stage, context);
    judgeChecks(oracle, step, { ...rules, closing: scenario.closingControl, late }, context.signal.aborted);
  }
}

/** A scenario without the checks of nodes that have not taken up its policies: whatever they showed would not be about these. */
function forced(tried: Tried, step: StepDraft, stage: Stage, context: Bounded<'withinMs'>): Tried {
  const checks = tried.checks.filter((check) => unforced(check, step, stage, context) === undefined);
  return { ...tried, checks };
}

function noteWherePodsRun(scenario: ScenarioDraft, running: RunningPods): void {
  for (const pod of scenario.pods) {
    const found = running.get(objectKey(pod));
    if (found === undefined) continue;
    pod.node = found.node;
    pod.ip = found.ip;
  }
}

function noteSetbacks(scenario: ScenarioDraft, reasons: readonly string[]): void {
  const lastReason = reasons.at(-1);
  if (lastReason === undefined) return;
  scenario.execRetries = { count: (scenario.execRetries?.count ?? 0) + reasons.length, lastReason };
}

/** @param cutOff the run ended before the checks had their time: only what has shown itself already is a verdict */
function judgeChecks(
  oracle: Oracle,
  step: StepDraft,
  { late, ...rules }: JudgeRules & { readonly late: (check: CheckDraft) => string | undefined },
  cutOff: boolean,
): void {
  for (const check of step.checks) {
    const lateness = late(check);
    const { verdict, reason, settledMs }: Judgement =
      lateness === undefined ? judge(check, rules) : { verdict: 'inconclusive', reason: lateness };
    if (cutOff && (verdict === 'inconclusive' || settledMs === undefined)) continue;
    check.verdict = verdict;
    if (reason !== undefined) check.reason = reason;
    if (settledMs !== undefined) check.settledMs = Math.round(settledMs);
    if (verdict !== 'pass') check.isolatedBy = isolatedBy(oracle, check);
    const disagreement = disagreementOf(check);
    if (disagreement !== undefined) check.disagreement = disagreement;
  }
}

function isolatedBy(oracle: Oracle, { from, to }: CheckDraft): NonNullable<CheckDraft['isolatedBy']> {
  return {
    egress: oracle.policiesIsolating(from, 'egress').map(objectKey),
    ingress: oracle.policiesIsolating(to, 'ingress').map(objectKey),
  };
}

function tellEnd(scenario: ScenarioDraft, context: Telling): void {
  const verdicts = Object.fromEntries(VERDICTS.map((verdict) => [verdict, 0])) as Record<Verdict, number>;
  for (const { verdict } of scenario.steps[0].checks) if (verdict !== undefined) verdicts[verdict] += 1;
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
