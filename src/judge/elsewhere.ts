/** What the other steps of a scenario have shown of the pairs of one. */
import { type Lives, livesOf, pairOf } from '../record/lives.ts';
import type { CheckRecord, ScenarioRecord } from '../record/schema.ts';
import { type JudgeRules, wasCut } from './judge.ts';
import { laterConnections } from './later-connection.ts';

/** What is known of one pair of pods from other steps. */
export interface Elsewhere {
  /** The opposite was expected of it in the step before. */
  readonly hasToChange?: boolean;
  /** The same two pods have connected in a later one. */
  readonly connectsLater?: boolean;
  /** In an earlier one the policies cut it, as they say. */
  readonly wasDenied?: boolean;
  /** One of them was gone when the last step had ended: nobody can connect them once more. */
  readonly isGone?: boolean;
}

/** @returns what other steps have shown of a check of a step, which is named by its index */
export function elsewhereOf(
  scenario: Pick<ScenarioRecord, 'pods' | 'steps'>,
  rules: Pick<JudgeRules, 'confirm'>,
): (step: number, check: CheckRecord) => Elsewhere {
  const all = livesOf(scenario);
  const livesIn = (step: number): Lives => all[step] ?? new Map();
  const laterConnection = laterConnections(scenario);
  /** The first step in which a pair was cut as the policies say. */
  const denied = new Map<string, number>();
  for (const [step, { checks }] of scenario.steps.entries())
    for (const check of checks) {
      const pair = pairOf(check, livesIn(step));
      if (!denied.has(pair) && check.predicted?.verdict === 'denied' && wasCut(check, rules))
        denied.set(pair, step);
    }
  const expectedIn = scenario.steps.map(
    ({ checks }, step) => new Map(checks.map((check) => [pairOf(check, livesIn(step)), check.expected])),
  );
  const last = livesIn(all.length - 1);
  return (step, check) => {
    const own = livesIn(step);
    const pair = pairOf(check, own);
    return {
      hasToChange: (expectedIn[step - 1]?.get(pair) ?? check.expected) !== check.expected,
      connectsLater: laterConnection(step, check) !== undefined,
      wasDenied: (denied.get(pair) ?? step) < step,
      isGone: [check.from, check.to].some((pod) => last.get(pod) !== own.get(pod)),
    };
  };
}
