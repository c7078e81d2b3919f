/**
 * The steps of a scenario, one after the other: act → force → settle → observe → judge. Each begins with the state that the one before
 * has left, and settles by itself.
 */
import { PodreachError } from '../../errors.ts';
import { elsewhereOf } from '../../judge/elsewhere.ts';
import { agreesAtLast, isConfirmed, type JudgeRules, passedControl, wasCut } from '../../judge/judge.ts';
import { turnedAt } from '../../judge/turning.ts';
import { objectKey } from '../../keys.ts';
import { lastOf } from '../../model/observation.ts';
import type { CheckDraft, ScenarioDraft, StepDraft } from '../../record/draft.ts';
import { livesOf, pairOf } from '../../record/lives.ts';
import type { Phase } from '../../record/schema.ts';
import type { Plan, PlannedStep } from '../../scenario/scenario.ts';
import { allEnded } from '../all-ended.ts';
import type { Owning, Requesting, Settling } from '../context.ts';
import { denialTimeMs } from '../denial-time.ts';
import { dialOf } from '../dial.ts';
import { meetFamilies } from '../families.ts';
import { awaitForce, lackingIn, type Marker, nodesOf, turnMarker, unforced } from '../markers.ts';
import type { AwaitingMarkers } from '../outposts.ts';
import type { Foresight } from '../predict.ts';
import type { RunningPods } from '../provision.ts';
import { hearOut, type OpenWays, runRound, type Stage, witness } from '../round.ts';
import {
  awaitLeading,
  isOutdated,
  outdatedAt,
  placeServiceMarker,
  type ServiceMarker,
} from '../service-markers.ts';
import { observe, PAUSE_MS, settle, type Tried } from '../settle.ts';
import type { PlacedEnds } from '../ways.ts';
import type { FirstInstantRequests } from './act.ts';
import { changesOf, isAny, outstandingAt } from './changes.ts';
import { controlLater } from './controls.ts';
import { FirstInstants } from './first-instants.ts';
import { type HeldConnections, holdOpen } from './held.ts';
import { type Watched, writeVerdicts } from './verdicts.ts';

/** What steps are run with. */
export type Stepping = Settling & AwaitingMarkers & Requesting<'apply' | 'patch' | 'create'> & Owning;

/** Writes down a part of the work. @param step the index of the step that it belongs to; absent: to none */
export type InPhase = <Result>(name: Phase, work: () => Promise<Result>, step?: number) => Promise<Result>;

/** What there is to go through, with the pods of the first step running, and every pair of theirs connected once. */
export interface Course {
  readonly plan: Plan;
  readonly scenario: ScenarioDraft;
  readonly stage: Stage;
  readonly foresight: Foresight;
  /** The markers of its steps: the first one's number, and where they turn. Absent where nothing can show what is in force. */
  readonly markers?: { readonly first: number; readonly outposts: Marker['outposts'] };
  /** See `JudgeRules.others`. */
  readonly others?: string | undefined;
  readonly inPhase: InPhase;
  /** Performs the actions of a step. @returns the pods that run then */
  readonly act: (
    step: PlannedStep,
    pods: RunningPods,
    firstInstants: FirstInstantRequests | undefined,
  ) => Promise<RunningPods>;
  /** Is called after the last step, before its verdicts: makes the closing control, or leaves it out. Absent: there is to be none. */
  readonly close?: (last: StepRun, earlier: readonly StepRun[]) => Promise<'made' | 'left-out'>;
  /** How the last step was watched; undefined where it is not. */
  readonly watch?: () => Watched | undefined;
  /** Is called when a step has its verdicts; what it throws ends the course. */
  readonly onJudged?: (step: StepRun) => void;
}

