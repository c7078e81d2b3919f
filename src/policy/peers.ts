/** The peers of a rule held against the other end of a flow (D8 to D12). */

import { type Family, familyOf } from '../model/family.ts';
import { type Block, placeAddress } from './addresses.ts';
import type { Question } from './match.ts';
import type { Located, Party, PodParty } from './parties.ts';
import { describeSelector, findUnmet, type Unmet } from './requirements.ts';
import { type LabelSelector, selectorMatches } from './selectors.ts';

/** One entry of `from` or `to`: its fields are ANDed (D8). */
export type Peer =
  | { readonly kind: 'pods'; readonly podSelector: LabelSelector }
  | { readonly kind: 'namespaces'; readonly namespaceSelector: LabelSelector }
  | {
      readonly kind: 'pods-of-namespaces';
      readonly namespaceSelector: LabelSelector;
      readonly podSelector: LabelSelector;
    }
  | ({ readonly kind: 'block' } & Block);

/** What is known of the network plugin. Left out, the question stays open. */
export interface Assumptions {
  /** Whether an `ipBlock` matches the addresses of pods (I1), as Calico's does and Cilium's does not. */
  readonly ipBlocksMatchPods?: boolean;
  /** Host-network pods count as their nodes (I5), as with most: no selector matches them. */
  readonly hostNetworkPodsAreNodes?: true;
  /** An `ipBlock` matches a host-network pod by the address that it is dialled at (I8). */
  readonly ipBlocksMatchHostNetwork?: true;
  /** An `ipBlock` sees what is behind a Service, and never the Service's own address (I2). */
  readonly servicesAreTranslatedFirst?: true;
  /**
   * At a port of a node, policies on this node look when the destination has been translated and the source has not; what goes on to another
   * node has the address of this one. Pods come to other nodes with their own address (I9).
   */
  readonly nodePortsHideSourceElsewhere?: true;
}

/** The other end of a flow, as the rules of a policy see it. */
export interface Counterpart {
  readonly party: Party;
  /** The address of the Service through which it is reached, if it is. */
  readonly service?: Located;
}

/** The place of a pod of the world that is met at its own address: what a rule means for those is worked out once. */
export function knownPlaceOf({ party, service }: Counterpart): number | undefined {
  return party.kind === 'pod' && party.index >= 0 && service === undefined ? party.index : undefined;
}

export type PeerOutcome =
  | { readonly match: 'yes' }
  | { readonly match: 'no'; readonly miss: PeerMiss }
  /** `address`: that which the block contains, where it is known. */
  | { readonly match: Question; readonly address?: string };

/** Why a peer does not match. */
export type PeerMiss =
  | { readonly kind: 'pod-labels'; readonly unmet: Unmet }
  | { readonly kind: 'namespace-labels'; readonly namespace: string; readonly unmet: Unmet }
  /** `podSelector` alone means pods of the policy's namespace (D9). */
  | { readonly kind: 'other-namespace'; readonly namespace: string }
  /** Selectors match pods only (D10). */
  | { readonly kind: 'not-a-pod' }
  | { readonly kind: 'outside-block'; readonly address: string }
  /** IPv4 and IPv6 never match each other. */
  | { readonly kind: 'other-family'; readonly own: Family; readonly other: Family }
  | { readonly kind: 'excepted'; readonly address: string; readonly except: string }
  /** By assumption. */
  | { readonly kind: 'pod-behind-block' };

/** @param namespace that of the policy */
export function matchPeer(
  peer: Peer,
  counterpart: Counterpart,
  namespace: string,
  assumptions: Assumptions,
): PeerOutcome {
  if (peer.kind === 'block') return matchBlock(peer, counterpart, assumptions);
  const { party } = counterpart;
  if (party.kind === 'unknown' && party.mayBePod) return { match: 'endpoints' };
  if (party.kind !== 'pod') return miss({ kind: 'not-a-pod' });
  return selectsPod(peer, party, namespace) ? { match: 'yes' } : missOf(peer, party, namespace);
}

/** A peer that is no block: it matches pods by labels, or does not match them. */
export type SelectingPeer = Exclude<Peer, { readonly kind: 'block' }>;

export function isSelecting(peer: Peer): peer is SelectingPeer {
  return peer.kind !== 'block';
}

