/**
 * What is doubtful about a scenario before anything has started: checks that its policies cannot meet, what catches people in the
 * policies, and findings that are accepted and no longer there.
 */
import type { Location } from '../errors.ts';
import type { LintCode } from './lint/codes.ts';
import type { LintCheck } from './lint/finding.ts';
import { lintPolicies } from './lint/lint.ts';
import type { World } from './model.ts';
import { compile, type Oracle } from './oracle.ts';

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
  readonly code: LintCode | 'contradicted-check' | 'stale-acceptance';
  /** The rule of docs/semantics.md behind it, such as `D8`; absent where it is not about the meaning of policies. */
  readonly rule?: string;
  readonly message: string;
  readonly location: Location;
  /** What to do about it, in the imperative. */
  readonly advice: string;
}

export interface Reviewed extends World {
  readonly scenario: { readonly location: Location };
  readonly checks: readonly ReviewedCheck[];
  readonly accepted: readonly Acceptance[];
}

/** All warnings of one scenario, contradicted checks first. Policies that cannot be read are for the API server to judge. */
export function reviewScenario(plan: Reviewed, oracle: Oracle = compile(plan)): readonly Warning[] {
  const findings = lintPolicies(oracle, plan.checks);
  const isAccepted = (acceptance: Acceptance, { code, policy }: (typeof findings)[number]): boolean =>
    acceptance.lint === code && (acceptance.policy ?? policy) === policy;
  const open = findings.filter((finding) => !plan.accepted.some((one) => isAccepted(one, finding)));
  const stale = plan.accepted.filter((one) => !findings.some((finding) => isAccepted(one, finding)));
  return [
    ...plan.checks.filter((check) => isContradicted(check, oracle)).map(contradiction),
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

/** What the rules leave open (I1 to I5) contradicts nothing. */
function isContradicted({ from, to, port, protocol, expected }: LintCheck, oracle: Oracle): boolean {
  const { verdict } = oracle.evaluate({
    from: { kind: 'pod', pod: from },
    to: { kind: 'pod', pod: to },
    port,
    protocol,
  });
  return verdict === (expected === 'reachable' ? 'denied' : 'allowed');
}

function contradiction({ from, to, port, protocol, expected, declared }: ReviewedCheck): Warning {
  const flow = `${from} → ${to}:${port}/${protocol}`;
  return {
    code: 'contradicted-check',
    message: `${flow} is to be ${expected}, but the policies ${expected === 'reachable' ? 'deny' : 'allow'} it`,
    location: declared,
    advice: `See why: podreach explain ${declared.file} ${from} ${to}:${port}/${protocol}`,
  };
}
