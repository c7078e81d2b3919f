/** From a check and what was placed to what it means on the wire. A pure function: the one place that knows it. */
import type { Dial, Listener } from '../model/dial.ts';
import { parseEndpoint } from '../model/endpoint.ts';
import type { Family } from '../model/family.ts';
import type { CheckPath } from '../model/path.ts';
import type { Protocol } from '../model/protocol.ts';
import { dnsNameOf, type ServiceBackend } from '../model/service.ts';
import type { DialRequest, SpreadRequest } from '../probe/protocol.ts';

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

/** The addresses of Services by their keys; one that is headless has none. */
export type PlacedServices = ReadonlyMap<string, string>;

/** The address or the name at which real hosts are dialled, by their keys. */
export type RealHosts = ReadonlyMap<string, string>;

/** Everything that was placed or is met, and where it is. */
interface DialledEnds {
  /** Pods and simulated hosts by their keys. */
  readonly pods: ReadonlyMap<string, { readonly ip: string; readonly dnsName?: string }>;
  /** Absent: there are none. */
  readonly services?: PlacedServices;
  /** Absent: there are none. */
  readonly realHosts?: RealHosts;
}

/** Undefined where nothing is placed that could be dialled. */
export function dialOf(check: DialledCheck, { pods, services, realHosts }: DialledEnds): Dial | undefined {
  const { to, port, protocol, family } = check;
  const endpoint = parseEndpoint(to);
  switch (endpoint?.kind) {
    case 'pod':
    case 'host': {
      const real = realHosts?.get(to);
      if (real !== undefined) return { family, address: real, port, protocol, answerers: [], listeners: [] };
      const listener = listenerOf({ pod: to, port }, protocol, pods);
      if (listener === undefined) return undefined;
      const address = pods.get(to)?.dnsName ?? listener.address;
      return { family, address, port, protocol, answerers: [to], listeners: [listener] };
    }
    case 'service': {
      const { backends = [], path } = check;
      const address = path === 'dns' ? dnsNameOf(endpoint) : services?.get(to);
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

/** What an agent is told to do. @param opensAll whether it is to look who else answers for a Service */
export function requestOf(
  { address: host, port, protocol, answerers, connections }: Dial,
  opensAll = false,
): Omit<DialRequest, 'id'> | Omit<SpreadRequest, 'id'> {
  const common = { host, port, protocol };
  if (connections !== undefined)
    return { ...common, pods: answerers, connections, ...(opensAll ? { opensAll } : {}) };
  const [pod] = answerers;
  return { ...common, ...(pod === undefined ? {} : { pod }) };
}

function listenerOf(
  { pod, port }: ServiceBackend,
  protocol: Protocol,
  pods: DialledEnds['pods'],
): Listener | undefined {
  const address = pods.get(pod)?.ip;
  return address === undefined ? undefined : { pod, address, port, protocol };
}

/** To miss a pod of a Service that answers is less likely than this. */
const MISSED = 1e-6;
/**
 * How many connections it takes until each of so many pods has answered one, but for one case in a million, where each connection goes to
 * any of them: of n pods, k connections miss one with a probability of no more than n · (1 − 1/n)^k. Of one pod as many as of two, so that
 * another that answers in its place half of the time is not missed.
 */
export function connectionsFor(pods: number): number {
  const ends = Math.max(2, pods);
  return Math.ceil(Math.log(MISSED / ends) / Math.log(1 - 1 / ends));
}
