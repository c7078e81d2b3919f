/**
 * NetworkPolicy as nftables rules, as pure functions. One table per node judges what its own pods send and what is sent to
 * them: a packet from or to an isolated pod goes through the pod's chain, which returns for what some policy allows and ends in
 * `drop`.
 *
 * A transaction is atomic for one chain that stays hooked, and for nothing else. While a table is deleted and made again, a packet
 * meets the new chain before it is filled and the old one after it was emptied; a set is filled a moment after the rule that looks
 * it up is there. So one chain stays for good, which pods are isolated stands in its rules and not in a map, and whatever these
 * rules lead to is there before them: a first transaction makes it, a second one turns to it. No packet slips through, and none is
 * lost. Sets and chains are named by what is in them, so that those that stay the same are left alone.
 */
import { createHash } from 'node:crypto';
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

/** I7: what belongs to a connection that is open already. */
const ESTABLISHED = '\t\tct state established tcp flags & (syn | ack) != syn accept\n';

/**
 * D19: replies and the errors of an allowed connection pass, and so does everything that is not the start of something. A SYN and
 * a datagram are always judged, so that a port number used again never rides on an old connection. What a pod and its node say
 * to each other is not forwarded and passes (D18).
 */
const PASSED = `\t\tct state established,related ct direction reply accept
\t\tct state related accept
${ESTABLISHED}`;

/** What a node enforces. */
export interface NodeRules {
  /** The whole table, as `nft -f` reads it. Alike for rules that are alike. */
  readonly table: string;
  /** What the rules of the chain that stays lead to: definitions, by name. */
  readonly sets: Definitions;
  readonly chains: Definitions;
  /** The chain that stays. */
  readonly hooked: string;
}

type Definitions = ReadonlyMap<string, string>;

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
 * The transactions that put rules in the place of others, in their order, each as input of `nft -f`. The last one is the moment in
 * which the rules change. Rules that take their own place are written anew.
 */
export function replaceRules(before: NodeRules, after: NodeRules): readonly [string, ...string[]] {
  const [sets, chains] = [missing(after.sets, before.sets), missing(after.chains, before.chains)];
  const made = [...sets, ...chains].map(([, definition]) => definition);
  const hooked = `table ${TABLE} {\n\tchain ${HOOKED} {\n${HOOK}\t}\n}\nflush chain ${TABLE} ${HOOKED}\n`;
  const removals = [
    ...missing(before.chains, after.chains).map(([name]) => `delete chain ${TABLE} ${name}\n`),
    ...missing(before.sets, after.sets).map(([name]) => `delete set ${TABLE} ${name}\n`),
  ];
  const change = `${hooked}${tableWith([after.hooked])}${removals.join('')}`;
  return made.length === 0 ? [change] : [tableWith(made), change];
}

function missing(wanted: Definitions, there: Definitions): (readonly [name: string, definition: string])[] {
  return [...wanted].filter(([name]) => !there.has(name));
}

function tableWith(definitions: readonly string[]): string {
  return `table ${TABLE} {\n${definitions.join('')}}\n`;
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
    return define(this.#chains, 'chain', 'pods', [...lines, 'drop'].map((line) => `\t\t${line}\n`).join(''));
  }

  #set(addresses: string): string {
    return define(this.#sets, 'set', 'peers', `${SET_TYPE}\t\telements = { ${addresses} }\n`);
  }

  rules(): NodeRules {
    return nodeRules(this.#sets, this.#chains, [...this.#judged.Egress, ...this.#judged.Ingress]);
  }
}

function nodeRules(sets: Definitions, chains: Definitions, judged: readonly string[]): NodeRules {
  const hooked = `\tchain ${HOOKED} {\n${HOOK}${PASSED}${judged.join('')}\t}\n`;
  return { table: tableWith([...sets.values(), ...chains.values(), hooked]), sets, chains, hooked };
}

/** What a node enforces from the start: nothing. */
export const NO_RULES: NodeRules = nodeRules(new Map(), new Map(), []);

/** Nothing new passes to or from the pods of a node: all that it forwards is theirs. */
export const CLOSED_RULES: NodeRules = nodeRules(new Map(), new Map(), ['\t\tdrop\n']);

/** The same for every packet and not only for the first: what is open and allowed no more comes through no more. */
export function judgingEstablished(rules: NodeRules): NodeRules {
  const [table, hooked] = [rules.table, rules.hooked].map((text) => text.replace(ESTABLISHED, ''));
  return { ...rules, table: table ?? '', hooked: hooked ?? '' };
}

/** @returns the name, which is another for other contents */
function define(
  definitions: Map<string, string>,
  type: 'set' | 'chain',
  prefix: string,
  content: string,
): string {
  const name = `${prefix}_${createHash('sha256').update(content).digest('hex').slice(0, 16)}`;
  definitions.set(name, `\t${type} ${name} {\n${content}\t}\n`);
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
