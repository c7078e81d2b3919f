/** Why a verdict is not a pass, in one sentence. */
import { duration } from '../duration.ts';
import type { Outcome } from '../model/attempt.ts';
import { countOf, type Observation, type Observations } from '../model/observation.ts';
import type { Verdict } from '../model/verdict.ts';
import type { Elsewhere } from './elsewhere.ts';
import { type Finding, findingOf } from './finding.ts';
import { alternates, type Judged, losesAnswers, type Row } from './rows.ts';

/** @param rows all that the check showed under the policies @returns undefined for a pass */
export function reasonOf(
  verdict: Exclude<Verdict, 'late'>,
  check: Judged,
  rows: readonly Row[],
  { isToStay = false }: Pick<Elsewhere, 'isToStay'> = {},
): string | undefined {
  const observed = rows.flatMap((row) => row.stretches);
  switch (verdict) {
    case 'pass':
      return undefined;
    case 'flapping':
      return turnOf(check, rows, isToStay);
    case 'leaked':
      return leakOf(observed);
    case 'broken':
      return describePart(observed) ?? `it could not connect: ${describeOutcomes(observed)}`;
    case 'inconclusive':
      if (losesAnswers(rows))
        return `what was sent arrived, and no answer came back, on a way that loses packets (${describeOutcomes(observed)})`;
      return alternates(rows)
        ? `it was connected and cut off in turns (${describeOutcomes(observed)})`
        : doubtOf(check, rows.at(-1), observed);
  }
}

/** @param settledMs when it came to show what is expected @param withinMs when it had to, at the latest */
export function whyLate(settledMs: number, withinMs: number): string {
  return `it showed what is expected ${overdue(settledMs, withinMs)}`;
}

/** Why nothing can be told about a budget: it was over when the pair showed what is expected, and whether it did before was not seen. */
export function whyUnseen(between: readonly Finding[], settledMs: number, withinMs: number): string {
  const blind = between.find((finding) => finding.kind === 'proves-nothing');
  const nothing =
    between.length === 0
      ? 'it was not tried at that time'
      : 'it failed at that time, too seldom in a row to tell a block from a lost packet';
  const why = blind?.reason ?? nothing;
  return `it was seen to show what is expected ${overdue(settledMs, withinMs)}, and whether it did before is not known: ${why}`;
}

/** The difference as well: two times that differ may read the same. */
function overdue(settledMs: number, withinMs: number): string {
  return `${duration(settledMs)} after the last action, ${duration(settledMs - withinMs)} over the ${duration(withinMs)} that its step gives it`;
}

/** Why nothing can be told about a pair that has not connected without policies. */
export function whyNoControl(
  { control = [] }: Pick<Observations, 'control'>,
  { isYoung = false }: Pick<Elsewhere, 'isYoung'>,
): string {
  if (control.length === 0) return 'it was not tried before the policies were applied';
  const last = control.at(-1);
  if (last?.detail !== undefined && control.every(({ outcome }) => outcome === 'error'))
    return `the probe could not try, even ${isYoung ? 'without policies' : 'before any policy'}: ${last.detail}`;
  if (isYoung)
    return `it could not connect when no policy was to be in force any more (${describeOutcomes(control)}): either something else cuts it, or a policy that was deleted still does`;
  return `it could not connect even before any policy (${describeOutcomes(control)}), so there was nothing to block`;
}

/** Outcomes with their counts, the most frequent first: `timeout 3 of 4, refused 1 of 4`. */
export function describeOutcomes(observation: Observation): string {
  const counts = new Map<string, number>();
  for (const { outcome, count } of observation) counts.set(outcome, (counts.get(outcome) ?? 0) + count);
  const all = countOf(observation);
  return [...counts]
    .sort(([, left], [, right]) => right - left)
    .map(([outcome, count]) => `${outcome} ${count} of ${all}`)
    .join(', ');
}

function turnOf({ expected }: Judged, rows: readonly Row[], isToStay: boolean): string {
  const later = isToStay ? rows : rows.slice(rows.findIndex(({ kind }) => kind === 'agrees'));
  const contrary = later.flatMap(({ kind, stretches }) => (kind === 'contradicts' ? stretches : []));
  const isSettled = isToStay || later.some(({ kind, isComplete }) => kind === 'agrees' && isComplete);
  const before = expected === 'unreachable' ? 'it had been cut off' : 'it had connected';
  const since = isToStay ? ' in the step before' : '';
  return `${isSettled ? 'it had settled as expected' : before}${since}, then showed ${describeOutcomes(contrary)}`;
}

/** Of a Service that only a part of answered: which part, as last seen; of one that was there already nobody tells. */
function describePart(observed: Observation): string | undefined {
  const { backends } = observed.findLast((stretch) => stretch.backends !== undefined) ?? {};
  if (backends === undefined) return undefined;
  const { answered, silent } = backends;
  if (answered.length === 0) return 'only some of the connections to the Service were answered';
  const not = silent.length === 0 ? '' : `, and ${silent.join(', ')} did not`;
  return `only a part of the Service could be reached: ${answered.join(', ')} answered${not}`;
}

/** What arrives has leaked, answer or not (D19a). */
function leakOf(observed: Observation): string {
  const isSeen = (wanted: Outcome): boolean => observed.some(({ outcome }) => outcome === wanted);
  if (isSeen('connected')) return 'it connected although it must not';
  const part = describePart(observed);
  if (part !== undefined) return part;
  if (isSeen('one-way'))
    return 'what was sent arrived although it must not; only the answers did not come back';
  if (observed.some(({ late }) => late === true))
    return 'it was answered although it must not, only too late for the attempt';
  const other = observed.findLast(({ outcome }) => outcome === 'wrong-peer')?.detail;
  const named = other === undefined ? '' : ` (${other})`;
  return `it got through although it must not: ${describeOutcomes(observed)}${named}`;
}

function doubtOf({ expected, confirm }: Judged, row: Row | undefined, observed: Observation): string {
  if (row === undefined) return 'it was not tried after the policies were applied';
  const finding = findingOf(expected, row.last);
  if (finding.kind === 'proves-nothing') return finding.reason;
  if (row.isCut && row.counted >= row.needed)
    return `it was cut off ${row.count} times in a row, but too close together to tell a block from a short failure of the network`;
  if (finding.kind === 'contradicts')
    return `it failed at last, too seldom in a row to tell a block from a lost packet (${describeOutcomes(observed)})`;
  const because =
    row.isCut && confirm !== undefined ? ', which is what it takes where packets get lost on the way' : '';
  return `it did not show the expected state ${row.needed} times in a row${because}`;
}
