/**
 * What is doubtful about a scenario before anything has started: checks that its policies cannot meet, what catches people in the
 * policies, and findings that are accepted and no longer there.
 */
import type { Location } from '../errors.ts';
import type { Family } from '../model/family.ts';
import { hasExpired, type KnownIssue } from '../model/known-issue.ts';
import type { PlannedService } from '../model/service.ts';
import { describeConnection, describeTarget } from '../pair.ts';
import { shellCommand } from '../shell.ts';
import type { LintCode } from './lint/codes.ts';
import type { LintCheck, LintFinding } from './lint/finding.ts';
import { lintOverStates } from './lint/over-states.ts';
import { listNames } from './list-names.ts';
import { describeNearestMisses } from './nearest-miss.ts';
import type { Oracle } from './oracle.ts';
import { describeResponsible } from './policy.ts';
import { type ManifestFinding, type ReviewedManifests, reviewManifests } from './review-manifests.ts';
import {
  type CheckedPair,
  type CheckRuling,
  flowsOf,
  noteOnServicePort,
  podPairsOf,
  ruleCheck,
} from './through-service.ts';

interface ReviewedCheck extends LintCheck, CheckedPair {
  readonly declared: Location;
}

/** A finding of the lints that is meant, and why. */
export interface Acceptance {
  readonly lint: LintCode;
  /** `namespace/name`; absent: every policy. */
  readonly policy?: string;
  /** The pod of a workload, as `policy`. */
  readonly pod?: string;
  readonly service?: string;
  readonly because: string;
  readonly declared: Location;
}

export interface ScenarioWarning {
  readonly code:
    | LintCode
    | ManifestFinding['code']
    | 'refused-policy'
    | 'contradicted-check'
    | 'cut-by-policies'
    | 'idle-exception'
    | 'idle-known-issue'
    | 'expired-known-issue'
    | 'stale-acceptance';
  /** The rule of docs/semantics.md behind it, such as `D8`; absent where it is not about the meaning of policies. */
  readonly rule?: string;
  readonly message: string;
  readonly location: Location;
  /** What to do about it, in the imperative; absent where it only says how things are. */
  readonly advice?: string;
}

/** An entry of a list of known issues that speaks of no check, and why. */
export interface IdleIssue {
  readonly message: string;
  readonly location: Location;
  readonly advice?: string;
}

/** A state of the cluster, and what is expected in it. */
interface ReviewedStep {
  /** Absent for the first. */
  readonly name?: string;
  readonly oracle: (family?: Family) => Oracle;
  readonly checks: readonly ReviewedCheck[];
  /** All checks of the step, where only some of them were chosen: what a scenario says is doubted as a whole. */
  readonly declaredChecks?: readonly ReviewedCheck[];
}

export interface ReviewedPlan {
  readonly scenario: { readonly name: string; readonly location: Location };
  readonly steps: readonly ReviewedStep[];
  /** The places of exceptions that match no pair of their rule. */
  readonly idleExceptions: readonly Location[];
  readonly accepted: readonly Acceptance[];
  readonly knownIssues?: readonly KnownIssue[];
  readonly idleIssues?: readonly IdleIssue[];
  /** What was found in manifests; absent: nothing but policies. */
  readonly manifests?: ReviewedManifests;
  /** The Services in front of its pods; absent: there are none. */
  readonly services?: readonly PlannedService[];
  /** Those that are there already; absent: there are none. */
  readonly existingNamespaces?: readonly { readonly name: string }[];
}

/** A check, in a step in which there is something to say of it. */
interface DoubtfulCheck {
  readonly check: ReviewedCheck;
  readonly step: ReviewedStep;
}

/**
 * All warnings of one scenario: what the API server will refuse, then checks that cannot be met or need not be cut by others, then
 * what the lints find. What holds in several steps is told once; it names the steps where the first is not among them.
 */
