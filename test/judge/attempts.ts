/** Short ways to write down what the attempts of a check showed. */
import type { Attempt } from '../../src/model/attempt.ts';
import { type Observations, observeAll } from '../../src/model/observation.ts';
import type { CheckRecord } from '../../src/record/schema.ts';

type Phase = Attempt['phase'];
type Outcome = Attempt['outcome'];
type Check = Pick<CheckRecord, 'expected'> & Observations;

/** When the first attempt under the policies of a test begins, and how much later each of the next. */
const FIRST_MS = 1_000;
const EVERY_MS = 100;

/** A triangle, each side of which was last seen to work at `ms`. */
export function seenAt(ms: number): NonNullable<Attempt['seen']> {
  return { source: ms, destination: ms, between: ms };
}

/** An attempt with a listener proven alive; where it did not connect under the policies, its triangle is whole. */
export function attempt(phase: Phase, outcome: Outcome, more: Partial<Attempt> = {}): Attempt {
  const { atMs = 0 } = more;
  const canBeCut = outcome !== 'connected' && (phase === 'settle' || phase === 'observe');
  const seen = canBeCut ? { seen: seenAt(atMs) } : {};
  return { phase, round: 1, atMs, outcome, listenerAlive: true, ...seen, ...more };
}

/** A check that connected before any policy, followed by these attempts, 100 ms apart from 1000 ms on. */
export function checked(
  expected: CheckRecord['expected'],
  later: readonly (readonly [Phase, Outcome, Partial<Attempt>?])[],
): Check {
  return {
    expected,
    ...observeAll([
      attempt('control', 'connected', { atMs: 500 }),
      ...later.map(([phase, outcome, more], index) =>
        attempt(phase, outcome, { atMs: FIRST_MS + index * EVERY_MS, ...more }),
      ),
    ]),
  };
}

const SHOWN: Readonly<Record<string, Outcome>> = { connected: 'connected', cut: 'timeout', nothing: 'error' };

/** A check with an attempt for each word: `connected cut cut nothing`. */
export function sequence(expected: CheckRecord['expected'], words: string): Check {
  const outcomes = words.split(/[\s,]+/).filter((word) => word !== '');
  return checked(
    expected,
    outcomes.map((word) => ['settle', SHOWN[word] ?? raise(`no attempt shows "${word}"`)]),
  );
}

/** The same check after the policies were taken away, and what it showed then. */
export function closed<Closed extends Check>(check: Closed, ...outcomes: readonly Outcome[]): Closed {
  const closing = outcomes.map((outcome, index) => attempt('closing', outcome, { round: index + 1 }));
  return { ...check, ...observeAll(closing) };
}

function raise(message: string): never {
  throw new Error(message);
}
