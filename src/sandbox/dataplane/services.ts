/**
 * Services as nftables rules, as pure functions: what kube-proxy does on a node. The first packet of a connection to a Service is
 * given to one of its endpoints at random, and conntrack gives it the rest. That is before policies look, which see the endpoint's
 * address and port (D13).
 */
import { createHash } from 'node:crypto';
import type { EndpointSlice } from '../api/kinds/endpointslices/object.ts';
import type { Service, ServicePort } from '../api/kinds/services/object.ts';
import { familyOf, type IPFamily } from '../ip-family.ts';
import type { NodeNetwork, NodePlan } from './addresses.ts';
import {
  endpointsOf,
  reachableFrom,
  type ServiceEndpoint,
  serviceKey,
  slicesByService,
} from './endpoints.ts';
import { define, type NodeTable, tableOf } from './table.ts';

/** What nftables calls a family. */
const WORDS: Readonly<Record<IPFamily, string>> = { IPv4: 'ip', IPv6: 'ip6' };

/** On packets that leave with their node's address, so that the answers come back by way of the node. */
const MARK = '0x4000';
const SET_MARK = `meta mark set meta mark | ${MARK}`;

export interface ServiceState {
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
}

/** What a node translates from the start: nothing. There is no table, so connections cost no more than without Services. */
export function noServices(families: readonly IPFamily[]): NodeTable[] {
  return families.map((family) => ({ ...tableOf(tableName(family), { hooked: new Map() }), text: '' }));
}

function tableName(family: IPFamily): string {
  return `${WORDS[family]} podreach-services`;
}

/** @returns the tables of each node, one of each family */
export function translationsFor(
  nodes: readonly NodePlan[],
  { services, slices }: ServiceState,
): Map<string, readonly NodeTable[]> {
  const slicesOf = slicesByService(slices);
  const served = services.flatMap((service) => {
    const { ports = [], type, clusterIP } = service.spec;
    // D27: names of headless Services stand for the addresses of pods.
    if (type === 'ExternalName' || clusterIP === undefined || clusterIP === 'None') return [];
    const own = slicesOf.get(serviceKey(service.metadata)) ?? [];
    return (service.spec.clusterIPs ?? [clusterIP]).flatMap((address): ServedPort[] => {
      const family = familyOf(address);
      return ports.map((port) => {
        return { service, family, address, port, endpoints: endpointsOf(port, family, own) };
      });
    });
  });
  return new Map(
    nodes.map(({ name, networks }) => [
      name,
      networks.flatMap((network) => {
        const ofFamily = served.filter(({ family }) => family === network.family);
        return ofFamily.length === 0 ? noServices([network.family]) : translationOn(name, network, ofFamily);
      }),
    ]),
  );
}

/** One port of a Service at one of its addresses. */
interface ServedPort {
  readonly service: Service;
  readonly family: IPFamily;
  readonly address: string;
  readonly port: ServicePort;
  readonly endpoints: readonly ServiceEndpoint[];
}

function translationOn(node: string, network: NodeNetwork, served: readonly ServedPort[]): NodeTable {
  const writer = new TranslationWriter(node, network);
  for (const one of served) writer.add(one);
  return writer.table();
}

/** Where a Service is reached, and what becomes of the packets. */
interface Front {
  readonly address: string;
  readonly protocol: string;
  readonly port: number;
  readonly verdict: string;
}

/** Writes one node's table of a family. Chains that are alike are written once. */
class TranslationWriter {
  readonly #node: string;
  readonly #network: NodeNetwork;
  readonly #ip: string;
  readonly #chains = new Map<string, string>();
  readonly #fronts: Front[] = [];
  readonly #clusterIPs = new Set<string>();

  constructor(node: string, network: NodeNetwork) {
    this.#node = node;
    this.#network = network;
    this.#ip = WORDS[network.family];
  }

