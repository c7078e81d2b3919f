/** How often checks are tried, where nobody says how often. */
import type { KubeObject } from '../kube/kube.ts';

/** A connection costs about half a millisecond of processor time at its two ends together: so many leave most of a core to others. */
const CONNECTIONS_PER_CORE = 500;
const LEAST_MS = 1_000;

export interface Every {
  readonly everyMs: number;
  /** Why so often, as a clause. */
  readonly why: string;
}

/** @param checks how many are tried each time @param nodes the cluster's */
export function everyFor(checks: number, nodes: readonly KubeObject[]): Every {
  const cores = coresOfSmallest(nodes);
  const wantedMs = Math.ceil((checks / (CONNECTIONS_PER_CORE * cores)) * 1_000);
  const bound = `${CONNECTIONS_PER_CORE} connections a second for each core of the smallest node`;
  return wantedMs <= LEAST_MS
    ? { everyMs: LEAST_MS, why: `that stays below ${bound}` }
    : { everyMs: wantedMs, why: `more often would be more than ${bound}` };
}

/** Of a node that does not say how many it has: one. */
function coresOfSmallest(nodes: readonly KubeObject[]): number {
  const cores = nodes.map((node) => {
    const { capacity } = (node['status'] ?? {}) as { readonly capacity?: { readonly cpu?: string } };
    return readCpu(capacity?.cpu ?? '1');
  });
  return cores.length === 0 ? 1 : Math.min(...cores);
}

/** A quantity of the API: `4`, `3920m`. */
function readCpu(quantity: string): number {
  const [, digits, milli] = /^(\d+(?:\.\d+)?)(m?)$/.exec(quantity) ?? [];
  const cores = Number(digits ?? Number.NaN) / (milli === 'm' ? 1_000 : 1);
  return cores > 0 ? cores : 1;
}
