/**
 * The oracle: what NetworkPolicies mean for a flow, by the rules of docs/semantics.md, without a cluster. It predicts
 * verdicts, and explains them.
 */
import { CompiledPolicy } from './compiled-policy.ts';
import { type Decision, decide, type Ends, type Leave } from './decide.ts';
import { ForeignPolicies } from './foreign.ts';
import { Gate } from './gate.ts';
import type { Direction } from './isolation.ts';
import { answerOf, type Match, type PolicyAnswer } from './match.ts';
import type { Destination, Flow, NodePassage, World } from './model.ts';
import { destinationIn, type PassageView, sourceIn, viewsOf } from './node-port.ts';
import {
  type FoundEnd,
  type Located,
  locate,
  Parties,
  type Party,
  type Places,
  type PodParty,
} from './parties.ts';
import type { Assumptions, Counterpart } from './peers.ts';
import { DIRECTIONS, type Policy, type PolicyProblem, type Responsible, readPolicies } from './policy.ts';
import { type DestinationPort, targetAt } from './ports.ts';
import { leaveOf, type SideTrace, type Trace, traceSide, type Walk } from './trace.ts';

/** What becomes of a flow, and why. */
export interface Ruling {
  readonly answer: PolicyAnswer;
  /**
   * What decides: where the flow is denied, the policies that isolate an end without allowing it; where it is allowed, the
   * rules that allow it; where it is undefined, what leaves it open. Empty where no
   * NetworkPolicy has a say, or others may decide.
   */
  readonly responsible: readonly Responsible[];
}

export interface Oracle {
  readonly parties: Parties;
  /** The policies that count, in the order of the world. */
  readonly policies: readonly Policy[];
  /** What keeps policies of the world from counting. */
  readonly problems: readonly PolicyProblem[];
  /**
   * What becomes of a flow.
   *
   * @throws RangeError for an end that the world does not have
   */
  evaluate(flow: Flow): PolicyAnswer;
  /**
   * The same, with what decides.
   *
   * @throws RangeError for an end that the world does not have
   */
  rule(flow: Flow): Ruling;
  /**
   * The same, with the walk that leads to it.
   *
   * @throws RangeError for an end that the world does not have
   */
  explain(flow: Flow): Trace;
  /** The pods that a policy selects, whichever directions it isolates. */
  subjectsOf(policy: Policy): readonly PodParty[];
  /**
   * The policies that isolate a pod in a direction (D4); none isolates a host.
   *
   * @param end its key
   * @throws RangeError for an end that the world does not have
   */
  policiesIsolating(end: string, direction: Direction): readonly Policy[];
  /** The pods of the world that a rule matches as the other end, or may match; where a peer is given, it alone. */
  peersOf(policy: Policy, direction: Direction, rule: number, peer?: number): readonly PodParty[];
  /** The same world without the policies of other kinds: what its NetworkPolicies mean by themselves. */
  readonly alone: Oracle;
  /** The same world without one policy. Shares what has been worked out, so that it costs little. */
  without(policy: Policy): Oracle;
  /**
   * The same world, now that it is known where its pods run and how the cluster takes policies. Shares what does not depend on
   * that: without an `ipBlock` that is everything.
   */
  placed(places: Places, assumptions: Assumptions): Oracle;
}

/**
 * Reads a world's policies and holds them against its pods once.
 *
 * With N pods in G groups (same namespace, same labels), P policies and R rules: selecting costs O(P · G), the peers of a
 * rule O(G), or O(N) with an ipBlock, when a flow first asks for them. For each port, and each set of policies that
 * isolates some pod, the answers for all other ends are worked out once in O(size of the set · N). After that a flow
 * between two pods costs two look-ups. So all pairs on one port cost O(R · N + S · P · N + N²) with S such sets: at most N.
 *
 * @param assumptions what is known of the network plugin; nothing, unless said
 */
export function compile(world: World, assumptions: Assumptions = {}): Oracle {
  const { policies, problems } = readPolicies(world.policies);
  const parties = new Parties(world);
  return new CompiledOracle(
    parties,
    policies.map((policy) => new CompiledPolicy(policy, { parties, assumptions })),
    problems,
    new ForeignPolicies(world.foreignPolicies ?? []),
    assumptions,
  );
}

