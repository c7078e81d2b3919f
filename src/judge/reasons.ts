/** Why a verdict is not a pass, in one sentence. */
import type { Verdict } from '../model/verdict.ts';
import type { AttemptRecord, CheckRecord } from '../record/schema.ts';
import { findingOf } from './finding.ts';
import { alternates, type Judged, losesAnswers, type Row } from './rows.ts';

type Attempts = readonly AttemptRecord[];

/** @param rows all that the check showed under the policies @returns undefined for a pass */
export function reasonOf(verdict: Verdict, check: Judged, rows: readonly Row[]): string | undefined {
  const attempts = rows.flatMap((row) => row.attempts);
  switch (verdict) {
    case 'pass':
      return undefined;
    case 'flapping':
      return turnOf(check, rows);
    case 'leaked':
      return leakOf(attempts);
    case 'broken':
      return `it could not connect: ${describeOutcomes(attempts)}`;
    case 'inconclusive':
      if (losesAnswers(rows))
        return `what was sent arrived, and no answer came back, on a way that loses packets (${describeOutcomes(attempts)})`;
      return alternates(rows)
        ? `it was connected and cut off in turns (${describeOutcomes(attempts)})`
        : doubtOf(check, rows.at(-1), attempts);
  }
}

/** Why nothing can be told about a pair that has not connected before the policies. */
export function whyNoControl({ attempts }: Pick<CheckRecord, 'attempts'>): string {
  const control = attempts.filter(({ phase }) => phase === 'control');
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

function turnOf({ expected }: Judged, rows: readonly Row[]): string {
  const later = rows.slice(rows.findIndex(({ kind }) => kind === 'agrees'));
  const contrary = later.flatMap(({ kind, attempts }) => (kind === 'contradicts' ? attempts : []));
  const isSettled = later.some(({ kind, isComplete }) => kind === 'agrees' && isComplete);
  const before = expected === 'unreachable' ? 'it had been cut off' : 'it had connected';
  return `${isSettled ? 'it had settled as expected' : before}, then showed ${describeOutcomes(contrary)}`;
}

/** What arrives has leaked, answer or not (D19a). */
function leakOf(attempts: Attempts): string {
  const isSeen = (wanted: AttemptRecord['outcome']): boolean =>
    attempts.some(({ outcome }) => outcome === wanted);
  if (isSeen('connected')) return 'it connected although it must not';
  if (isSeen('one-way'))
    return 'what was sent arrived although it must not; only the answers did not come back';
  if (attempts.some(({ late }) => late === true))
    return 'it was answered although it must not, only too late for the attempt';
  return `it got through although it must not: ${describeOutcomes(attempts)}`;
}

function doubtOf({ expected, confirm }: Judged, row: Row | undefined, attempts: Attempts): string {
  if (row === undefined) return 'it was not tried after the policies were applied';
  const finding = findingOf(expected, row.last);
  if (finding.kind === 'proves-nothing') return finding.reason;
  if (row.isCut && row.counted >= row.needed)
    return `it was cut off ${row.attempts.length} times in a row, but too close together to tell a block from a short failure of the network`;
  if (finding.kind === 'contradicts')
    return `it failed at last, too seldom in a row to tell a block from a lost packet (${describeOutcomes(attempts)})`;
  const because =
    row.isCut && confirm !== undefined ? ', which is what it takes where packets get lost on the way' : '';
  return `it did not show the expected state ${row.needed} times in a row${because}`;
}