  add({ service: { spec }, address: clusterIP, port, endpoints }: ServedPort): void {
    const protocol = (port.protocol ?? 'TCP').toLowerCase();
    const [everywhere, here] = [reachableFrom(endpoints), reachableFrom(endpoints, this.#node)];
    const all = this.#oneOf(everywhere, protocol);
    const local = this.#oneOf(here, protocol);
    this.#clusterIPs.add(clusterIP);
    this.#fronts.push({
      address: clusterIP,
      protocol,
      port: port.port,
      verdict: this.#inside(all, spec.internalTrafficPolicy === 'Local' ? local : all),
    });
    if (port.nodePort === undefined) return;
    this.#fronts.push({
      address: this.#network.address,
      protocol,
      port: port.nodePort,
      verdict: spec.externalTrafficPolicy === 'Local' ? this.#outsideLocal(all, local) : this.#outside(all),
    });
  }

  /** What comes to the cluster's address from elsewhere than this node's pods goes on with the node's. */
  #inside(all: string | undefined, chosen: string | undefined): string {
    if (all === undefined) return this.#refusal();
    if (chosen === undefined) return 'drop';
    return this.#goto('inside', [
      `${this.#ip} saddr != ${this.#network.podCidr} ${SET_MARK}`,
      `goto ${chosen}`,
    ]);
  }

  #outside(all: string | undefined): string {
    if (all === undefined) return this.#refusal();
    return this.#goto('outside', [SET_MARK, `goto ${all}`]);
  }

  /** The client keeps its address, as the answer comes back through this node. Policy or not, this node's own may go anywhere. */
  #outsideLocal(all: string | undefined, local: string | undefined): string {
    if (all === undefined) return this.#refusal();
    const { podCidr, address } = this.#network;
    return this.#goto('outside', [
      `${this.#ip} saddr ${podCidr} goto ${all}`,
      `${this.#ip} saddr ${address} ${SET_MARK}`,
      `${this.#ip} saddr ${address} goto ${all}`,
      local === undefined ? 'drop' : `goto ${local}`,
    ]);
  }

  /** @returns the chain that gives a connection to one of them; undefined where there is none */
  #oneOf(endpoints: readonly ServiceEndpoint[], protocol: string): string | undefined {
    const chains = endpoints.map(({ address, port }) =>
      this.#chain('endpoint', [
        // A pod that would be its own peer would not know its answer (I3).
        `${this.#ip} saddr ${address} ${SET_MARK}`,
        `meta l4proto ${protocol} dnat to ${withPort(address, port)}`,
      ]),
    );
    if (chains.length < 2) return chains[0];
    const choices = chains.map((chain, index) => `${index} : goto ${chain}`);
    return this.#chain('choice', [`numgen random mod ${chains.length} vmap { ${choices.join(', ')} }`]);
  }

  /** For a Service that nobody stands behind. */
  #refusal(): string {
    return this.#goto('refusal', ['reject']);
  }

  #goto(prefix: string, rules: readonly string[]): string {
    return `goto ${this.#chain(prefix, rules)}`;
  }

  #chain(prefix: string, rules: readonly string[]): string {
    return define(this.#chains, 'chain', prefix, rules);
  }

  table(): NodeTable {
    const verdicts = this.#fronts.map(
      ({ address, protocol, port, verdict }) => `${address} . ${protocol} . ${port} : ${verdict}`,
    );
    const translate = this.#goto('services', [
      `${this.#ip} daddr . meta l4proto . th dport vmap { ${verdicts.join(', ')} }`,
      `${this.#ip} daddr { ${[...this.#clusterIPs].join(', ')} } reject`,
    ]);
    const separate = this.#separation();
    return tableOf(tableName(this.#network.family), {
      chains: this.#chains,
      hooked: new Map([
        ['separated', { hook: 'type filter hook prerouting priority raw; policy accept;', rules: separate }],
        ['separated-own', { hook: 'type filter hook output priority raw; policy accept;', rules: separate }],
        [
          'translated',
          { hook: 'type nat hook prerouting priority dstnat; policy accept;', rules: [translate] },
        ],
        [
          'translated-own',
          { hook: 'type nat hook output priority -100; policy accept;', rules: [translate] },
        ],
        [
          'masqueraded',
          {
            hook: 'type nat hook postrouting priority srcnat; policy accept;',
            rules: [`meta mark & ${MARK} == ${MARK} masquerade fully-random`],
          },
        ],
      ]),
    });
  }

  /**
   * Datagrams of one sender are a connection for as long as they come, so that they would go on to an endpoint that is gone, and to
   * whoever has its address next. kube-proxy deletes such connections; here each state of a Service's endpoints has a zone of its
   * own, and in another zone they are not known.
   */
  #separation(): string[] {
    const zones = this.#fronts
      .filter(({ protocol }) => protocol === 'udp')
      .map((front) => `${front.address} . ${front.port} : ${zoneOf(front)}`);
    if (zones.length === 0) return [];
    const rules = [`ct original zone set ${this.#ip} daddr . udp dport map { ${zones.join(', ')} }`];
    return [`meta l4proto udp jump ${this.#chain('zones', rules)}`];
  }
}

function withPort(address: string, port: number): string {
  return familyOf(address) === 'IPv4' ? `${address}:${port}` : `[${address}]:${port}`;
}

/** 0 is the zone of everything else. The verdict names a chain by what is in it. */
function zoneOf(front: Front): number {
  const digest = createHash('sha256').update(JSON.stringify(front)).digest();
  return 1 + (digest.readUInt16BE(0) % 0xff_ff);
}
