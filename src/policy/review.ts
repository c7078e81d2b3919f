/**
 * What is doubtful about a scenario before anything has started: checks that its policies cannot meet, what catches people in the
 * policies, and findings that are accepted and no longer there.
 */
import type { Location } from '../errors.ts';
import { describeConnection, describeTarget } from '../pair.ts';
import { shellCommand } from '../shell.ts';
import type { LintCode } from './lint/codes.ts';
import type { LintCheck } from './lint/finding.ts';
import { lintPolicies } from './lint/lint.ts';
import { flowBetween } from './model.ts';
import { describeNearestMisses } from './nearest-miss.ts';
import type { Oracle, Ruling } from './oracle.ts';
import { describeResponsible, type PolicyProblem } from './policy.ts';

interface ReviewedCheck extends LintCheck {
  readonly declared: Location;
}

/** A finding of the lints that is meant, and why. */
export interface Acceptance {
  readonly lint: LintCode;
  /** `namespace/name`; absent: every policy. */
  readonly policy?: string;
  readonly because: string;
  readonly declared: Location;
}

export interface ScenarioWarning {
  readonly code:
    | LintCode
    | 'refused-policy'
    | 'contradicted-check'
    | 'cut-by-policies'
    | 'idle-exception'
    | 'stale-acceptance';
  /** The rule of docs/semantics.md behind it, such as `D8`; absent where it is not about the meaning of policies. */
  readonly rule?: string;
  readonly message: string;
  readonly location: Location;
  /** What to do about it, in the imperative; absent where it only says how things are. */
  readonly advice?: string;
}

/** A state of the cluster, and what is expected in it. */
interface ReviewedStep {
  readonly oracle: () => Oracle;
  readonly checks: readonly ReviewedCheck[];
  /** All checks of the step, where only some of them were chosen: what a scenario says is doubted as a whole. */
  readonly declaredChecks?: readonly ReviewedCheck[];
}

export interface ReviewedPlan {
  readonly scenario: { readonly name: string; readonly location: Location };
  readonly steps: readonly [ReviewedStep, ...ReviewedStep[]];
  /** The places of exceptions that match no pair of their rule. */
  readonly idleExceptions: readonly Location[];
  readonly accepted: readonly Acceptance[];
}

/**
 * All warnings of one scenario: what the API server will refuse, then checks that cannot be met or need not be cut by others, then
 * what the lints find.
 */
export function reviewPlan(plan: ReviewedPlan): readonly ScenarioWarning[] {
  const [step] = plan.steps;
  const oracle = step.oracle();
  const checks = step.declaredChecks ?? step.checks;
  const findings = lintPolicies(oracle, checks);
  const isAccepted = (acceptance: Acceptance, { code, policy }: (typeof findings)[number]): boolean =>
    acceptance.lint === code && (acceptance.policy ?? policy) === policy;
  const open = findings.filter((finding) => !plan.accepted.some((one) => isAccepted(one, finding)));
  const stale = plan.accepted.filter((one) => !findings.some((finding) => isAccepted(one, finding)));
  return [
    ...oracle.problems.map((problem) => refusal(problem, plan)),
    ...contradictions(checks, plan, oracle),
    ...needlessCuts(checks, plan, oracle),
    ...plan.idleExceptions.map(
      (location): ScenarioWarning => ({
        code: 'idle-exception',
        message: 'this exception takes nothing out: the rule has no such pair without it',
        location,
        advice: 'Correct what it names, or take it out.',
      }),
    ),
    ...open.map(
      ({ code, rule, policy, message, advice, location = plan.scenario.location }): ScenarioWarning => ({
        code,
        rule,
        message: `policy ${policy}: ${message}`,
        location,
        ...(advice === undefined ? {} : { advice }),
      }),
    ),
    ...stale.map(
      ({ lint, policy, declared }): ScenarioWarning => ({
        code: 'stale-acceptance',
        message: `nothing is found that this accepts: ${lint}${policy === undefined ? '' : ` of ${policy}`}`,
        location: declared,
        advice: 'Take the entry out of "accept".',
      }),
    ),
  ];
}

/** What the policies mean is worked out without such a policy: it never comes to be. */
function refusal(
  { policy, message, advice, location }: PolicyProblem,
  { scenario }: ReviewedPlan,
): ScenarioWarning {
  return {
    code: 'refused-policy',
    rule: 'D3',
    message: `policy ${policy}: the API server will refuse it: ${message}`,
    location: location ?? scenario.location,
    advice: `${advice === undefined ? 'Fix it: a' : `${advice} A`} run ends when it is applied. The other warnings leave this policy out.`,
  };
}

