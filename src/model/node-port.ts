/** Services at the ports of nodes: which nodes lead to which of their pods (D25). */
import { addressIn, type Family } from './family.ts';
import { destinationsOf, type ServiceBackend } from './service.ts';

/** The addresses of the nodes that take probe pods, by their names: of each family that a node has at least one. */
export type NodePlaces = ReadonlyMap<string, readonly string[]>;

/** A node whose port leads to a Service. */
export interface LeadingNode {
  readonly name: string;
  /** Of the family of the check. */
  readonly address: string;
  /** The pods behind the Service that must answer there. */
  readonly pods: readonly string[];
}

interface NodePortCheck {
  readonly from?: string;
  readonly to: string;
  readonly family: Family;
  readonly backends?: readonly ServiceBackend[];
  readonly externalTrafficPolicy?: 'Local';
}

/**
 * Every node leads to all pods. With the policy Local each leads to its own, and one without any to nobody. What a node does then with
 * connections of its own pods differs, so theirs go to other nodes: where there is none, its own pods are all. A node without an address of
 * the family is none.
 * @param nodeOf the node of a pod, where it runs
 */
export function nodesLeadingTo(
  check: NodePortCheck,
  nodes: NodePlaces,
  nodeOf: (pod: string) => string | undefined,
): readonly LeadingNode[] {
  const { from = '', family, externalTrafficPolicy } = check;
  const all = destinationsOf(check);
  const leading = [...nodes].flatMap(([name, addresses]): readonly LeadingNode[] => {
    const address = addressIn(family, addresses);
    const pods = externalTrafficPolicy === 'Local' ? all.filter((pod) => nodeOf(pod) === name) : all;
    return address === undefined ? [] : [{ name, address, pods }];
  });
  const answering = leading.filter(({ pods }) => pods.length > 0);
  if (externalTrafficPolicy !== 'Local') return answering;
  const others = answering.filter(({ name }) => name !== nodeOf(from));
  return others.length > 0 ? others : answering;
}

/** `shop/api via node-1` */
export function describeAnswerer(pod: string, node: string | undefined): string {
  return node === undefined ? pod : `${pod} via ${node}`;
}