export function reviewPlan(plan: ReviewedPlan): readonly ScenarioWarning[] {
  const { steps, accepted, scenario } = plan;
  const findings = lintOverStates(
    steps.map((step) => ({
      step,
      oracle: step.oracle().alone,
      checks: checksOf(step).flatMap(podPairsOf),
      services: plan.services ?? [],
      existingNamespaces: (plan.existingNamespaces ?? []).map(({ name }) => name),
    })),
  );
  const open = findings.filter(({ finding }) => !accepted.some((one) => isAbout(one, finding)));
  const deployed =
    plan.manifests === undefined
      ? []
      : reviewManifests(
          plan.manifests,
          steps.map((step) => step.oracle()),
        );
  const all = [...findings.map(({ finding }) => finding), ...deployed];
  const stale = accepted.filter((one) => !all.some((finding) => isAbout(one, finding)));
  return [
    ...refusals(plan),
    ...contradictions(plan),
    ...needlessCuts(plan),
    ...plan.idleExceptions.map(
      (location): ScenarioWarning => ({
        code: 'idle-exception',
        message: 'this exception takes nothing out: the rule has no such pair without it',
        location,
        advice: 'Correct what it names, or take it out.',
      }),
    ),
    ...open.map(({ finding, states }): ScenarioWarning => {
      const { code, rule, policy, message, advice, location = scenario.location } = finding;
      return {
        code,
        rule,
        message: `${inSteps(states)}policy ${policy}: ${message}`,
        location,
        ...(advice === undefined ? {} : { advice }),
      };
    }),
    ...deployed
      .filter((finding) => !accepted.some((one) => isAbout(one, finding)))
      .map(({ pod: _, service: __, ...warning }): ScenarioWarning => warning),
    ...stale.map(({ lint, policy, pod, service, declared }): ScenarioWarning => {
      const what = policy ?? pod ?? service;
      return {
        code: 'stale-acceptance',
        message: `nothing is found that this accepts: ${lint}${what === undefined ? '' : ` of ${what}`}`,
        location: declared,
        advice: 'Take the entry out of "accept".',
      };
    }),
    ...(plan.idleIssues ?? []).map((idle): ScenarioWarning => ({ code: 'idle-known-issue', ...idle })),
  ];
}

/** Known issues that do not count any more: what they speak of fails a run again. @param day of the run, in UTC */
export function reviewExpiry({ knownIssues = [] }: ReviewedPlan, day: string): readonly ScenarioWarning[] {
  return knownIssues
    .filter((issue) => hasExpired(issue, day))
    .map(({ is, owner, expires, location }) => ({
      code: 'expired-known-issue',
      message: `this known issue expired on ${expires}: a check that is ${is} fails the run again (owner: ${owner})`,
      location,
      advice: 'Have it mended, or agree on another day with its owner.',
    }));
}

function isAbout({ lint, ...named }: Acceptance, finding: LintFinding | ManifestFinding): boolean {
  const { policy, pod, service }: Partial<Pick<Acceptance, 'policy' | 'pod' | 'service'>> = finding;
  return (
    lint === finding.code &&
    (named.policy ?? policy) === policy &&
    (named.pod ?? pod) === pod &&
    (named.service ?? service) === service
  );
}

function checksOf({ checks, declaredChecks }: ReviewedStep): readonly ReviewedCheck[] {
  return declaredChecks ?? checks;
}

/** `in step "rollback": `; nothing where the first step, which has no name, is among them. */
function inSteps(held: readonly { readonly step: ReviewedStep }[]): string {
  const names = new Set(held.map(({ step: { name } }) => name));
  if (names.has(undefined)) return '';
  return `in ${names.size === 1 ? 'step' : 'steps'} ${listNames([...names].map((name) => JSON.stringify(name)))}: `;
}

/** What the policies mean is worked out without such a policy: it never comes to be. */
function refusals({ steps, scenario }: ReviewedPlan): readonly ScenarioWarning[] {
  const problems = steps.flatMap((step) => step.oracle().problems.map((problem) => ({ step, problem })));
  return groupBy(problems, ({ problem: { policy, message, location } }) => [policy, message, location]).map(
    ({ first, all }) => {
      const { policy, message, advice, location } = first.problem;
      return {
        code: 'refused-policy',
        rule: 'D3',
        message: `${inSteps(all)}policy ${policy}: the API server will refuse it: ${message}`,
        location: location ?? scenario.location,
        advice: `${advice === undefined ? 'Fix it: a' : `${advice} A`} run ends when it is applied. The other warnings leave this policy out.`,
      };
    },
  );
}

/**
 * One warning for all checks of a rule that are contradicted in the same steps. What is left open (I1 to I5) contradicts nothing, and
 * what others are to cut may well be allowed by the policies.
 */
function contradictions({ steps, scenario }: ReviewedPlan): readonly ScenarioWarning[] {
  const contradicted = steps.flatMap((step): readonly DoubtfulCheck[] => {
    return checksOf(step)
      .filter((check) => check.cutBy === undefined && isContradicted(check, step.oracle(check.family)))
      .map((check) => ({ check, step }));
  });
  const pairs = groupBy(contradicted, ({ check }) => [ruleOf(check), describeConnection(check)]);
  return groupBy(pairs, ({ first: { check }, all }) => [ruleOf(check), all.map(({ step }) => step.name)]).map(
    ({ first: { first, all: moments }, all }) => {
      const { check, step } = first;
      const { expected, declared } = check;
      const oracle = step.oracle(check.family);
      const ruling = ruleCheck(oracle, check);
      const { rule, advice } = amendment(check, ruling);
      const [is, them] = all.length === 1 ? ['is', 'it'] : ['are', 'them'];
      const misses = expected === 'reachable' ? describeMisses(check, oracle) : [];
      const part = describePart(ruling, all.length);
      return {
        code: 'contradicted-check',
        rule,
        message: [
          `${inSteps(moments)}${describeFlows(check, all.length)} ${is} to be ${expected}, but the policies ${part ?? `${expected === 'reachable' ? 'deny' : 'allow'} ${them}`}`,
          ...misses,
        ].join('; '),
        location: declared,
        advice: `${advice} ${seeWhy(first, scenario)}`,
      };
    },
  );
}