/** A step that has begun. */
export interface StepRun {
  readonly index: number;
  readonly planned: PlannedStep;
  readonly draft: StepDraft;
  readonly tried: Tried;
  readonly stage: Stage;
  readonly rules: JudgeRules;
  readonly marker: Marker | undefined;
  /** Undefined where nobody else stands behind a Service that is dialled. */
  readonly serviceMarker: ServiceMarker | undefined;
  /** Of the pods that it makes; absent: they are not asked for theirs. */
  readonly firstInstants: FirstInstants | undefined;
  /** Connections that were open when it began to act; undefined where no check asks what becomes of one. */
  readonly held: HeldConnections | undefined;
  readonly context: Stepping;
}

/**
 * Goes through the steps. Each has its verdicts when it has ended, in every ending; and at the end all have them once more, with what
 * the closing control showed, or without it where that was not reached. Until then nothing rests on it: the record of a run that is
 * killed has no pass that nothing has shown.
 * @throws what acting, waiting and trying throw, with the name of the step
 */
export async function runSteps(course: Course, context: Stepping): Promise<void> {
  const { plan } = course;
  const ended: StepRun[] = [];
  let closing: JudgeRules['closing'] = course.close === undefined ? 'left-out' : undefined;
  try {
    for (const [index, planned] of plan.steps.entries()) {
      const before = ended.at(-1)?.stage ?? course.stage;
      const step = await named(planned, context, () => begin(index, before, course, context));
      try {
        await named(planned, context, () => show(step, course));
        if (index === plan.steps.length - 1) closing = (await course.close?.(step, ended)) ?? closing;
      } finally {
        judgeStep(step, closing, course, context.signal.aborted);
      }
      ended.push(step);
      course.onJudged?.(step);
    }
  } finally {
    // The last one has been judged with what the closing control showed.
    const waiting = closing === undefined ? ended : ended.slice(0, -1);
    for (const step of waiting) judgeStep(step, closing, course, false);
  }
}

/** Whatever goes wrong in a step begins with its name. */
async function named<Result>(
  { name }: PlannedStep,
  { signal }: Stepping,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (thrown) {
    if (name === undefined || signal.aborted || !(thrown instanceof PodreachError)) throw thrown;
    const { code, message, hint, location, manifest, cause = thrown } = thrown;
    throw new PodreachError(code, `${name}: ${message}`, { hint, location, manifest, cause });
  }
}

/** Performs the actions of a step, and turns its marker. */
async function begin(index: number, before: Stage, course: Course, context: Stepping): Promise<StepRun> {
  const { plan, scenario, foresight, inPhase } = course;
  const planned = plan.steps[index];
  const draft = scenario.steps[index];
  if (planned === undefined || draft === undefined) throw new RangeError(`there is no step ${index + 1}`);
  const changes = changesOf(planned, plan.steps[index - 1]);
  const elapsed = (): number => context.clock.now() - before.beganMs;
  const isOneOfSeveral = plan.steps.length > 1;
  const outposts = course.markers?.outposts ?? [];
  const held = await holdOpen(draft.checks, `held-${scenario.name}-${index + 1}`, before, outposts, context);
  if (isOneOfSeveral) draft.atMs = Math.round(elapsed());
  draft.denialMs = denialTimeMs(draft.checks, context.timing.timeoutMs);
  const timing = {
    ...context.timing,
    denialMs: draft.denialMs,
    withinMs: Math.max(context.timing.withinMs, planned.withinMs ?? 0),
    settleFloorMs: settleFloorOf(planned, context),
  };
  const own = { ...context, timing };
  const firstInstants = firstInstantsIn(index, before, course, own);
  const { pods, actedMs, marker, serviceMarker } = await inPhase(
    'apply',
    async () => {
      await firstInstants?.begin();
      const running = await course.act(planned, before.pods, firstInstants?.requests);
      const atMs = elapsed();
      const turned = isAny(changes) ? markerOf(index, nodesOf(running), course) : undefined;
      const [behind] = await allEnded([
        serviceMarkerOf(index, { ...before, pods: running }, course, own),
        turned === undefined ? Promise.resolve() : turnMarker(turned, own),
      ]);
      return { pods: running, actedMs: atMs, marker: turned, serviceMarker: behind };
    },
    index,
  );
  if (isOneOfSeveral) draft.actedMs = Math.round(actedMs);
  // Without a marker of its own, a step is in force where the one before it is.
  const lacking = marker === undefined ? lackingIn(scenario.steps[index - 1]) : [];
  if (lacking.length > 0) draft.force = lacking;
  if (pods !== before.pods) {
    meetFamilies(plan, scenario, pods, before.nodes ?? new Map());
    if (draft.pods !== undefined) notePlaces(draft.pods, pods);
    foresight.place(index, pods);
  }
  noteNodes(draft.checks, { ...before, pods });
  return {
    index,
    planned,
    draft,
    tried: {
      name: scenario.name,
      step: planned.name,
      checks: draft.checks,
      isMistakable: isAny(changes) ? mistakableIn(index, scenario) : undefined,
    },
    stage: { ...before, pods },
    rules: {
      confirm: timing.confirm,
      actedMs,
      withinMs: planned.withinMs,
      others: course.others,
    },
    marker,
    serviceMarker,
    firstInstants,
    held,
    context: own,
  };
}

