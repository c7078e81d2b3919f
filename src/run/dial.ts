/** From a check and what was placed to what it means on the wire. A pure function: the one place that knows it. */
import type { Dial, Listener } from '../model/dial.ts';
import { parseEndpoint } from '../model/endpoint.ts';
import type { Family } from '../model/family.ts';
import { nodesLeadingTo } from '../model/node-port.ts';
import type { CheckPath } from '../model/path.ts';
import type { Protocol } from '../model/protocol.ts';
import { dnsNameOf, type ServiceBackend } from '../model/service.ts';
import { describeTarget } from '../pair.ts';
import type { DialRequest, SpreadRequest } from '../probe/protocol.ts';

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

/** The addresses of Services by their keys; one that is headless has none. */
type PlacedServices = ReadonlyMap<string, string>;

/** The ports of Services on the nodes, by what `describeTarget` calls those of the Services. */
type NodePorts = ReadonlyMap<string, number>;

/** The address or the name at which real hosts are dialled, by their keys. */
export type RealHosts = ReadonlyMap<string, string>;

/** Everything that was placed or is met, and where it is. */
export interface DialledEnds {
  /** Pods and simulated hosts by their keys. */
  readonly pods: ReadonlyMap<string, { readonly ip: string; readonly node?: string }>;
  /** Absent: there are none. */
  readonly services?: PlacedServices;
  /** Absent: there are none. */
  readonly nodePorts?: NodePorts;
  /** The addresses of the nodes that take probe pods, by their names. Absent: nobody connects to them. */
  readonly nodes?: ReadonlyMap<string, string>;
  /** Absent: there are none. */
  readonly realHosts?: RealHosts;
}

/** Undefined where nothing is placed that could be dialled. */
export function dialOf(check: DialledCheck, ends: DialledEnds): Dial | undefined {
  const { pods, services, realHosts } = ends;
  const { to, port, protocol, family } = check;
  const endpoint = parseEndpoint(to);
  switch (endpoint?.kind) {
    case 'pod':
    case 'host': {
      const real = realHosts?.get(to);
      if (real !== undefined) return { family, address: real, port, protocol, answerers: [], listeners: [] };
      const listener = listenerOf({ pod: to, port }, protocol, pods);
      if (listener === undefined) return undefined;
      return { family, address: listener.address, port, protocol, answerers: [to], listeners: [listener] };
    }
    case 'service': {
      const { backends = [], path } = check;
      if (path === 'nodePort') return dialOfNodes(check, ends);
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

/** A Service at the port of the nodes that lead to it. */
function dialOfNodes(check: DialledCheck, ends: DialledEnds): Dial | undefined {
  const { to, port, protocol, family, backends = [] } = check;
  const { pods, nodes = new Map(), nodePorts } = ends;
  const nodePort = nodePorts?.get(describeTarget({ to, port, protocol }));
  const leading = nodesLeadingTo(check, nodes, (pod) => pods.get(pod)?.node);
  const [first] = leading;
  const answering = backends.filter(({ pod }) => leading.some((node) => node.pods.includes(pod)));
  const listeners = answering.flatMap((backend) => listenerOf(backend, protocol, pods) ?? []);
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

/** What an agent is told to do. */
export function requestOf({
  address: host,
  port,
  protocol,
  answerers,
  connections,
  nodes,
}: Dial): Omit<DialRequest, 'id'> | Omit<SpreadRequest, 'id'> {
  const common = { host, port, protocol };
  if (connections !== undefined)
    return {
      ...common,
      pods: answerers,
      connections,
      ...(nodes === undefined ? {} : { nodes: nodes.map(({ address, pods }) => ({ address, pods })) }),
    };
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
/** As many dials as any other attempt: one lost packet is neither a block nor a failure. */
const LEAST_CONNECTIONS = 3;

/**
 * How many connections it takes until each of so many pods has answered one, but for one case in a million, where each connection goes to
 * any of them: of n pods, k connections miss one with a probability of no more than n · (1 − 1/n)^k.
 * @param nodes at how many nodes each must answer: so many connections go to each of these
 */
export function connectionsFor(pods: number, nodes = 1): number {
  if (pods === 1) return LEAST_CONNECTIONS;
  return Math.ceil(Math.log(MISSED / (nodes * pods)) / Math.log(1 - 1 / pods));
}
