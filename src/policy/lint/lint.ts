/** Holds policies against what catches people. Pure: what the policies mean comes from the oracle. */
import { objectKey } from '../../keys.ts';
import { describeConnection } from '../../pair.ts';
import type { Direction } from '../isolation.ts';
import { flowBetween } from '../model.ts';
import type { Oracle } from '../oracle.ts';
import { DIRECTIONS, type Responsible } from '../policy.ts';
import { lintAlternatives } from './alternatives.ts';
import { lintApiServer } from './api-server.ts';
import { lintBlocks } from './blocks.ts';
import { lintBroadPeer, lintBroadSelector } from './broad.ts';
import { lintCidrs } from './cidrs.ts';
import { lintDns } from './dns.ts';
import { lintEmptyLists } from './empty-lists.ts';
import { lintExceptions } from './exceptions.ts';
import { lintFamilies } from './families.ts';
import {
  type Lint,
  type LintCheck,
  type LintContext,
  type LintFinding,
  type LintSurroundings,
  onlyRule,
  subjectOf,
} from './finding.ts';
import { lintHostNetwork } from './host-network.ts';
import { lintEmptyEgress, lintIgnoredRules } from './policy-types.ts';
import { lintPortNames } from './port-names.ts';
import { lintRetyped } from './retyped.ts';
import { lintPeers, lintSubjects } from './selects-nothing.ts';
import { lintUntested } from './untested.ts';
import { lintUnusedPorts } from './unused-ports.ts';

const LINTS: readonly Lint[] = [
  lintUntested,
  lintSubjects,
  lintBroadSelector,
  lintIgnoredRules,
  lintEmptyEgress,
  lintDns,
  lintPeers,
  lintBroadPeer,
  lintHostNetwork,
  lintApiServer,
  lintAlternatives,
  lintBlocks,
  lintExceptions,
  lintPortNames,
  lintUnusedPorts,
  lintEmptyLists,
  lintRetyped,
  lintCidrs,
  lintFamilies,
];

/**
 * What is suspicious about the policies of an oracle's world, policy by policy.
 *
 * @param checks all that a scenario declares: their ends must be pods of the world
 * @param surroundings what there is beside its pods
 */
export function lintPolicies(
  oracle: Oracle,
  checks: readonly LintCheck[],
  { services = [], existingNamespaces = [] }: Partial<LintSurroundings> = {},
): readonly LintFinding[] {
  const bySubject = { ingress: groupBySubject(checks, 'ingress'), egress: groupBySubject(checks, 'egress') };
  const byRule = groupByRule(oracle, checks);
  const context: LintContext = {
    oracle,
    checks,
    cutByOthers: new Map(
      checks.flatMap((check) => (check.cutBy === undefined ? [] : [[describeConnection(check), check]])),
    ),
    services,
    existingNamespaces,
    checksOn: (pod, direction) => bySubject[direction].get(pod) ?? [],
    checksLetThroughBy: (policy, direction, rule) =>
      byRule.get(ruleKey({ policy: objectKey(policy), direction, rule })) ?? [],
  };
  return oracle.policies.flatMap((policy) => LINTS.flatMap((lint) => lint(policy, context)));
}

function groupBySubject(
  checks: readonly LintCheck[],
  direction: Direction,
): ReadonlyMap<string, readonly LintCheck[]> {
  return Map.groupBy(checks, (check) => subjectOf(check, direction));
}

/** The checks that are let through by one rule of a direction alone, by that rule. */
function groupByRule(
  oracle: Oracle,
  checks: readonly LintCheck[],
): ReadonlyMap<string, readonly LintCheck[]> {
  const groups = new Map<string, LintCheck[]>();
  for (const check of checks) {
    const flow = flowBetween(check);
    // Who denies is not asked, and most of many checks are of what is denied.
    if (oracle.evaluate(flow).verdict !== 'allowed') continue;
    const ruling = oracle.rule(flow);
    for (const direction of DIRECTIONS) {
      const only = onlyRule(ruling, direction);
      if (only === undefined) continue;
      const key = ruleKey(only);
      const group = groups.get(key);
      if (group === undefined) groups.set(key, [check]);
      else group.push(check);
    }
  }
  return groups;
}

function ruleKey({ policy, direction, rule }: Pick<Responsible, 'policy' | 'direction' | 'rule'>): string {
  return `${policy} ${direction} ${rule}`;
}