/** No marker tells when policies of other kinds are in force: they have all the time that a floor may be. */
function settleFloorOf(
  { foreignPolicies }: PlannedStep,
  { timing: { settleFloorMs, withinMs } }: Stepping,
): number {
  return foreignPolicies === undefined ? settleFloorMs : Math.max(settleFloorMs, withinMs / 2);
}

/** Those that the rules of a step ask for. */
function firstInstantsIn(
  index: number,
  before: Stage,
  { scenario, markers }: Course,
  context: Stepping,
): FirstInstants | undefined {
  const checks = (scenario.steps[index]?.checks ?? []).filter(
    ({ firstInstant }) => firstInstant !== undefined,
  );
  if (checks.length === 0) return undefined;
  return new FirstInstants(`${scenario.name}-${index + 1}`, checks, before, markers?.outposts ?? [], context);
}

/** The marker of a step: it also stands for what earlier steps have changed, where a node has not shown that it has taken that up. */
function markerOf(
  index: number,
  nodes: readonly string[],
  { plan, scenario, markers }: Course,
): Marker | undefined {
  if (markers === undefined) return undefined;
  return {
    number: markers.first + index,
    outposts: markers.outposts,
    changes: outstandingAt(index, nodes, plan, scenario),
  };
}

/** That of a step, where nodes are to be seen to take up who stands behind Services. Without outposts there is nobody to look. */
async function serviceMarkerOf(
  index: number,
  ends: PlacedEnds,
  { plan, scenario, markers }: Course,
  context: Stepping,
): Promise<ServiceMarker | undefined> {
  const nodes = markers === undefined ? [] : outdatedAt(index, plan, scenario, ends);
  if (markers === undefined || nodes.length === 0) return undefined;
  return await placeServiceMarker(markers.first + index, nodes, markers.outposts, context);
}

/** Waits until nodes have taken up what a step has changed. @returns the ways that are open */
async function awaitAll({
  draft,
  stage,
  rules: { actedMs },
  marker,
  serviceMarker,
  context,
}: StepRun): Promise<OpenWays> {
  const sinceActed = (): number => context.clock.now() - stage.beganMs - actedMs;
  const [openWays] = await allEnded([
    marker === undefined
      ? witness(draft.checks, stage, context)
      : awaitForce(draft, marker, actedMs, stage, context),
    serviceMarker === undefined ? Promise.resolve() : awaitLeading(draft, serviceMarker, sinceActed, context),
  ]);
  return openWays;
}

