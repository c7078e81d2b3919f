/** What the other steps of a scenario have shown of the pairs of one. */
import { lastOf } from '../model/observation.ts';
import { type Lives, livesOf, pairOf, type RecordedEnds } from '../record/lives.ts';
import type { CheckRecord } from '../record/schema.ts';
import { findingOf } from './finding.ts';
import { isConfirmed, type JudgeRules, wasCut } from './judge.ts';
import { laterConnections } from './later-connection.ts';

/** What is known of one pair of pods from other steps. */
export interface Elsewhere {
  /** The step brings one of its pods, or expects what it did not show in the step before: see {@link isChanged}. */
  readonly hasToChange?: boolean;
  /** It showed to the end of the step before what this one expects as well: what it shows now is no older state. */
  readonly isToStay?: boolean;
  /** One of them came in a step: a control that it has was made there, when no policy was to be in force any more. */
  readonly isYoung?: boolean;
  /** The same two pods have connected in a later one. */
  readonly connectsLater?: boolean;
  /** In an earlier one the policies cut it, as they say, and it has not connected since. */
  readonly wasDenied?: boolean;
  /** One of them was gone when the last step had ended: nobody can connect them once more. */
  readonly isGone?: boolean;
}

/** @returns what other steps have shown of a check of a step, which is named by its index */
export function elsewhereOf(
  scenario: RecordedEnds,
  rules: Pick<JudgeRules, 'confirm'>,
): (step: number, check: CheckRecord) => Elsewhere {
  if (scenario.steps.length < 2) return () => ({});
  const all = livesOf(scenario);
  const livesIn = (step: number): Lives => all[step] ?? new Map();
  const laterConnection = laterConnections(scenario);
  /** Of each step, the pairs that an earlier one has cut as the policies say, and that have not connected since. */
  const denied: ReadonlySet<string>[] = [];
  const standing = new Set<string>();
  for (const [step, { checks }] of scenario.steps.entries()) {
    const pairs = checks.map((check) => [pairOf(check, livesIn(step)), check] as const);
    for (const [pair, check] of pairs) if (connectedSince(check)) standing.delete(pair);
    denied.push(new Set(standing));
    for (const [pair, check] of pairs) if (isDenied(check, rules)) standing.add(pair);
  }
  const shownIn = scenario.steps.map(
    ({ checks }, step) => new Map(checks.map((check) => [pairOf(check, livesIn(step)), check])),
  );
  const last = livesIn(all.length - 1);
  return (step, check) => {
    const own = livesIn(step);
    const pair = pairOf(check, own);
    const before = shownIn[step - 1]?.get(pair);
    return {
      hasToChange:
        (step > 0 && [check.from, check.to].some((pod) => own.get(pod) === step)) || isChanged(check, before),
      isToStay: before?.expected === check.expected && isConfirmed(before, rules) && endsWith(check, before),
      isYoung: [check.from, check.to].some((pod) => own.get(pod) !== 0),
      connectsLater: laterConnection(step, check) !== undefined,
      wasDenied: denied[step]?.has(pair) === true,
      isGone: [check.from, check.to].some((pod) => last.get(pod) !== own.get(pod)),
    };
  };
}

/** Whether a step expects something else of a pair than the one before, and the pair did not show that already. */
export function isChanged(
  { expected }: Pick<CheckRecord, 'expected'>,
  before: Pick<CheckRecord, 'expected' | 'observed'> | undefined,
): boolean {
  return before !== undefined && before.expected !== expected && !endsWith({ expected }, before);
}

/** Whether the last attempt of its step shows this. */
function endsWith(
  { expected }: Pick<CheckRecord, 'expected'>,
  { observed = [] }: Pick<CheckRecord, 'observed'>,
): boolean {
  const last = observed.at(-1);
  return last !== undefined && findingOf(expected, lastOf(last)).kind === 'agrees';
}

/** Cut as the policies say, to the end of its step. */
function isDenied(check: CheckRecord, rules: Pick<JudgeRules, 'confirm'>): boolean {
  const last = check.observed?.at(-1);
  return check.predicted?.verdict === 'denied' && last?.outcome !== 'connected' && wasCut(check, rules);
}

/** Whether a cut of an earlier step has ended, as far as was seen since this one began. */
function connectedSince({ turning = [], observed = [] }: CheckRecord): boolean {
  return [...turning, ...observed].some(({ outcome }) => outcome === 'connected');
}
