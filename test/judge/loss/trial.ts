/** One check from its control to its verdict, by the judge itself, on a network that loses packets. */
import { hasReconnected } from '../../../src/judge/closing.ts';
import {
  agreesAtLast,
  hasFlapped,
  isConfirmed,
  type JudgeRules,
  judge,
  passedControl,
  wasCut,
} from '../../../src/judge/judge.ts';
import { trailingRow } from '../../../src/judge/rows.ts';
import type { Verdict } from '../../../src/model/verdict.ts';
import { LEAST_ROUNDS, PAUSE_MS, ROW_MS } from '../../../src/run/settle.ts';
import { Pair, type Setting, TIMEOUT_MS, type Witnessed } from './pair.ts';

/** The times of `src/cluster/sandbox.ts`. */
const CONFIRM = 2;
const CONTROL_MS = 10_000;
const WITHIN_MS = 10_000;
const FLOOR_MS = 250;
const LAST_DIAL_AT = 0.8;
/** From the last policy to the markers of all nodes: the policies are in force then. */
const FORCE_MS = 100;

export function verdictOn(setting: Setting, random: () => number): Verdict {
  const pair = new Pair(setting, CONFIRM, random);
  const { check } = pair;
  pair.becomeReady();
  const controlUntilMs = pair.nowMs + CONTROL_MS;
  for (let number = 1; !passedControl(check) && isInTime(number, pair, controlUntilMs); number += 1)
    inRound(pair, 'control', number);
  const rules: JudgeRules = { confirm: CONFIRM, actedMs: pair.nowMs, closing: 'made' };
  if (!passedControl(check)) return judge(check, rules).verdict;

  const witnessed = pair.witness();
  pair.nowMs = Math.max(pair.nowMs + FORCE_MS, witnessed.endedMs);
  if (setting.expected === 'reachable') pair.nowMs = Math.max(pair.nowMs, rules.actedMs + FLOOR_MS);
  settle(pair, rules, witnessed);
  // Others may settle later, and then it is looked at once more: one more chance to be wrong for what is to be reachable only.
  if (setting.expected === 'reachable' && isConfirmed(check, rules)) observe(pair, rules);
  if (wasCut(check, rules)) pair.close();
  const closingUntilMs = pair.nowMs + CONTROL_MS;
  for (
    let number = 1;
    wasCut(check, rules) && !hasReconnected(check) && isInTime(number, pair, closingUntilMs);
    number += 1
  )
    inRound(pair, 'closing', number);
  return judge(check, rules).verdict;
}

function settle(pair: Pair, rules: JudgeRules, witnessed: Witnessed): void {
  const { check } = pair;
  const untilMs = rules.actedMs + WITHIN_MS;
  let lateRounds = 0;
  for (let number = 1; !isConfirmed(check, rules) && !hasFlapped(check, rules); number += 1) {
    const row = trailingRow(check, CONFIRM);
    if (!isInTime(number, pair, untilMs)) {
      lateRounds += 1;
      if (row === undefined || row.isComplete || lateRounds > 2 * row.needed) return;
    }
    pair.round('settle', number, number === 1 ? witnessed : pauseBefore(pair));
  }
}

function observe(pair: Pair, rules: JudgeRules): void {
  const { check } = pair;
  for (let number = 1; number <= 1 + 2 * (check.confirm ?? CONFIRM); number += 1) {
    pair.round('observe', number, pauseBefore(pair));
    if ((agreesAtLast(check) && isConfirmed(check, rules)) || hasFlapped(check, rules)) return;
  }
}

/** Meanwhile the witnesses connect. */
function pauseBefore(pair: Pair): Witnessed {
  const row = trailingRow(pair.check, CONFIRM);
  const lastDialMs = row?.last.outcome === 'timeout' ? LAST_DIAL_AT * TIMEOUT_MS : 0;
  const span = row?.isCut ? row.first.atMs + ROW_MS - lastDialMs - pair.nowMs : 0;
  const pauseMs = Math.max(span, agreesAtLast(pair.check) ? 0 : PAUSE_MS);
  const witnessed = pair.witness();
  pair.nowMs = Math.max(pair.nowMs + pauseMs, witnessed.endedMs);
  return witnessed;
}

function inRound(pair: Pair, phase: 'control' | 'closing', number: number): void {
  if (number > 1) pair.nowMs += PAUSE_MS;
  pair.round(phase, number);
}

function isInTime(number: number, pair: Pair, untilMs: number): boolean {
  return number <= LEAST_ROUNDS || pair.nowMs <= untilMs;
}
