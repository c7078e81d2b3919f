/** The ways that checks take, as witnesses can take them, too. */
import { isHost } from '../model/endpoint.ts';
import type { Family } from '../model/family.ts';
import type { Protocol } from '../model/protocol.ts';
import { destinationsOf, isOfExisting } from '../model/service.ts';
import type { DialRequest, SpreadRequest } from '../probe/protocol.ts';
import type { CheckDraft } from '../record/draft.ts';
import { dialOf, type PlacedServices, type RealHosts, requestOf } from './dial.ts';
import { wayOf } from './evidence.ts';
import type { MetServices } from './existing-services.ts';
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
export interface PlacedEnds {
  readonly pods: RunningPods;
  /** Absent: there are none. */
  readonly services?: PlacedServices;
  /** Those that are there already. Absent: there are none. */
  readonly met?: MetServices;
  /** Absent: there are none. */
  readonly realHosts?: RealHosts;
}

/** The ways of checks, each once: of one to a Service, those to all of its pods. */
export function waysOf(checks: readonly CheckDraft[], ends: PlacedEnds): readonly Way[] {
  const ways = checks.flatMap((check) => destinationsOf(check).flatMap((to) => wayTo(to, check, ends) ?? []));
  return [...new Map(ways.map((way) => [way.key, way])).values()];
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
  const { protocol, family } = check;
  return from.node === OUTSIDE
    ? { kind: 'from-host', key, host: from, node: to.node, protocol, family }
    : { kind: 'nodes', key, from: from.node, to: to.node, protocol, family };
}