/** @param namespace that of the policy (D9) */
export function selectsPod(
  peer: SelectingPeer,
  { namespace: own, labels, namespaceLabels }: PodParty,
  namespace: string,
): boolean {
  switch (peer.kind) {
    case 'pods':
      return own === namespace && selectorMatches(peer.podSelector, labels);
    case 'namespaces':
      return selectorMatches(peer.namespaceSelector, namespaceLabels);
    case 'pods-of-namespaces':
      return (
        selectorMatches(peer.namespaceSelector, namespaceLabels) && selectorMatches(peer.podSelector, labels)
      );
  }
}

/** Why a pod is not selected. */
function missOf(
  peer: SelectingPeer,
  { namespace: own, labels, namespaceLabels }: PodParty,
  namespace: string,
): PeerOutcome {
  if (peer.kind === 'pods' && own !== namespace) return miss({ kind: 'other-namespace', namespace: own });
  if (peer.kind !== 'pods') {
    const unmet = findUnmet(peer.namespaceSelector, namespaceLabels);
    if (unmet !== undefined) return miss({ kind: 'namespace-labels', namespace: own, unmet });
  }
  const unmet = peer.kind === 'namespaces' ? undefined : findUnmet(peer.podSelector, labels);
  if (unmet === undefined) throw new RangeError('what a peer selects is no miss of it');
  return miss({ kind: 'pod-labels', unmet });
}

/** What a peer stands for: `pods with app=web in namespaces with team=devops`. */
export function describePeer(peer: Peer, namespace: string): string {
  switch (peer.kind) {
    case 'pods':
      return `${describePods(peer.podSelector)} in namespace ${namespace}`;
    case 'namespaces':
      return `all pods in ${describeNamespaces(peer.namespaceSelector)}`;
    case 'pods-of-namespaces':
      return `${describePods(peer.podSelector)} in ${describeNamespaces(peer.namespaceSelector)}`;
    case 'block': {
      const except = peer.except.map(({ text }) => text).join(', ');
      return `addresses in ${peer.cidr.text}${except === '' ? '' : ` except ${except}`}`;
    }
  }
}

function describePods(selector: LabelSelector): string {
  const required = describeSelector(selector);
  return required === '' ? 'all pods' : `pods with ${required}`;
}

function describeNamespaces(selector: LabelSelector): string {
  const required = describeSelector(selector);
  return required === '' ? 'all namespaces' : `namespaces with ${required}`;
}

/** D12. Through a Service it is open which of two addresses is looked at (I2), unless both give the same. */
function matchBlock(block: Block, { party, service }: Counterpart, assumptions: Assumptions): PeerOutcome {
  const { ipBlocksMatchPods, ipBlocksMatchHostNetwork, servicesAreTranslatedFirst } = assumptions;
  if (party.kind === 'unknown') return { match: 'endpoints' };
  const [own, other] = [familyOf(block.cidr.text), familyAt(party.address)];
  if (other !== undefined && other !== own) return miss({ kind: 'other-family', own, other });
  // It may be seen with any address of its node, such as that of a tunnel, or with none.
  if (party.kind === 'node' && party.hostNetworkPod && ipBlocksMatchHostNetwork === undefined)
    return { match: 'I8', ...(party.address.known ? { address: party.address.text } : {}) };
  const direct = matchAddress(block, party.address, party.kind === 'pod' ? ipBlocksMatchPods : true);
  if (service === undefined || servicesAreTranslatedFirst) return direct;
  const translated = matchAddress(block, service, true);
  return direct.match === translated.match && direct.match !== 'address' ? direct : { match: 'I2' };
}

function familyAt(located: Located): Family | undefined {
  return located.known ? familyOf(located.text) : located.family;
}

/** @param counts whether the plugin holds blocks against addresses of this kind; undefined where that is open (I1) */
function matchAddress(block: Block, located: Located, counts: boolean | undefined): PeerOutcome {
  if (located.known) {
    const placement = placeAddress(located.address, block);
    if (placement.kind === 'outside') return miss({ kind: 'outside-block', address: located.text });
    if (placement.kind === 'excepted') return miss({ ...placement, address: located.text });
  }
  if (counts === undefined) return { match: 'I1', ...(located.known ? { address: located.text } : {}) };
  if (!counts) return miss({ kind: 'pod-behind-block' });
  return { match: located.known ? 'yes' : 'address' };
}

function miss(why: PeerMiss): PeerOutcome {
  return { match: 'no', miss: why };
}
