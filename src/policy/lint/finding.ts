/** What the lints have in common: their findings, what they look at, and how they name things. */
import type { Location } from '../../errors.ts';
import { objectKey } from '../../keys.ts';
import { NAMESPACE_NAME_LABEL } from '../../labels.ts';
import type { Family } from '../../model/family.ts';
import type { PlannedService } from '../../model/service.ts';
import type { Direction } from '../isolation.ts';
import type { PolicyRule } from '../manifest.ts';
import type { ManifestPath, PodPair, PodPort } from '../model.ts';
import type { Oracle, Ruling } from '../oracle.ts';
import type { PodParty } from '../parties.ts';
import type { Peer } from '../peers.ts';
import { DIRECTIONS, isolates, locationOf, type Policy, peersField, type Responsible } from '../policy.ts';
import { selectorMayMatch } from '../selectors.ts';
import type { LintCode } from './codes.ts';

/** Something in a policy that probably does not mean what its author thinks. */
export interface LintFinding {
  readonly code: LintCode;
  /** The rule of docs/semantics.md behind it, such as `D8`. */
  readonly rule: string;
  /** `namespace/name` */
  readonly policy: string;
  readonly path: ManifestPath;
  readonly location?: Location;
  readonly message: string;
  /** What to write instead, as sentences in the imperative; absent where nothing need change. */
  readonly advice?: string;
}

/** A check of a scenario: as much of it as lints look at. */
export interface LintCheck extends PodPair {
  readonly expected: 'reachable' | 'unreachable';
  /** Of the addresses that are tried; absent: that of the cluster. */
  readonly family?: Family;
  /** Something else than the policies cuts it, so that it shows nothing of what they do. */
  readonly cutBy?: 'others';
}

/** What there is beside the pods of an oracle's world. */
export interface LintSurroundings {
  /** Those in front of the pods. */
  readonly services: readonly PlannedService[];
  /** The names of namespaces that are there already: who is in them is for the cluster to say. */
  readonly existingNamespaces: readonly string[];
}

export interface LintContext extends LintSurroundings {
  readonly oracle: Oracle;
  readonly checks: readonly LintCheck[];
  /** The checks that something else than policies cuts, by their connections: with or without a policy, such a check tests none. */
  readonly cutByOthers: ReadonlyMap<string, LintCheck>;
  /** The checks of which a pod is the end that policies of a direction isolate: the source for egress. */
  readonly checksOn: (pod: string, direction: Direction) => readonly LintCheck[];
  /** The checks that are predicted to be let through, and in a direction by this rule alone. */
  readonly checksLetThroughBy: (policy: Policy, direction: Direction, rule: number) => readonly LintCheck[];
}

/** Looks at one policy, in the light of all. */
export type Lint = (policy: Policy, context: LintContext) => readonly LintFinding[];

/** A finding at a part of a policy. */
export function findingAt(
  policy: Policy,
  path: ManifestPath,
  details: Pick<LintFinding, 'code' | 'rule' | 'message' | 'advice'>,
): LintFinding {
  return { ...details, policy: objectKey(policy), path, ...locationOf(policy.written, path) };
}

/** Whether a peer may mean pods of namespaces of which nothing but their names is known. */
export function mayMeanOthers(peer: Peer, existingNamespaces: readonly string[]): boolean {
  return (
    (peer.kind === 'namespaces' || peer.kind === 'pods-of-namespaces') &&
    existingNamespaces.some((name) =>
      selectorMayMatch(peer.namespaceSelector, { [NAMESPACE_NAME_LABEL]: name }),
    )
  );
}

/** The same of a policy: whom it is about may be nowhere in the scenario, and no check of it can go there. */
export function isAboutOthers(policy: Policy, existingNamespaces: readonly string[]): boolean {
  return placedRules(policy).some(({ rule }) =>
    rule.peers.some((peer) => mayMeanOthers(peer, existingNamespaces)),
  );
}

export interface PlacedRule {
  readonly direction: Direction;
  /** Counts from 0. */
  readonly index: number;
  readonly rule: PolicyRule;
  readonly path: ManifestPath;
}

/** The rules of a policy that do something, egress first. */
export function placedRules(policy: Policy): readonly PlacedRule[] {
  return writtenRules(policy).filter(({ direction }) => isolates(policy, direction));
}

/** All rules of a policy, egress first: also those that do nothing, as the API server looks at them too. */
export function writtenRules(policy: Policy): readonly PlacedRule[] {
  return DIRECTIONS.flatMap((direction) =>
    policy[direction].map((rule, index) => ({ direction, index, rule, path: ['spec', direction, index] })),
  );
}

/** The peers of a rule with their paths. */
export function placedPeers({
  direction,
  rule,
  path,
}: PlacedRule): readonly { readonly peer: Peer; readonly path: ManifestPath }[] {
  return rule.peers.map((peer, index) => ({ peer, path: [...path, peersField(direction), index] }));
}

/** The rule without which a flow would no longer be let through; undefined where there is none, or none by itself. */
export function onlyRule({ answer, responsible }: Ruling, direction: Direction): Responsible | undefined {
  if (answer.verdict !== 'allowed') return undefined;
  const [only, ...others] = responsible.filter((one) => one.direction === direction);
  return others.length === 0 ? only : undefined;
}

/** The ports of the pods that a rule opens, and what these pods are to it; undefined where there are none. */
export function openedPods(
  policy: Policy,
  { direction, index }: PlacedRule,
  oracle: Oracle,
):
  | { readonly pods: readonly PodParty[]; readonly ports: readonly PodPort[]; readonly who: string }
  | undefined {
  const isIngress = direction === 'ingress';
  const pods = isIngress ? oracle.subjectsOf(policy) : oracle.peersOf(policy, direction, index);
  if (pods.length === 0) return undefined;
  return {
    pods,
    ports: pods.flatMap(({ ports }) => ports),
    who: isIngress ? 'pod that this policy selects' : 'pod that this rule leads to',
  };
}

/** The end of a check that policies of a direction isolate. */
export function subjectOf({ from, to }: PodPair, direction: Direction): string {
  return direction === 'ingress' ? to : from;
}

/** The other end. */
export function otherOf({ from, to }: PodPair, direction: Direction): string {
  return direction === 'ingress' ? from : to;
}