/**
 * One warning for all checks of a rule that are contradicted in the same way. What is left open (I1 to I5) contradicts nothing, and
 * what others are to cut may well be allowed by the policies.
 */
function contradictions(
  checks: readonly ReviewedCheck[],
  { scenario }: ReviewedPlan,
  oracle: Oracle,
): readonly ScenarioWarning[] {
  const contradicted = checks.flatMap((check) => {
    if (check.cutBy !== undefined) return [];
    const ruling = oracle.rule(flowBetween(check));
    const isContradicted = ruling.answer.verdict === (check.expected === 'reachable' ? 'denied' : 'allowed');
    return isContradicted ? [{ check, ruling }] : [];
  });
  return groupByRule(contradicted).map(({ first: { check, ruling }, all }) => {
    const { expected, declared } = check;
    const { rule, advice } = amendment(check, ruling);
    const [is, them] = all.length === 1 ? ['is', 'it'] : ['are', 'them'];
    const misses = expected === 'reachable' ? describeNearestMisses(oracle.explain(flowBetween(check))) : [];
    return {
      code: 'contradicted-check',
      rule,
      message: [
        `${describeFlows(check, all.length)} ${is} to be ${expected}, but the policies ${expected === 'reachable' ? 'deny' : 'allow'} ${them}`,
        ...misses,
      ].join('; '),
      location: declared,
      advice: `${advice} ${seeWhy(check, scenario)}`,
    };
  });
}

/** One warning for each rule whose checks are all to be cut by others, although the policies deny every one of them. */
function needlessCuts(
  checks: readonly ReviewedCheck[],
  { scenario }: ReviewedPlan,
  oracle: Oracle,
): readonly ScenarioWarning[] {
  const rulings = checks.flatMap((check) =>
    check.cutBy === undefined ? [] : [{ check, verdict: oracle.evaluate(flowBetween(check)).verdict }],
  );
  return groupByRule(rulings)
    .filter(({ all }) => all.every(({ verdict }) => verdict === 'denied'))
    .map(({ first: { check }, all }) => {
      const [is, them] = all.length === 1 ? ['is', 'it'] : ['are', 'them'];
      return {
        code: 'cut-by-policies',
        rule: 'D7',
        message: `${describeFlows(check, all.length)} ${is} to be cut by others, but the scenario's own policies cut ${them} already`,
        location: check.declared,
        advice: `Leave "cutBy" out, so that the run shows that these policies do it; keep it only where they are not alone. ${seeWhy(check, scenario)}`,
      };
    });
}

/** Checks by the rule that declares them, in the order of the first of each. */
function groupByRule<T extends { readonly check: ReviewedCheck }>(
  items: readonly T[],
): readonly { readonly first: T; readonly all: readonly T[] }[] {
  const groups = Map.groupBy(items, ({ check: { declared, expected } }) =>
    JSON.stringify([declared.file, declared.line, declared.column, expected]),
  );
  return [...groups.values()].flatMap((all) => {
    const [first] = all;
    return first === undefined ? [] : [{ first, all }];
  });
}

function describeFlows(check: ReviewedCheck, count: number): string {
  const flow = describeConnection(check);
  return count === 1 ? flow : `${count} checks of this rule, such as ${flow},`;
}

function seeWhy(check: ReviewedCheck, { name }: ReviewedPlan['scenario']): string {
  const words = ['explain', '--only', name, check.declared.file, check.from, describeTarget(check)];
  return `See why: ${shellCommand(['podreach', ...words])}`;
}

/** The rule behind a contradiction, and what to write instead. */
function amendment(
  { from, to, expected }: ReviewedCheck,
  { responsible }: Ruling,
): { readonly rule: string; readonly advice: string } {
  const orElse =
    expected === 'reachable'
      ? 'or say that it is unreachable.'
      : 'or say that it is reachable. If something else cuts it, say so with "cutBy: others".';
  const named = responsible.map(describeResponsible).join(', ');
  if (expected === 'reachable')
    return { rule: 'D7', advice: `Add a rule that lets it through, to ${named}, ${orElse}` };
  return named === ''
    ? {
        rule: 'D4',
        advice: `Isolate the ingress of ${to} or the egress of ${from}: no policy does, ${orElse}`,
      }
    : { rule: 'D6', advice: `Narrow ${named}, ${orElse}` };
}
