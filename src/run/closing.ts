/**
 * The closing control: the policies are taken away, and every pair that was cut off is connected once more. One that cannot was not cut
 * by them.
 */
import { hasReconnected } from '../judge/closing.ts';
import { isConfirmed, type JudgeRules, wasCut } from '../judge/judge.ts';
import type { CheckDraft } from '../record/draft.ts';
import type { PlannedPolicy } from '../scenario/scenario.ts';
import type { Requesting, Settling } from './context.ts';
import { hearOut, runRound, type Stage } from './round.ts';
import { LEAST_ROUNDS, PAUSE_MS, type Tried, tell } from './settle.ts';

/**
 * Takes the policies away, if anything was cut off, and connects what was, until all have or the bound of the control is over. Before
 * that, the pods of what is still open have told what they know of the attempts so far.
 */
export async function closingControl(
  tried: Tried,
  policies: readonly PlannedPolicy[],
  rules: Pick<JudgeRules, 'confirm'>,
  stage: Stage,
  context: Settling & Requesting<'delete'>,
): Promise<void> {
  const isOpen = (check: CheckDraft): boolean => !isConfirmed(check, rules) && !wasCut(check, rules);
  await hearOut(tried.checks.filter(isOpen), stage, context);
  const cut = tried.checks.filter((check) => check.cutBy === undefined && wasCut(check, rules));
  if (cut.length === 0) return await hearOut(tried.checks, stage, context);
  stage.evidence.close();
  await Promise.all(
    policies.map(({ namespace, name }) =>
      context.kube.delete({ resource: 'networkpolicies', namespace, name }, context),
    ),
  );
  // They are to connect now.
  const { timeoutMs } = context.timing;
  const unhurried = { ...context, timing: { ...context.timing, denialMs: timeoutMs } };
  const deadline = context.clock.now() + context.timing.controlMs;
  for (let number = 1; ; number += 1) {
    const due = cut.filter((check) => !hasReconnected(check));
    if (due.length === 0 || (number > LEAST_ROUNDS && context.clock.now() > deadline)) break;
    if (number > 1) await context.clock.sleep(PAUSE_MS, context.signal);
    await runRound(due, { phase: 'closing', number }, stage, unhurried);
    tell('closing', number, cut.filter(hasReconnected).length, { ...tried, checks: cut }, context);
  }
  await hearOut(tried.checks, stage, context);
}
