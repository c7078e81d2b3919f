/** A policy held against the pods of a world once, so that single flows need not do it again. */
import { objectKey } from '../keys.ts';
import type { Direction } from './isolation.ts';
import type { PolicyRule } from './manifest.ts';
import { both, either, eitherOf, type Match } from './match.ts';
import type { Parties, PodParty } from './parties.ts';
import {
  type Assumptions,
  type Counterpart,
  isSelecting,
  knownPlaceOf,
  matchPeer,
  type Peer,
  type PeerOutcome,
  selectsPod,
} from './peers.ts';
import { isolates, locationOf, type Policy, type Responsible, rulesOf } from './policy.ts';
import { type DestinationPort, matchPort, type PortOutcome } from './ports.ts';
import { eitherRow, type MatchRow } from './rows.ts';
import { selectorMatches } from './selectors.ts';

/** What a policy is held against. */
interface PolicySurroundings {
  readonly parties: Parties;
  readonly assumptions: Assumptions;
}

export class CompiledPolicy {
  readonly policy: Policy;
  readonly rules: Readonly<Record<Direction, readonly CompiledRule[]>>;
  /** The policy as a whole, as what denies. */
  readonly responsible: Readonly<Record<Direction, Responsible>>;
  /** By group of pods. */
  readonly #selected: readonly boolean[];
  readonly #rows = { ingress: new Map<string, MatchRow>(), egress: new Map<string, MatchRow>() };

  constructor(policy: Policy, surroundings: PolicySurroundings) {
    this.policy = policy;
    this.#selected = surroundings.parties.groups.map(
      ({ namespace, labels }) =>
        namespace === policy.namespace && selectorMatches(policy.podSelector, labels),
    );
    const compileRules = (direction: Direction): readonly CompiledRule[] =>
      rulesOf(policy, direction).map(
        (rule, index) =>
          new CompiledRule(rule, responsibleFor(policy, direction, index), policy.namespace, surroundings),
      );
    this.rules = { ingress: compileRules('ingress'), egress: compileRules('egress') };
    this.responsible = {
      ingress: responsibleFor(policy, 'ingress'),
      egress: responsibleFor(policy, 'egress'),
    };
  }

  /** The same where its pods are known to be somewhere: itself, where none of its rules asks for an address. */
  placed(surroundings: PolicySurroundings): CompiledPolicy {
    const rules = [...this.rules.ingress, ...this.rules.egress];
    return rules.some((rule) => rule.asksForAddresses) ? new CompiledPolicy(this.policy, surroundings) : this;
  }

  /** Whether the pod is one of the policy's subjects. */
  selects({ group }: PodParty): boolean {
    return this.#selected[group] ?? false;
  }

  /** Whether the policy isolates the pod in a direction (D4). */
  isolates(pod: PodParty, direction: Direction): boolean {
    return this.selects(pod) && isolates(this.policy, direction);
  }

  /** The pods that some rule lets through to or from a target, as the other end. */
  admittedPods(direction: Direction, target: DestinationPort): MatchRow {
    const known = this.#rows[direction].get(target.key);
    if (known !== undefined) return known;
    const rules = this.rules[direction].filter((rule) => rule.matchesPort(target) === 'yes');
    const row = eitherRow(rules.map((rule) => rule.pods));
    this.#rows[direction].set(target.key, row);
    return row;
  }
}

export class CompiledRule {
  readonly rule: PolicyRule;
  /** The rule as what allows. */
  readonly responsible: Responsible;
  readonly #namespace: string;
  readonly #surroundings: PolicySurroundings;
  readonly #ports = new Map<string, Match>();
  #pods: MatchRow | undefined;

  constructor(
    rule: PolicyRule,
    responsible: Responsible,
    namespace: string,
    surroundings: PolicySurroundings,
  ) {
    this.rule = rule;
    this.responsible = responsible;
    this.#namespace = namespace;
    this.#surroundings = surroundings;
  }

  /** Whether it matters to it which addresses pods have. */
  get asksForAddresses(): boolean {
    return this.rule.peers.some(({ kind }) => kind === 'block');
  }

  /** Whether the rule matches a flow (D7). */
  matches(target: DestinationPort, counterpart: Counterpart): Match {
    const place = knownPlaceOf(counterpart);
    const peers = place === undefined ? combine(this.matchPeers(counterpart)) : (this.pods[place] ?? 'no');
    return both(this.matchesPort(target), peers);
  }

  matchesPort(target: DestinationPort): Match {
    let match = this.#ports.get(target.key);
    if (match === undefined) {
      match = combine(this.matchPorts(target));
      this.#ports.set(target.key, match);
    }
    return match;
  }

  /** Whether its peers match each pod of the world. */
  get pods(): MatchRow {
    this.#pods ??= this.#matchAllPods();
    return this.#pods;
  }

  /** Whether one of its peers matches a pod of the world. */
  matchesPod(peer: Peer, party: PodParty): Match {
    if (isSelecting(peer)) return selectsPod(peer, party, this.#namespace) ? 'yes' : 'no';
    return this.#matchPeer(peer, { party }).match;
  }

  /** What became of each peer, in order. */
  matchPeers(counterpart: Counterpart): readonly PeerOutcome[] {
    return this.rule.peers.map((peer) => this.#matchPeer(peer, counterpart));
  }

  /** What became of each port, in order. */
  matchPorts(target: DestinationPort): readonly PortOutcome[] {
    return this.rule.ports.map((entry) => matchPort(entry, target));
  }

  #matchAllPods(): MatchRow {
    const { pods, groups } = this.#surroundings.parties;
    const { peers } = this.rule;
    if (peers.length === 0) return pods.map(() => 'yes');
    const blocks = peers.filter((peer) => !isSelecting(peer));
    const selecting = peers.filter(isSelecting);
    // Pods of a group differ in their addresses alone, which only blocks look at.
    const byGroup = groups.map((party) => this.#matchAny(selecting, party));
    return pods.map((party) => eitherOf(byGroup[party.group] ?? 'no', this.#matchAny(blocks, party)));
  }

  #matchAny(peers: readonly Peer[], party: PodParty): Match {
    return either(peers.map((peer) => this.matchesPod(peer, party)));
  }

  #matchPeer(peer: Peer, counterpart: Counterpart): PeerOutcome {
    return matchPeer(peer, counterpart, this.#namespace, this.#surroundings.assumptions);
  }
}

/** A list without entries restricts nothing (D7). */
function combine(outcomes: readonly (PeerOutcome | PortOutcome)[]): Match {
  return outcomes.length === 0 ? 'yes' : either(outcomes.map(({ match }) => match));
}

/** @param index of a rule in its direction; absent: the policy as a whole */
function responsibleFor(policy: Policy, direction: Direction, index?: number): Responsible {
  const { written } = policy;
  const own = index === undefined ? undefined : written.locate?.(['spec', direction, index]);
  return {
    direction,
    policy: objectKey(policy),
    ...(index === undefined ? {} : { rule: index }),
    ...(own === undefined ? locationOf(written, []) : { location: own }),
  };
}
