/**
 * What a change of manifests opens and closes between their workloads and all else: addresses, and pods of namespaces that no manifest has.
 * There are no such ends to be asked about, so what policies say of them is compared rule by rule.
 */
import { objectKey } from '../../keys.ts';
import { isWithin, reachesInto } from '../../policy/addresses.ts';
import type { DeployedWorkload } from '../../policy/deployed.ts';
import type { Direction } from '../../policy/isolation.ts';
import type { PolicyRule } from '../../policy/manifest.ts';
import type { Oracle } from '../../policy/oracle.ts';
import { describePeer, isSelecting, type Peer, type SelectingPeer } from '../../policy/peers.ts';
import { DIRECTIONS, locationOf, type Policy, rulesOf } from '../../policy/policy.ts';
import { describePortEntry, type PortEntry } from '../../policy/ports.ts';
import { requirementsOf } from '../../policy/requirements.ts';
import { selectorMatches } from '../../policy/selectors.ts';
import { pairUp } from '../sides.ts';
import type { ElsewhereDifference } from './schema.ts';

interface ComparedState {
  readonly workloads: readonly DeployedWorkload[];
  readonly oracle: Oracle;
}

/** One peer on one port, as a rule lets it through. */
interface Passage {
  /** Absent: everybody. */
  readonly peer?: Peer;
  /** Absent: every port. */
  readonly port?: PortEntry;
  /** Absent: nothing isolates the workload. */
  readonly by?: { readonly policy: Policy; readonly rule: number };
}

/** Of workloads that both states have: what is said of one that is new or gone is no change of it. */
export function compareElsewhere(before: ComparedState, after: ComparedState): ElsewhereDifference[] {
  const states = [before, after];
  const isElsewhere = (peer: SelectingPeer): boolean =>
    states.every(({ oracle }) => isOfNoNamespace(peer, oracle));
  const differences = pairUp(before.workloads, after.workloads, objectKey).flatMap((sides) => {
    if (sides.before === undefined || sides.after === undefined) return [];
    const both = [sides.before, sides.after];
    // Where a workload on the network of its node belongs is open (I5).
    if (both.some(({ hostNetwork }) => hostNetwork)) return [];
    const workload = objectKey(sides.after);
    return DIRECTIONS.filter((direction) => direction === 'egress' || both.every(isListening)).flatMap(
      (direction) => {
        const [was = [], is = []] = states.map(({ oracle }) =>
          passagesOf(workload, direction, oracle, isElsewhere),
        );
        const told = (change: 'open' | 'closed', passage: Passage): ElsewhereDifference => ({
          workload,
          direction,
          change,
          ...describePassage(passage, direction),
        });
        return [
          ...beyond(is, was).map((passage) => told('open', passage)),
          ...beyond(was, is).map((passage) => told('closed', passage)),
        ];
      },
    );
  });
  return differences.toSorted((a, b) => Number(a.change === 'closed') - Number(b.change === 'closed'));
}

function isListening({ ports }: DeployedWorkload): boolean {
  return ports.length > 0;
}

function passagesOf(
  workload: string,
  direction: Direction,
  oracle: Oracle,
  isElsewhere: (peer: SelectingPeer) => boolean,
): readonly Passage[] {
  const policies = oracle.policiesIsolating(workload, direction);
  if (policies.length === 0) return [{}];
  return policies.flatMap((policy) =>
    rulesOf(policy, direction).flatMap(({ peers, ports }: PolicyRule, rule): readonly Passage[] => {
      const others = peers.filter((peer) => !isSelecting(peer) || isElsewhere(peer));
      const ends = peers.length === 0 ? [{}] : others.map((peer) => ({ peer }));
      const gates = ports.length === 0 ? [{}] : ports.map((port) => ({ port }));
      return ends.flatMap((end) => gates.map((gate) => ({ ...end, ...gate, by: { policy, rule } })));
    }),
  );
}

/** Whether a peer is of namespaces that no manifest has. All pods of a namespace that one has are held to be known. */
function isOfNoNamespace(peer: SelectingPeer, { parties: { namespaces } }: Oracle): boolean {
  if (peer.kind === 'pods') return false;
  const { namespaceSelector } = peer;
  const isOfAll = requirementsOf(namespaceSelector).length === 0;
  return isOfAll || ![...namespaces.values()].some((labels) => selectorMatches(namespaceSelector, labels));
}

/** Those that none of the others contains: of what is there in several forms the widest, once. */
function beyond(passages: readonly Passage[], others: readonly Passage[]): readonly Passage[] {
  const isTold = (one: Passage, index: number): boolean =>
    passages.some(
      (other, place) => place !== index && contains(other, one) && (place < index || !contains(one, other)),
    );
  return passages.filter(
    (one, index) => !others.some((other) => contains(other, one)) && !isTold(one, index),
  );
}

function contains(outer: Passage, inner: Passage): boolean {
  return containsPeer(outer.peer, inner.peer) && containsPort(outer.port, inner.port);
}

function containsPeer(outer: Peer | undefined, inner: Peer | undefined): boolean {
  if (outer === undefined) return true;
  if (inner === undefined) return false;
  if (outer.kind === 'block' && inner.kind === 'block')
    return isWithin(inner.cidr, outer.cidr) && !outer.except.some((hole) => reachesInto(inner, hole));
  if (!isSelecting(outer) || !isSelecting(inner)) return false;
  const isAll = outer.kind === 'namespaces' && requirementsOf(outer.namespaceSelector).length === 0;
  return isAll || describePeer(outer, '') === describePeer(inner, '');
}

function containsPort(outer: PortEntry | undefined, inner: PortEntry | undefined): boolean {
  if (outer === undefined) return true;
  if (inner === undefined || outer.protocol !== inner.protocol) return false;
  if (outer.kind === 'every') return true;
  if (outer.kind === 'numbers')
    return inner.kind === 'numbers' && outer.first <= inner.first && inner.last <= outer.last;
  return inner.kind === 'name' && outer.name === inner.name;
}

function describePassage(
  { peer, port, by }: Passage,
  direction: Direction,
): Pick<ElsewhereDifference, 'others' | 'ports' | 'responsible'> {
  const said = {
    others: peer === undefined ? 'everybody else' : describePeer(peer, by?.policy.namespace ?? ''),
    ports: port === undefined ? 'every port' : describePortEntry(port),
  };
  if (by === undefined) return { ...said, responsible: [] };
  const { policy, rule } = by;
  const place = locationOf(policy.written, ['spec', direction, rule]);
  return { ...said, responsible: [{ direction, policy: objectKey(policy), rule: rule + 1, ...place }] };
}