/** A flow with its ends looked up, its host-network pods taken in one way. */
interface Journey extends Ends {
  readonly target: DestinationPort;
  /** As the policies of the source see it, where they see a node: the port of that, as far as it is known. Absent: they see the target. */
  readonly egressTarget?: DestinationPort | 'unknown';
  readonly hostNetwork: Walk['hostNetwork'];
  /** How it is seen that goes through a port of a node; absent: it does not. */
  readonly view?: PassageView;
}

/** The gate of each pod, by its index. */
type Gates = Readonly<Record<Direction, readonly (Gate | undefined)[]>>;

class CompiledOracle implements Oracle {
  readonly parties: Parties;
  readonly problems: readonly PolicyProblem[];
  readonly #policies: readonly CompiledPolicy[];
  readonly #gates: Gates;
  readonly #foreign: ForeignPolicies;
  readonly #assumptions: Assumptions;

  constructor(
    parties: Parties,
    policies: readonly CompiledPolicy[],
    problems: readonly PolicyProblem[],
    foreign: ForeignPolicies,
    assumptions: Assumptions,
    gates: Gates = {
      ingress: buildGates(parties, policies, 'ingress'),
      egress: buildGates(parties, policies, 'egress'),
    },
  ) {
    this.parties = parties;
    this.problems = problems;
    this.#policies = policies;
    this.#foreign = foreign;
    this.#assumptions = assumptions;
    this.#gates = gates;
  }

  get policies(): readonly Policy[] {
    return this.#policies.map(({ policy }) => policy);
  }

  get alone(): Oracle {
    return new CompiledOracle(
      this.parties,
      this.#policies,
      this.problems,
      new ForeignPolicies([]),
      this.#assumptions,
      this.#gates,
    );
  }

