/** Times that moved by more than noise. */
import { type Spread, spreadOf, timesOf } from '../judge/times.ts';
import { type Observation, tookOf } from '../model/observation.ts';
import type { CheckRecord } from '../record/schema.ts';
import type { PlacedStep, ScenarioPlace, Sides } from './sides.ts';

/**
 * `enforce`, `allow`: the times of a step. `control`, `connect`: how long connections took before any policy, and under the policies of
 * a step where they are to be made.
 */
export const MEASURES = ['enforce', 'allow', 'control', 'connect'] as const;
export type Measure = (typeof MEASURES)[number];

/** How long something took for the pairs of a step. */
export interface TimeTaken extends Spread {
  /** How many pairs. */
  readonly pairs: number;
}

export interface TimeDifference {
  readonly place: ScenarioPlace;
  readonly measure: Measure;
  readonly before: TimeTaken;
  readonly after: TimeTaken;
  readonly isSlower: boolean;
}

/** The median of fewer pairs is as good as a single attempt. */
export const LEAST_PAIRS = 3;
/** A median that stays within this factor of the other is noise. */
const NOISE_FACTOR = 2;
/** So is one that stays this close to it: attempts are made by rounds, and a busy node takes some milliseconds more. */
export const NOISE_MS = { enforce: 500, allow: 500, control: 5, connect: 5 } as const satisfies Readonly<
  Record<Measure, number>
>;

export function compareTimes(steps: readonly Sides<PlacedStep>[]): TimeDifference[] {
  return steps.flatMap(({ before, after }) => {
    if (before === undefined || after === undefined) return [];
    const [was, is] = [takenIn(before), takenIn(after)];
    return MEASURES.flatMap((measure): TimeDifference[] => {
      const [one, other] = [was[measure], is[measure]];
      if (one === undefined || other === undefined || isNoise(measure, one, other)) return [];
      const isSlower = other.medianMs > one.medianMs;
      return [{ place: after.place, measure, before: one, after: other, isSlower }];
    });
  });
}

function isNoise(measure: Measure, one: TimeTaken, other: TimeTaken): boolean {
  const shorter = Math.min(one.medianMs, other.medianMs);
  const longer = Math.max(one.medianMs, other.medianMs);
  return (
    Math.min(one.pairs, other.pairs) < LEAST_PAIRS ||
    longer <= NOISE_FACTOR * shorter ||
    longer - shorter <= NOISE_MS[measure]
  );
}

/** Undefined where no pair took any. */
export function takenIn({
  step,
  previous,
  number,
}: PlacedStep): Readonly<Record<Measure, TimeTaken | undefined>> {
  const { enforce, allow } = timesOf(step, previous);
  // What was connected before any policy is connected once, and kept with the check in every step.
  const control = number === 1 ? step.checks.map((check) => check.control) : [];
  const open = step.checks.filter(({ expected }) => expected === 'reachable');
  return {
    enforce: takenBy(enforce.settledMs),
    allow: takenBy(allow.settledMs),
    control: takenBy(latencies(control)),
    connect: takenBy(latencies(open.map(({ observed }) => observed))),
  };
}

function takenBy(times: readonly number[]): TimeTaken | undefined {
  const spread = spreadOf(times.toSorted((left, right) => left - right));
  return spread && { pairs: times.length, ...spread };
}

/** Of each pair that connected, the mean of its connections. */
function latencies(observations: readonly CheckRecord['observed'][]): number[] {
  return observations.flatMap((observation = []) => meanOf(observation) ?? []);
}

function meanOf(observation: Observation): number | undefined {
  let [totalMs, count] = [0, 0];
  for (const stretch of observation) {
    const took = stretch.outcome === 'connected' ? tookOf(stretch) : undefined;
    if (took === undefined) continue;
    totalMs += took.totalMs;
    count += stretch.count;
  }
  return count === 0 ? undefined : totalMs / count;
}
