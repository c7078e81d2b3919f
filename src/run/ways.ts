/** The ways that checks take, as witnesses can take them, too. */
import type { Protocol } from '../model/protocol.ts';
import type { DialRequest } from '../probe/protocol.ts';
import type { CheckDraft } from '../record/draft.ts';
import { dialOf, requestOf } from './dial.ts';
import { wayOf } from './evidence.ts';
import type { RealHosts } from './hosts.ts';
import { OUTSIDE, type RunningPod, type RunningPods } from './provision.ts';

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
      readonly dial: Omit<DialRequest, 'id'>;
    }
  | {
      readonly kind: 'from-host';
      readonly key: string;
      readonly host: RunningPod;
      readonly node: string;
      readonly protocol: Protocol;
    };

/** What runs, and what is there besides. */
export interface PlacedEnds {
  readonly pods: RunningPods;
  /** Absent: there are none. */
  readonly realHosts?: RealHosts;
}

/** The ways of checks, each once. */
export function waysOf(checks: readonly CheckDraft[], ends: PlacedEnds): readonly Way[] {
  const ways = new Map<string, Way>();
  for (const check of checks) {
    const way = wayOfCheck(check, ends);
    if (way !== undefined) ways.set(way.key, way);
  }
  return [...ways.values()];
}

/** Undefined where one of its ends was not placed. */
function wayOfCheck(check: CheckDraft, { pods, realHosts }: PlacedEnds): Way | undefined {
  const from = pods.get(check.from);
  const to = pods.get(check.to);
  const dial = dialOf(check, pods, realHosts);
  if (from === undefined || dial === undefined) return undefined;
  const key = wayOf(check, from, to);
  const { protocol } = check;
  if (to === undefined || to.node === OUTSIDE)
    return { kind: 'to-host', key, node: from.node, dial: requestOf(dial) };
  return from.node === OUTSIDE
    ? { kind: 'from-host', key, host: from, node: to.node, protocol }
    : { kind: 'nodes', key, from: from.node, to: to.node, protocol };
}
