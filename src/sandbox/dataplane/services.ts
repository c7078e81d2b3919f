/**
 * Services as nftables rules, as pure functions: what kube-proxy does on a node. The first packet of a connection to a Service is
 * given to one of its endpoints at random, and conntrack gives it the rest. That is before policies look, which see the endpoint's
 * address and port (D13).
 */
import { createHash } from 'node:crypto';
import type { EndpointSlice } from '../api/kinds/endpointslices/object.ts';
import type { Service, ServicePort } from '../api/kinds/services/object.ts';
import type { NodePlan } from './addresses.ts';
import {
  endpointsOf,
  reachableFrom,
  type ServiceEndpoint,
  serviceKey,
  slicesByService,
} from './endpoints.ts';
import { define, type NodeTable, tableOf } from './table.ts';

const TABLE = 'ip podreach-services';

/** On packets that leave with their node's address, so that the answers come back by way of the node. */
const MARK = '0x4000';
const SET_MARK = `meta mark set meta mark | ${MARK}`;

export interface ServiceState {
  readonly services: readonly Service[];
  readonly slices: readonly EndpointSlice[];
}

/** What a node translates from the start: nothing. There is no table, so connections cost no more than without Services. */
export const NO_SERVICES: NodeTable = { ...tableOf(TABLE, { hooked: new Map() }), text: '' };

/** @returns the table of each node */
export function translationsFor(
  nodes: readonly NodePlan[],
  { services, slices }: ServiceState,
): Map<string, NodeTable> {
  const slicesOf = slicesByService(slices);
  const served = services.flatMap((service) => {
    const { ports = [], type, clusterIP } = service.spec;
    // D27: names of headless Services stand for the addresses of pods.
    if (type === 'ExternalName' || clusterIP === undefined || clusterIP === 'None') return [];
    const own = slicesOf.get(serviceKey(service.metadata)) ?? [];
    return ports.map((port) => ({ service, port, endpoints: endpointsOf(port, own) }));
  });
  return new Map(nodes.map((node) => [node.name, translationOn(node, served)]));
}

/** One port of a Service. */
interface ServedPort {
  readonly service: Service;
  readonly port: ServicePort;
  readonly endpoints: readonly ServiceEndpoint[];
}

function translationOn(node: NodePlan, served: readonly ServedPort[]): NodeTable {
  if (served.length === 0) return NO_SERVICES;
  const writer = new TranslationWriter(node);
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

/** Writes one node's table. Chains that are alike are written once. */
class TranslationWriter {
  readonly #node: NodePlan;
  readonly #chains = new Map<string, string>();
  readonly #fronts: Front[] = [];
  readonly #clusterIPs = new Set<string>();

  constructor(node: NodePlan) {
    this.#node = node;
  }

  add({ service: { spec }, port, endpoints }: ServedPort): void {
    const protocol = (port.protocol ?? 'TCP').toLowerCase();
    const { clusterIP = '' } = spec;
    const [everywhere, here] = [reachableFrom(endpoints), reachableFrom(endpoints, this.#node.name)];
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
      address: this.#node.address,
      protocol,
      port: port.nodePort,
      verdict: spec.externalTrafficPolicy === 'Local' ? this.#outsideLocal(all, local) : this.#outside(all),
    });
  }

  /** What comes to the cluster's address from elsewhere than this node's pods goes on with the node's. */
  #inside(all: string | undefined, chosen: string | undefined): string {
    if (all === undefined) return this.#refusal();
    if (chosen === undefined) return 'drop';
    return this.#goto('inside', [`ip saddr != ${this.#node.podCidr} ${SET_MARK}`, `goto ${chosen}`]);
  }

  #outside(all: string | undefined): string {
    if (all === undefined) return this.#refusal();
    return this.#goto('outside', [SET_MARK, `goto ${all}`]);
  }

  /** The client keeps its address, as the answer comes back through this node. Policy or not, this node's own may go anywhere. */
  #outsideLocal(all: string | undefined, local: string | undefined): string {
    if (all === undefined) return this.#refusal();
    const { podCidr, address } = this.#node;
    return this.#goto('outside', [
      `ip saddr ${podCidr} goto ${all}`,
      `ip saddr ${address} ${SET_MARK}`,
      `ip saddr ${address} goto ${all}`,
      local === undefined ? 'drop' : `goto ${local}`,
    ]);
  }

  /** @returns the chain that gives a connection to one of them; undefined where there is none */
  #oneOf(endpoints: readonly ServiceEndpoint[], protocol: string): string | undefined {
    const chains = endpoints.map(({ address, port }) =>
      this.#chain('endpoint', [
        // A pod that would be its own peer would not know its answer (I3).
        `ip saddr ${address} ${SET_MARK}`,
        `meta l4proto ${protocol} dnat to ${address}:${port}`,
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
      `ip daddr . meta l4proto . th dport vmap { ${verdicts.join(', ')} }`,
      `ip daddr { ${[...this.#clusterIPs].join(', ')} } reject`,
    ]);
    const separate = this.#separation();
    return tableOf(TABLE, {
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
    const rules = [`ct original zone set ip daddr . udp dport map { ${zones.join(', ')} }`];
    return [`meta l4proto udp jump ${this.#chain('zones', rules)}`];
  }
}

/** 0 is the zone of everything else. The verdict names a chain by what is in it. */
function zoneOf(front: Front): number {
  const digest = createHash('sha256').update(JSON.stringify(front)).digest();
  return 1 + (digest.readUInt16BE(0) % 0xff_ff);
}
