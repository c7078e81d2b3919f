/** What a check has in common with others, and which of it tells something: one cause mostly has many effects. */
import { namespaceOf } from '../../keys.ts';
import { describePort, describeTarget } from '../../pair.ts';
import type { CheckView } from './view.ts';

/** What some checks share must be less likely than this among checks that were drawn at random. */
export const COINCIDENCE = 0.05;

/** Something that a check has in common with others. */
export interface Feature {
  readonly key: string;
  /** Of several checks: `all 6 leaks …` */
  readonly all: string;
  /** Of one check: `every check …` */
  readonly every: string;
  /** After `all` or a number of checks: `from node-2`. */
  readonly short: string;
  /** Keys of features that follow from this one, and add nothing to it. */
  readonly implied: readonly string[];
}

/** The most telling first. */
export function featuresOf(check: CheckView): Feature[] {
  const { from, to, path, family } = check;
  const port = describePort(check);
  const target = describeTarget({ to, path, port: check.port, protocol: check.protocol });
  const [fromNode, toNode] = [check.source?.node, check.toNode];
  const [fromSpace, toSpace] = [namespaceOf(from), namespaceOf(to)];
  const key = (...parts: string[]): string => JSON.stringify(parts);
  const toNodeKey = toNode === undefined ? [] : [key('to-node', toNode)];
  const fromNodeKey = fromNode === undefined ? [] : [key('from-node', fromNode)];
  const atNode = (node: string | undefined): string[] => (node === undefined ? [] : [key('at-node', node)]);
  const toNodeKeys = [...toNodeKey, ...atNode(toNode)];
  const fromNodeKeys = [...fromNodeKey, ...atNode(fromNode)];
  const isLocal = fromNode === toNode;
  return [
    {
      key: key('to-port', to, port),
      all: `lead into ${target}`,
      every: `into ${target}`,
      short: `to ${target}`,
      implied: [key('to', to), key('to-space', toSpace), key('port', port), ...toNodeKeys],
    },
    {
      key: key('to', to),
      all: `lead into ${to}`,
      every: `into ${to}`,
      short: `to ${to}`,
      implied: [key('to-space', toSpace), ...toNodeKeys],
    },
    {
      key: key('from', from),
      all: `start at ${from}`,
      every: `from ${from}`,
      short: `from ${from}`,
      implied: [key('from-space', fromSpace), ...fromNodeKeys],
    },
    ...toNodeKey.map((id) => ({
      key: id,
      all: `end on node ${toNode}`,
      every: `to a pod on node ${toNode}`,
      short: `to ${toNode}`,
      implied: atNode(toNode),
    })),
    ...fromNodeKey.map((id) => ({
      key: id,
      all: `start on node ${fromNode}`,
      every: `from a pod on node ${fromNode}`,
      short: `from ${fromNode}`,
      implied: atNode(fromNode),
    })),
    ...[...new Set([fromNode, toNode])].flatMap((node) =>
      atNode(node).map((id) => ({
        key: id,
        all: `start or end on node ${node}`,
        every: `from or to a pod on node ${node}`,
        short: `at ${node}`,
        implied: [],
      })),
    ),
    // By the ports of nodes it comes by others.
    ...(fromNode === undefined || toNode === undefined || path === 'nodePort'
      ? []
      : [
          {
            key: key('local', String(isLocal)),
            all: isLocal ? 'stay on one node' : 'cross nodes',
            every: isLocal ? 'that stays on one node' : 'that crosses nodes',
            short: isLocal ? 'within one node' : 'across nodes',
            // Where there are but two nodes.
            implied: isLocal ? [] : [...atNode(fromNode), ...atNode(toNode)],
          },
        ]),
    ...(isLocal && fromNode !== undefined && path !== 'nodePort'
      ? [
          {
            key: key('within', fromNode),
            all: `stay on node ${fromNode}`,
            every: `that stays on node ${fromNode}`,
            short: `within ${fromNode}`,
            implied: [key('local', 'true'), ...new Set([...toNodeKeys, ...fromNodeKeys])],
          },
        ]
      : []),
    {
      key: key('family', family),
      all: `go over ${family}`,
      every: `over ${family}`,
      short: `over ${family}`,
      implied: [],
    },
    {
      key: key('port', port),
      all: `are to port ${port}`,
      every: `to port ${port}`,
      short: `to port ${port}`,
      implied: [],
    },
    {
      key: key('to-space', toSpace),
      all: `end in namespace ${toSpace}`,
      every: `into namespace ${toSpace}`,
      short: `to namespace ${toSpace}`,
      implied: [],
    },
    {
      key: key('from-space', fromSpace),
      all: `start in namespace ${fromSpace}`,
      every: `from namespace ${fromSpace}`,
      short: `from namespace ${fromSpace}`,
      implied: [],
    },
  ];
}

interface Tested {
  readonly feature: Feature;
  /** How many of all checks have it. */
  readonly tested: number;
}

/**
 * Of features that some checks share, those that few others have, without what follows from another; the most telling first.
 * @param among how many checks share them
 * @param tested how many checks there are in all
 */
export function telling<Shared extends Tested>(
  shared: readonly Shared[],
  { among, tested }: { readonly among: number; readonly tested: number },
): Shared[] {
  const rare = shared.filter((one) => (one.tested / tested) ** among < COINCIDENCE);
  // A pod of one name may run on another node in another scenario: then its node is not on it alone, or says more.
  const follows = (one: Shared): boolean =>
    rare.some(({ feature, tested: of }) => feature.implied.includes(one.feature.key) && one.tested >= of);
  return rare.filter((one) => !follows(one));
}
