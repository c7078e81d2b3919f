/** The sandbox's address plan: nodes, and the addresses that each node gives to its pods. */

/** The sandbox serves this many nodes at most. */
export const MAX_NODES = 10;
/** A node serves this many pods at most. */
export const PODS_PER_NODE = 250;
/** The router between the nodes. Pods that stand outside the cluster hang at it. */
export const FABRIC = 'fabric';
export const FABRIC_ADDRESS = '172.18.0.1';

export interface NodePlan {
  readonly name: string;
  readonly address: string;
  readonly podCidr: string;
}

/** node-1 with 172.18.0.2 and 10.244.1.0/24, node-2 with 172.18.0.3 and 10.244.2.0/24, and so on. */
export function planNodes(count: number): NodePlan[] {
  return Array.from({ length: count }, (_, index) => ({
    name: `node-${index + 1}`,
    address: `172.18.0.${index + 2}`,
    podCidr: `10.244.${index + 1}.0/24`,
  }));
}

/**
 * The pod addresses of one node. What others have given back is given out before all that nobody has had yet, so that whatever
 * remembers an address longer than the pod that had it shows itself. A pod that is made anew does not get its own again.
 */
export class AddressPool {
  readonly #prefix: string;
  readonly #givenBack: { readonly address: string; readonly owner: string }[] = [];
  #fresh = 0;

  constructor(podCidr: string) {
    this.#prefix = podCidr.slice(0, podCidr.lastIndexOf('.') + 1);
  }

  /**
   * @param owner the name of the pod, with its namespace
   * @returns undefined where all addresses are in use
   */
  take(owner: string): string | undefined {
    const ofAnother = this.#givenBack.findLastIndex((one) => one.owner !== owner);
    if (ofAnother >= 0) return this.#givenBack.splice(ofAnother, 1)[0]?.address;
    if (this.#fresh === PODS_PER_NODE) return this.#givenBack.pop()?.address;
    this.#fresh += 1;
    return `${this.#prefix}${this.#fresh + 1}`;
  }

  giveBack(address: string, owner: string): void {
    this.#givenBack.push({ address, owner });
  }
}
