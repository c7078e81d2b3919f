/** Which node a pod goes to, as a pure function. */
import type { Pod } from '../object.ts';

/** A node as far as scheduling looks at it. */
export interface NodeState {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly pods: number;
  readonly hasRoom: boolean;
  /** Those that pods have on its own network, see {@link hostPortsOf}. */
  readonly hostPorts: ReadonlySet<string>;
}

export type Placement =
  | { readonly kind: 'node'; readonly node: string }
  /** The reason, in the words of the Kubernetes scheduler. */
  | { readonly kind: 'none'; readonly reason: string };

/** `8443/TCP`: the ports of its node that a pod takes. */
export function hostPortsOf({ spec }: Pod): readonly string[] {
  if (spec.hostNetwork !== true) return [];
  return spec.containers
    .flatMap(({ ports = [] }) => ports)
    .map(({ hostPort, protocol }) => `${hostPort}/${protocol}`);
}

/** The node with the fewest pods among those that `nodeName` or `nodeSelector` allow and whose ports are free; the first of equals. */
export function chooseNode(pod: Pod, nodes: readonly NodeState[]): Placement {
  const selector = Object.entries(pod.spec.nodeSelector ?? {});
  const { nodeName = '' } = pod.spec;
  const matching = nodes.filter(({ name, labels }) =>
    nodeName === '' ? selector.every(([key, value]) => labels[key] === value) : name === nodeName,
  );
  const wanted = hostPortsOf(pod);
  const taken = matching.filter(({ hostPorts }) => wanted.some((port) => hostPorts.has(port)));
  const free = matching.filter((node) => !taken.includes(node));
  const [best] = free.filter(({ hasRoom }) => hasRoom).sort((a, b) => a.pods - b.pods);
  if (best !== undefined) return { kind: 'node', node: best.name };
  const misses = nodes.length - matching.length;
  const reasons = [
    ...(misses === 0 ? [] : [`${misses} node(s) didn't match Pod's node affinity/selector`]),
    ...(taken.length === 0
      ? []
      : [`${taken.length} node(s) didn't have free ports for the requested pod ports`]),
    ...(free.length === 0 ? [] : [`${free.length} Too many pods`]),
  ];
  return { kind: 'none', reason: `0/${nodes.length} nodes are available: ${reasons.join(', ')}.` };
}
