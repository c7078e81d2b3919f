/**
 * The control of pairs: each is connected while nothing is in force, once for the same two pods, however many steps they are tried in.
 * Most are before the first policy. A pod that comes later gets its control where it can have one.
 */

import type { CheckDraft, ScenarioDraft } from '../../record/draft.ts';
import { type Lives, livesOf, pairOf } from '../../record/lives.ts';
import type { Settling } from '../context.ts';
import type { Stage } from '../round.ts';
import { control } from '../settle.ts';

/** The same connection between the same two pods, as it stands in the steps of a scenario. */
type SharedPair = readonly CheckDraft[];

/** Before the first policy: every pair of which both pods are there. @throws as `control` */
export async function controlAtStart(
  scenario: ScenarioDraft,
  stage: Stage,
  context: Settling,
): Promise<readonly CheckDraft[]> {
  return await controlPairs(scenario, pairsFrom(0, scenario, isAtStart), stage, context);
}

/**
 * Those of a step that lack a control, because a pod of theirs came later: made now where no policy is in force, or else it is said
 * why there is none.
 * @param index of the step
 * @throws as `control`
 */
export async function controlLater(
  index: number,
  isInForce: boolean,
  scenario: ScenarioDraft,
  stage: Stage,
  context: Settling,
): Promise<void> {
  const lives = livesOf(scenario);
  const isLacking = (check: CheckDraft): boolean => check.control === undefined;
  const lacking = new Set(
    (scenario.steps[index]?.checks ?? [])
      .filter(isLacking)
      .map((check) => pairOf(check, livesIn(index, lives))),
  );
  if (lacking.size === 0) return;
  const pairs = pairsFrom(index, scenario, (check, own) => lacking.has(pairOf(check, own)));
  if (isInForce) {
    for (const check of pairs.flat())
      check.withoutControl ??= whyWithout(check, livesIn(index, lives), scenario);
    return;
  }
  for (const check of pairs.flat()) delete check.withoutControl;
  await controlPairs(scenario, pairs, stage, context);
}

async function controlPairs(
  { name }: ScenarioDraft,
  pairs: readonly SharedPair[],
  stage: Stage,
  context: Settling,
): Promise<readonly CheckDraft[]> {
  // What others are to cut in one step need not connect for that, but for the others it must.
  const tried = pairs.flatMap((pair) => pair.find(({ cutBy }) => cutBy === undefined) ?? pair.slice(0, 1));
  await control({ name, checks: tried }, stage, context);
  for (const [index, pair] of pairs.entries()) {
    const shown = tried[index]?.control;
    if (shown !== undefined) for (const check of pair) check.control = shown;
  }
  return tried;
}

function isAtStart({ from, to }: CheckDraft, lives: Lives): boolean {
  return lives.get(from) === 0 && lives.get(to) === 0;
}

/** The pairs of a step and those after it. */
function pairsFrom(
  first: number,
  scenario: ScenarioDraft,
  isWanted: (check: CheckDraft, lives: Lives) => boolean,
): readonly SharedPair[] {
  const all = livesOf(scenario);
  const pairs = new Map<string, CheckDraft[]>();
  for (const [index, { checks }] of scenario.steps.entries()) {
    if (index < first) continue;
    const lives = livesIn(index, all);
    for (const check of checks) {
      if (!isWanted(check, lives)) continue;
      const key = pairOf(check, lives);
      const pair = pairs.get(key);
      if (pair === undefined) pairs.set(key, [check]);
      else pair.push(check);
    }
  }
  return [...pairs.values()];
}

function whyWithout(check: CheckDraft, lives: Lives, { steps }: ScenarioDraft): string {
  const pod = youngOf(check, lives);
  const { name = '' } = steps[lives.get(pod) ?? 0] ?? {};
  return `${pod} came to be in the step "${name}", under policies`;
}

/**
 * Says of a pair without a control that no closing control can make up for that: one of its pods was gone by then. That matters only where
 * the pair was cut off.
 * @param last the pods of the last step
 */
export function noteGone(check: CheckDraft, lives: Lives, last: Lives): void {
  if (check.withoutControl === undefined) return;
  const young = youngOf(check, lives);
  const gone = [young, check.from, check.to].find((pod) => last.get(pod) !== lives.get(pod));
  check.withoutControl += `, and ${gone === young ? 'it' : gone} was gone before they were taken away`;
}

/** The pod that came in a step. */
function youngOf({ from, to }: CheckDraft, lives: Lives): string {
  return [from, to].find((pod) => lives.get(pod) !== 0) ?? to;
}

function livesIn(index: number, lives: readonly Lives[]): Lives {
  return lives[index] ?? new Map();
}