  evaluate(flow: Flow): PolicyAnswer {
    const open = this.#leftOpen(flow);
    if (open !== undefined) return open;
    const journeys = this.#journeysOf(flow);
    const [first, ...others] = journeys;
    // Of tens of thousands of flows, nearly all are taken in one way.
    if (first !== undefined && others.length === 0) return answerOf(this.#decide(first).match);
    return answerOf(settle(journeys.map((journey) => ({ journey, decision: this.#decide(journey) }))));
  }

  rule(flow: Flow): Ruling {
    const open = this.#leftOpen(flow);
    if (open !== undefined) return { answer: open, responsible: [] };
    const journeys = this.#journeysOf(flow).map((journey) => ({ journey, decision: this.#decide(journey) }));
    const answer = answerOf(settle(journeys));
    const responsible = journeys
      .filter(({ decision: { rule } }) => rule !== 'D17' && rule !== 'D18')
      .flatMap(({ journey }) => this.#responsibleFor(journey, answer));
    return { answer, responsible: [...new Set(responsible)] };
  }

  explain(flow: Flow): Trace {
    const walks = this.#journeysOf(flow).map((journey): Walk => {
      const { from, to, target, egressTarget = target, source, destination, hostNetwork, view } = journey;
      const leaving = egressTarget === 'unknown' ? target : egressTarget;
      const egress = this.#traceSide(from, 'egress', leaving, destination);
      const ingress = this.#traceSide(to, 'ingress', target, source);
      const decision = decide(journey, leaveOf(egress), leaveOf(ingress));
      return {
        ...(hostNetwork === undefined ? {} : { hostNetwork }),
        ...(view === undefined ? {} : { seenAs: source.party.name }),
        ...decision,
        egress,
        ingress,
      };
    });
    const { family } = this.parties;
    const ends = { from: nameOf(flow.from), to: nameOf(flow.to) };
    return { flow, ...ends, ...(family === undefined ? {} : { family }), ...this.rule(flow), walks };
  }

  subjectsOf(policy: Policy): readonly PodParty[] {
    const compiled = this.#find(policy);
    return this.parties.pods.filter((pod) => compiled?.selects(pod) ?? false);
  }

  policiesIsolating(end: string, direction: Direction): readonly Policy[] {
    const party = this.parties.findEnd(end);
    if (party.kind !== 'pod') return [];
    return this.#policies.filter((one) => one.isolates(party, direction)).map(({ policy }) => policy);
  }

  peersOf(policy: Policy, direction: Direction, rule: number, peer?: number): readonly PodParty[] {
    const compiled = this.#find(policy)?.rules[direction][rule];
    if (compiled === undefined) return [];
    const only = peer === undefined ? undefined : compiled.rule.peers[peer];
    if (peer !== undefined && only === undefined) return [];
    return this.parties.pods.filter((party) => {
      const match = only === undefined ? compiled.pods[party.index] : compiled.matchesPod(only, party);
      return match !== undefined && match !== 'no';
    });
  }

  without(policy: Policy): Oracle {
    const compiled = this.#find(policy);
    if (compiled === undefined) return this;
    const others = this.#policies.filter((one) => one !== compiled);
    return new CompiledOracle(this.parties, others, this.problems, this.#foreign, this.#assumptions, {
      ingress: gatesWithout(compiled, this.#gates.ingress),
      egress: gatesWithout(compiled, this.#gates.egress),
    });
  }

  placed(places: Places, assumptions: Assumptions): Oracle {
    const parties = this.parties.placed(places);
    const policies = this.#policies.map((policy) => policy.placed({ parties, assumptions }));
    const isSame = policies.every((policy, index) => policy === this.#policies[index]);
    return new CompiledOracle(
      parties,
      policies,
      this.problems,
      this.#foreign,
      assumptions,
      isSame ? this.#gates : undefined,
    );
  }

  /** The answer where policies of other kinds may decide, whatever NetworkPolicies say. */
  #leftOpen({ from, to }: Flow): PolicyAnswer | undefined {
    return this.#foreign.answer(this.parties.find(from), this.parties.find(to));
  }

  #find(policy: Policy): CompiledPolicy | undefined {
    return this.#policies.find((one) => one.policy === policy);
  }

  #decide(journey: Journey): Decision {
    return decide(journey, this.#leave(journey, 'egress'), this.#leave(journey, 'ingress'));
  }

  #leave(journey: Journey, direction: Direction): Leave {
    const { subject, counterpart, target } = sideOf(journey, direction);
    const gate = this.#gateOf(subject, direction);
    if (gate === undefined) return 'free';
    return target === 'unknown' ? 'I9' : gate.admits(target, counterpart);
  }

  #gateOf(subject: Party, direction: Direction): Gate | undefined {
    return subject.kind === 'pod' ? this.#gates[direction][subject.index] : undefined;
  }

  #responsibleFor(journey: Journey, { verdict }: PolicyAnswer): readonly Responsible[] {
    return DIRECTIONS.flatMap((direction) => {
      const { subject, counterpart, target } = sideOf(journey, direction);
      const gate = this.#gateOf(subject, direction);
      if (gate === undefined || target === 'unknown') return [];
      const match = gate.admits(target, counterpart);
      const decides = { allowed: match === 'yes', denied: match === 'no', undefined: match !== 'yes' };
      return decides[verdict] ? gate.deciding(target, counterpart, match) : [];
    });
  }

  #traceSide(
    subject: Party,
    direction: Direction,
    target: DestinationPort,
    counterpart: Counterpart,
  ): SideTrace {
    if (subject.kind !== 'pod')
      return {
        kind: 'no-pod',
        end: subject.name,
        hostNetworkPod: subject.kind === 'node' && subject.hostNetworkPod,
        ...(subject.kind === 'unknown' && subject.mayBePod ? { mayBePod: true } : {}),
      };
    const selecting = this.#policies.filter((policy) => policy.selects(subject));
    return traceSide(subject, direction, selecting, target, counterpart);
  }

  #journeysOf(flow: Flow): readonly Journey[] {
    const from = this.parties.find(flow.from);
    const to = this.parties.find(flow.to);
    const { through } = flow;
    const journeys = this.#takenAs(flow, from, to);
    return through === undefined
      ? journeys
      : journeys.flatMap((journey) => this.#viewed(journey, flow, through));
  }

  /** With its host-network pods taken in all the ways in which they may be. */
  #takenAs(flow: Flow, from: FoundEnd, to: FoundEnd): readonly Journey[] {
    if (from.kind === 'certain' && to.kind === 'certain') {
      return [this.#journey(flow, from.party, to.party, undefined)];
    }
    const readings =
      this.#assumptions.hostNetworkPodsAreNodes === true
        ? (['as-nodes'] as const)
        : (['as-pods', 'as-nodes'] as const);
    return readings.map((reading) => this.#journey(flow, taken(from, reading), taken(to, reading), reading));
  }

  /** The same through a port of a node, in all the ways in which it may be seen. */
  #viewed(journey: Journey, { protocol }: Flow, passage: NodePassage): readonly Journey[] {
    const { from, to } = journey;
    return viewsOf(passage, from, to, this.#assumptions).map((view): Journey => {
      const destination = destinationIn(view, passage, to);
      const atNode =
        passage.port === undefined ? ('unknown' as const) : targetAt(destination, passage.port, protocol);
      return {
        ...journey,
        throughService: true,
        source: { party: sourceIn(view, passage, from, this.#assumptions) },
        destination: { party: destination },
        ...(view.destination === 'itself' ? {} : { egressTarget: atNode }),
        view,
      };
    });
  }

  #journey(
    { from, to, port, protocol }: Flow,
    source: Party,
    destination: Party,
    hostNetwork: Walk['hostNetwork'],
  ): Journey {
    const service = serviceOf(to);
    return {
      from: source,
      to: destination,
      same: from.kind === 'pod' && (to.kind === 'pod' || to.kind === 'service') && from.pod === to.pod,
      throughService: service !== undefined,
      target: targetAt(destination, port, protocol),
      source: { party: source },
      destination: { party: destination, ...(service === undefined ? {} : { service }) },
      hostNetwork,
    };
  }
}

/** The end whose policies speak in a direction, and the other one as they see it. */
function sideOf(
  { from, to, source, destination, target, egressTarget }: Journey,
  direction: Direction,
): {
  readonly subject: Party;
  readonly counterpart: Counterpart;
  readonly target: DestinationPort | 'unknown';
} {
  return direction === 'egress'
    ? { subject: from, counterpart: destination, target: egressTarget ?? target }
    : { subject: to, counterpart: source, target };
}

/** The gate of each pod in a direction; none where nothing isolates it. */
function buildGates(
  { pods }: Parties,
  policies: readonly CompiledPolicy[],
  direction: Direction,
): readonly (Gate | undefined)[] {
  const gates = new Map<string, Gate>();
  const byGroup = new Map<number, Gate | undefined>();
  const places = new Map(policies.map((policy, index) => [policy, index]));
  return pods.map((pod) => {
    if (byGroup.has(pod.group)) return byGroup.get(pod.group);
    const isolating = policies.filter((policy) => policy.isolates(pod, direction));
    const key = isolating.map((policy) => places.get(policy)).join();
    const gate = isolating.length === 0 ? undefined : (gates.get(key) ?? new Gate(isolating, direction));
    if (gate !== undefined) gates.set(key, gate);
    byGroup.set(pod.group, gate);
    return gate;
  });
}

/** The same gates, but for those that have the policy: all others keep what they have worked out. */
function gatesWithout(
  policy: CompiledPolicy,
  gates: readonly (Gate | undefined)[],
): readonly (Gate | undefined)[] {
  const changed = new Map<Gate, Gate | undefined>();
  return gates.map((gate) => {
    if (gate === undefined || !gate.has(policy)) return gate;
    if (!changed.has(gate)) changed.set(gate, gate.without(policy));
    return changed.get(gate);
  });
}

function taken(end: FoundEnd, reading: 'as-pods' | 'as-nodes'): Party {
  if (end.kind === 'certain') return end.party;
  return reading === 'as-pods' ? end.asPod : end.asNode;
}

/**
 * What holds in every reading. Where they differ, the question is how host-network pods are taken (I5), or what of a connection through a
 * port of a node is seen (I9).
 */
function settle(readings: readonly { readonly journey: Journey; readonly decision: Decision }[]): Match {
  const byView = Map.groupBy(readings, ({ journey: { view } }) => JSON.stringify(view));
  const matches = [...byView.values()].map((own) =>
    agree(
      own.map(({ decision }) => decision.match),
      'I5',
    ),
  );
  return agree(matches, 'I9');
}

function agree(matches: readonly Match[], question: 'I5' | 'I9'): Match {
  const [first = 'yes', ...others] = matches;
  return others.every((other) => other === first) ? first : question;
}

/** Where the Service is through which an end is reached. One that is there already and has no address is headless. */
function serviceOf(to: Destination): Located | undefined {
  if (to.kind === 'service') return locate(to.address);
  return to.kind === 'existing-service' && to.address !== undefined ? locate(to.address) : undefined;
}

/** An end as a reader knows it. */
function nameOf(end: Destination): string {
  switch (end.kind) {
    case 'existing-service':
      return end.endpoint === undefined ? end.service : `${end.endpoint.address}, behind ${end.service}`;
    case 'pod':
    case 'service':
      return end.pod;
    case 'node':
      return `node ${end.node}`;
    case 'host':
      return end.host;
    case 'address':
      return end.address;
  }
}
