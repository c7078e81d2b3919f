/** Known issues, from scenarios and from files of their own, are tied to the checks that they speak of. */
import type { Problem } from '../../errors.ts';
import type { Check } from '../../model/check.ts';
import type { KnownIssue } from '../../model/known-issue.ts';
import { describeConnection } from '../../pair.ts';
import type { IdleIssue } from '../../policy/review.ts';
import { problemAt } from '../mark.ts';
import type { Marked, Plan, PlannedStep, WrittenIssue } from '../scenario.ts';
import { quote, suggest } from '../suggest.ts';
import { type CoveredCheck, Coverer } from './cover.ts';
import type { IssueList } from './load.ts';

/** A scenario that has been planned. */
export interface PlanToAttach {
  readonly plan: Plan;
  /** Those that it lists itself. */
  readonly own: readonly WrittenIssue[];
  /** Whether all of its checks are there; otherwise nothing is said of what its issues speak of. */
  readonly isSound: boolean;
}

/**
 * An entry that speaks of no check is a mistake where the scenario lists it, or a list that names it. A list may be about more
 * scenarios than were loaded: then it is told, and no mistake.
 *
 * @returns the plans in their order
 */
export function attachKnownIssues(
  scenarios: readonly PlanToAttach[],
  lists: readonly IssueList[],
): { readonly plans: readonly Plan[]; readonly problems: readonly Problem[] } {
  const entries = scenarios.map((scenario) => new IssuesOfPlan(scenario));
  const problems: Problem[] = [];
  const idle = lists.flatMap((list) => addList(list, entries, problems));
  problems.push(...entries.flatMap((own) => [...own.problems, ...own.conflicts()]));
  return { plans: entries.map((own) => own.attach(idle)), problems };
}

/** @returns what of the list speaks of nothing, and may be about scenarios that were not loaded */
function addList(
  { scenarios: named, issues }: IssueList,
  entries: readonly IssuesOfPlan[],
  problems: Problem[],
): readonly IdleIssue[] {
  const names = entries.map(({ name }) => name);
  const absent = (named ?? []).filter(({ value }) => !names.includes(value));
  const about = entries.filter(({ name }) => named?.some(({ value }) => value === name) ?? true);
  const idle = absent.map((one) => absentScenario(one, names));
  if (about.some(({ isSound }) => !isSound)) return idle;
  for (const issue of issues) {
    const found = about.map((own) => own.add(issue));
    const [first] = found;
    if (first === undefined || found.some((wrong) => wrong.length === 0)) continue;
    if (named !== undefined && absent.length === 0) problems.push(...first);
    else if (absent.length === 0) idle.push(...first.map(asIdle));
  }
  return idle;
}

function absentScenario({ value, mark }: Marked<string>, names: readonly string[]): IdleIssue {
  return {
    message: `no scenario that was loaded is named ${quote(value)}: these known issues are about none`,
    location: mark.location,
    advice: suggest(value, names, 'scenarios'),
  };
}

function asIdle({ message, location, hint }: Problem): IdleIssue {
  return {
    message: `${message}: this known issue speaks of no check of the scenarios that were loaded`,
    location,
    ...(hint === undefined ? {} : { advice: hint }),
  };
}

interface TiedIssue {
  readonly issue: WrittenIssue;
  readonly checks: readonly CoveredCheck[];
}

/** The known issues of one scenario. */
class IssuesOfPlan {
  readonly problems: Problem[] = [];
  readonly isSound: boolean;
  readonly #plan: Plan;
  readonly #coverer: Coverer;
  readonly #entries: TiedIssue[] = [];

  constructor({ plan, own, isSound }: PlanToAttach) {
    this.#plan = plan;
    this.#coverer = new Coverer(plan);
    this.isSound = isSound;
    if (isSound) for (const issue of own) this.problems.push(...this.add(issue));
  }

  get name(): string {
    return this.#plan.scenario.name;
  }

  /** @returns why it speaks of no check; nothing where it does */
  add(issue: WrittenIssue): readonly Problem[] {
    const coverage = this.#coverer.cover(issue);
    if (coverage.kind === 'nothing') return coverage.problems;
    this.#entries.push({ issue, checks: coverage.checks });
    return [];
  }

  /** One problem for every two entries that say the same of a check, shown where the later of them stands. */
  *conflicts(): Generator<Problem> {
    const said = new Map<string, Map<Check, WrittenIssue>>();
    const shared = new Map<WrittenIssue, Map<WrittenIssue, Check[]>>();
    for (const { issue, checks } of this.#entries) {
      const first = said.get(issue.is.value) ?? new Map<Check, WrittenIssue>();
      said.set(issue.is.value, first);
      for (const { check } of checks) {
        const earlier = first.get(check);
        if (earlier === undefined) first.set(check, issue);
        else {
          const others = shared.get(issue) ?? new Map<WrittenIssue, Check[]>();
          shared.set(issue, others.set(earlier, [...(others.get(earlier) ?? []), check]));
        }
      }
    }
    for (const [later, others] of shared)
      for (const [earlier, checks] of others) yield twice(earlier, later, checks);
  }

  attach(idleIssues: readonly IdleIssue[]): Plan {
    const idle = idleIssues.length === 0 ? {} : { idleIssues };
    if (this.#entries.length === 0) return { ...this.#plan, ...idle };
    const places = new Map<Check, number[]>();
    for (const [place, { checks }] of this.#entries.entries())
      for (const { check } of checks) places.set(check, [...(places.get(check) ?? []), place]);
    const withIssues = (step: PlannedStep): PlannedStep => ({
      ...step,
      checks: step.checks.map((check) => {
        const knownIssues = places.get(check);
        return knownIssues === undefined ? check : { ...check, knownIssues };
      }),
    });
    const [first, ...later] = this.#plan.steps;
    return {
      ...this.#plan,
      ...idle,
      knownIssues: this.#entries.map(asKnown),
      steps: [withIssues(first), ...later.map(withIssues)],
    };
  }
}

function asKnown({ issue, checks }: TiedIssue): KnownIssue {
  const { is, step, reason, owner, expires, link, mark } = issue;
  return {
    is: is.value,
    ...(step === undefined ? {} : { step: step.value }),
    reason,
    owner,
    expires,
    ...(link === undefined ? {} : { link }),
    location: mark.location,
    checks: checks.length,
  };
}

function twice(earlier: WrittenIssue, later: WrittenIssue, checks: readonly Check[]): Problem {
  const [example] = checks;
  const more = checks.length > 1 ? ` (and ${checks.length - 1} more of this entry)` : '';
  const which = example === undefined ? '' : describeConnection(example);
  return problemAt(later.mark, `${which} is listed as ${later.is.value} twice${more}`, {
    hint: 'Take it out of one of the two entries.',
    related: [{ message: 'first here', mark: earlier.mark }],
  });
}
