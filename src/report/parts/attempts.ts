/** The attempts of a check by what was in force when they were made, and how they are told. */
import { underPolicies as attemptsUnderPolicies } from '../../judge/rows.ts';
import { OUTCOMES } from '../../model/attempt.ts';
import { greatest, least } from '../../numbers.ts';
import type { AttemptRecord } from '../../record/schema.ts';
import { durationRange } from '../text/text.ts';

type Attempts = readonly AttemptRecord[];

interface Tried {
  readonly attempts: Attempts;
}

const DETAILS_NAMED = 2;
const CHANGES_SHOWN = 8;

/** Those of the control: no policy was there yet. */
export function beforePolicies({ attempts }: Tried): AttemptRecord[] {
  return attempts.filter(({ phase }) => phase === 'control');
}

/** Those since the policies were applied, and while they stood: what the verdict rests on. */
export function underPolicies({ attempts }: Tried): AttemptRecord[] {
  return attemptsUnderPolicies(attempts);
}

/** Those of the closing control: the policies were taken away again. */
export function afterPolicies({ attempts }: Tried): AttemptRecord[] {
  return attempts.filter(({ phase }) => phase === 'closing');
}

/** Whether what was sent under the policies arrived, and nothing came back. */
export function isOneWay(check: Tried): boolean {
  const outcomes = underPolicies(check).map(({ outcome }) => outcome);
  return outcomes.includes('one-way') && !outcomes.includes('connected');
}

/** Outcomes with their share and their durations, the most frequent first: `timeout 3 of 3 (after 1.0 s, 3 dials each)`. */
export function describeAttempts(attempts: Attempts): string {
  if (attempts.length === 0) return 'not tried';
  return OUTCOMES.map((outcome) => ({
    outcome,
    group: attempts.filter((attempt) => attempt.outcome === outcome),
  }))
    .filter(({ group }) => group.length > 0)
    .sort((left, right) => right.group.length - left.group.length)
    .map(({ outcome, group }) => {
      const evidence = [...detailsOf(group), ...timesOf(outcome, group), ...dialsOf(group)];
      return `${outcome} ${group.length} of ${attempts.length}${evidence.length === 0 ? '' : ` (${evidence.join(', ')})`}`;
    })
    .join(', ');
}

function detailsOf(attempts: Attempts): string[] {
  const details = new Set(attempts.flatMap(({ detail }) => detail ?? []));
  return [...details].slice(0, DETAILS_NAMED);
}

function timesOf(outcome: AttemptRecord['outcome'], attempts: Attempts): string[] {
  const times = attempts.flatMap(({ durationMs }) => durationMs ?? []);
  if (times.length === 0) return [];
  return [`${outcome === 'connected' ? 'in' : 'after'} ${durationRange(times)}`];
}

/** One dial for an attempt goes without saying. */
function dialsOf(attempts: Attempts): string[] {
  const numbers = attempts.map(({ dials = 1 }) => dials);
  const [fewest, most] = [least(numbers), greatest(numbers)];
  if (most === 1) return [];
  if (fewest < most) return [`${fewest} to ${most} dials`];
  return [`${most} dials${attempts.length === 1 ? '' : ' each'}`];
}

/** What came after what: `4 × connected, 2 × timeout`. Undefined where it was the same all the time. */
export function describeOrder(attempts: Attempts): string | undefined {
  const runs: { outcome: string; times: number }[] = [];
  for (const { outcome } of attempts) {
    const last = runs.at(-1);
    if (last?.outcome === outcome) last.times += 1;
    else runs.push({ outcome, times: 1 });
  }
  if (runs.length < 2) return undefined;
  const shown = runs
    .slice(-CHANGES_SHOWN)
    .map(({ outcome, times }) => (times === 1 ? outcome : `${times} × ${outcome}`));
  return [...(runs.length > shown.length ? ['…'] : []), ...shown].join(', ');
}
