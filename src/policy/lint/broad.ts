/**
 * Selectors that catch pods beyond those that the checks speak of. Only where some of the caught pods are spoken of: then the
 * checks show whom the author had in mind.
 */
import type { Direction } from '../isolation.ts';
import { listNames } from '../list-names.ts';
import type { PodParty } from '../parties.ts';
import { describePeer } from '../peers.ts';
import { DIRECTIONS, isolates } from '../policy.ts';
import { describeSelector, requirementsOf } from '../requirements.ts';
import {
  findingAt,
  type Lint,
  type LintContext,
  type LintFinding,
  otherOf,
  placedPeers,
  placedRules,
} from './finding.ts';
import { writePeers, writePodSelector } from './selecting.ts';

/** The empty podSelector means every pod of a namespace, and says so. */
export const lintBroadSelector: Lint = (policy, { oracle, checksOn }) => {
  if (requirementsOf(policy.podSelector).length === 0) return [];
  const subjects = oracle.subjectsOf(policy);
  const testable = subjects.filter(({ ports }) => isolates(policy, 'egress') || ports.length > 0);
  const directions = DIRECTIONS.filter((direction) => isolates(policy, direction));
  const unnamed = testable.filter(({ name }) =>
    directions.every((direction) => checksOn(name, direction).length === 0),
  );
  if (unnamed.length === 0 || unnamed.length === testable.length) return [];
  const names = listNames(unnamed.map(({ name }) => name));
  const named = testable.filter((pod) => !unnamed.includes(pod));
  const others = oracle.parties.pods.filter(
    (pod) => pod.namespace === policy.namespace && (unnamed.includes(pod) || !subjects.includes(pod)),
  );
  const selector = writePodSelector(named, others);
  return [
    findingAt(policy, ['spec', 'podSelector'], {
      code: 'broad-selector',
      rule: 'D4',
      message: `${describeSelector(policy.podSelector)} selects ${names} as well, of which no check speaks: this policy isolates ${unnamed.length === 1 ? 'it' : 'them'} too`,
      advice: adviseOn(selector, named, names),
    }),
  ];
};

export const lintBroadPeer: Lint = (policy, context) => {
  const subjects = new Set(context.oracle.subjectsOf(policy).map(({ name }) => name));
  return placedRules(policy).flatMap((rule) =>
    placedPeers(rule).flatMap(({ peer, path }, position): readonly LintFinding[] => {
      if (peer.kind === 'block') return [];
      const caught = context.oracle.peersOf(policy, rule.direction, rule.index, position);
      const { strangers, meant } = sortOut(caught, subjects, rule.direction, context);
      if (strangers.length === 0) return [];
      const { namespace } = policy;
      const names = listNames(strangers);
      const peers = writePeers(meant, namespace, context.oracle);
      return [
        findingAt(policy, path, {
          code: 'broad-peer',
          rule: 'D9',
          message: `"${describePeer(peer, namespace)}" means ${names} as well, of which no check speaks`,
          advice: adviseOn(peers, meant, names),
        }),
      ];
    }),
  );
};

/**
 * @param narrower what to write in place; undefined where no label tells the pods that are meant from others
 * @param strangers the names of those that are not
 */
function adviseOn(narrower: string | undefined, meant: readonly PodParty[], strangers: string): string {
  const change =
    narrower === undefined
      ? `No label sets ${listNames(meant.map(({ name }) => name))} apart: add one and select by it`
      : `Write ${narrower} in its place`;
  return `${change}, or add a check that says what holds for ${strangers}.`;
}

interface Caught {
  /** Those of which some check with the policy's subjects says that they are reachable. */
  readonly meant: readonly PodParty[];
  /** The names of those of which no check with the policy's subjects speaks, if some are meant. */
  readonly strangers: readonly string[];
}

function sortOut(
  caught: readonly PodParty[],
  subjects: ReadonlySet<string>,
  direction: Direction,
  { checksOn }: LintContext,
): Caught {
  const relevant = [...subjects].flatMap((subject) => checksOn(subject, direction));
  const named = new Set(relevant.map((check) => otherOf(check, direction)));
  const reachable = new Set(
    relevant.filter(({ expected }) => expected === 'reachable').map((check) => otherOf(check, direction)),
  );
  const meant = caught.filter(({ name }) => reachable.has(name));
  if (meant.length === 0) return { meant, strangers: [] };
  const strangers = caught.filter(
    ({ name, ports }) =>
      !named.has(name) && !subjects.has(name) && (direction === 'ingress' || ports.length > 0),
  );
  return { meant, strangers: strangers.map(({ name }) => name) };
}
