/**
 * NetworkPolicy as nftables rules, as pure functions. On each node one table of each family judges what its own pods send and what is
 * sent to them: a packet from or to an isolated pod goes through the pod's chain, which returns for what some policy allows and ends in
 * `drop`.
 *
 * Which pods are isolated stands in the rules of the chain that stays hooked, and not in a map: see table.ts.
 */
import type { IPFamily } from '../ip-family.ts';
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

/** The chain that stays. */
const HOOKED = 'forward';
const HOOK = 'type filter hook forward priority filter; policy accept;';
const TABLES: Readonly<Record<IPFamily, string>> = { IPv4: 'ip podreach', IPv6: 'ip6 podreach' };
const SET_TYPES: Readonly<Record<IPFamily, string>> = { IPv4: 'ipv4_addr', IPv6: 'ipv6_addr' };

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

/** @returns the tables of each of `nodes`, one of each of `families` */
export function rulesFor(
  nodes: readonly string[],
  families: readonly IPFamily[],
  state: PolicyState,
): Map<string, readonly NodeTable[]> {
  const selections = state.policies.map((policy) => resolvePolicy(policy, state));
  const bodies = new Map<string, ChainBody>();
  return new Map(
    nodes.map((node) => [
      node,
      rulesOf(
        families,
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
  families: readonly IPFamily[],
  pods: readonly EnforcedPod[],
  policies: readonly ResolvedPolicy[],
  bodies: Map<string, ChainBody>,
): NodeTable[] {
  const writers = families.map((family) => new TableWriter(family));
  for (const pod of pods) {
    const selecting = policies.filter(
      ({ namespace, podSelector }) => namespace === pod.namespace && selectorMatches(podSelector, pod.labels),
    );
    for (const direction of ['Egress', 'Ingress'] as const) {
      const isolating = selecting.filter(({ isolates }) => isolates[direction]);
      // D4: a direction that no policy isolates is not judged.
      if (isolating.length === 0) continue;
      for (const writer of writers)
        writer.add(pod, direction, bodyOf(pod, direction, writer.family, isolating, bodies));
    }
  }
  return writers.map((writer) => writer.rules());
}

/** Pods that the same policies select share a body, unless it depends on their own port names. */
function bodyOf(
  pod: EnforcedPod,
  direction: EnforcedDirection,
  family: IPFamily,
  policies: readonly ResolvedPolicy[],
  bodies: Map<string, ChainBody>,
): ChainBody {
  const ownPorts = direction === 'Ingress' && policies.some((policy) => policy.namesIngressPorts);
  const ids = policies.map(({ id }) => id);
  const key = JSON.stringify([family, direction, ids, ownPorts ? pod.ports : undefined]);
  let body = bodies.get(key);
  if (body === undefined) {
    // D6: whatever any policy allows is allowed.
    body = mergeAllowances(
      family,
      policies.flatMap(({ allows }) => allows[direction].flatMap((allowance) => allowance(pod))),
    );
    bodies.set(key, body);
  }
  return body;
}

/** First joins the addresses that may use the same ports, then the ports that the same addresses may use. */
function mergeAllowances(family: IPFamily, allowances: readonly Allowance[]): ChainBody {
  const portsByAddresses = new Map<string, ProtocolPorts[] | 'any'>();
  for (const { ports, addresses } of joinAddresses(family, allowances)) {
    const text = addresses === 'any' ? 'any' : rangesText(addresses, family);
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
function joinAddresses(family: IPFamily, allowances: readonly Allowance[]): Iterable<PortAddresses> {
  const joined = new Map<string, PortAddresses>();
  for (const { addresses: ofEach, ports } of allowances) {
    const addresses = ofEach[family];
    for (const range of ports === 'any' ? (['any'] as const) : ports) {
      const key = range === 'any' ? range : `${range.protocol} ${range.from} ${range.to}`;
      const known = joined.get(key)?.addresses ?? [];
      const all = known === 'any' || addresses === 'any' ? 'any' : [...known, ...addresses];
      joined.set(key, { ports: range, addresses: all });
    }
  }
  return joined.values();
}

function rangesText(ranges: readonly Range[], family: IPFamily): string {
  const address = (value: bigint): string => addressOfNumber(value, family);
  return normalise(ranges)
    .map(({ from, to }) => (from === to ? address(from) : `${address(from)}-${address(to)}`))
    .join(', ');
}

/** Writes one node's table of a family. Address sets and chains that are alike are written once. */
class TableWriter {
  readonly family: IPFamily;
  readonly #sets = new Map<string, string>();
  readonly #chains = new Map<string, string>();
  readonly #judged: Record<EnforcedDirection, string[]> = { Egress: [], Ingress: [] };

  constructor(family: IPFamily) {
    this.family = family;
  }

  add({ addresses }: EnforcedPod, direction: EnforcedDirection, body: ChainBody): void {
    if (body === 'all') return;
    const end = this.#match(direction === 'Egress' ? 'saddr' : 'daddr');
    const verdict = body.length === 0 ? 'drop' : `jump ${this.#chain(direction, body)}`;
    for (const { family, text } of addresses)
      if (family === this.family) this.#judged[direction].push(`${end} ${text} ${verdict}`);
  }

  #match(end: 'saddr' | 'daddr'): string {
    return `${this.family === 'IPv4' ? 'ip' : 'ip6'} ${end}`;
  }

  #chain(direction: EnforcedDirection, body: Exclude<ChainBody, 'all'>): string {
    const peer = this.#match(direction === 'Ingress' ? 'saddr' : 'daddr');
    const lines = body.flatMap(({ addresses, ports }) => {
      const match = addresses === undefined ? '' : `${peer} @${this.#set(addresses)} `;
      return portMatches(ports).map((portMatch) => `${match}${portMatch}return`);
    });
    return define(this.#chains, 'chain', 'pods', [...lines, 'drop']);
  }

  #set(addresses: string): string {
    const type = `type ${SET_TYPES[this.family]}`;
    return define(this.#sets, 'set', 'peers', [type, 'flags interval', `elements = { ${addresses} }`]);
  }

  rules(): NodeTable {
    const judged = [...this.#judged.Egress, ...this.#judged.Ingress];
    return judging(TABLES[this.family], judged, this.#sets, this.#chains);
  }
}

function judging(
  name: string,
  judged: readonly string[],
  sets: Definitions = new Map(),
  chains: Definitions = new Map(),
): NodeTable {
  return tableOf(name, {
    sets,
    chains,
    hooked: new Map([[HOOKED, { hook: HOOK, rules: [...PASSED, ...judged] }]]),
  });
}

/** What a node enforces from the start: nothing. */
export function noRules(families: readonly IPFamily[]): NodeTable[] {
  return families.map((family) => judging(TABLES[family], []));
}

/** In the place of `tables`: everything passes. */
export function opened(tables: readonly NodeTable[]): NodeTable[] {
  return tables.map(({ name }) => judging(name, []));
}

/** In the place of `tables`: nothing new passes to or from the pods of a node, as all that it forwards is theirs. */
export function closed(tables: readonly NodeTable[]): NodeTable[] {
  return tables.map(({ name }) => judging(name, ['drop']));
}

/** The same for every packet and not only for the first: what is open and allowed no more comes through no more. */
export function judgingEstablished(tables: readonly NodeTable[]): NodeTable[] {
  return tables.map(({ name, hooked, ...table }) => {
    const judging = [...hooked].map(
      ([chain, { hook, rules }]) =>
        [chain, { hook, rules: rules.filter((rule) => rule !== ESTABLISHED) }] as const,
    );
    return tableOf(name, { ...table, hooked: new Map(judging) });
  });
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
