/**
 * How long an attempt may take that policies are to cut off. A denial costs all of it, so it is no longer than the network needs: the
 * control has measured that. An attempt that is to connect has all the time there is, which costs nothing where it does.
 */
import { type Observations, tookOf } from '../model/observation.ts';
import { greatest } from '../numbers.ts';
import type { CheckDraft } from '../record/draft.ts';
import type { RunTiming } from './context.ts';

/** So many times as long as the slowest answer of the control: what comes later than that has another cause than distance. */
const MULTIPLE = 4;
/** A process that is held up by others answers later than any network. */
const LEAST_MS = 250;
/** Witnesses that took a greater part of it say that answers may come too late: then silence is no denial. */
const WITNESS_PART = 1 / 3;

/** @param limitMs how long an attempt may take at most @returns milliseconds, no more than the limit */
export function denialTimeMs(checks: readonly Pick<Observations, 'control'>[], limitMs: number): number {
  const answers = checks.flatMap(({ control = [] }) =>
    control.flatMap((stretch) => (stretch.outcome === 'connected' ? (tookOf(stretch)?.mostMs ?? []) : [])),
  );
  if (answers.length === 0) return limitMs;
  return Math.min(limitMs, Math.max(LEAST_MS, Math.ceil(MULTIPLE * greatest(answers))));
}

/** How long an attempt of a check may take, in milliseconds. */
export function timeLimitOf(
  { expected }: Pick<CheckDraft, 'expected'>,
  { timeoutMs, denialMs }: Pick<RunTiming, 'timeoutMs' | 'denialMs'>,
): number {
  return expected === 'unreachable' ? denialMs : timeoutMs;
}

/** Whether an answer of a witness came soon enough for the silence of others to mean something. @param answerMs since it was dialled */
export function isInTime(answerMs: number, denialMs: number): boolean {
  return answerMs <= WITNESS_PART * denialMs;
}
