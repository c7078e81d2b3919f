/** Which node a pod goes to, as a pure function. */
import type { Pod } from '../object.ts';

/** A node as far as scheduling looks at it. */
export interface NodeState {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly pods: number;
  readonly hasRoom: boolean;
}

export type Placement =
  | { readonly kind: 'node'; readonly node: string }
  /** The reason, in the words of the Kubernetes scheduler. */
  | { readonly kind: 'none'; readonly reason: string };

/** The node with the fewest pods among those that `nodeName` or `nodeSelector` allow; the first of equals. */
export function chooseNode(pod: Pod, nodes: readonly NodeState[]): Placement {
  const selector = Object.entries(pod.spec.nodeSelector ?? {});
  const { nodeName = '' } = pod.spec;
  const matching = nodes.filter(({ name, labels }) =>
    nodeName === '' ? selector.every(([key, value]) => labels[key] === value) : name === nodeName,
  );
  const [best] = matching.filter(({ hasRoom }) => hasRoom).sort((a, b) => a.pods - b.pods);
  if (best !== undefined) return { kind: 'node', node: best.name };
  const misses = nodes.length - matching.length;
  const reasons = [
    ...(misses === 0 ? [] : [`${misses} node(s) didn't match Pod's node affinity/selector`]),
    ...(matching.length === 0 ? [] : [`${matching.length} Too many pods`]),
  ];
  return { kind: 'none', reason: `0/${nodes.length} nodes are available: ${reasons.join(', ')}.` };
}
