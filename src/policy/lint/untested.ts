/** Policies whose removal would change no check, so that nothing tests them (D6). */
import type { Verdict } from '../match.ts';
import type { Oracle } from '../oracle.ts';
import { isolates, type Policy } from '../policy.ts';
import { findingAt, type Lint, type LintCheck, listNames } from './finding.ts';

export const lintUntested: Lint = (policy, { oracle, checks }) => {
  const subjects = oracle.subjectsOf(policy).map(({ name }) => name);
  if (checks.length === 0 || subjects.length === 0 || isTested(policy, subjects, oracle, checks)) return [];
  const preposition = isolates(policy, 'ingress') ? 'to' : 'from';
  return [
    findingAt(policy, [], {
      code: 'untested-policy',
      rule: 'D6',
      message: 'without this policy every check would be predicted the same: nothing tests it',
      advice: `Add a check ${preposition} ${listNames(subjects)} that this policy decides, or take the policy out.`,
    }),
  ];
};

function isTested(
  policy: Policy,
  subjects: readonly string[],
  oracle: Oracle,
  checks: readonly LintCheck[],
): boolean {
  const without = oracle.without(policy);
  const isolated = new Set(subjects);
  return checks.some(
    (check) =>
      ((isolates(policy, 'egress') && isolated.has(check.from)) ||
        (isolates(policy, 'ingress') && isolated.has(check.to))) &&
      predict(check, oracle) !== predict(check, without),
  );
}

function predict({ from, to, port, protocol }: LintCheck, oracle: Oracle): Verdict {
  const flow = { from: { kind: 'pod', pod: from }, to: { kind: 'pod', pod: to }, port, protocol } as const;
  return oracle.evaluate(flow).verdict;
}
