/**
 * NetworkPolicy as nftables rules, as pure functions. One table per node judges what its own pods send and what is sent to
 * them: a packet from or to an isolated pod goes through the pod's chain, which returns for what some policy allows and ends in
 * `drop`.
 *
 * A transaction is atomic for one chain that stays hooked, and for nothing else. While a table is deleted and made again, a packet
 * meets the new chain before it is filled and the old one after it was emptied; a set that a rule looks up belongs to the new rules
 * a moment before the rule does not. So one chain stays for good, which pods are isolated stands in its rules and not in a map, and
 * sets are asked only for what is allowed: a packet in that moment is lost, and none slips through.
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

const TABLE = 'ip podreach';
/** The chain that stays. */
const HOOKED = 'forward';
const HOOK = '\t\ttype filter hook forward priority filter; policy accept;\n';
const SET_TYPE = '\t\ttype ipv4_addr\n\t\tflags interval\n';

/**
 * D19: replies and the errors of an allowed connection pass, and so does everything that is not the start of something. A SYN and
 * a datagram are always judged, so that a port number used again never rides on an old connection. What a pod and its node say
 * to each other is not forwarded and passes (D18).
 */
const PASSED = `\t\tct state established,related ct direction reply accept
\t\tct state related accept
\t\tct state established tcp flags & (syn | ack) != syn accept
`;

/** What a node enforces. */
export interface NodeRules {
  /** The whole table, as `nft -f` reads it. Alike for rules that are alike. */
  readonly table: string;
  /** What the table consists of beside the chain that stays, so that it can be taken away. */
  readonly sets: readonly string[];
  readonly chains: readonly string[];
}

/** @returns the rules for each of `nodes` */
export function rulesFor(nodes: readonly string[], state: PolicyState): Map<string, NodeRules> {
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

/**
 * One transaction that puts rules in the place of others, as input of `nft -f`. It also works where some of the others, or all, are
 * missing.
 */
export function replaceRules(before: NodeRules, after: NodeRules): string {
  const remains = [
    ...before.sets.map((name) => `\tset ${name} {\n${SET_TYPE}\t}\n`),
    ...before.chains.map((name) => `\tchain ${name} {\n\t}\n`),
    `\tchain ${HOOKED} {\n${HOOK}\t}\n`,
  ];
  const removals = [
    `flush chain ${TABLE} ${HOOKED}\n`,
    ...before.chains.map((name) => `delete chain ${TABLE} ${name}\n`),
    ...before.sets.map((name) => `delete set ${TABLE} ${name}\n`),
  ];
  return `table ${TABLE} {\n${remains.join('')}}\n${removals.join('')}${after.table}`;
}

/** What an isolated pod's chain lets pass: addresses and ports, ready to be written. Nothing at all where empty. */
type ChainBody =
  | readonly { readonly addresses: string | undefined; readonly ports: readonly ProtocolPorts[] | 'any' }[]
  | 'all';

function rulesOf(
  pods: readonly EnforcedPod[],
  policies: readonly ResolvedPolicy[],
  bodies: Map<string, ChainBody>,
): NodeRules {
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
    this.#judged[direction].push(`\t\t${end} ${address} ${verdict}\n`);
  }

  #chain(direction: EnforcedDirection, body: Exclude<ChainBody, 'all'>): string {
    const peer = direction === 'Ingress' ? 'ip saddr' : 'ip daddr';
    const lines = body.flatMap(({ addresses, ports }) => {
      const match = addresses === undefined ? '' : `${peer} @${this.#set(addresses)} `;
      return portMatches(ports).map((portMatch) => `${match}${portMatch}return`);
    });
    const text = [...lines, 'drop'].map((line) => `\t\t${line}\n`).join('');
    return nameOf(this.#chains, text, 'pods');
  }

  #set(addresses: string): string {
    return nameOf(this.#sets, addresses, 'peers');
  }

  rules(): NodeRules {
    const sets = [...this.#sets].map(
      ([addresses, name]) => `\tset ${name} {\n${SET_TYPE}\t\telements = { ${addresses} }\n\t}\n`,
    );
    const chains = [...this.#chains].map(([lines, name]) => `\tchain ${name} {\n${lines}\t}\n`);
    const judged = [...this.#judged.Egress, ...this.#judged.Ingress];
    const hooked = `\tchain ${HOOKED} {\n${HOOK}${PASSED}${judged.join('')}\t}\n`;
    return {
      table: `table ${TABLE} {\n${sets.join('')}${chains.join('')}${hooked}}\n`,
      sets: [...this.#sets.values()],
      chains: [...this.#chains.values()],
    };
  }
}

/** What a node enforces from the start: nothing. */
export const NO_RULES: NodeRules = new TableWriter().rules();

function nameOf(names: Map<string, string>, key: string, prefix: string): string {
  const name = names.get(key) ?? `${prefix}${names.size}`;
  names.set(key, name);
  return name;
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
