/**
 * Observation and expectation become a verdict, by the table of docs/verdicts.md. Pure: a check's verdict is a function of what was
 * observed, so a saved record can be judged again; and it costs as much as there are changes, however many attempts were made.
 */
import type { Attempt } from '../model/attempt.ts';
import { countOf, lastOf, newestOf, type Observation, type Observations } from '../model/observation.ts';
import type { Verdict } from '../model/verdict.ts';
import type { CheckRecord } from '../record/schema.ts';
import { closingDoubt } from './closing.ts';
import type { Elsewhere } from './elsewhere.ts';
import { type Finding, findingOf } from './finding.ts';
import { reasonOf, whyLate, whyNoControl, whyUnseen } from './reasons.ts';
import { alternates, type Judged, losesAnswers, type Row, rowsOf } from './rows.ts';
import { turnedAt } from './turning.ts';

/** What the verdicts of one step depend on besides the attempts. Times count from the scenario's beginning. */
export interface JudgeRules {
  /** Rounds in a row that must agree before a check counts as settled. */
  readonly confirm: number;
  /** When the last action of the step was done: in the first step, when the last policy had been applied. */
  readonly actedMs: number;
  /** The budget of the step: what comes to show what is expected only later is late. */
  readonly withinMs?: number | undefined;
  /** Whether what was cut was connected once more without the policies; absent: that was not reached, or not yet. */
  readonly closing?: 'made' | 'left-out' | undefined;
  /** What else on this cluster may decide, as a clause, where something else than the policies must have cut a pair. */
  readonly others?: string | undefined;
}

export interface Judgement {
  readonly verdict: Verdict;
  /** Why it is not a pass, in one sentence. */
  readonly reason?: string;
  /** From the last action to the first of the attempts that showed the expectation, and all that followed did. */
  readonly settledMs?: number;
}

/**
 * Whether the pair could connect before any policy: without that there is nothing to block. Or need not, because others cut it; or
 * could not be asked to, because one of its pods came to be under policies.
 */
export function passedControl({
  cutBy,
  withoutControl,
  control = [],
}: Pick<CheckRecord, 'control' | 'cutBy' | 'withoutControl'>): boolean {
  return (
    cutBy !== undefined ||
    withoutControl !== undefined ||
    control.some(({ outcome }) => outcome === 'connected')
  );
}

/** Whether enough attempts in a row have shown what is expected since the policies were applied. */
export function isConfirmed(check: Judged, { confirm }: Pick<JudgeRules, 'confirm'>): boolean {
  return rowsOf(check, confirm).some(confirms);
}

/** Whether nothing that is still to come can change the verdict for the better: it has shown one thing and then the other. */
export function hasFlapped(check: Judged, { confirm }: Pick<JudgeRules, 'confirm'>): boolean {
  return flapped(rowsOf(check, confirm));
}

/**
 * Whether it shows the opposite of what is expected, as often as a confirmation takes, and the policies predict just that: then no time
 * will change it.
 */
export function isExplained(check: Judged, { confirm }: Pick<JudgeRules, 'confirm'>): boolean {
  const row = rowsOf(check, confirm).at(-1);
  if (row === undefined || !refutes(row) || row.count < confirm) return false;
  return check.predicted?.verdict === policyVerdictOf(row);
}

/** What policies say that mean what a row shows. */
function policyVerdictOf({ last, isCut }: Row): 'allowed' | 'denied' | 'partial' {
  if (last.outcome === 'partial') return 'partial';
  return isCut ? 'denied' : 'allowed';
}

/** Whether the pair was proven to be cut off under the policies, expected or not. */
export function wasCut(check: Judged, { confirm }: Pick<JudgeRules, 'confirm'>): boolean {
  return rowsOf(check, confirm).some(({ isCut, isComplete }) => isCut && isComplete);
}

/** Whether the newest attempt shows what is expected. */
export function agreesAtLast({ expected, ...seen }: Pick<CheckRecord, 'expected'> & Observations): boolean {
  const last = newestOf(seen);
  return last !== undefined && findingOf(expected, last).kind === 'agrees';
}

/** How many attempts since the policies were applied did not show what is expected. */
export function countContrary({
  expected,
  observed = [],
}: Pick<CheckRecord, 'expected' | 'observed'>): number {
  return countOf(observed.filter((stretch) => findingOf(expected, lastOf(stretch)).kind !== 'agrees'));
}

