/** When a change came that was seen before its step was in force. That it did come is for the attempts after that to say. */
import type { Shown } from '../model/attempt.ts';
import { firstOf, type Observations } from '../model/observation.ts';
import type { CheckRecord } from '../record/schema.ts';

/** The first of the last attempts in a row that look as expected, in milliseconds after the scenario began; undefined where there is none. */
export function turnedAt({
  expected,
  turning = [],
}: Pick<CheckRecord, 'expected'> & Pick<Observations, 'turning'>): number | undefined {
  const since = turning.findLastIndex((stretch) => !looksAsExpected(expected, stretch)) + 1;
  const first = turning[since];
  if (first === undefined) return undefined;
  const { atMs, durationMs = 0, dials = 1 } = firstOf(first);
  // What was answered at a later dial was not open at the first.
  return expected === 'reachable' && dials > 1 ? atMs + durationMs : atMs;
}

/** Whether an attempt may be one of the new state. The triangle is not asked for: this dates a cut, and proves none. */
function looksAsExpected(expected: CheckRecord['expected'], { outcome, late }: Shown): boolean {
  if (expected === 'reachable') return outcome === 'connected';
  return ['timeout', 'refused', 'prohibited'].includes(outcome) && late !== true;
}
