/** The ways that checks take, as witnesses can take them, too. */
import { isHost } from '../model/endpoint.ts';
import type { Family } from '../model/family.ts';
import type { Protocol } from '../model/protocol.ts';
import { destinationsOf, isOfExisting } from '../model/service.ts';
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
  const ways = checks.flatMap((check) =>
    check.path === 'nodePort'
      ? waysThroughNodes(check, ends)
      : destinationsOf(check).flatMap((to) => wayTo(to, check, ends) ?? []),
  );
  return [...new Map(ways.map((way) => [way.key, way])).values()];
}

/** To each node at whose port a Service is reached, and from there to its pods. */
function waysThroughNodes(check: CheckDraft, ends: PlacedEnds): readonly Way[] {
  const { pods } = ends;
  const from = pods.get(check.from);
  const { nodes = [] } = dialOf(check, ends) ?? {};
  if (from === undefined) return [];
  return nodes.flatMap(({ name, pods: behind }) => {
    const places = behind.flatMap((key) => pods.get(key)?.node ?? []);
    return [wayToNode(check, from, name), ...places.map((node) => wayBetween(name, node, check))];
  });
}

/** Undefined where one of its ends was not placed. */
function wayTo(destination: string, check: CheckDraft, ends: PlacedEnds): Way | undefined {
  const from = ends.pods.get(check.from);
  const to = ends.pods.get(destination);
  if (from === undefined) return undefined;
  const key = wayOf(check, from, to);
  if (to === undefined || to.node === OUTSIDE) {
    const dial = isHost(check.to) || isOfExisting(check) ? dialOf(check, ends) : undefined;
    return dial && { kind: 'to-host', key, node: from.node, dial: requestOf(dial) };
  }
  return wayToNode(check, from, to.node);
}

function wayToNode(check: CheckDraft, from: RunningPod, node: string): Way {
  const { protocol, family } = check;
  return from.node === OUTSIDE
    ? { kind: 'from-host', key: wayKey(check.from, node, check), host: from, node, protocol, family }
    : wayBetween(from.node, node, check);
}

function wayBetween(from: string, to: string, { protocol, family }: CheckDraft): Way {
  return { kind: 'nodes', key: wayKey(from, to, { protocol, family }), from, to, protocol, family };
}
