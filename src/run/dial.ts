/** From a check and what was placed to what it means on the wire. A pure function: the one place that knows it. */
import type { Dial, Listener } from '../model/dial.ts';
import { endpointKey, parseEndpoint } from '../model/endpoint.ts';
import type { Family } from '../model/family.ts';
import type { CheckPath } from '../model/path.ts';
import type { Protocol } from '../model/protocol.ts';
import { dnsNameOf, type ServiceBackend } from '../model/service.ts';

interface DialledCheck {
  /** Key of an endpoint. */
  readonly to: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly family: Family;
  readonly path?: CheckPath;
  /** Of a Service: who answers. */
  readonly backends?: readonly ServiceBackend[];
}

/** Pods by their keys, with the addresses that they have. */
type PlacedPods = ReadonlyMap<string, { readonly ip: string }>;

/** The addresses of Services by their keys; one that is headless has none. */
export type PlacedServices = ReadonlyMap<string, string>;

/** Undefined where nothing is placed that could be dialled. */
export function dialOf(
  check: DialledCheck,
  pods: PlacedPods,
  services: PlacedServices = new Map(),
): Dial | undefined {
  const { to, port, protocol, family } = check;
  const endpoint = parseEndpoint(to);
  switch (endpoint?.kind) {
    case 'pod': {
      const pod = endpointKey(endpoint);
      const listener = listenerOf({ pod, port }, protocol, pods);
      if (listener === undefined) return undefined;
      return { family, address: listener.address, port, protocol, answerers: [pod], listeners: [listener] };
    }
    case 'service': {
      const { backends = [], path } = check;
      const address = path === 'dns' ? dnsNameOf(endpoint) : services.get(to);
      const listeners = backends.flatMap((backend) => listenerOf(backend, protocol, pods) ?? []);
      if (address === undefined || listeners.length === 0 || listeners.length < backends.length)
        return undefined;
      const answerers = listeners.map(({ pod }) => pod);
      return {
        family,
        address,
        port,
        protocol,
        answerers,
        listeners,
        connections: connectionsFor(answerers.length),
      };
    }
    default:
      return undefined;
  }
}

function listenerOf(
  { pod, port }: ServiceBackend,
  protocol: Protocol,
  pods: PlacedPods,
): Listener | undefined {
  const address = pods.get(pod)?.ip;
  return address === undefined ? undefined : { pod, address, port, protocol };
}

/** To miss a pod of a Service that answers is less likely than this. */
const MISSED = 1e-6;
/** As many dials as any other attempt: one lost packet is neither a block nor a failure. */
const LEAST_CONNECTIONS = 3;

/**
 * How many connections it takes until each of so many pods has answered one, but for one case in a million, where each connection goes to
 * any of them: of n pods, k connections miss one with a probability of no more than n · (1 − 1/n)^k.
 */
export function connectionsFor(pods: number): number {
  if (pods === 1) return LEAST_CONNECTIONS;
  return Math.ceil(Math.log(MISSED / pods) / Math.log(1 - 1 / pods));
}
