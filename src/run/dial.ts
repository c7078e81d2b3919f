/** From a check and what was placed to what it means on the wire. A pure function: the one place that knows it. */
import type { Dial } from '../model/dial.ts';
import { endpointKey, parseEndpoint } from '../model/endpoint.ts';
import type { Family } from '../model/family.ts';
import type { Protocol } from '../model/protocol.ts';

interface DialledCheck {
  /** Key of an endpoint. */
  readonly to: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly family: Family;
}

/** Pods by their keys, with the addresses that they have. */
type PlacedPods = ReadonlyMap<string, { readonly ip: string }>;

/** Undefined where nothing is placed that could be dialled. */
export function dialOf({ to, port, protocol, family }: DialledCheck, pods: PlacedPods): Dial | undefined {
  const endpoint = parseEndpoint(to);
  if (endpoint?.kind !== 'pod') return undefined;
  const pod = endpointKey(endpoint);
  const address = pods.get(pod)?.ip;
  if (address === undefined) return undefined;
  const listener = { pod, address, port, protocol };
  return { family, address, port, protocol, answerer: pod, listener };
}
