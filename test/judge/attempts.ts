/** Short ways to write down what the attempts of a check showed. */
import type { AttemptRecord, CheckRecord } from '../../src/record.ts';

type Phase = AttemptRecord['phase'];

/** An attempt with a listener proven alive. Attempts of a test are 100 ms apart unless said otherwise. */
export function attempt(
  phase: Phase,
  outcome: AttemptRecord['outcome'],
  more: Partial<AttemptRecord> = {},
): AttemptRecord {
  return { phase, round: 1, atMs: 0, outcome, listenerAlive: true, ...more };
}

/** A check that connected before any policy, followed by these attempts, 100 ms apart from 1000 ms on. */
export function checked(
  expected: CheckRecord['expected'],
  later: readonly (readonly [Phase, AttemptRecord['outcome'], Partial<AttemptRecord>?])[],
): Pick<CheckRecord, 'expected' | 'attempts'> {
  return {
    expected,
    attempts: [
      attempt('control', 'connected', { atMs: 500 }),
      ...later.map(([phase, outcome, more], index) =>
        attempt(phase, outcome, { atMs: 1000 + index * 100, ...more }),
      ),
    ],
  };
}
