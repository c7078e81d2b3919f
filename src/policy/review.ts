/**
 * What is doubtful about a scenario before anything has started: checks that its policies cannot meet, what catches people in the
 * policies, and findings that are accepted and no longer there.
 */
import type { Location } from '../errors.ts';
import { shellCommand } from '../shell.ts';
import type { LintCode } from './lint/codes.ts';
import type { LintCheck } from './lint/finding.ts';
import { lintPolicies } from './lint/lint.ts';
import { flowBetween, type World } from './model.ts';
import { compile, type Oracle, type Ruling } from './oracle.ts';
import type { PolicyProblem, Responsible } from './policy.ts';

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

export interface Warning {
  readonly code: LintCode | 'refused-policy' | 'contradicted-check' | 'stale-acceptance';
  /** The rule of docs/semantics.md behind it, such as `D8`; absent where it is not about the meaning of policies. */
  readonly rule?: string;
  readonly message: string;
  readonly location: Location;
  /** What to do about it, in the imperative. */
  readonly advice: string;
}

export interface Reviewed extends World {
  readonly scenario: { readonly name: string; readonly location: Location };
  readonly checks: readonly ReviewedCheck[];
  readonly accepted: readonly Acceptance[];
}

/** All warnings of one scenario: what the API server will refuse, then checks that cannot be met, then what the lints find. */
export function reviewScenario(plan: Reviewed, oracle: Oracle = compile(plan)): readonly Warning[] {
  const findings = lintPolicies(oracle, plan.checks);
  const isAccepted = (acceptance: Acceptance, { code, policy }: (typeof findings)[number]): boolean =>
    acceptance.lint === code && (acceptance.policy ?? policy) === policy;
  const open = findings.filter((finding) => !plan.accepted.some((one) => isAccepted(one, finding)));
  const stale = plan.accepted.filter((one) => !findings.some((finding) => isAccepted(one, finding)));
  return [
    ...oracle.problems.map((problem) => refusal(problem, plan)),
    ...contradictions(plan, oracle),
    ...open.map(
      ({ code, rule, policy, message, advice, location = plan.scenario.location }): Warning => ({
        code,
        rule,
        message: `policy ${policy}: ${message}`,
        location,
        advice,
      }),
    ),
    ...stale.map(
      ({ lint, policy, declared }): Warning => ({
        code: 'stale-acceptance',
        message: `nothing is found that this accepts: ${lint}${policy === undefined ? '' : ` of ${policy}`}`,
        location: declared,
        advice: 'Take the entry out of "accept".',
      }),
    ),
  ];
}

/** What the policies mean is worked out without such a policy: it never comes to be. */
function refusal({ policy, message, location }: PolicyProblem, { scenario }: Reviewed): Warning {
  return {
    code: 'refused-policy',
    rule: 'D3',
    message: `policy ${policy}: the API server will refuse it: ${message}`,
    location: location ?? scenario.location,
    advice: 'Fix it: a run ends when it is applied. The other warnings leave this policy out.',
  };
}

/** One warning for all checks of a rule that are contradicted in the same way. What is left open (I1 to I5) contradicts nothing. */
function contradictions({ checks, scenario }: Reviewed, oracle: Oracle): readonly Warning[] {
  const groups = new Map<string, { readonly check: ReviewedCheck; readonly ruling: Ruling; count: number }>();
  for (const check of checks) {
    const ruling = oracle.rule(flowBetween(check));
    if (ruling.answer.verdict !== (check.expected === 'reachable' ? 'denied' : 'allowed')) continue;
    const { file, line, column } = check.declared;
    const key = JSON.stringify([file, line, column, check.expected]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { check, ruling, count: 1 });
    else group.count += 1;
  }
  return [...groups.values()].map(({ check, ruling, count }) => {
    const { from, to, port, protocol, expected, declared } = check;
    const { rule, advice } = amendment(check, ruling);
    const target = `${to}:${port}/${protocol}`;
    const [is, them] = count === 1 ? ['is', 'it'] : ['are', 'them'];
    const flows =
      count === 1 ? `${from} → ${target}` : `${count} checks of this rule, such as ${from} → ${target},`;
    const why = shellCommand(['podreach', 'explain', '--only', scenario.name, declared.file, from, target]);
    return {
      code: 'contradicted-check',
      rule,
      message: `${flows} ${is} to be ${expected}, but the policies ${expected === 'reachable' ? 'deny' : 'allow'} ${them}`,
      location: declared,
      advice: `${advice} See why: ${why}`,
    };
  });
}

/** The rule behind a contradiction, and what to write instead. */
function amendment(
  { from, to, expected }: ReviewedCheck,
  { responsible }: Ruling,
): { readonly rule: string; readonly advice: string } {
  const orElse = `or say that it is ${expected === 'reachable' ? 'unreachable' : 'reachable'}.`;
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

function describeResponsible({ direction, policy, rule, location }: Responsible): string {
  const place = location === undefined ? '' : ` (${location.file}:${location.line})`;
  return `${rule === undefined ? `the ${direction} of` : `${direction} rule ${rule + 1} of`} policy ${policy}${place}`;
}
