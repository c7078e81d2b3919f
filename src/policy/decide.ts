/** What the two ends say to a flow, put together (D5, D17, D18, I3, I4). */
import { both, type Match } from './match.ts';
import type { Party } from './parties.ts';
import type { Counterpart } from './peers.ts';

/** What an end's own policies say: `free` where nothing isolates it in this direction (D4), or it is no pod (D5). */
export type Leave = 'free' | Match;

export interface Ends {
  readonly from: Party;
  readonly to: Party;
  /** The ends as the policies of the other one see them. */
  readonly source: Counterpart;
  readonly destination: Counterpart;
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
export function decide(ends: Ends, egress: Leave, ingress: Leave): Decision {
  const { from, to, source, destination, same, throughService } = ends;
  if (same && !throughService) return { match: 'yes', rule: 'D17' };
  if (same) return egress === 'free' && ingress === 'free' ? { match: 'yes' } : { match: 'I3', rule: 'I3' };
  const leaves = matchOf(egress);
  const enters = matchOf(ingress);
  const isHome = leaves !== 'yes' && isOwnNode(from, destination.party) !== 'no';
  const visit = enters === 'yes' ? 'no' : isOwnNode(to, source.party);
  const match = both(isHome ? 'I4' : leaves, visit === 'no' ? enters : visit);
  if (isHome && match === 'I4') return { match, rule: 'I4' };
  return visit === 'yes' && match === 'yes' ? { match, rule: 'D18' } : { match };
}

function matchOf(leave: Leave): Match {
  return leave === 'free' ? 'yes' : leave;
}

/** Whether the other end of a pod is the node that it runs on; `node` where that is not known. */
function isOwnNode(pod: Party, other: Party): 'yes' | 'no' | 'node' {
  if (pod.kind !== 'pod' || other.kind !== 'node') return 'no';
  if (pod.node === undefined || other.node === undefined) return 'node';
  return pod.node === other.node ? 'yes' : 'no';
}
