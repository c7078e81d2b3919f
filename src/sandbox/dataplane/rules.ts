/**
 * NetworkPolicy as nftables rules, as pure functions. One table per node judges what its own pods send and what is sent to
 * them: a packet from or to an isolated pod goes through the pod's chain, which returns for what some policy allows and ends in
 * `drop`.
 *
 * Which pods are isolated stands in the rules of the chain that stays hooked, and not in a map: see table.ts.
 */
import { selectorMatches } from '../selectors.ts';
import {
  ALL_PORTS,
  type Allowance,
  type EnforcedDirection,
  type EnforcedPod,
  type PolicyState,
  type ProtocolPorts,
  type ResolvedPolicy,
  resolvePolicy,
} from './allowances.ts';
import { addressOfNumber, normalise, type Range } from './ranges.ts';
import { type Definitions, define, type NodeTable, tableOf } from './table.ts';

const TABLE = 'ip podreach';
/** The chain that stays. */
const HOOKED = 'forward';
const HOOK = 'type filter hook forward priority filter; policy accept;';
const SET_TYPE = ['type ipv4_addr', 'flags interval'];

/** I7: what belongs to a connection that is open already. */
const ESTABLISHED = 'ct state established tcp flags & (syn | ack) != syn accept';

/**
 * D19: replies and the errors of an allowed connection pass, and so does everything that is not the start of something. A SYN and
 * a datagram are always judged, so that a port number used again never rides on an old connection. What a pod and its node say
 * to each other is not forwarded and passes (D18).
 */
const PASSED = [
  'ct state established,related ct direction reply accept',
  'ct state related accept',
  ESTABLISHED,
];

/** @returns the rules for each of `nodes` */
export function rulesFor(nodes: readonly string[], state: PolicyState): Map<string, NodeTable> {
  const selections = state.policies.map((policy) => resolvePolicy(policy, state));
  const bodies = new Map<string, ChainBody>();
  return new Map(
    nodes.map((node) => [
      node,
      rulesOf(
        state.pods.filter((pod) => pod.node === node),
        selections,
        bodies,
      ),
    ]),
  );
}

/** What an isolated pod's chain lets pass: addresses and ports, ready to be written. Nothing at all where empty. */
type ChainBody =
  | readonly { readonly addresses: string | undefined; readonly ports: readonly ProtocolPorts[] | 'any' }[]
  | 'all';

function rulesOf(
  pods: readonly EnforcedPod[],
  policies: readonly ResolvedPolicy[],
  bodies: Map<string, ChainBody>,
): NodeTable {
  const writer = new TableWriter();
  for (const pod of pods) {
    const selecting = policies.filter(
      ({ namespace, podSelector }) => namespace === pod.namespace && selectorMatches(podSelector, pod.labels),
    );
    for (const direction of ['Egress', 'Ingress'] as const) {
      const isolating = selecting.filter(({ isolates }) => isolates[direction]);
      // D4: a direction that no policy isolates is not judged.
      if (isolating.length > 0) writer.add(pod.address, direction, bodyOf(pod, direction, isolating, bodies));
    }
  }
  return writer.rules();
}

/** Pods that the same policies select share a body, unless it depends on their own port names. */
function bodyOf(
  pod: EnforcedPod,
  direction: EnforcedDirection,
  policies: readonly ResolvedPolicy[],
  bodies: Map<string, ChainBody>,
): ChainBody {
  const ownPorts = direction === 'Ingress' && policies.some((policy) => policy.namesIngressPorts);
  const key = JSON.stringify([direction, policies.map(({ id }) => id), ownPorts ? pod.ports : undefined]);
  let body = bodies.get(key);
  if (body === undefined) {
    // D6: whatever any policy allows is allowed.
    body = mergeAllowances(
      policies.flatMap(({ allows }) => allows[direction].flatMap((allowance) => allowance(pod))),
    );
    bodies.set(key, body);
  }
  return body;
}

/** First joins the addresses that may use the same ports, then the ports that the same addresses may use. */
function mergeAllowances(allowances: readonly Allowance[]): ChainBody {
  const portsByAddresses = new Map<string, ProtocolPorts[] | 'any'>();
  for (const { ports, addresses } of joinAddresses(allowances)) {
    const text = addresses === 'any' ? 'any' : normalise(addresses).map(addressText).join(', ');
    if (text === '') continue;
    const known = portsByAddresses.get(text) ?? [];
    portsByAddresses.set(text, known === 'any' || ports === 'any' ? 'any' : [...known, ports]);
  }
  if (portsByAddresses.get('any') === 'any') return 'all';
  return [...portsByAddresses].map(([text, ports]) => ({
    addresses: text === 'any' ? undefined : text,
    ports,
  }));
}