/**
 * The verdict of a check after its last attempt. The first rule that fits counts:
 *
 * 0. It could not connect before the policies: `inconclusive`.
 * 1. It agreed, and was refuted after that: `flapping`. What is to stay as it was has agreed in the step before.
 * 2. It never agreed, and was refuted: `leaked` or `broken`.
 * 3. It was confirmed, its last attempt agrees, and it has not contradicted again and again in between, or lost its answers for as
 *    long as a confirmation takes: `pass`.
 * 4. Anything else: `inconclusive`.
 *
 * A pass of what had to change, or was refuted, and came only after the budget of its step is `late` if it was refuted when the budget was
 * over, also while the step came into force; where that was not seen, it is `inconclusive`.
 *
 * One attempt *agrees*; a complete row of them *confirms*, and a complete row of the opposite *refutes* ({@link rowsOf}): of
 * connections one is enough. What then rests on a cut stands only if it was the policies that cut ({@link closingDoubt}).
 *
 * @param elsewhere what other steps have shown of the same pair
 */
export function judge(check: Judged, rules: JudgeRules, elsewhere: Elsewhere = {}): Judgement {
  if (!passedControl(check)) return { verdict: 'inconclusive', reason: whyNoControl(check, elsewhere) };
  const rows = rowsOf(check, rules.confirm);
  const { withinMs = Number.POSITIVE_INFINITY } = rules;
  const settledMs = settledAfter(check, rows, rules.actedMs);
  // What shows what it showed before is not late, however long it takes until that can be told.
  const isToChange = elsewhere.hasToChange === true || rows.some(refutes);
  const shown = verdictOf(check, rows, elsewhere);
  const isOverdue = shown === 'pass' && isToChange && settledMs !== undefined && settledMs > withinMs;
  const between = isOverdue
    ? { fromMs: rules.actedMs + withinMs, untilMs: rules.actedMs + settledMs }
    : undefined;
  const isLate = between !== undefined && wasRefuted(check, rules, between);
  const verdict = isLate ? 'late' : shown;
  const unseen =
    between && !isLate ? whyUnseen(findingsIn(check, between), settledMs ?? 0, withinMs) : undefined;
  const doubt = closingDoubt(check, verdict, rules, elsewhere) ?? unseen;
  const reason =
    doubt ??
    (verdict === 'late' ? whyLate(settledMs ?? 0, withinMs) : reasonOf(verdict, check, rows, elsewhere));
  return {
    verdict: doubt === undefined ? verdict : 'inconclusive',
    ...(reason === undefined ? {} : { reason }),
    ...(settledMs === undefined ? {} : { settledMs }),
  };
}

/** From the end of the budget of a step to the first attempt that showed what is expected. */
interface Overtime {
  readonly fromMs: number;
  readonly untilMs: number;
}

function isIn({ fromMs, untilMs }: Overtime, { atMs }: Attempt): boolean {
  return atMs >= fromMs && atMs < untilMs;
}

/** Whether it still showed the opposite then, as often as it takes to be believed: one lost packet makes nothing late. */
function wasRefuted(check: Judged, { confirm }: JudgeRules, overtime: Overtime): boolean {
  const rows = rowsOf({ ...check, observed: allSince(check) }, confirm);
  return rows.some((row) => refutes(row) && isIn(overtime, row.last));
}

function findingsIn(check: Judged, overtime: Overtime): readonly Finding[] {
  return allSince(check)
    .map(lastOf)
    .filter((attempt) => isIn(overtime, attempt))
    .map((attempt) => findingOf(check.expected, attempt));
}

/** All attempts since the last action, also those that were made while the step came into force. */
function allSince({ turning = [], observed = [] }: Observations): Observation {
  return [...turning, ...observed];
}

function verdictOf(
  { expected }: Judged,
  rows: readonly Row[],
  { isToStay = false }: Pick<Elsewhere, 'isToStay'>,
): Verdict {
  if (flapped(rows) || (isToStay && rows.some(agrees) && rows.some(refutes))) return 'flapping';
  if (!rows.some(agrees) && rows.some(refutes)) return expected === 'unreachable' ? 'leaked' : 'broken';
  const isPass =
    rows.some(confirms) && rows.at(-1)?.kind === 'agrees' && !alternates(rows) && !losesAnswers(rows);
  return isPass ? 'pass' : 'inconclusive';
}

function flapped(rows: readonly Row[]): boolean {
  const agreed = rows.findIndex(agrees);
  return agreed !== -1 && rows.findLastIndex(refutes) > agreed;
}

const agrees = ({ kind }: Row): boolean => kind === 'agrees';
const confirms = ({ kind, isComplete }: Row): boolean => kind === 'agrees' && isComplete;
const refutes = ({ kind, isComplete }: Row): boolean => kind === 'contradicts' && isComplete;

/** Where all attempts since the step was in force agree, the change may have been seen before that already. */
function settledAfter(check: Judged, rows: readonly Row[], actedMs: number): number | undefined {
  const row = rows.find(confirms);
  const turnedMs = row !== undefined && row === rows[0] ? turnedAt(check) : undefined;
  return row && (turnedMs ?? row.first.atMs) - actedMs;
}
