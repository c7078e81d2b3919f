/** A pair that is cut off in one step and connects in a later one shows by that what its cut rests on. */
import { livesOf, pairOf, type RecordedEnds } from '../record/lives.ts';
import type { CheckRecord } from '../record/schema.ts';

/**
 * @returns the index of the first later step in which the same two pods connected; undefined where none is. A pod that was replaced, or
 * removed and created again, is another one
 */
export function laterConnections(
  scenario: RecordedEnds,
): (step: number, check: CheckRecord) => number | undefined {
  if (scenario.steps.length < 2) return () => undefined;
  const lives = livesOf(scenario);
  const keyOf = (step: number, check: CheckRecord): string => pairOf(check, lives[step] ?? new Map());
  /** The steps in which each pair connected, in their order. */
  const connected = new Map<string, number[]>();
  for (const [step, { checks }] of scenario.steps.entries())
    for (const check of checks) {
      if (!hasConnected(check)) continue;
      const key = keyOf(step, check);
      connected.set(key, [...(connected.get(key) ?? []), step]);
    }
  return (step, check) => connected.get(keyOf(step, check))?.find((other) => other > step);
}

function hasConnected({ observed = [] }: CheckRecord): boolean {
  return observed.some(({ outcome }) => outcome === 'connected');
}
