/** What was seen of a check, by what was in force when it was tried, and how it is told. */
import { OUTCOMES, type Outcome } from '../../model/attempt.ts';
import { countOf, dialledOf, type Observation, type Observations, tookOf } from '../../model/observation.ts';
import { greatest, least } from '../../numbers.ts';
import { durationRange } from '../text/text.ts';

const DETAILS_NAMED = 2;
const CHANGES_SHOWN = 8;

/** Those of the control: no policy was there yet. */
export function beforePolicies({ control = [] }: Observations): Observation {
  return control;
}

/** Those since the policies were applied, and while they stood: what the verdict rests on. */
export function underPolicies({ observed = [] }: Observations): Observation {
  return observed;
}

/** Those of the closing control: the policies were taken away again. */
export function afterPolicies({ closing = [] }: Observations): Observation {
  return closing;
}

/** All there are, in the order in which they were made. */
export function allObservations({ control = [], observed = [], closing = [] }: Observations): Observation {
  return [...control, ...observed, ...closing];
}

/** Whether what was sent under the policies arrived, and nothing came back. */
export function isOneWay(check: Observations): boolean {
  const outcomes = underPolicies(check).map(({ outcome }) => outcome);
  return outcomes.includes('one-way') && !outcomes.includes('connected');
}

/** Outcomes with their share and their durations, the most frequent first: `timeout 3 of 3 (after 1.0 s, 3 dials each)`. */
export function describeAttempts(observation: Observation): string {
  if (observation.length === 0) return 'not tried';
  const all = countOf(observation);
  return OUTCOMES.map((outcome) => ({
    outcome,
    group: observation.filter((stretch) => stretch.outcome === outcome),
  }))
    .filter(({ group }) => group.length > 0)
    .map(({ outcome, group }) => ({ outcome, group, times: countOf(group) }))
    .sort((left, right) => right.times - left.times)
    .map(({ outcome, group, times }) => {
      const evidence = [...detailsOf(group), ...timesOf(outcome, group), ...dialsOf(group)];
      return `${outcome} ${times} of ${all}${evidence.length === 0 ? '' : ` (${evidence.join(', ')})`}`;
    })
    .join(', ');
}

function detailsOf(observation: Observation): string[] {
  const details = new Set(observation.flatMap(({ detail }) => detail ?? []));
  return [...details].slice(0, DETAILS_NAMED);
}

function timesOf(outcome: Outcome, observation: Observation): string[] {
  const times = observation.flatMap((stretch) => {
    const took = tookOf(stretch);
    return took === undefined ? [] : [took.leastMs, took.mostMs];
  });
  if (times.length === 0) return [];
  return [`${outcome === 'connected' ? 'in' : 'after'} ${durationRange(times)}`];
}

/** One dial for an attempt goes without saying. */
function dialsOf(observation: Observation): string[] {
  const ranges = observation.map(dialledOf);
  const fewest = least(ranges.map((range) => range.fewest));
  const most = greatest(ranges.map((range) => range.most));
  if (most === 1) return [];
  if (fewest < most) return [`${fewest} to ${most} dials`];
  return [`${most} dials${countOf(observation) === 1 ? '' : ' each'}`];
}

/** What came after what: `4 × connected, 2 × timeout`. Undefined where it was the same all the time. */
export function describeOrder(observation: Observation): string | undefined {
  const runs: { outcome: string; times: number }[] = [];
  for (const { outcome, count } of observation) {
    const last = runs.at(-1);
    if (last?.outcome === outcome) last.times += count;
    else runs.push({ outcome, times: count });
  }
  if (runs.length < 2) return undefined;
  const shown = runs
    .slice(-CHANGES_SHOWN)
    .map(({ outcome, times }) => (times === 1 ? outcome : `${times} × ${outcome}`));
  return [...(runs.length > shown.length ? ['…'] : []), ...shown].join(', ');
}
