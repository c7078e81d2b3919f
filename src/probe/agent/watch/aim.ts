/** Where a watch dials: a Service is one place after the other, and whoever stands behind it may answer. */
import type { WatchTarget } from '../../watch-protocol.ts';
import { type Addressee, addresseeOf } from '../dial.ts';

/** Where one connection goes, and who must answer there. */
export interface Aim {
  /** An address or a DNS name. */
  readonly host: string;
  readonly expected: Addressee;
}

/**
 * To each node so many connections go in a row: where one of two nodes leads nowhere, attempts that fail follow each other, as those of a
 * gap do.
 */
const IN_A_ROW = 2;

/** @param turn how many connections of the target went before this one */
export function aimOf(target: WatchTarget, runId: string, turn: number): Aim {
  if (!('pods' in target)) return { host: target.host, expected: addresseeOf(target, runId) };
  const { host, pods, nodes = [] } = target;
  const node = nodes[Math.floor(turn / IN_A_ROW) % nodes.length];
  return { host: node?.address ?? host, expected: { runId, pods: node?.pods ?? pods } };
}

/** Any of them: a name of a Service without an address has those of all its pods, and a name server may always begin with the same. */
export function anyOf(ips: readonly [string, ...string[]]): string {
  return ips[Math.floor(Math.random() * ips.length)] ?? ips[0];
}
