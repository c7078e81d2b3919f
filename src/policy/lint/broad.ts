/**
 * Selectors that catch pods beyond those that the checks speak of. Only where some of the caught pods are spoken of: then the
 * checks show whom the author had in mind.
 */
import type { Direction } from '../isolation.ts';
import type { PodParty } from '../parties.ts';
import { describePeer } from '../peers.ts';
import { DIRECTIONS, isolates } from '../policy.ts';
import { describeSelector, requirementsOf } from '../requirements.ts';
import {
  type Finding,
  findingAt,
  type Lint,
  type LintCheck,
  type LintContext,
  listNames,
  placedPeers,
  placedRules,
} from './finding.ts';

/** The empty podSelector means every pod of a namespace, and says so. */
export const lintBroadSelector: Lint = (policy, { oracle, checksOn }) => {
  if (requirementsOf(policy.podSelector).length === 0) return [];
  const testable = oracle
    .subjectsOf(policy)
    .filter(({ ports }) => isolates(policy, 'egress') || ports.length > 0);
  const directions = DIRECTIONS.filter((direction) => isolates(policy, direction));
  const unnamed = testable
    .filter(({ name }) => directions.every((direction) => checksOn(name, direction).length === 0))
    .map(({ name }) => name);
  if (unnamed.length === 0 || unnamed.length === testable.length) return [];
  return [
    findingAt(policy, ['spec', 'podSelector'], {
      code: 'broad-selector',
      rule: 'D4',
      message: `${describeSelector(policy.podSelector)} selects ${listNames(unnamed)} as well, of which no check speaks: this policy isolates ${unnamed.length === 1 ? 'it' : 'them'} too`,
      advice: `Select by a label that only the pods in question carry, or add a check that says what holds for ${listNames(unnamed)}.`,
    }),
  ];
};

export const lintBroadPeer: Lint = (policy, context) => {
  const subjects = new Set(context.oracle.subjectsOf(policy).map(({ name }) => name));
  return placedRules(policy).flatMap((rule) =>
    placedPeers(rule).flatMap(({ peer, path }, position): readonly Finding[] => {
      if (peer.kind === 'block') return [];
      const caught = context.oracle.peersOf(policy, rule.direction, rule.index, position);
      const strangers = findStrangers(caught, subjects, rule.direction, context);
      if (strangers.length === 0) return [];
      const { namespace } = policy;
      return [
        findingAt(policy, path, {
          code: 'broad-peer',
          rule: 'D9',
          message: `"${describePeer(peer, namespace)}" means ${listNames(strangers)} as well, of which no check speaks`,
          advice: `Name the pods by a podSelector with labels that they carry, or add a check that says what holds for ${listNames(strangers)}.`,
        }),
      ];
    }),
  );
};

/** The caught pods of which no check with the policy's subjects speaks, if some check is about another as reachable. */
function findStrangers(
  caught: readonly PodParty[],
  subjects: ReadonlySet<string>,
  direction: Direction,
  { checksOn }: LintContext,
): readonly string[] {
  const relevant = [...subjects].flatMap((subject) => checksOn(subject, direction));
  const named = new Set(relevant.map((check) => otherOf(check, direction)));
  const meant = new Set(
    relevant.filter(({ expected }) => expected === 'reachable').map((check) => otherOf(check, direction)),
  );
  if (!caught.some(({ name }) => meant.has(name))) return [];
  return caught
    .filter(
      ({ name, ports }) =>
        !named.has(name) && !subjects.has(name) && (direction === 'ingress' || ports.length > 0),
    )
    .map(({ name }) => name);
}

function otherOf({ from, to }: LintCheck, direction: Direction): string {
  return direction === 'ingress' ? from : to;
}
