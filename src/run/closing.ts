/**
 * The closing control: the policies are taken away, and every pair that was cut off is connected once more, whichever step cut it. One
 * that cannot was not cut by them. One that has connected in a later step has shown that already, and so is left alone.
 */
import { hasReconnected } from '../judge/closing.ts';
import { elsewhereOf } from '../judge/elsewhere.ts';
import { wasCut } from '../judge/judge.ts';
import type { CheckDraft, ScenarioDraft } from '../record/draft.ts';
import { type Lives, livesOf, pairOf } from '../record/lives.ts';
import type { Requesting } from './context.ts';
import { removeForeign } from './foreign/foreign.ts';
import type { Serving } from './foreign/kinds.ts';
import { hearOut, runRound } from './round.ts';
import { LEAST_ROUNDS, PAUSE_MS, tell } from './settle.ts';
import { noteGone } from './steps/controls.ts';
import { isOpen, type Stepping, type StepRun } from './steps/steps.ts';

/**
 * Takes the policies away, if anything was cut off, and connects what was, until all have or the bound of the control is over. Before
 * that, the pods of what is still open have told what they know of the attempts so far.
 * @param last the last step @param earlier those before it
 */
export async function closingControl(
  scenario: ScenarioDraft,
  last: StepRun,
  earlier: readonly StepRun[],
  context: Stepping & Requesting<'delete'> & Serving,
): Promise<void> {
  const { draft, stage, planned, rules } = last;
  await hearOut(
    draft.checks.filter((check) => isOpen(check, rules)),
    stage,
    context,
  );
  const pairs = cutPairs(scenario, last, [...earlier, last]);
  const cut = pairs.flatMap((pair) => pair.at(-1) ?? []);
  if (cut.length === 0) return await hearOut(draft.checks, stage, context);
  stage.evidence.close();
  const namespaces = new Set(planned.namespaces.map(({ name }) => name));
  await Promise.all([
    removeForeign({ ...context, served: context.served ?? [], namespaces }),
    ...planned.policies.map(({ namespace, name }) =>
      context.kube.delete({ resource: 'networkpolicies', namespace, name }, context),
    ),
  ]);
  // They are to connect now.
  const { timeoutMs } = context.timing;
  const unhurried = { ...context, timing: { ...context.timing, denialMs: timeoutMs } };
  const deadline = context.clock.now() + context.timing.controlMs;
  for (let number = 1; ; number += 1) {
    const due = cut.filter((check) => !hasReconnected(check));
    if (due.length === 0 || (number > LEAST_ROUNDS && context.clock.now() > deadline)) break;
    if (number > 1) await context.clock.sleep(PAUSE_MS, context.signal);
    await runRound(due, { phase: 'closing', number }, stage, unhurried);
    tell('closing', number, cut.filter(hasReconnected).length, { name: scenario.name, checks: cut }, context);
  }
  await hearOut(draft.checks, stage, context);
  for (const pair of pairs) {
    const shown = pair.at(-1)?.closing;
    if (shown !== undefined) for (const check of pair) check.closing = shown;
  }
}

/** The pairs that are still to connect, each as it stands in the steps that have cut it. */
function cutPairs(
  scenario: ScenarioDraft,
  { rules: last }: StepRun,
  steps: readonly StepRun[],
): readonly CheckDraft[][] {
  const elsewhere = elsewhereOf(scenario, last);
  const all = livesOf(scenario);
  const livesIn = (step: number): Lives => all[step] ?? new Map();
  const pairs = new Map<string, CheckDraft[]>();
  for (const { index, draft, rules } of steps) {
    const lives = livesIn(index);
    for (const check of draft.checks) {
      if (check.cutBy !== undefined || !wasCut(check, rules)) continue;
      const { connectsLater = false, isGone = false } = elsewhere(index, check);
      if (isGone && !connectsLater) noteGone(check, lives, livesIn(all.length - 1));
      if (connectsLater || isGone) continue;
      const key = pairOf(check, lives);
      pairs.set(key, [...(pairs.get(key) ?? []), check]);
    }
  }
  return [...pairs.values()];
}
