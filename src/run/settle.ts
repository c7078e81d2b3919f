/** Rounds of attempts: before the policies, until they have settled, and once more when they have. */
import {
  agreesAtLast,
  hasFlapped,
  isConfirmed,
  isExplained,
  type JudgeRules,
  passedControl,
} from '../judge/judge.ts';
import { isLetThrough, type Row, trailingRow } from '../judge/rows.ts';
import type { TryingPhase } from '../model/attempt.ts';
import { countOf, newestOf } from '../model/observation.ts';
import { destinationsOf } from '../model/service.ts';
import { greatest } from '../numbers.ts';
import { LAST_DIAL_AT } from '../probe/bounds.ts';
import { VISIT_EVERY_MS } from '../probe/manifest.ts';
import type { CheckDraft } from '../record/draft.ts';
import type { Settling } from './context.ts';
import { timeLimitOf } from './denial-time.ts';
import { failOnDeadPods, OUTSIDE, podStates } from './provision.ts';
import { hearArrivals, hearOut, hearTheLast, type OpenWays, runRound, type Stage, witness } from './round.ts';

/** Between rounds that did not settle everything: an eventual state is given time, an API server is given rest. */
export const PAUSE_MS = 100;
/** A deadline never cuts below so many rounds: on a busy machine one round may take all the time there is. */
export const LEAST_ROUNDS = 6;
/** A visit that is a little late, or is noted so in a pod with much to do, is still waited for. */
const VISIT_SLACK_MS = 100;
/** So long a cluster that has just begun may take until its names resolve. */
const NAMES_WITHIN_MS = 30_000;
/** From the first dial of a row to its last where nobody knows when the kubelet comes by, and where connections must last. */
export const ROW_MS = VISIT_EVERY_MS + VISIT_SLACK_MS;

/** What is tried: a step of a scenario, or whatever else has checks. */
export interface Tried {
  readonly name: string;
  /** The name of the step. */
  readonly step?: string | undefined;
  readonly checks: readonly CheckDraft[];
  /** Whether the state before may be mistaken for what is expected of a check now. Absent: nothing has changed. */
  readonly isMistakable?: ((check: CheckDraft) => boolean) | undefined;
}

/**
 * The positive control: rounds until every pair has connected once, or the deadline, which is later while all that is left are names
 * that do not resolve yet. A pair that has not connected is left as it is; its attempts say why. One that others are to cut is tried once.
 * @throws PodreachError `provision-failed` when a pod has died
 */
export async function control(tried: Tried, stage: Stage, context: Settling): Promise<void> {
  const { controlMs } = context.timing;
  const beganMs = context.clock.now();
  for (let number = 1; ; number += 1) {
    const open = tried.checks.filter(
      (check) => !passedControl(check) || (check.cutBy !== undefined && number === 1),
    );
    if (open.length === 0) return;
    if (number > 1) {
      await failOnDeadPods(await podStates([...stage.pods.values()], context), context);
      const withinMs = open.every(awaitsName) ? Math.max(controlMs, NAMES_WITHIN_MS) : controlMs;
      if (number > LEAST_ROUNDS && context.clock.now() - beganMs > withinMs) return;
      await context.clock.sleep(PAUSE_MS, context.signal);
    }
    await runRound(open, { phase: 'control', number }, stage, context);
    tell('control', number, tried.checks.filter(passedControl).length, tried, context);
  }
}

function awaitsName(check: CheckDraft): boolean {
  return newestOf(check)?.outcome === 'dns-failure';
}

/**
 * Rounds until every check is confirmed or the deadline. Only checks that can still change are tried: not those that have flapped, and
 * of those that contradict what is expected only the ones that the policies do not explain, unless the run is patient. One that is in the middle of a
 * row when the deadline passes is tried on, twice as often as the row takes at most, so that no verdict depends on the last moment.
 * @param witnessed see `runRound`, for the first round
 */
