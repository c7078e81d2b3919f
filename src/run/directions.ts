/** From ways to the pods of outposts, and the hosts, that take them: what a round's witnesses try once, a watch tries all the time. Pure. */
import { objectKey } from '../keys.ts';
import { addressIn, type Family } from '../model/family.ts';
import type { Protocol } from '../model/protocol.ts';
import type { CheckDraft } from '../record/draft.ts';
import { addressOfPod } from './families.ts';
import { OUTPOST_PORT, type Outpost } from './outposts.ts';
import type { RunningPod } from './provision.ts';
import type { Way, WitnessedDial } from './ways.ts';

/** By the names of their nodes. */
export type OutpostsOnNodes = ReadonlyMap<string, Outpost>;

/** One direction of a way. */
export interface WayDirection {
  /** Of the way. */
  readonly key: string;
  /** `the way from node-1 to node-2 for UDP over IPv6` */
  readonly name: string;
  readonly from: RunningPod;
  readonly dial: WitnessedDial;
}

export function onNodes(outposts: readonly Outpost[]): OutpostsOnNodes {
  return new Map(outposts.map((outpost) => [outpost.node, outpost]));
}

/** Between nodes both; none where a node has no outpost, or an end no address of the family. */
export function directionsOf(way: Way, outposts: OutpostsOnNodes): readonly WayDirection[] {
  const { key } = way;
  switch (way.kind) {
    case 'nodes':
      return betweenNodes(way, outposts);
    case 'to-host': {
      const { open } = outposts.get(way.node) ?? {};
      const name = `the way from ${way.node} to ${way.target}`;
      return open === undefined ? [] : [{ key, name, from: open, dial: way.dial }];
    }
    case 'from-host': {
      const outpost = outposts.get(way.node);
      return outpost === undefined ? [] : fromHost(way, outpost);
    }
  }
}

/**
 * Whether a node leads to Services at all: one from its guarded pod to the Service of the open ones, any of which may answer. None where
 * it is not asked.
 */
export function toServices(
  node: string,
  kind: Pick<CheckDraft, 'protocol' | 'family'>,
  outposts: OutpostsOnNodes,
): readonly WayDirection[] {
  const { protocol, family } = kind;
  const { guarded, serviceAddresses = [] } = outposts.get(node) ?? {};
  const host = addressIn(family, serviceAddresses);
  if (guarded === undefined || host === undefined) return [];
  const pods = [...outposts.values()].map(({ open }) => objectKey(open));
  const dial = { host, port: OUTPOST_PORT, protocol, pods, connections: pods.length };
  const name = nameWay(`from ${node} to Services`, kind);
  return [{ key: name, name, from: guarded, dial }];
}

function betweenNodes(way: Extract<Way, { kind: 'nodes' }>, outposts: OutpostsOnNodes): WayDirection[] {
  const { key, from, to } = way;
  const [one, other] = [outposts.get(from), outposts.get(to)];
  if (one === undefined || other === undefined) return [];
  if (one === other) {
    const dial = dialOfOpen(one, way);
    return dial === undefined ? [] : [{ key, name: nameWay(`inside ${from}`, way), from: one.guarded, dial }];
  }
  return [
    [one, other],
    [other, one],
  ].flatMap(([source, target]) => {
    const dial = target && dialOfOpen(target, way);
    if (source === undefined || target === undefined || dial === undefined) return [];
    const name = nameWay(`from ${source.node} to ${target.node}`, way);
    return [{ key, name, from: source.open, dial }];
  });
}

/** One that reaches nothing but nodes goes by a port of the node. */
function fromHost(way: Extract<Way, { kind: 'from-host' }>, outpost: Outpost): WayDirection[] {
  const { key, host: from, node, protocol, family } = way;
  const { open, nodePorts } = outpost;
  const address = addressIn(family, from.nodes?.get(node) ?? []);
  const throughNode = (port: number): WitnessedDial | undefined =>
    address === undefined ? undefined : { host: address, port, protocol, pod: objectKey(open) };
  const dial = nodePorts === undefined ? dialOfOpen(outpost, way) : throughNode(nodePorts[protocol]);
  if (dial === undefined) return [];
  return [{ key, name: nameWay(`from ${from.host ?? objectKey(from)} to ${node}`, way), from, dial }];
}

interface WayKind {
  readonly protocol: Protocol;
  readonly family: Family;
}

function dialOfOpen({ open }: Outpost, { protocol, family }: WayKind): WitnessedDial | undefined {
  const host = addressOfPod(family, open);
  return host === undefined ? undefined : { host, port: OUTPOST_PORT, protocol, pod: objectKey(open) };
}

function nameWay(between: string, { protocol, family }: WayKind): string {
  return `the way ${between}${protocol === 'UDP' ? ' for UDP' : ''}${family === 'IPv6' ? ' over IPv6' : ''}`;
}