/** By how little what is denied is denied: of a Service, to the first of its pods to which it is. */
function describeMisses(check: ReviewedCheck, oracle: Oracle): readonly string[] {
  const denied = flowsOf(check).find((flow) => oracle.evaluate(flow).verdict === 'denied');
  if (denied === undefined) return [];
  const note = noteOnServicePort(oracle, denied, check.port);
  return [...describeNearestMisses(oracle.explain(denied)), ...(note === undefined ? [] : [note])];
}

/** Of a Service, which part is denied. */
function describePart({ answer }: CheckRuling, checks: number): string | undefined {
  if (answer.verdict !== 'partial') return undefined;
  return `deny ${listNames(answer.denied)} and allow the other pods${checks === 1 ? '' : ' of the first'}`;
}

function isContradicted(check: ReviewedCheck, oracle: Oracle): boolean {
  const { verdict } = ruleCheck(oracle, check).answer;
  return verdict === 'partial' || verdict === (check.expected === 'reachable' ? 'denied' : 'allowed');
}

/** One warning for each rule whose checks are all to be cut by others, although the policies deny every one of them in every step. */
function needlessCuts({ steps, scenario }: ReviewedPlan): readonly ScenarioWarning[] {
  const cuts = steps.flatMap((step) => {
    return checksOf(step).flatMap((check) => {
      if (check.cutBy === undefined) return [];
      return [{ check, step, verdict: ruleCheck(step.oracle(check.family), check).answer.verdict }];
    });
  });
  return groupBy(cuts, ({ check }) => ruleOf(check))
    .filter(({ all }) => all.every(({ verdict }) => verdict === 'denied'))
    .map(({ first, all }) => {
      const { check } = first;
      const count = new Set(all.map((one) => describeConnection(one.check))).size;
      const [is, them] = count === 1 ? ['is', 'it'] : ['are', 'them'];
      return {
        code: 'cut-by-policies',
        rule: 'D7',
        message: `${inSteps(all)}${describeFlows(check, count)} ${is} to be cut by others, but the scenario's own policies cut ${them} already`,
        location: check.declared,
        advice: `Leave "cutBy" out, so that the run shows that these policies do it; keep it only where they are not alone. ${seeWhy(first, scenario)}`,
      };
    });
}

/** The rule that declares a check. */
function ruleOf({ declared: { file, line, column }, expected }: ReviewedCheck): unknown {
  return [file, line, column, expected];
}

/** In the order of the first of each group. */
function groupBy<T>(
  items: readonly T[],
  keyOf: (item: T) => unknown,
): readonly { readonly first: T; readonly all: readonly T[] }[] {
  return [...Map.groupBy(items, (item) => JSON.stringify(keyOf(item))).values()].flatMap((all) => {
    const [first] = all;
    return first === undefined ? [] : [{ first, all }];
  });
}

function describeFlows(check: ReviewedCheck, count: number): string {
  const flow = describeConnection(check);
  return count === 1 ? flow : `${count} checks of this rule, such as ${flow},`;
}

function seeWhy({ check, step }: DoubtfulCheck, { name }: ReviewedPlan['scenario']): string {
  const words = [
    ...['explain', '--only', name],
    ...(step.name === undefined ? [] : ['--step', step.name]),
    ...[check.declared.file, check.from, describeTarget(check)],
  ];
  return `See why: ${shellCommand(['podreach', ...words])}`;
}

/** The rule behind a contradiction, and what to write instead. */
function amendment(
  { from, to, expected }: ReviewedCheck,
  { answer, responsible }: CheckRuling,
): { readonly rule: string; readonly advice: string } {
  const orElse =
    expected === 'reachable'
      ? 'or say that it is unreachable.'
      : 'or say that it is reachable. If something else cuts it, say so with "cutBy: others".';
  const named = responsible.map(describeResponsible).join(', ');
  if (expected === 'unreachable' && answer.verdict === 'partial')
    return {
      rule: 'D4',
      advice: `Have ${named} deny the other pods behind ${to} as well, ${orElse}`,
    };
  if (expected === 'reachable')
    return { rule: 'D7', advice: `Add a rule that lets it through, to ${named}, ${orElse}` };
  return named === ''
    ? {
        rule: 'D4',
        advice: `Isolate the ingress of ${to} or the egress of ${from}: no policy does, ${orElse}`,
      }
    : { rule: 'D6', advice: `Narrow ${named}, ${orElse}` };
}
