/** The ways that checks take, as witnesses can take them, too. */
import { isHost } from '../model/endpoint.ts';
import { addressIn, type Family } from '../model/family.ts';
import type { Protocol } from '../model/protocol.ts';
import { destinationsOf, isOfExisting } from '../model/service.ts';
import { describeTarget } from '../pair.ts';
import type { DialRequest, SpreadRequest } from '../probe/protocol.ts';
import type { CheckDraft } from '../record/draft.ts';
import { type DialledEnds, dialOf, requestOf } from './dial.ts';
import { wayKey, wayOf } from './evidence.ts';
import { OUTSIDE, type RunningPod, type RunningPods } from './provision.ts';

/** What a witness is told to do. */
export type WitnessedDial = Omit<DialRequest, 'id'> | Omit<SpreadRequest, 'id'>;

/** One way. Its key is that of `wayOf`. */
export type Way =
  | {
      readonly kind: 'nodes';
      readonly key: string;
      readonly from: string;
      readonly to: string;
      readonly protocol: Protocol;
      readonly family: Family;
    }
  | {
      readonly kind: 'to-host';
      readonly key: string;
      readonly node: string;
      /** `host/bank:443/TCP` */
      readonly target: string;
      readonly dial: WitnessedDial;
    }
  | {
      readonly kind: 'from-host';
      readonly key: string;
      readonly host: RunningPod;
      readonly node: string;
      readonly protocol: Protocol;
      readonly family: Family;
    };

/** What runs, and what is there besides. */
export interface PlacedEnds extends DialledEnds {
  readonly pods: RunningPods;
}

/** The ways of checks, each once: of one to a Service, those to all of its pods. */
export function waysOf(checks: readonly CheckDraft[], ends: PlacedEnds): readonly Way[] {
  const ways = checks.flatMap((check) => {
    const from = ends.pods.get(check.from);
    return from === undefined ? [] : waysFrom(from, check, ends);
  });
  return [...new Map(ways.map((way) => [way.key, way])).values()];
}

/** Where a way begins: the place of its source, or of one that is like it. */
type WaySource = Pick<RunningPod, 'node'>;

/** The ways of one check. */
export function waysFrom(from: WaySource, check: CheckDraft, ends: PlacedEnds): readonly Way[] {
  return check.path === 'nodePort'
    ? waysThroughNodes(from, check, ends)
    : destinationsOf(check).flatMap((to) => wayTo(to, from, check, ends));
}

/** To each node at whose port a Service is reached, and from there to its pods. */
function waysThroughNodes(from: WaySource, check: CheckDraft, ends: PlacedEnds): readonly Way[] {
  const { pods } = ends;
  const { nodes = [] } = dialOf(check, ends) ?? {};
  return nodes.flatMap(({ name, pods: behind }) => {
    const places = behind.flatMap((key) => pods.get(key)?.node ?? []);
    return [...waysToNode(from, name, check, ends), ...places.map((node) => wayBetween(name, node, check))];
  });
}

/** None where its end was not placed. */
function wayTo(destination: string, from: WaySource, check: CheckDraft, ends: PlacedEnds): readonly Way[] {
  const to = ends.pods.get(destination);
  if (to !== undefined && to.node !== OUTSIDE) return waysToNode(from, to.node, check, ends);
  const dial = isHost(check.to) || isOfExisting(check) ? dialOf(check, ends) : undefined;
  if (dial === undefined) return [];
  const { node } = from;
  const target = describeTarget(check);
  return [{ kind: 'to-host', key: wayOf(check, from, to), node, target, dial: requestOf(dial) }];
}

function waysToNode(from: WaySource, node: string, check: CheckDraft, { pods }: PlacedEnds): readonly Way[] {
  if (from.node !== OUTSIDE) return [wayBetween(from.node, node, check)];
  const host = pods.get(check.from);
  const { protocol, family } = check;
  const key = wayKey(check.from, node, check);
  return host === undefined ? [] : [{ kind: 'from-host', key, host, node, protocol, family }];
}

function wayBetween(from: string, to: string, { protocol, family }: CheckDraft): Way {
  return { kind: 'nodes', key: wayKey(from, to, { protocol, family }), from, to, protocol, family };
}

/** The nodes that lead a check to the pods of a Service of the scenario. None where it has no address: its name leads to its pods. */
export function leadingNodes(check: CheckDraft, { node }: WaySource, ends: PlacedEnds): readonly string[] {
  if (check.path === 'nodePort') return (dialOf(check, ends)?.nodes ?? []).map(({ name }) => name);
  const hasAddress = addressIn(check.family, ends.services?.get(check.to) ?? []) !== undefined;
  return hasAddress && node !== OUTSIDE ? [node] : [];
}
