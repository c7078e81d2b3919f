/** Stages 2, 4 and 5: rounds of attempts before the policies, until they have settled, and once more when they have. */
import { agreesAtLast, isConfirmed, type JudgeRules, passedControl } from '../judge/judge.ts';
import { greatest } from '../numbers.ts';
import type { AttemptRecord, CheckRecord } from '../record.ts';
import type { RunContext } from './context.ts';
import { failOnDeadPods, podStates } from './provision.ts';
import { runRound, type Stage } from './round.ts';

/** Between rounds that did not settle everything: an eventual state is given time, an API server is given rest. */
const PAUSE_MS = 100;

/** What is tried: a scenario, or whatever else has checks. */
export interface Tried {
  readonly name: string;
  readonly checks: readonly CheckRecord[];
  /** Absent: nothing was applied. */
  readonly policies?: readonly unknown[];
}

/**
 * The positive control: rounds until every pair has connected once, or the deadline. A pair that has not is left as it is; its
 * attempts say why.
 * @throws PodreachError `provision-failed` when a pod has died
 */
export async function control(tried: Tried, stage: Stage, context: RunContext): Promise<void> {
  const deadline = context.clock.now() + context.timing.controlMs;
  for (let number = 1; ; number += 1) {
    const open = tried.checks.filter((check) => !passedControl(check));
    if (open.length === 0) return;
    if (number > 1) {
      await failOnDeadPods(await podStates([...stage.pods.values()], context), context);
      if (context.clock.now() > deadline) return;
      await context.clock.sleep(PAUSE_MS, context.signal);
    }
    await runRound(open, { phase: 'control', number }, stage, context);
    tell('control', number, tried.checks.filter(passedControl).length, tried, context);
  }
}

/**
 * Rounds until every check is confirmed or the deadline. Only checks not yet confirmed are tried; one that agrees
 * when the deadline passes is tried on until it is confirmed or disagrees, so that no verdict depends on the last moment.
 */
export async function settle(
  tried: Tried,
  rules: JudgeRules,
  stage: Stage,
  context: RunContext,
): Promise<void> {
  const deadline = stage.beganMs + rules.appliedMs + context.timing.withinMs;
  const controlled = tried.checks.filter(passedControl);
  for (let number = 1; ; number += 1) {
    const open = controlled.filter((check) => !isConfirmed(check, rules));
    const inTime = context.clock.now() <= deadline;
    const due = inTime || number === 1 ? open : open.filter(agreesAtLast);
    if (due.length === 0) return;
    if (number === 1) await waitForForce(tried, due, context);
    else if (!due.every(agreesAtLast)) await context.clock.sleep(PAUSE_MS, context.signal);
    await runRound(due, { phase: 'settle', number }, stage, context);
    tell('settle', number, controlled.filter((check) => isConfirmed(check, rules)).length, tried, context);
  }
}

/**
 * One more look at everything that had settled before the last round of settling: it was left alone since. What does not show
 * the expected state now is tried again as often as a confirmation takes, so that one lost packet is not taken for a change.
 */
export async function observe(
  tried: Tried,
  rules: JudgeRules,
  stage: Stage,
  context: RunContext,
): Promise<void> {
  const settled = tried.checks.filter((check) => isConfirmed(check, rules));
  const lastRound = greatest(tried.checks.map(lastRoundOf));
  let due: readonly CheckRecord[] = settled.filter((check) => lastRoundOf(check) < lastRound);
  for (let number = 1; due.length > 0 && number <= 1 + rules.confirm; number += 1) {
    await runRound(due, { phase: 'observe', number }, stage, context);
    due = due.filter((check) => !agreesAtLast(check));
    tell('observe', number, settled.length - due.length, tried, context);
  }
}

function lastRoundOf(check: CheckRecord): number {
  return check.attempts.findLast(({ phase }) => phase === 'settle')?.round ?? 0;
}

/**
 * A connection right after applying policies shows the state without them, which the control has shown already. So nothing that
 * is to be reachable is tried before the policies can be in force. A blocked attempt needs no such care.
 */
async function waitForForce(tried: Tried, due: readonly CheckRecord[], context: RunContext): Promise<void> {
  if ((tried.policies ?? []).length === 0 || due.every(({ expected }) => expected === 'unreachable')) return;
  await context.clock.sleep(context.timing.settleFloorMs, context.signal);
}

function tell(
  phase: AttemptRecord['phase'],
  round: number,
  settled: number,
  tried: Tried,
  context: RunContext,
): void {
  context.progress({
    type: 'round-ended',
    scenario: tried.name,
    phase,
    round,
    settled,
    total: tried.checks.length,
  });
  context.save();
}
