/** Holds policies against what catches people. Pure: what the policies mean comes from the oracle. */
import type { Direction } from '../isolation.ts';
import type { Oracle } from '../oracle.ts';
import { lintAlternatives } from './alternatives.ts';
import { lintBlocks } from './blocks.ts';
import { lintBroadPeer, lintBroadSelector } from './broad.ts';
import { lintDns } from './dns.ts';
import { lintExceptions } from './exceptions.ts';
import { type Finding, type Lint, type LintCheck, type LintContext, subjectOf } from './finding.ts';
import { lintEmptyEgress, lintIgnoredRules } from './policy-types.ts';
import { lintPortNames } from './port-names.ts';
import { lintPeers, lintSubjects } from './selects-nothing.ts';
import { lintUntested } from './untested.ts';

const LINTS: readonly Lint[] = [
  lintUntested,
  lintSubjects,
  lintBroadSelector,
  lintIgnoredRules,
  lintEmptyEgress,
  lintDns,
  lintPeers,
  lintBroadPeer,
  lintAlternatives,
  lintBlocks,
  lintExceptions,
  lintPortNames,
];

/**
 * What is suspicious about the policies of an oracle's world, policy by policy.
 *
 * @param checks all that a scenario declares: their ends must be pods of the world
 */
export function lintPolicies(oracle: Oracle, checks: readonly LintCheck[]): readonly Finding[] {
  const bySubject = { ingress: groupBySubject(checks, 'ingress'), egress: groupBySubject(checks, 'egress') };
  const context: LintContext = {
    oracle,
    checks,
    checksOn: (pod, direction) => bySubject[direction].get(pod) ?? [],
  };
  return oracle.policies.flatMap((policy) => LINTS.flatMap((lint) => lint(policy, context)));
}

function groupBySubject(
  checks: readonly LintCheck[],
  direction: Direction,
): ReadonlyMap<string, readonly LintCheck[]> {
  const groups = new Map<string, LintCheck[]>();
  for (const check of checks) {
    const subject = subjectOf(check, direction);
    const group = groups.get(subject);
    if (group === undefined) groups.set(subject, [check]);
    else group.push(check);
  }
  return groups;
}
