/** What the two ends say to a flow, put together (D5, D17, D18, I3, I4). */
import { both, type Match } from './match.ts';
import type { NodeParty, Party, PodParty } from './parties.ts';

/** What an end's own policies say: `free` where nothing isolates it in this direction (D4), or it is no pod (D5). */
export type Leave = 'free' | Match;

export interface Ends {
  readonly from: Party;
  readonly to: Party;
  /** Whether both are the same pod. */
  readonly same: boolean;
  readonly throughService: boolean;
}

export interface Decision {
  readonly match: Match;
  /** The rule that decided in place of policies. */
  readonly rule?: 'D17' | 'D18' | 'I3' | 'I4';
}

/**
 * @param egress what the policies of the source say
 * @param ingress what the policies of the destination say
 */
export function decide({ from, to, same, throughService }: Ends, egress: Leave, ingress: Leave): Decision {
  if (same && !throughService) return { match: 'yes', rule: 'D17' };
  if (same) return egress === 'free' && ingress === 'free' ? { match: 'yes' } : { match: 'I3', rule: 'I3' };
  const leaves = matchOf(egress);
  const enters = matchOf(ingress);
  if (enters !== 'yes' && from.kind === 'node' && to.kind === 'pod') {
    const own = isOwnNode(to, from);
    // Nothing isolates the egress of a node.
    if (own === 'yes') return { match: 'yes', rule: 'D18' };
    if (own === 'node') return { match: 'node' };
  }
  if (leaves !== 'yes' && from.kind === 'pod' && to.kind === 'node' && isOwnNode(from, to) !== 'no') {
    return { match: 'I4', rule: 'I4' };
  }
  return { match: both(leaves, enters) };
}

function matchOf(leave: Leave): Match {
  return leave === 'free' ? 'yes' : leave;
}

function isOwnNode(pod: PodParty, node: NodeParty): 'yes' | 'no' | 'node' {
  if (pod.node === undefined || node.node === undefined) return 'node';
  return pod.node === node.node ? 'yes' : 'no';
}