/** Waits until a step is in force, and tries its checks until they have shown what they can. */
async function show(step: StepRun, { plan, scenario, inPhase }: Course): Promise<void> {
  const { index, planned, draft, tried, stage, rules, marker, firstInstants, held, context } = step;
  const settleAll = async (): Promise<void> => {
    const openWays =
      marker === undefined ? await awaitAll(step) : await watchTurn(step, scenario, awaitAll(step));
    const isInForce = planned.policies.length > 0;
    const makeControl = (): Promise<void> => controlLater(index, isInForce, scenario, stage, context);
    if (index > 0 && isInForce) await makeControl();
    const all = forced(step);
    const young = new Set(all.checks.filter((check) => !isInForce && check.control === undefined));
    const old = all.checks.filter((check) => !young.has(check));
    await settle({ ...all, checks: old }, rules, stage, context, Promise.resolve(openWays));
    if (index === 0 || isInForce) return;
    // The control of pods that have just come holds up nobody else.
    await makeControl();
    await settle({ ...all, checks: [...young] }, rules, stage, context);
  };
  await inPhase(
    'settle',
    async () => {
      await settleAll();
      await firstInstants?.collect(stage.pods, {
        actedMs: stage.beganMs + rules.actedMs,
        withinMs: context.timing.withinMs,
      });
    },
    index,
  );
  const settledMs = context.clock.now();
  await inPhase(
    'observe',
    async () => {
      await observe(tried, rules, stage, context);
      await held?.letGo({ actedMs: stage.beganMs + rules.actedMs, settledMs });
    },
    index,
  );
  if (index < plan.steps.length - 1) {
    await hearOut(
      draft.checks.filter((check) => isOpen(check, rules)),
      stage,
      context,
    );
    stage.evidence.unanswered.end();
  }
  if (plan.steps.length > 1 && draft.atMs !== undefined)
    draft.durationMs = Math.round(context.clock.now() - stage.beganMs) - draft.atMs;
}

/** What is to change is tried while its step comes into force: a node may show a change long before it shows its marker. */
async function watchTurn<Forced>(
  { index, tried, rules, stage, serviceMarker, context }: StepRun,
  scenario: ScenarioDraft,
  force: Promise<Forced>,
): Promise<Forced> {
  if (index === 0) return await force;
  const elsewhere = elsewhereOf(scenario, rules);
  // A pod that has just come has its control only later. And where a node leads nowhere yet, that is no cut.
  const changing = tried.checks.filter(
    (check) =>
      !(check.expected === 'unreachable' && isOutdated(check, serviceMarker)) &&
      (check.control === undefined || passedControl(check)) &&
      elsewhere(index, check).hasToChange === true,
  );
  let isForced = false;
  const forced = force.finally(() => {
    isForced = true;
  });
  const turn: Turning = { forced, isForced: () => isForced };
  const [, result] = await allEnded([watchChanges(changing, turn, stage, context), forced]);
  return result;
}

/** How long a step takes to come into force. */
interface Turning {
  readonly forced: Promise<unknown>;
  readonly isForced: () => boolean;
}

/** Something else may have looked like a change, such as an outage of a moment: what has turned is tried again, only less often. */
const LOOK_AGAIN_MS = 500;

async function watchChanges(
  checks: readonly CheckDraft[],
  { forced, isForced }: Turning,
  stage: Stage,
  context: Stepping,
): Promise<void> {
  const { clock, signal } = context;
  // Soon tried again, so that a change is not dated long after it came.
  const timing = { ...context.timing, timeoutMs: context.timing.denialMs };
  const isDue = (check: CheckDraft): boolean => {
    const last = check.turning?.at(-1);
    if (last === undefined || turnedAt(check) === undefined) return true;
    return clock.now() - stage.beganMs - lastOf(last).atMs >= LOOK_AGAIN_MS;
  };
  for (let number = 1; checks.length > 0 && !isForced(); number += 1) {
    await runRound(checks.filter(isDue), { phase: 'turn', number }, stage, { ...context, timing });
    await Promise.race([clock.sleep(PAUSE_MS, signal), forced]);
  }
}

