/** Which of the things that happened in the cluster a window is told with. */
import type { Incident, IncidentKind } from '../../model/incident.ts';
import type { Window } from '../../model/window.ts';

/** The nodes that the connections of a check come by, undefined where one is not known, and its pods. */
export interface WatchedNodes {
  readonly source: string | undefined;
  /** Of all pods that may answer, and those by whose ports they are reached. */
  readonly destinations: readonly (string | undefined)[];
  /** `namespace/name` of all of them. Absent: they are not told apart. */
  readonly pods?: readonly string[];
}

/** A cause comes first, but a network plugin that restarts takes a while to be felt. */
const LONGEST_BEFORE_MS = 10_000;
/** Some times are told by what ended the incident, such as the start of the next container. */
const LONGEST_AFTER_MS = 5_000;
/** What came when the window was over has not caused it. Clocks may differ a little. */
const LONGEST_AFTER_END_MS = 500;
/** Nor is what came after its begin as likely a cause as what came before it: so many times further away it counts as. */
const AFTER_COUNTS = 3;

/**
 * How much further away something may be and still be told rather than what is first in the list, in milliseconds: a policy that was
 * changed in the same second is nearer than a plugin that restarted eight seconds ago, but a command is told only if nothing else is.
 */
const HANDICAP_MS: Readonly<Record<IncidentKind, number>> = {
  'plugin-restarted': 0,
  'plugin-rollout': 500,
  'plugin-image': 500,
  'node-not-ready': 1_000,
  'network-unavailable': 1_000,
  // It may be told without the time before it, and what is up again may not have its rules yet.
  'network-available': 1_500,
  'policy-created': 2_000,
  'policy-changed': 2_000,
  'policy-deleted': 2_000,
  'pod-deleted': 4_000,
  'pod-replaced': 4_000,
  'pod-moved': 4_000,
  'pod-restarted': 4_000,
  'command-started': 8_000,
  'command-ended': 8_000,
  'node-ready': 8_000,
  // What took away the API server took away the rest as well: these cause nothing.
  'api-lost': 100_000,
  'api-back': 100_000,
};

/** The same for what did not happen on a node of its pods. */
const ANYWHERE_MS = 250;

/** @returns an index into the incidents; undefined where none happened near to the beginning of the window, at its ends */
export function nearestIncident(
  { began, ended }: Pick<Window, 'began' | 'ended'>,
  incidents: readonly Incident[],
  nodes: WatchedNodes,
): number | undefined {
  let nearest: { readonly index: number; readonly costMs: number } | undefined;
  for (const [index, incident] of incidents.entries()) {
    const { kind, atMs, withinMs = 0, node } = incident;
    const beforeMs = began.earliestMs - atMs;
    const afterMs = atMs - withinMs - began.latestMs;
    if (beforeMs > LONGEST_BEFORE_MS || afterMs > LONGEST_AFTER_MS || isElsewhere(node, nodes)) continue;
    if (isOfOthers(incident, nodes)) continue;
    if (ended !== undefined && atMs - withinMs - ended.latestMs > LONGEST_AFTER_END_MS) continue;
    const isHere = node !== undefined && [nodes.source, ...nodes.destinations].includes(node);
    const costMs =
      Math.max(0, beforeMs, AFTER_COUNTS * afterMs) + HANDICAP_MS[kind] + (isHere ? 0 : ANYWHERE_MS);
    if (nearest === undefined || costMs < nearest.costMs) nearest = { index, costMs };
  }
  return nearest?.index;
}

/** Policies act in their own namespace, and what becomes of a pod concerns its own checks. */
function isOfOthers({ kind, object }: Incident, { pods }: WatchedNodes): boolean {
  if (pods === undefined || object === undefined) return false;
  if (kind.startsWith('pod-')) return !pods.includes(object);
  const [, namespace] = /^networkpolicy\/([^/]+)\//.exec(object) ?? [];
  return namespace !== undefined && !pods.some((pod) => pod.startsWith(`${namespace}/`));
}

/** What happens on a node that is no end's has nothing to do with a check. */
function isElsewhere(node: string | undefined, { source, destinations }: WatchedNodes): boolean {
  const known = [source, ...destinations];
  return node !== undefined && !known.includes(undefined) && !known.includes(node);
}
