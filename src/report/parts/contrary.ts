/**
 * Passes that were not of one piece: attempts under the policies that did not show what was expected, before or between those that did.
 * Whoever reads that a check passed must be able to see them.
 */
import { findingOf } from '../../judge/finding.ts';
import type { Outcome } from '../../model/attempt.ts';
import { countOf, lastOf, type Observation, type Stretch } from '../../model/observation.ts';
import { count, formatNumber } from '../text/text.ts';
import type { CheckView } from '../view/view.ts';
import { underPolicies } from './attempts.ts';
import { groupBy } from './group.ts';

/** Of more reasons why attempts proved nothing, the first ones tell enough. */
const REASONS_NAMED = 2;

const NOUNS: Readonly<Record<Outcome, readonly [one: string, many: string]>> = {
  connected: ['connection', 'connections'],
  refused: ['refusal', 'refusals'],
  timeout: ['timeout', 'timeouts'],
  prohibited: ['attempt that was prohibited', 'attempts that were prohibited'],
  reset: ['connection that was reset', 'connections that were reset'],
  'wrong-peer': ['answer of another pod', 'answers of another pod'],
  partial: ['attempt that reached a part of the Service', 'attempts that reached a part of the Service'],
  'one-way': ['attempt that arrived unanswered', 'attempts that arrived unanswered'],
  'dns-failure': ['name that did not lead there', 'names that did not lead there'],
  error: ['attempt that could not be made', 'attempts that could not be made'],
};

/** The checks that passed, and in whose attempts under the policies something else was seen as well. */
export function passedContrary(checks: readonly CheckView[]): CheckView[] {
  return checks.filter(isPassedContrary);
}

export function isPassedContrary(check: CheckView): boolean {
  return check.verdict === 'pass' && check.contrary > 0;
}

/** `with the policies applied`; in a step that has none `with no policy applied`. */
export function describeApplied({ step, scenario }: CheckView): string {
  return scenario.hasSteps && step.policies.length === 0
    ? 'with no policy applied'
    : 'with the policies applied';
}

/** What was seen of a check under the policies, with its numbers. */
export interface Seen {
  /** `cut off in 2 of 6 attempts with the policies applied`, and of a pass what else was seen. */
  readonly account: string;
  /** Why the attempts proved nothing that are told last; in words of the record. */
  readonly reasons: readonly string[];
}

/** Of a pass nothing is left out. */
export function describeSeen(check: CheckView): Seen {
  const { agreeing, before, between, reasons } = sortAttempts(check);
  const did = check.expected === 'unreachable' ? 'cut off' : 'connected';
  const tried = countOf(underPolicies(check));
  const head = `${did} in ${formatNumber(agreeing)} of ${count(tried, 'attempt')} ${describeApplied(check)}`;
  if (check.verdict !== 'pass') return { account: head, reasons: [] };
  const unproven = tried - agreeing - countOf(before) - countOf(between);
  const clauses = [
    head,
    ...(before.length === 0
      ? []
      : [`${countOutcomes(before)} before that, while the policies were taking effect`]),
    ...(between.length === 0 ? [] : [`${countOutcomes(between)} in between, too few in a row to count`]),
    ...(unproven === 0 ? [] : [`${formatNumber(unproven)} more proved nothing`]),
  ];
  return { account: clauses.join('; '), reasons: reasons.slice(0, REASONS_NAMED) };
}

/**
 * The same on one line: `cut off in 2 of 6 attempts with the policies applied; 4 connections before that, while the policies were
 * taking effect`.
 */
export function describeContrary(check: CheckView): string {
  const { account, reasons } = describeSeen(check);
  return `${account}${reasons.length === 0 ? '' : ` (${reasons.join('; ')})`}`;
}

/** `2 checks passed, but not in every attempt, such as …` on one line; undefined where there are none. */
export function summariseContrary(checks: readonly CheckView[]): string | undefined {
  const contrary = passedContrary(checks);
  const [first] = contrary;
  if (first === undefined) return undefined;
  const such = contrary.length === 1 ? ':' : ', such as';
  return `${count(contrary.length, 'check')} passed, but not in every attempt${such} ${first.title}, ${describeContrary(first)}`;
}

interface Sorted {
  readonly agreeing: number;
  /** They showed the opposite, before what is expected was seen for the first time. */
  readonly before: Observation;
  /** The opposite, later. */
  readonly between: Observation;
  /** Why all others proved nothing. */
  readonly reasons: readonly string[];
}

function sortAttempts(check: CheckView): Sorted {
  const observed = underPolicies(check);
  const findings = observed.map((stretch) => findingOf(check.expected, lastOf(stretch)));
  const first = findings.findIndex(({ kind }) => kind === 'agrees');
  const contradicts = (_: Stretch, index: number): boolean => findings[index]?.kind === 'contradicts';
  return {
    agreeing: countOf(observed.filter((_, index) => findings[index]?.kind === 'agrees')),
    before: observed.filter((stretch, index) => contradicts(stretch, index) && index < first),
    between: observed.filter((stretch, index) => contradicts(stretch, index) && index > first),
    reasons: [
      ...new Set(findings.flatMap((finding) => (finding.kind === 'proves-nothing' ? finding.reason : []))),
    ],
  };
}

function countOutcomes(observation: Observation): string {
  return groupBy(observation, ({ outcome }) => outcome)
    .flatMap((group) => {
      const [first] = group;
      if (first === undefined) return [];
      const [one, many] = NOUNS[first.outcome];
      const times = countOf(group);
      return [`${formatNumber(times)} ${times === 1 ? one : many}`];
    })
    .join(' and ');
}
