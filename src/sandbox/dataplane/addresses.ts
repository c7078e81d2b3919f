/** The sandbox's address plan: nodes, and the addresses that each node gives to its pods. */

/** The sandbox serves this many nodes at most. */
export const MAX_NODES = 10;
/** A node serves this many pods at most. */
export const PODS_PER_NODE = 250;
/** The router between the nodes; nothing lies beyond it. */
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
 * The pod addresses of one node. An address that was given back is not given out again before all others were, so
 * that a new pod does not inherit what others still have open to an old one.
 */
export class AddressPool {
  readonly #prefix: string;
  readonly #taken = new Set<number>();
  #next = 0;

  constructor(podCidr: string) {
    this.#prefix = podCidr.slice(0, podCidr.lastIndexOf('.') + 1);
  }

  /** @returns undefined where all addresses are in use */
  take(): string | undefined {
    for (let tried = 0; tried < PODS_PER_NODE; tried += 1) {
      const offset = this.#next;
      this.#next = (this.#next + 1) % PODS_PER_NODE;
      if (this.#taken.has(offset)) continue;
      this.#taken.add(offset);
      return `${this.#prefix}${offset + 2}`;
    }
    return undefined;
  }

  giveBack(address: string): void {
    this.#taken.delete(Number(address.slice(this.#prefix.length)) - 2);
  }
}
