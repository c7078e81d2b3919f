/** The walk to a verdict as plain data: per direction the policies of the end, their rules, and what of each matched or why not. */
import type { Location } from '../errors.ts';
import { objectKey } from '../keys.ts';
import type { Family } from '../model/family.ts';
import type { CompiledPolicy, CompiledRule } from './compiled-policy.ts';
import type { Decision, Leave } from './decide.ts';
import type { Direction, PolicyType } from './isolation.ts';
import { either, type Match, type PolicyAnswer } from './match.ts';
import type { Flow, ManifestPath } from './model.ts';
import type { PodParty } from './parties.ts';
import { type Counterpart, describePeer, type PeerOutcome } from './peers.ts';
import { locationOf, type Policy, type PolicyReference, peersField, type Responsible } from './policy.ts';
import { type DestinationPort, describePortEntry, type PortOutcome } from './ports.ts';

/** A ruling with the walk that leads to it. */
export interface Trace {
  readonly flow: Flow;
  /** The ends as a reader knows them. */
  readonly from: string;
  readonly to: string;
  /** Of their addresses, where it is known. */
  readonly family?: Family;
  readonly answer: PolicyAnswer;
  /** See {@link Ruling}. */
  readonly responsible: readonly Responsible[];
  /**
   * One walk; or several, where an end is a host-network pod (I5) or the way goes through a port of a node (I9): then the answer is defined
   * where all end the same.
   */
  readonly walks: readonly Walk[];
}

export interface Walk extends Decision {
  /** How host-network pods are taken in this walk; absent where there are none. */
  readonly hostNetwork?: 'as-pods' | 'as-nodes';
  /** Through a port of a node: whom the policies of the destination see as the source. */
  readonly seenAs?: string;
  readonly egress: SideTrace;
  readonly ingress: SideTrace;
}

/** What the policies of one end say. */
export type SideTrace =
  /** Policies are about pods (D5). */
  | {
      readonly kind: 'no-pod';
      readonly end: string;
      readonly hostNetworkPod: boolean;
      /** It is not known whether it is one, and it is none of the world. */
      readonly mayBePod?: true;
    }
  | { readonly kind: 'not-isolated'; readonly end: string; readonly others: readonly Bystander[] }
  | {
      readonly kind: 'isolated';
      readonly end: string;
      readonly match: Match;
      readonly policies: readonly PolicyTrace[];
      readonly others: readonly Bystander[];
    };

export interface TracedPolicy extends PolicyReference {
  /** The directions that it isolates, where they follow from its rules and not from `policyTypes` (D1). */
  readonly defaultTypes?: readonly PolicyType[];
  /** These are kept from the text that it was applied over. */
  readonly keepsTypes?: true;
}

/** A policy that selects the end and is about the other direction only. */
export interface Bystander extends TracedPolicy {
  /** How many rules it has for this direction all the same, which do nothing (D1). */
  readonly ignoredRules: number;
}

/** A policy that isolates the end in this direction. */
export interface PolicyTrace extends TracedPolicy {
  readonly match: Match;
  readonly rules: readonly RuleTrace[];
}

export interface RuleTrace {
  /** Counts from 0, as in the manifest. */
  readonly index: number;
  readonly location?: Location;
  readonly match: Match;
  /** Empty where the rule names no peers: then it restricts nobody (D7). */
  readonly peers: readonly PeerTrace[];
  /** Empty where the rule names no ports: then it restricts no port (D7). */
  readonly ports: readonly PortTrace[];
}

export type PeerTrace = EntryTrace & PeerOutcome;
export type PortTrace = EntryTrace & PortOutcome;

interface EntryTrace {
  readonly index: number;
  readonly location?: Location;
  /** What the entry stands for, in words. */
  readonly meaning: string;
}

/** What the side says, for {@link decide}. */
export function leaveOf(side: SideTrace): Leave {
  return side.kind === 'isolated' ? side.match : 'free';
}

/** @param policies all that select the pod */
export function traceSide(
  pod: PodParty,
  direction: Direction,
  policies: readonly CompiledPolicy[],
  target: DestinationPort,
  counterpart: Counterpart,
): SideTrace {
  const end = pod.name;
  const isolating = policies.filter((policy) => policy.isolates(pod, direction));
  const others = policies
    .filter((policy) => !isolating.includes(policy))
    .map(({ policy }) => ({ ...referenceTo(policy), ignoredRules: policy[direction].length }));
  if (isolating.length === 0) return { kind: 'not-isolated', end, others };
  const traces = isolating.map(({ policy, rules }): PolicyTrace => {
    const traced = rules[direction].map((rule, index) =>
      traceRule(rule, policy, ['spec', direction, index], target, counterpart),
    );
    return { ...referenceTo(policy), match: either(traced.map(({ match }) => match)), rules: traced };
  });
  return {
    kind: 'isolated',
    end,
    match: either(traces.map(({ match }) => match)),
    policies: traces,
    others,
  };
}

function referenceTo(policy: Policy): TracedPolicy {
  return {
    policy: objectKey(policy),
    ...locationOf(policy.written, []),
    ...(policy.typesByDefault ? { defaultTypes: policy.types } : {}),
    ...(policy.written.keptTypes === undefined ? {} : { keepsTypes: true as const }),
  };
}

function traceRule(
  rule: CompiledRule,
  policy: Policy,
  path: readonly ['spec', Direction, number],
  target: DestinationPort,
  counterpart: Counterpart,
): RuleTrace {
  const [, direction, index] = path;
  const { peers, ports } = rule.rule;
  const entry = (field: string, position: number, meaning: string) => ({
    index: position,
    ...ownLocation(policy, [...path, field, position]),
    meaning,
  });
  return {
    index,
    ...ownLocation(policy, path),
    match: rule.matches(target, counterpart),
    peers: rule.matchPeers(counterpart).map((outcome, position) => {
      const peer = peers[position];
      const meaning = peer === undefined ? '' : describePeer(peer, policy.namespace);
      return { ...entry(peersField(direction), position, meaning), ...outcome };
    }),
    ports: rule.matchPorts(target).map((outcome, position) => {
      const port = ports[position];
      return { ...entry('ports', position, port === undefined ? '' : describePortEntry(port)), ...outcome };
    }),
  };
}

/** Where only the place of the policy is known, a rule has none of its own. */
function ownLocation({ written }: Policy, path: ManifestPath): { readonly location?: Location } {
  const location = written.locate?.(path);
  return location === undefined ? {} : { location };
}
