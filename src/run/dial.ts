/** From a check and what was placed to what it means on the wire. A pure function: the one place that knows it. */
import { isIP } from 'node:net';
import type { Dial, Listener } from '../model/dial.ts';
import { type HostPlace, parseEndpoint } from '../model/endpoint.ts';
import { addressIn, type Family } from '../model/family.ts';
import { type NodePlaces, nodesLeadingTo } from '../model/node-port.ts';
import type { CheckPath } from '../model/path.ts';
import type { Protocol } from '../model/protocol.ts';
import { dnsNameOf, type ExistingService, type ServiceBackend } from '../model/service.ts';
import { describeTarget } from '../pair.ts';
import type { DialRequest, ServiceRequest, SpreadRequest } from '../probe/protocol.ts';
import { endpointsFor, type MetService, type MetServices } from './existing-services.ts';
import { addressOfPod } from './families.ts';
import type { RunningPod } from './provision.ts';

interface DialledCheck {
  /** Key of an endpoint. */
  readonly from?: string;
  /** Key of an endpoint. */
  readonly to: string;
  readonly port: number;
  readonly protocol: Protocol;
  readonly family: Family;
  readonly path?: CheckPath;
  /** Of a Service: who answers. */
  readonly backends?: readonly ServiceBackend[];
  readonly externalTrafficPolicy?: 'Local';
}

/** The addresses of Services by their keys, one of each family that they have; one that is headless has none. */
type PlacedServices = ReadonlyMap<string, readonly string[]>;

/** The ports of Services on the nodes, by what `describeTarget` calls those of the Services. */
type NodePorts = ReadonlyMap<string, number>;

/** Where real hosts are, by their keys. */
export type RealHosts = ReadonlyMap<string, HostPlace>;

/** Everything that was placed or is met, and where it is. */
export interface DialledEnds {
  /** Pods and simulated hosts by their keys. */
  readonly pods: ReadonlyMap<
    string,
    Pick<RunningPod, 'ip' | 'otherIps' | 'dnsName'> & Partial<Pick<RunningPod, 'node' | 'nodes'>>
  >;
  /** Absent: there are none. */
  readonly services?: PlacedServices;
  /** Services that are there already. Absent: there are none. */
  readonly met?: MetServices;
  /** Absent: there are none. */
  readonly nodePorts?: NodePorts;
  /** Absent: nobody connects to them. */
  readonly nodes?: NodePlaces;
  /** Absent: there are none. */
  readonly realHosts?: RealHosts;
}

/** Undefined where nothing is placed that could be dialled. */
export function dialOf(check: DialledCheck, ends: DialledEnds): Dial | undefined {
  const { pods, met, realHosts } = ends;
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
      const known = met?.get(to);
      if (known !== undefined) return dialExisting(check, endpoint, known);
      return check.path === 'nodePort' ? dialOfNodes(check, ends) : dialMade(check, endpoint, ends);
    }
    default:
      return undefined;
  }
}

/** A Service of the scenario, by its address or its name. */
function dialMade(
  check: DialledCheck,
  service: ExistingService,
  { pods, services }: DialledEnds,
): Dial | undefined {
  const { to, port, protocol, family, path, backends = [] } = check;
  const own = addressIn(family, services?.get(to) ?? []);
  const address = path === 'dns' ? dnsNameOf(service) : own;
  const listeners = backends.flatMap((backend) => listenerOf(backend, check, pods) ?? []);
  if (address === undefined || listeners.length === 0 || listeners.length < backends.length) return undefined;
  const answerers = listeners.map(({ pod }) => pod);
  // The name of one that is headless leads to its pods (D27).
  const places = own === undefined ? listeners.map((listener) => listener.address) : [own];
  return {
    family,
    address,
    port,
    protocol,
    answerers,
    listeners,
    connections: connectionsFor(answerers.length),
    ...(path === 'dns' ? { leadsTo: [...new Set(places)] } : {}),
  };
}

/** Where there are several endpoints, so many connections that each of them is met: all must be open, or none. */
function dialExisting(
  { path, port, protocol, family }: DialledCheck,
  service: ExistingService,
  met: MetService,
): Dial | undefined {
  const address = path === 'dns' ? dnsNameOf(service) : addressIn(family, met.addresses);
  if (address === undefined) return undefined;
  const { length } = endpointsFor(met, { port, protocol }, family);
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

/** A Service at the port of the nodes that lead to it. */
function dialOfNodes(check: DialledCheck, ends: DialledEnds): Dial | undefined {
  const { to, port, protocol, family, backends = [] } = check;
  const { pods, nodePorts } = ends;
  const nodes = pods.get(check.from ?? '')?.nodes ?? ends.nodes ?? new Map();
  const nodePort = nodePorts?.get(describeTarget({ to, port, protocol }));
  const leading = nodesLeadingTo(check, nodes, (pod) => pods.get(pod)?.node);
  const [first] = leading;
  const answering = backends.filter(({ pod }) => leading.some((node) => node.pods.includes(pod)));
  const listeners = answering.flatMap((backend) => listenerOf(backend, check, pods) ?? []);
  if (first === undefined || nodePort === undefined || listeners.length < answering.length) return undefined;
  const most = Math.max(...leading.map((node) => node.pods.length));
  return {
    family,
    address: first.address,
    port: nodePort,
    protocol,
    answerers: listeners.map(({ pod }) => pod),
    listeners,
    connections: leading.length * connectionsFor(most, leading.length),
    nodes: leading,
  };
}

/** How an attempt at a Service is made. */
export interface SpreadManner {
  /** Whether it is to look who else answers. */
  readonly opensAll?: boolean;
  /** It is one of so many in a row, which meet each pod together. */
  readonly row?: number;
}

/** What an agent is told to dial again and again. */
export type WatchedDial = Omit<DialRequest, 'id'> | Omit<ServiceRequest, 'id'>;

/** What an agent is told to do. */
export function requestOf(
  { address: host, family, port, protocol, answerers, connections, leadsTo, nodes }: Dial,
  { opensAll = false, row = 1 }: SpreadManner = {},
): Omit<DialRequest, 'id'> | Omit<SpreadRequest, 'id'> {
  // What a name leads to is of the family that is asked for.
  const common = { host, port, protocol, ...(isIP(host) === 0 ? { family } : {}) };
  if (connections !== undefined)
    return {
      ...common,
      pods: answerers,
      connections: Math.ceil(connections / row),
      ...(opensAll ? { opensAll } : {}),
      ...(leadsTo === undefined ? {} : { leadsTo }),
      ...(nodes === undefined ? {} : { nodes: nodes.map(({ address, pods }) => ({ address, pods })) }),
    };
  const [pod] = answerers;
  return { ...common, ...(pod === undefined ? {} : { pod }) };
}

/** The same for one connection at a time, which any of those may answer that must answer all of them. */
export function oneAtATime(request: ReturnType<typeof requestOf>): WatchedDial {
  if (!('pods' in request)) return request;
  const { connections: _, opensAll: __, pods, nodes, ...common } = request;
  return pods.length === 0 ? common : { ...common, pods, ...(nodes === undefined ? {} : { nodes }) };
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
 * @param nodes at how many nodes each must answer: so many connections go to each of these
 */
export function connectionsFor(pods: number, nodes = 1): number {
  const ends = Math.max(2, pods);
  return Math.ceil(Math.log(MISSED / (nodes * ends)) / Math.log(1 - 1 / ends));
}