interface PortAddresses {
  readonly ports: ProtocolPorts | 'any';
  readonly addresses: Range[] | 'any';
}

/** Everybody who may use the same range of ports, or all ports. */
function joinAddresses(allowances: readonly Allowance[]): Iterable<PortAddresses> {
  const joined = new Map<string, PortAddresses>();
  for (const { addresses, ports } of allowances) {
    for (const range of ports === 'any' ? (['any'] as const) : ports) {
      const key = range === 'any' ? range : `${range.protocol} ${range.from} ${range.to}`;
      const known = joined.get(key)?.addresses ?? [];
      const all = known === 'any' || addresses === 'any' ? 'any' : [...known, ...addresses];
      joined.set(key, { ports: range, addresses: all });
    }
  }
  return joined.values();
}

function addressText({ from, to }: Range): string {
  return from === to ? addressOfNumber(from) : `${addressOfNumber(from)}-${addressOfNumber(to)}`;
}

/** Writes one node's table. Address sets and chains that are alike are written once. */
class TableWriter {
  readonly #sets = new Map<string, string>();
  readonly #chains = new Map<string, string>();
  readonly #judged: Record<EnforcedDirection, string[]> = { Egress: [], Ingress: [] };

  add(address: string, direction: EnforcedDirection, body: ChainBody): void {
    if (body === 'all') return;
    const end = direction === 'Egress' ? 'ip saddr' : 'ip daddr';
    const verdict = body.length === 0 ? 'drop' : `jump ${this.#chain(direction, body)}`;
    this.#judged[direction].push(`${end} ${address} ${verdict}`);
  }

  #chain(direction: EnforcedDirection, body: Exclude<ChainBody, 'all'>): string {
    const peer = direction === 'Ingress' ? 'ip saddr' : 'ip daddr';
    const lines = body.flatMap(({ addresses, ports }) => {
      const match = addresses === undefined ? '' : `${peer} @${this.#set(addresses)} `;
      return portMatches(ports).map((portMatch) => `${match}${portMatch}return`);
    });
    return define(this.#chains, 'chain', 'pods', [...lines, 'drop']);
  }

  #set(addresses: string): string {
    return define(this.#sets, 'set', 'peers', [...SET_TYPE, `elements = { ${addresses} }`]);
  }

  rules(): NodeTable {
    return nodeRules(this.#sets, this.#chains, [...this.#judged.Egress, ...this.#judged.Ingress]);
  }
}

function nodeRules(sets: Definitions, chains: Definitions, judged: readonly string[]): NodeTable {
  return tableOf(TABLE, {
    sets,
    chains,
    hooked: new Map([[HOOKED, { hook: HOOK, rules: [...PASSED, ...judged] }]]),
  });
}

/** What a node enforces from the start: nothing. */
export const NO_RULES: NodeTable = nodeRules(new Map(), new Map(), []);

/** Nothing new passes to or from the pods of a node: all that it forwards is theirs. */
export const CLOSED_RULES: NodeTable = nodeRules(new Map(), new Map(), ['drop']);

/** The same for every packet and not only for the first: what is open and allowed no more comes through no more. */
export function judgingEstablished({ name, hooked, ...table }: NodeTable): NodeTable {
  const judging = [...hooked].map(
    ([chain, { hook, rules }]) =>
      [chain, { hook, rules: rules.filter((rule) => rule !== ESTABLISHED) }] as const,
  );
  return tableOf(name, { ...table, hooked: new Map(judging) });
}

/** D13, D16: each protocol by itself. */
function portMatches(ports: readonly ProtocolPorts[] | 'any'): string[] {
  if (ports === 'any') return [''];
  return (['TCP', 'UDP', 'SCTP'] as const).flatMap((protocol) => {
    const ranges = normalise(ports.filter((port) => port.protocol === protocol));
    if (ranges.length === 0) return [];
    const name = protocol.toLowerCase();
    if (ranges.some(({ from, to }) => from <= ALL_PORTS.from && to === ALL_PORTS.to))
      return [`meta l4proto ${name} `];
    const elements = ranges.map(({ from, to }) => (from === to ? String(from) : `${from}-${to}`));
    return [`${name} dport { ${elements.join(', ')} } `];
  });
}
