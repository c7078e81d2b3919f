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

/** For so long an address that was given back is not given out: a pod that takes the place of another at once gets a new one. */
const REST_MS = 300;

/**
 * The pod addresses of one node. The next pod gets the address that was given back last, once that has rested: what others still hold
 * for the old pod then meets the new one, as it may on any cluster.
 */
export class AddressPool {
  readonly #prefix: string;
  readonly #now: () => number;
  /** Those that were given back, the last one last. */
  readonly #resting: { readonly offset: number; readonly sinceMs: number }[] = [];
  #unused = 0;

  /** @param now in milliseconds */
  constructor(podCidr: string, now: () => number = () => performance.now()) {
    this.#prefix = podCidr.slice(0, podCidr.lastIndexOf('.') + 1);
    this.#now = now;
  }

  /** @returns undefined where all addresses are in use */
  take(): string | undefined {
    const rested = this.#resting.findLastIndex(({ sinceMs }) => this.#now() - sinceMs >= REST_MS);
    const [reused] = rested === -1 ? [] : this.#resting.splice(rested, 1);
    if (reused !== undefined) return this.#addressAt(reused.offset);
    if (this.#unused < PODS_PER_NODE) {
      this.#unused += 1;
      return this.#addressAt(this.#unused - 1);
    }
    const oldest = this.#resting.shift();
    return oldest && this.#addressAt(oldest.offset);
  }

  giveBack(address: string): void {
    const offset = Number(address.slice(this.#prefix.length)) - 2;
    this.#resting.push({ offset, sinceMs: this.#now() });
  }

  #addressAt(offset: number): string {
    return `${this.#prefix}${offset + 2}`;
  }
}
