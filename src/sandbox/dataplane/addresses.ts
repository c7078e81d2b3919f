/** The sandbox's address plan: nodes, and the addresses that each node gives to its pods. */
import { familyOf, IP_FAMILIES, type IPFamily } from '../ip-family.ts';

/** The sandbox serves this many nodes at most. */
export const MAX_NODES = 10;
/** A node serves this many pods at most. */
export const PODS_PER_NODE = 250;
/** The router between the nodes. Pods that stand outside the cluster hang at it. */
export const FABRIC = 'fabric';
export const FABRIC_ADDRESSES: Readonly<Record<IPFamily, string>> = {
  IPv4: '172.18.0.1',
  IPv6: 'fd00:172:18::1',
};

export interface NodePlan {
  readonly name: string;
  /** One of each family that the sandbox has, IPv4 first. */
  readonly networks: readonly NodeNetwork[];
}

/** What a node has of one family. */
export interface NodeNetwork {
  readonly family: IPFamily;
  readonly address: string;
  readonly podCidr: string;
}

/** node-1 with 172.18.0.2 and 10.244.1.0/24, node-2 with 172.18.0.3 and 10.244.2.0/24, and so on; of IPv6 the same digits. */
export function planNodes(count: number, families: readonly IPFamily[]): NodePlan[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `node-${index + 1}`,
    networks: families.map((family) => networkOf(family, index + 1)),
  }));
}

function networkOf(family: IPFamily, node: number): NodeNetwork {
  const host = numeral(family, node + 1);
  const subnet = numeral(family, node);
  return family === 'IPv4'
    ? { family, address: `172.18.0.${host}`, podCidr: `10.244.${subnet}.0/24` }
    : { family, address: `fd00:172:18::${host}`, podCidr: `fd00:10:244:${subnet}::/64` };
}

/** As the families write a part of an address. */
function numeral(family: IPFamily, value: number): string {
  return value.toString(family === 'IPv4' ? 10 : 16);
}

/** The families of a sandbox with these nodes. */
export function familiesOf(nodes: readonly NodePlan[]): IPFamily[] {
  return IP_FAMILIES.filter((family) =>
    nodes.some(({ networks }) => networks.some((network) => network.family === family)),
  );
}

/**
 * The pod addresses of one node: each pod has one of each family, with the same number. What others have given back is given out before
 * all that nobody has had yet, so that whatever remembers an address longer than the pod that had it shows itself. A pod that is made
 * anew does not get its own again.
 */
export class AddressPool {
  readonly #podCidrs: readonly string[];
  readonly #givenBack: { readonly addresses: readonly string[]; readonly owner: string }[] = [];
  #fresh = 0;

  constructor(podCidrs: readonly string[]) {
    this.#podCidrs = podCidrs;
  }

  /**
   * @param owner the name of the pod, with its namespace
   * @returns undefined where all addresses are in use
   */
  take(owner: string): readonly string[] | undefined {
    const ofAnother = this.#givenBack.findLastIndex((one) => one.owner !== owner);
    if (ofAnother >= 0) return this.#givenBack.splice(ofAnother, 1)[0]?.addresses;
    if (this.#fresh === PODS_PER_NODE) return this.#givenBack.pop()?.addresses;
    this.#fresh += 1;
    return this.#podCidrs.map((cidr) => addressIn(cidr, this.#fresh + 1));
  }

  giveBack(addresses: readonly string[], owner: string): void {
    this.#givenBack.push({ addresses, owner });
  }
}

/** @param cidr one that leaves the last part of the address free */
function addressIn(cidr: string, number: number): string {
  const family = familyOf(cidr);
  const end = family === 'IPv4' ? cidr.lastIndexOf('.') + 1 : cidr.indexOf('/');
  return `${cidr.slice(0, end)}${numeral(family, number)}`;
}
