/**
 * Outcome and expectation become a verdict. Pure: a check's verdict is a function of its attempts, so a saved record
 * can be judged again.
 */
import type { AttemptRecord, CheckRecord, Verdict } from '../record.ts';
import { type Finding, findingOf } from './finding.ts';

/** What the verdicts of one scenario depend on besides the attempts. Times count from the scenario's beginning. */
export interface JudgeRules {
  /** Rounds in a row that must agree before a check counts as settled. */
  readonly confirm: number;
  /** When the last policy had been applied. */
  readonly appliedMs: number;
}

export interface Judgement {
  readonly verdict: Verdict;
  /** Why it is not a pass, in one sentence. */
  readonly reason?: string;
  /** From applying the policies to the first of the attempts that confirmed the expectation. */
  readonly settledMs?: number;
}

type Attempts = readonly AttemptRecord[];
type Judged = Pick<CheckRecord, 'expected' | 'attempts'>;

/** Whether the pair could connect before any policy: without that there is nothing to block. */
export function passedControl(check: Judged): boolean {
  return check.attempts.some(({ phase, outcome }) => phase === 'control' && outcome === 'connected');
}

/** Whether `confirm` attempts in a row have shown what is expected since the policies were applied. */
export function isConfirmed(check: Judged, rules: JudgeRules): boolean {
  return confirmation(check, rules) !== undefined;
}

/** Whether the newest attempt shows what is expected. */
export function agreesAtLast(check: Judged): boolean {
  const last = check.attempts.at(-1);
  return last !== undefined && findingOf(check.expected, last).kind === 'agrees';
}

/**
 * The verdict of a check after its last attempt.
 *
 * - A pair that could not connect before the policies ends `inconclusive`.
 * - Never confirmed: `leaked` or `broken` when the newest attempt that proves anything contradicts the expectation.
 * - Confirmed and contradicted later: `flapping`. One connection proves a leak; one lost packet proves no block, so
 *   an expected connection has changed its mind only when two attempts in a row failed.
 */
export function judge(check: Judged, rules: JudgeRules): Judgement {
  if (!passedControl(check)) return { verdict: 'inconclusive', reason: controlFailure(check) };
  const confirmed = confirmation(check, rules);
  if (confirmed === undefined) return judgeUnconfirmed(check, rules);
  return { settledMs: confirmed.settledMs, ...judgeConfirmed(check, check.attempts.slice(confirmed.next)) };
}

function judgeConfirmed(check: Judged, later: Attempts): Judgement {
  const findings = later.map((attempt) => findingOf(check.expected, attempt));
  if (changedItsMind(check.expected, findings)) {
    const contrary = later.filter((_, index) => findings[index]?.kind === 'contradicts');
    return {
      verdict: 'flapping',
      reason: `it had settled as expected, then showed ${describeOutcomes(contrary)}`,
    };
  }
  const last = findings.at(-1);
  return last?.kind === 'proves-nothing'
    ? { verdict: 'inconclusive', reason: last.reason }
    : { verdict: 'pass' };
}

function changedItsMind(expected: Judged['expected'], findings: readonly Finding[]): boolean {
  if (expected === 'unreachable') return findings.some(({ kind }) => kind === 'contradicts');
  return findings.some(
    ({ kind }, index) =>
      kind === 'contradicts' &&
      (index + 1 === findings.length || findings[index + 1]?.kind === 'contradicts'),
  );
}

function judgeUnconfirmed(check: Judged, rules: JudgeRules): Judgement {
  const attempts = check.attempts.filter(({ phase }) => phase !== 'control');
  const newest = attempts.findLast((attempt) => findingOf(check.expected, attempt).kind !== 'proves-nothing');
  if (newest !== undefined && findingOf(check.expected, newest).kind === 'contradicts') {
    return check.expected === 'unreachable'
      ? { verdict: 'leaked', reason: 'it connected although it must not' }
      : { verdict: 'broken', reason: `it could not connect: ${describeOutcomes(attempts)}` };
  }
  const last = attempts.at(-1);
  const finding = last === undefined ? undefined : findingOf(check.expected, last);
  if (finding?.kind === 'proves-nothing') return { verdict: 'inconclusive', reason: finding.reason };
  return {
    verdict: 'inconclusive',
    reason:
      last === undefined
        ? 'it was not tried after the policies were applied'
        : `it did not show the expected state ${rules.confirm} times in a row`,
  };
}

/** Where the confirming run of attempts began, and the index of the first attempt after it. */
function confirmation(check: Judged, rules: JudgeRules): { settledMs: number; next: number } | undefined {
  let inARow = 0;
  for (const [index, attempt] of check.attempts.entries()) {
    if (attempt.phase !== 'settle') continue;
    inARow = findingOf(check.expected, attempt).kind === 'agrees' ? inARow + 1 : 0;
    if (inARow === rules.confirm) {
      const first = check.attempts[index - rules.confirm + 1] ?? attempt;
      return { settledMs: Math.max(0, first.atMs - rules.appliedMs), next: index + 1 };
    }
  }
  return undefined;
}

function controlFailure(check: Judged): string {
  const control = check.attempts.filter(({ phase }) => phase === 'control');
  if (control.length === 0) return 'it was not tried before the policies were applied';
  const last = control.at(-1);
  if (last?.detail !== undefined && control.every(({ outcome }) => outcome === 'error'))
    return `the probe could not try, even before any policy: ${last.detail}`;
  return `it could not connect even before any policy (${describeOutcomes(control)}), so there was nothing to block`;
}

/** Outcomes with their counts, the most frequent first: `timeout 3 of 4, refused 1 of 4`. */
export function describeOutcomes(attempts: Attempts): string {
  const counts = new Map<string, number>();
  for (const { outcome } of attempts) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  return [...counts]
    .sort(([, left], [, right]) => right - left)
    .map(([outcome, count]) => `${outcome} ${count} of ${attempts.length}`)
    .join(', ');
}
