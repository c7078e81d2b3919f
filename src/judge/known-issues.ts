/** Whether a mismatch is one that somebody answers for. What stayed inconclusive is never known: it shows nothing. */
import type { Verdict } from '../model/verdict.ts';
import type { CheckRecord, ScenarioRecord } from '../record/schema.ts';
import { isMismatch } from './mismatch.ts';

type ListedIssue = Pick<NonNullable<ScenarioRecord['knownIssues']>[number], 'is' | 'expired'>;
type Knowing<One extends ListedIssue> = { readonly knownIssues?: readonly One[] };
type Knowable = Pick<CheckRecord, 'verdict' | 'knownIssues'>;

/** What a check counts as: its verdict or, for a mismatch that does not fail the run, `known`. */
export type CountedAs = Verdict | 'known';

/** The one place where it is said that a mismatch does not fail the run. @returns undefined while it has not been judged */
export function countsAs(check: Knowable, scenario: Knowing<ListedIssue>): CountedAs | undefined {
  return knownIssueOf(check, scenario) === undefined ? check.verdict : 'known';
}

/** Whether a check makes the run fail. */
export function failsRun(check: Knowable, scenario: Knowing<ListedIssue>): boolean {
  return isMismatch(check) && countsAs(check, scenario) !== 'known';
}

/** The known issue that excuses a mismatch. */
export function knownIssueOf<One extends ListedIssue>(
  check: Knowable,
  scenario: Knowing<One>,
): One | undefined {
  return issuesOf(check, scenario).find(({ expired }) => expired === undefined);
}

/** The known issue that would have excused a mismatch, had it not expired when the run began. */
export function expiredIssueOf<One extends ListedIssue>(
  check: Knowable,
  scenario: Knowing<One>,
): One | undefined {
  return issuesOf(check, scenario).find(({ expired }) => expired === true);
}

/**
 * Known issues of which nothing is left: every check that they speak of was tried, and passed. One that proved nothing, or came to
 * something else, says nothing about them. Nor do those that were left out.
 */
export function goneIssues<One extends ListedIssue & { readonly checks: number }>({
  knownIssues = [],
  checks,
}: Knowing<One> & { readonly checks: readonly Knowable[] }): readonly One[] {
  return knownIssues.filter((issue, place) => {
    const own = checks.filter((check) => check.knownIssues?.includes(place) === true);
    return own.length > 0 && own.length === issue.checks && own.every(({ verdict }) => verdict === 'pass');
  });
}

/** Those that speak of this check, and of what it came to. */
function issuesOf<One extends ListedIssue>(
  check: Knowable,
  { knownIssues = [] }: Knowing<One>,
): readonly One[] {
  const { verdict, knownIssues: places = [] } = check;
  return places.flatMap((place) => knownIssues[place] ?? []).filter(({ is }) => is === verdict);
}
