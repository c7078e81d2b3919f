/**
 * What policies see of a connection through a port of a node. The node translates the destination; the source, too, unless it is to be kept;
 * and policies may look before or after that (D25, I9).
 */
import type { NodePassage } from './model.ts';
import { locate, type NodeParty, type Party } from './parties.ts';
import type { Assumptions } from './peers.ts';

/** One way in which it may be seen. */
export interface PassageView {
  /** What the policies of the source see as the destination. */
  readonly destination: 'itself' | 'node';
  /** What the policies of the destination see as the source. */
  readonly source: 'itself' | 'node' | 'own-node';
}

/** All ways in which it may be seen: one alone, where it is known where everybody is and how the cluster does it. */
export function viewsOf(
  { node, keepsSource }: NodePassage,
  from: Party,
  to: Party,
  { nodePortsHideSourceElsewhere }: Assumptions,
): readonly PassageView[] {
  const isOutside = from.kind === 'outside';
  const [home, goal] = [from, to].map(nodeOf);
  if (
    nodePortsHideSourceElsewhere === true &&
    node !== undefined &&
    goal !== undefined &&
    (isOutside || home !== undefined)
  ) {
    return [
      {
        destination: isOutside || home === node ? 'itself' : 'node',
        source: keepsSource || goal === node ? 'itself' : 'node',
      },
    ];
  }
  // Nobody judges what leaves something outside. What leaves a pod for another node may leave with the address of its own.
  const destinations = isOutside ? (['itself'] as const) : (['itself', 'node'] as const);
  const sources = [
    'itself' as const,
    ...(keepsSource ? [] : ['node' as const]),
    ...(isOutside ? [] : ['own-node' as const]),
  ];
  return destinations.flatMap((destination) => sources.map((source) => ({ destination, source })));
}

/** The source as the policies of the destination see it. By which of its addresses a node is seen is known by assumption only. */
export function sourceIn(
  { source }: PassageView,
  { node, address }: NodePassage,
  from: Party,
  { nodePortsHideSourceElsewhere }: Assumptions,
): Party {
  switch (source) {
    case 'itself':
      return from;
    case 'node':
      return nodeParty(node, nodePortsHideSourceElsewhere === true ? address : undefined);
    case 'own-node':
      return nodeParty(nodeOf(from), undefined);
  }
}

/** The destination as the policies of the source see it. */
export function destinationIn(
  { destination }: PassageView,
  { node, address }: NodePassage,
  to: Party,
): Party {
  return destination === 'itself' ? to : nodeParty(node, address);
}

function nodeOf(party: Party): string | undefined {
  return party.kind === 'pod' || party.kind === 'node' ? party.node : undefined;
}

function nodeParty(node: string | undefined, address: string | undefined): NodeParty {
  return {
    kind: 'node',
    name: node === undefined ? 'a node' : `node ${node}`,
    hostNetworkPod: false,
    node,
    address: locate(address),
  };
}
