/** The ways that checks take, as witnesses can take them, too. */
import { isHost } from '../model/endpoint.ts';
import type { Protocol } from '../model/protocol.ts';
import { destinationsOf } from '../model/service.ts';
import type { DialRequest, SpreadRequest } from '../probe/protocol.ts';
import type { CheckDraft } from '../record/draft.ts';
import { type DialledEnds, dialOf, requestOf } from './dial.ts';
import { wayFromHost, wayKey, wayOf } from './evidence.ts';
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
  const { protocol } = check;
  const from = pods.get(check.from);
  const { nodes = [] } = dialOf(check, ends) ?? {};
  if (from === undefined) return [];
  return nodes.flatMap(({ name, pods: behind }) => {
    const places = behind.flatMap((key) => pods.get(key)?.node ?? []);
    return [wayToNode(check, from, name), ...places.map((node) => wayBetween(name, node, protocol))];
  });
}

/** Undefined where one of its ends was not placed. */
function wayTo(destination: string, check: CheckDraft, ends: PlacedEnds): Way | undefined {
  const from = ends.pods.get(check.from);
  const to = ends.pods.get(destination);
  if (from === undefined) return undefined;
  const key = wayOf(check, from, to);
  if (to === undefined || to.node === OUTSIDE) {
    const dial = isHost(check.to) ? dialOf(check, ends) : undefined;
    return dial && { kind: 'to-host', key, node: from.node, dial: requestOf(dial) };
  }
  return wayToNode(check, from, to.node);
}

function wayToNode({ from: key, protocol }: CheckDraft, from: RunningPod, node: string): Way {
  return from.node === OUTSIDE
    ? { kind: 'from-host', key: wayFromHost(key, node, protocol), host: from, node, protocol }
    : wayBetween(from.node, node, protocol);
}

function wayBetween(from: string, to: string, protocol: Protocol): Way {
  return { kind: 'nodes', key: wayKey(from, to, protocol), from, to, protocol };
}