export async function settle(
  tried: Tried,
  rules: JudgeRules,
  stage: Stage,
  context: Settling,
  witnessed?: Promise<OpenWays>,
): Promise<void> {
  const acted = stage.beganMs + rules.actedMs;
  const deadline = acted + context.timing.withinMs;
  const floor = acted + context.timing.settleFloorMs;
  const controlled = tried.checks.filter(passedControl);
  const unsettled = (): CheckDraft[] => controlled.filter((check) => !isSettled(check, rules, context));
  let open = unsettled();
  let lateRounds = 0;
  for (let number = 1; ; number += 1) {
    const isLate = number > LEAST_ROUNDS && context.clock.now() > deadline;
    if (isLate) lateRounds += 1;
    const left = isLate ? open.filter((check) => isUndecided(check, rules, lateRounds)) : open;
    if (left.length === 0) return;
    const due = await dueBefore(floor, left, tried, stage, context);
    const openWays = number === 1 ? witnessed : pauseBefore(due, stage, context);
    await runRound(due, { phase: 'settle', number }, stage, context, openWays);
    await hearOut(
      due.filter((check) => isLongEnough(check, rules)),
      stage,
      context,
    );
    await hearArrivals(
      due.filter((check) => isNoConnection(check, rules)),
      stage,
      context,
    );
    open = unsettled();
    tell('settle', number, controlled.length - open.length, tried, context);
  }
}

function isSettled(check: CheckDraft, rules: JudgeRules, { timing }: Settling): boolean {
  return (
    isConfirmed(check, rules) || hasFlapped(check, rules) || (!timing.isPatient && isExplained(check, rules))
  );
}

/** It must connect and did not, or it has just been confirmed that it does not: whether it was heard can only be told now. */
function isNoConnection(check: CheckDraft, rules: JudgeRules): boolean {
  return check.expected === 'reachable' ? !agreesAtLast(check) : isConfirmed(check, rules);
}

/** What it lacks may be no more than what its destination has seen meanwhile. */
function isLongEnough(check: CheckDraft, rules: JudgeRules): boolean {
  return countOf(check.observed ?? []) >= rules.confirm && !isConfirmed(check, rules);
}

/** In a row of attempts that all prove the same, which is not as long as it takes yet. */
function isUndecided(check: CheckDraft, rules: JudgeRules, lateRounds: number): boolean {
  const row = trailingRow(check, rules.confirm);
  return row !== undefined && !row.isComplete && lateRounds <= 2 * row.needed;
}

/**
 * One more look at everything that had settled before the last round of settling: it was left alone since. What does not show
 * the expected state now is tried again as often as a confirmation takes, so that one lost packet is not taken for a change. Last of all
 * the destinations tell what arrived and was answered in vain, and the sources what was answered late.
 */
export async function observe(
  tried: Tried,
  rules: JudgeRules,
  stage: Stage,
  context: Settling,
): Promise<void> {
  const settled = tried.checks.filter((check) => isConfirmed(check, rules));
  const lastRound = greatest(tried.checks.map(lastRoundOf));
  reviewAll(tried, stage, context);
  let due: readonly CheckDraft[] = settled.filter(
    (check) => lastRoundOf(check) < lastRound || !isConfirmed(check, rules),
  );
  for (let number = 1; due.length > 0 && number <= 1 + 2 * mostNeeded(due, rules); number += 1) {
    const witnessed = pauseBefore(due, stage, context);
    await runRound(due, { phase: 'observe', number }, stage, context, witnessed);
    await hearOut(
      due.filter((check) => !agreesAtLast(check)),
      stage,
      context,
    );
    await hearArrivals(
      due.filter((check) => isNoConnection(check, rules)),
      stage,
      context,
    );
    reviewAll(tried, stage, context);
    due = settled.filter((check) => !isAsSettled(check, rules) && !hasFlapped(check, rules));
    tell('observe', number, settled.length - due.length, tried, context);
  }
  await hearTheLast(tried.checks, stage, context);
}

/** After a while in which anything may have happened: all that had settled is looked at once more, as often as a confirmation takes. */
export async function lookAgain(
  tried: Tried,
  rules: JudgeRules,
  stage: Stage,
  context: Settling,
): Promise<void> {
  const settled = tried.checks.filter((check) => isConfirmed(check, rules));
  const rounds = settled.length === 0 ? 0 : mostNeeded(settled, rules);
  for (let number = 1; number <= rounds; number += 1) {
    await runRound(
      settled,
      { phase: 'observe', number },
      stage,
      context,
      pauseBefore(settled, stage, context),
    );
    tell('observe', number, settled.filter(agreesAtLast).length, tried, context);
  }
  await observe(tried, rules, stage, context);
}

