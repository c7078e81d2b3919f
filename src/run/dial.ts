/** From a check and what was placed to what it means on the wire. A pure function: the one place that knows it. */
import { isIP } from 'node:net';
import type { Dial, Listener } from '../model/dial.ts';
import { type HostPlace, parseEndpoint } from '../model/endpoint.ts';
import { addressIn, type Family } from '../model/family.ts';
import type { CheckPath } from '../model/path.ts';
import type { Protocol } from '../model/protocol.ts';
import { dnsNameOf, type ExistingService, type ServiceBackend } from '../model/service.ts';
import type { DialRequest, SpreadRequest } from '../probe/protocol.ts';
import type { MetService, MetServices } from './existing-services.ts';
import { addressOfPod } from './families.ts';
import type { RunningPod } from './provision.ts';

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

/** The addresses of Services by their keys, one of each family that they have; one that is headless has none. */
export type PlacedServices = ReadonlyMap<string, readonly string[]>;

/** Where real hosts are, by their keys. */
export type RealHosts = ReadonlyMap<string, HostPlace>;

/** Everything that was placed or is met, and where it is. */
interface DialledEnds {
  /** Pods and simulated hosts by their keys. */
  readonly pods: ReadonlyMap<string, Pick<RunningPod, 'ip' | 'otherIps' | 'dnsName'>>;
  /** Absent: there are none. */
  readonly services?: PlacedServices;
  /** Services that are there already. Absent: there are none. */
  readonly met?: MetServices;
  /** Absent: there are none. */
  readonly realHosts?: RealHosts;
}

/** Undefined where nothing is placed that could be dialled. */
export function dialOf(
  check: DialledCheck,
  { pods, services, met, realHosts }: DialledEnds,
): Dial | undefined {
  const { to, port, protocol, family } = check;
  const endpoint = parseEndpoint(to);
  switch (endpoint?.kind) {
    case 'pod':
    case 'host': {
      const place = realHosts?.get(to);
      if (place !== undefined) {
        const real = place.kind === 'name' ? place.name : addressIn(family, place.addresses);
        if (real === undefined) return undefined;
        return { family, address: real, port, protocol, answerers: [], listeners: [] };
      }
      const listener = listenerOf({ pod: to, port }, check, pods);
      if (listener === undefined) return undefined;
      const address = pods.get(to)?.dnsName ?? listener.address;
      return { family, address, port, protocol, answerers: [to], listeners: [listener] };
    }
    case 'service': {
      const { backends = [], path } = check;
      const known = met?.get(to);
      if (known !== undefined) return dialExisting(check, endpoint, known);
      const address = path === 'dns' ? dnsNameOf(endpoint) : addressIn(family, services?.get(to) ?? []);
      const listeners = backends.flatMap((backend) => listenerOf(backend, check, pods) ?? []);
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

/** Where there are several endpoints, so many connections that each of them is met: all must be open, or none. */
function dialExisting(
  { path, port, protocol, family }: DialledCheck,
  service: ExistingService,
  { address: own, endpoints }: MetService,
): Dial | undefined {
  const address = path === 'dns' ? dnsNameOf(service) : own;
  if (address === undefined) return undefined;
  const { length } = endpoints.get(port) ?? [];
  return {
    family,
    address,
    port,
    protocol,
    answerers: [],
    listeners: [],
    ...(length > 1 ? { connections: connectionsFor(length) } : {}),
  };
}

/** What an agent is told to do. @param opensAll whether it is to look who else answers for a Service */
export function requestOf(
  { address: host, family, port, protocol, answerers, connections }: Dial,
  opensAll = false,
): Omit<DialRequest, 'id'> | Omit<SpreadRequest, 'id'> {
  // What a name leads to is of the family that is asked for.
  const common = { host, port, protocol, ...(isIP(host) === 0 ? { family } : {}) };
  if (connections !== undefined)
    return { ...common, pods: answerers, connections, ...(opensAll ? { opensAll } : {}) };
  const [pod] = answerers;
  return { ...common, ...(pod === undefined ? {} : { pod }) };
}

function listenerOf(
  { pod, port }: ServiceBackend,
  { protocol, family }: Pick<DialledCheck, 'protocol' | 'family'>,
  pods: DialledEnds['pods'],
): Listener | undefined {
  const running = pods.get(pod);
  const address = running && addressOfPod(family, running);
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
