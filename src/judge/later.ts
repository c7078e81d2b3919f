/** What the steps after one have shown of its pairs. */
import { type Lives, livesOf, pairOf } from '../record/lives.ts';
import type { CheckRecord, ScenarioRecord } from '../record/schema.ts';

/** What came later of one pair of pods. */
export interface Later {
  /** The same two pods have connected in a step after it. */
  readonly connects?: boolean;
  /** One of them was gone when the last step had ended: nobody can connect them once more. */
  readonly isGone?: boolean;
}

/** @returns what came later of a check of a step, which is named by its index */
export function laterOf(
  scenario: Pick<ScenarioRecord, 'pods' | 'steps'>,
): (step: number, check: CheckRecord) => Later {
  const lives = livesOf(scenario);
  const none: Lives = new Map();
  const livesIn = (step: number): Lives => lives[step] ?? none;
  /** The last step in which a pair connected. */
  const connected = new Map<string, number>();
  for (const [step, { checks }] of scenario.steps.entries())
    for (const check of checks) if (hasConnected(check)) connected.set(pairOf(check, livesIn(step)), step);
  const last = livesIn(lives.length - 1);
  return (step, check) => {
    const own = livesIn(step);
    return {
      connects: (connected.get(pairOf(check, own)) ?? step) > step,
      isGone: [check.from, check.to].some((pod) => last.get(pod) !== own.get(pod)),
    };
  };
}

function hasConnected({ observed = [] }: Pick<CheckRecord, 'observed'>): boolean {
  return observed.some(({ outcome }) => outcome === 'connected');
}