/** Whether more that is heard may still tell what a check has shown. */
export function isOpen(check: CheckDraft, rules: Pick<JudgeRules, 'confirm'>): boolean {
  return !isConfirmed(check, rules) && !wasCut(check, rules);
}

/** A step without the checks of nodes that have not taken it up: whatever they showed would not be about it. */
function forced(step: StepRun): Tried {
  return { ...step.tried, checks: step.tried.checks.filter((check) => doubtOf(check, step) === undefined) };
}

function doubtOf(check: CheckDraft, { draft, stage, context }: StepRun): string | undefined {
  return unforced(check, draft, stage, context);
}

/** Why nothing can be told about the first instant of a pod: what stood before its step may not have been in force yet. */
function doubtBefore(
  check: CheckDraft,
  { index, stage, context }: StepRun,
  { steps }: ScenarioDraft,
): string | undefined {
  const before = steps[index - 1];
  return before && unforced(check, before, stage, context);
}

/** @param cutOff see `writeVerdicts` */
function judgeStep(
  step: StepRun,
  closing: JudgeRules['closing'],
  { plan, scenario, watch }: Course,
  cutOff: boolean,
): void {
  const { index, draft, rules } = step;
  const isLast = index === plan.steps.length - 1;
  const elsewhere = elsewhereOf(scenario, rules);
  writeVerdicts(
    {
      checks: draft.checks,
      oracle: step.planned.oracle(),
      rules: { ...rules, closing },
      doubtOf: (check) => doubtOf(check, step),
      firstDoubtOf: (check) => doubtBefore(check, step, scenario),
      elsewhereOf: (check) => elsewhere(index, check),
      watch: isLast ? watch?.() : undefined,
    },
    cutOff,
  );
}

/**
 * Whether the state before may be mistaken for what a step expects of a check. In the first step everything connected before: what is
 * cut off is new, and all is tried in the same rounds. Later it is what has just shown the opposite that shows itself to be new.
 */
function mistakableIn(index: number, scenario: ScenarioDraft): (check: CheckDraft) => boolean {
  const { steps } = scenario;
  const before = steps[index - 1];
  if (before === undefined) {
    const isAnyReachable = steps[0].checks
      .filter(passedControl)
      .some(({ expected }) => expected === 'reachable');
    return () => isAnyReachable;
  }
  const lives = livesOf(scenario);
  const livesIn = (step: number) => lives[step] ?? new Map<string, number>();
  const shown = new Map(before.checks.map((check) => [pairOf(check, livesIn(index - 1)), check]));
  return (check) => {
    const last = shown.get(pairOf(check, livesIn(index)));
    const hasShownOpposite =
      last?.observed !== undefined && last.expected !== check.expected && agreesAtLast(last);
    return !hasShownOpposite;
  };
}

/** Notes which checks stay on one node, and at which nodes those are tried that go to the ports of nodes. */
function noteNodes(checks: readonly CheckDraft[], ends: PlacedEnds): void {
  for (const check of checks) {
    const [from, to] = [ends.pods.get(check.from), ends.pods.get(check.to)];
    if (from !== undefined && to !== undefined) check.sameNode = from.node === to.node;
    const nodes = dialOf(check, ends)?.nodes;
    if (nodes !== undefined) check.nodes = nodes.map(({ name, address }) => ({ name, address }));
  }
}

/** Notes where pods run. */
export function notePlaces(pods: ScenarioDraft['pods'], running: RunningPods): void {
  for (const pod of pods) {
    const found = running.get(objectKey(pod));
    if (found === undefined) continue;
    pod.node = found.node;
    pod.ip = found.ip;
    const { otherIps = [] } = found;
    if (otherIps.length > 0) pod.otherIps = [...otherIps];
  }
}