/** It shows what is expected, and often enough, also where more turned out to be needed. */
function isAsSettled(check: CheckDraft, rules: JudgeRules): boolean {
  return agreesAtLast(check) && isConfirmed(check, rules);
}

function mostNeeded(checks: readonly CheckDraft[], { confirm }: JudgeRules): number {
  return greatest(checks.map((check) => check.confirm ?? confirm));
}

function reviewAll({ checks }: Tried, { evidence, pods }: Stage, { timing }: Settling): void {
  evidence.review(checks, (key) => pods.get(key), timing.confirm);
}

/** Before a last look is taken. */
function lastRoundOf(check: CheckDraft): number {
  const { first, last = first } = check.observed?.at(-1) ?? {};
  return last?.round ?? 0;
}

/**
 * What is seen right after the actions may still be the state before. The markers have shown that each node has taken up what was done;
 * where a plugin takes up several changes one after the other, a little more time does no harm. What shows itself to be new is not
 * held up by that.
 * @returns those that can be tried now
 */
async function dueBefore(
  floor: number,
  checks: readonly CheckDraft[],
  { isMistakable = () => false }: Tried,
  stage: Stage,
  context: Settling,
): Promise<readonly CheckDraft[]> {
  const { clock, signal } = context;
  if (clock.now() >= floor) return checks;
  const certain = checks.filter(
    (check) => !isMistakable(check) && stage.beganMs + dueAt(check, stage, context) < floor,
  );
  if (certain.length > 0) return certain;
  await clock.sleep(floor - clock.now(), signal);
  return checks;
}

/**
 * Rows of attempts that were cut off must be long enough for the kubelet to come by, and connections that the policies deny must last. Meanwhile the witnesses connect: so they have
 * done it after the last attempts, and before the next.
 */
async function pauseBefore(due: readonly CheckDraft[], stage: Stage, context: Settling): Promise<OpenWays> {
  const now = context.clock.now() - stage.beganMs;
  const isFirst = due.some(({ observed }) => observed === undefined);
  const span = isFirst ? 0 : greatest(due.map((check) => dueAt(check, stage, context) - now));
  const shortest = due.every(agreesAtLast) ? 0 : PAUSE_MS;
  const pauseMs = Math.max(span, shortest);
  const [openWays] = await Promise.all([
    witness(due, stage, context),
    pauseMs > 0 ? context.clock.sleep(pauseMs, context.signal) : undefined,
  ]);
  return openWays;
}

/** When the next attempt is of use, after the scenario began. */
function dueAt(check: CheckDraft, stage: Stage, context: Settling): number {
  const row = trailingRow(check, context.timing.confirm);
  return row === undefined ? 0 : nextAt(row, check, stage, context);
}

/** When the next attempt may begin so that its last dial ends a row that is long enough. */
function nextAt({ first, last, isCut }: Row, check: CheckDraft, stage: Stage, { timing }: Settling): number {
  if (isCut) {
    const lastDialMs = last.outcome === 'timeout' ? LAST_DIAL_AT * timeLimitOf(check, timing) : 0;
    return visitedAt(check, first.atMs, stage) - lastDialMs;
  }
  return isLetThrough(check) ? first.atMs + ROW_MS : 0;
}

/** When the kubelet will have come by at all ends of a check after a moment; it visits no host. */
function visitedAt(check: CheckDraft, afterMs: number, { pods, evidence }: Stage): number {
  const ends = [check.from, ...destinationsOf(check)]
    .flatMap((key) => pods.get(key) ?? [])
    .filter(({ node }) => node !== OUTSIDE);
  return greatest(
    ends.map((pod) => (evidence.nextVisit(pod, afterMs) ?? afterMs + VISIT_EVERY_MS) + VISIT_SLACK_MS),
  );
}

export function tell(
  phase: Exclude<TryingPhase, 'turn'>,
  round: number,
  settled: number,
  tried: Tried,
  context: Settling,
): void {
  context.progress({
    type: 'round-ended',
    scenario: tried.name,
    ...(tried.step === undefined ? {} : { step: tried.step }),
    phase,
    round,
    settled,
    total: tried.checks.length,
  });
  context.save();
}
