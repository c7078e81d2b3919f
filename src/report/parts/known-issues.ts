/** Mismatches that somebody answers for, and what has become of them. */
import { goneIssues } from '../../judge/known-issues.ts';
import type { Fact } from '../text/block.ts';
import { count, formatNumber } from '../text/text.ts';
import { type KnownMismatch, knownAmong } from '../view/mismatch.ts';
import type { CheckView, KnownIssueView, RunView, ScenarioView } from '../view/view.ts';
import { describeLocation } from './describe.ts';
import { groupBy } from './group.ts';

/** A known issue, and the checks of its scenario that came to it. */
export interface SeenIssue {
  readonly issue: KnownIssueView;
  readonly scenario: ScenarioView;
  readonly checks: readonly KnownMismatch[];
}

/** Those that were seen, the most dangerous first. */
export function seenIssues({ scenarios }: Pick<RunView, 'scenarios'>): SeenIssue[] {
  return scenarios.flatMap((scenario) =>
    groupBy(knownAmong(scenario.checks), ({ known }) => known).flatMap((checks) => {
      const [first] = checks;
      return first === undefined ? [] : [{ issue: first.known, scenario, checks }];
    }),
  );
}

/** `known until 2027-01-31, leaked: REASON (owner: network-team; scenarios/shop.yaml:18): 1 of 2 checks, shop/web → …` */
export function describeSeenIssue({ issue, checks }: SeenIssue): string {
  const [first] = checks;
  const all = checks.length === issue.checks ? '' : ` of ${formatNumber(issue.checks)}`;
  const which = `${first?.title ?? ''}${checks.length > 1 ? ' and others' : ''}`;
  return `known until ${issue.expires}, ${issue.is}: ${issue.reason} (${accountOf(issue)}): ${formatNumber(checks.length)}${all} ${issue.checks === 1 ? 'check' : 'checks'}, ${which}`;
}

/** A line for each that was seen in a scenario. */
export function knownLines(scenario: ScenarioView): string[] {
  return seenIssues({ scenarios: [scenario] }).map(describeSeenIssue);
}

/** Why a mismatch does not fail the run, or why it does again; undefined where it was never known. */
export function describeKnown({ known, wasKnown }: CheckView): string | undefined {
  if (known !== undefined) return `known ${untilOf(known)}`;
  return wasKnown === undefined ? undefined : `was known ${untilOf(wasKnown)}`;
}

/** The same as a fact. */
export function knownFacts({ known, wasKnown }: CheckView): Fact[] {
  const issue = known ?? wasKnown;
  return issue === undefined ? [] : [{ label: 'known', text: untilOf(issue) }];
}

/** `until 2027-01-31: REASON (owner: network-team; scenarios/shop.yaml:18)` */
function untilOf(issue: KnownIssueView): string {
  const over = issue.expired === true ? ', which is over' : '';
  return `until ${issue.expires}${over}: ${issue.reason} (${accountOf(issue)})`;
}

function accountOf({ owner, link, location }: KnownIssueView): string {
  return [`owner: ${owner}`, ...(link === undefined ? [] : [link]), describeLocation(location)].join('; ');
}

/** Those of which nothing can be said, as none of their checks was made. */
export function untriedIssueLines({
  name,
  knownIssues = [],
}: Pick<ScenarioView, 'name' | 'knownIssues'>): { readonly text: string; readonly issue: KnownIssueView }[] {
  return knownIssues
    .filter(({ checks }) => checks === 0)
    .map((issue) => ({
      issue,
      text: `${name}: the known issue at ${describeLocation(issue.location)} was not tried: every check that it speaks of was left out, as the Service lacks the family (owner: ${issue.owner})`,
    }));
}

/** Those of which nothing is left: `known-issue-gone`. */
export function goneLines(
  scenario: ScenarioView,
): { readonly text: string; readonly issue: KnownIssueView }[] {
  return goneIssues(scenario).map((issue) => {
    const passed = issue.checks === 1 ? 'its check passed' : `its ${count(issue.checks, 'check')} passed`;
    return {
      issue,
      text: `${scenario.name}: the known issue at ${describeLocation(issue.location)} is gone: ${passed}, and none is ${issue.is} any more. Take the entry out (owner: ${issue.owner}) [known-issue-gone]`,
    };
  });
}
