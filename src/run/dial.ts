/** From a check and what was placed to what it means on the wire. A pure function: the one place that knows it. */
import type { Dial } from '../model/dial.ts';
import type { Family } from '../model/family.ts';
import type { Protocol } from '../model/protocol.ts';
import type { DialRequest } from '../probe/protocol.ts';
import { NO_REAL_HOSTS, type RealHosts } from './hosts.ts';

interface DialledCheck {
  /** Key of an endpoint. */
  readonly to: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly family: Family;
}

/** Pods and simulated hosts by their keys, with the addresses that they have. */
type PlacedPods = ReadonlyMap<string, { readonly ip: string }>;

/** Undefined where nothing is placed that could be dialled. */
export function dialOf(
  { to, port, protocol, family }: DialledCheck,
  pods: PlacedPods,
  realHosts: RealHosts = NO_REAL_HOSTS,
): Dial | undefined {
  const real = realHosts.get(to);
  if (real !== undefined) return { family, address: real, port, protocol };
  const address = pods.get(to)?.ip;
  if (address === undefined) return undefined;
  const listener = { pod: to, address, port, protocol };
  return { family, address, port, protocol, answerer: to, listener };
}

/** What an agent is told to do. */
export function requestOf({ address: host, port, protocol, answerer: pod }: Dial): Omit<DialRequest, 'id'> {
  return { host, port, protocol, ...(pod === undefined ? {} : { pod }) };
}
