/** What a Service has for itself in the whole cluster: its cluster addresses, one of each of its families, and its node ports. */
import ipaddr from 'ipaddr.js';
import { familyOf, type IPFamily } from '../../../ip-family.ts';
import { API_SERVICE_ADDRESS, DNS_SERVICE_ADDRESS, SERVICE_CIDRS } from '../../../kept-ranges.ts';
import { type Invalidity, internalError, invalid } from '../../status.ts';
import type { Store } from '../../store.ts';
import { invalidValue } from '../../validate/fields.ts';
import { familiesOfCluster } from '../nodes/families.ts';
import { settleFamilies } from './families.ts';
import {
  hasClusterIP,
  hasNodePorts,
  isHeadless,
  type Service,
  type ServicePort,
  type ServiceSpec,
} from './object.ts';

/** Of each family; the first one is not given out, and of IPv4 neither is the last. */
const ADDRESSES = 65_536;
const NODE_PORTS = { from: 30_000, to: 32_767 };

/** The addresses that are one Service's in every cluster, by its namespace and name. */
const WELL_KNOWN: ReadonlyMap<string, string> = new Map([
  [API_SERVICE_ADDRESS, 'default/kubernetes'],
  [DNS_SERVICE_ADDRESS, 'kube-system/kube-dns'],
]);

/** As on a real cluster, the lower ends are left to users who choose by themselves. */
const CHOSEN_ADDRESSES = 256;
const CHOSEN_NODE_PORTS = 86;

/**
 * Gives a Service what it needs and has not: the lowest that is free.
 * @param before the Service as it is stored; absent for a new one
 * @throws StatusError Invalid for what is another's, or nobody's to have
 */
export function allocate(service: Service, before: Service | undefined, store: Store): Service {
  const others = store.list('services').filter((other) => nameOf(other) !== nameOf(service));
  let { spec } = service;
  if (hasClusterIP(spec)) {
    const families = settleFamilies(spec, before?.spec, familiesOfCluster(store));
    if (families.kind === 'refused') refuse(service, ...families.problems);
    spec = families.spec;
    if (!isHeadless(spec)) spec = withClusterIPs({ ...service, spec }, before, takenBy(others));
  }
  if (hasNodePorts(spec) && spec.ports !== undefined)
    spec = {
      ...spec,
      ports: withNodePorts(service, spec.ports, before, new Set(others.flatMap(nodePortsOf))),
    };
  return { ...service, spec };
}

function nameOf({ metadata: { namespace, name } }: Service): string {
  return `${namespace}/${name}`;
}

function refuse({ metadata }: Service, ...problems: readonly Invalidity[]): never {
  throw invalid({ group: '', name: 'Service' }, metadata.name, problems);
}

function takenBy(services: readonly Service[]): ReadonlySet<string> {
  return new Set(services.flatMap(({ spec: { clusterIPs = [] } }) => clusterIPs.map(canonical)));
}

/** One of each family: what is asked for, else the lowest that is free. */
function withClusterIPs(
  service: Service,
  before: Service | undefined,
  taken: ReadonlySet<string>,
): ServiceSpec {
  const { spec } = service;
  const clusterIPs = (spec.ipFamilies ?? []).map((family, index) => {
    const asked = spec.clusterIPs?.[index];
    if (asked === undefined) return freeAddress(family, taken);
    if (before?.spec.clusterIPs?.includes(asked) === true) return asked;
    const why = refusal(service, asked, taken);
    if (why === undefined) return asked;
    const shown = spec.ipFamilies?.map((_, place) => spec.clusterIPs?.[place] ?? '');
    return refuse(service, invalidValue('spec.clusterIPs', shown, `failed to allocate IP ${asked}: ${why}`));
  });
  const [clusterIP = ''] = clusterIPs;
  return { ...spec, clusterIP, clusterIPs };
}

function freeAddress(family: IPFamily, taken: ReadonlySet<string>): string {
  for (let number = CHOSEN_ADDRESSES + 1; number < ADDRESSES - 1; number += 1)
    if (!taken.has(addressAt(family, number))) return addressAt(family, number);
  throw internalError('failed to allocate a serviceIP: range is full');
}

function refusal(service: Service, asked: string, taken: ReadonlySet<string>): string | undefined {
  const address = canonical(asked);
  const owner = WELL_KNOWN.get(address);
  if (!canBeGiven(address))
    return `the provided IP (${asked}) is not in the valid range. The range of valid IPs is ${SERVICE_CIDRS[familyOf(asked)]}`;
  const isForAnother = owner !== undefined && owner !== nameOf(service);
  return taken.has(address) || isForAnother ? 'provided IP is already allocated' : undefined;
}

function addressAt(family: IPFamily, number: number): string {
  return family === 'IPv4'
    ? `10.96.${number >> 8}.${number & 0xff}`
    : canonical(`fd00:10:96::${number.toString(16)}`);
}

function canBeGiven(address: string): boolean {
  const family = familyOf(address);
  const unusable = family === 'IPv4' ? [0, ADDRESSES - 1] : [0];
  const isInside = ipaddr.parse(address).match(ipaddr.parseCIDR(SERVICE_CIDRS[family]));
  return isInside && unusable.every((number) => address !== addressAt(family, number));
}

/** An address may be written in several ways; what is none, such as `None`, stays. */
function canonical(address: string): string {
  return ipaddr.isValid(address) ? ipaddr.parse(address).toString() : address;
}

function nodePortsOf({ spec }: Service): number[] {
  return (spec.ports ?? []).flatMap(({ nodePort }) => nodePort ?? []);
}

/** A number is one Service's, whatever the protocol; ports of one number and two protocols share theirs. */
function withNodePorts(
  service: Service,
  ports: readonly ServicePort[],
  before: Service | undefined,
  taken: ReadonlySet<number>,
): ServicePort[] {
  const own = new Set(before === undefined ? [] : nodePortsOf(before));
  for (const [index, { nodePort }] of ports.entries()) {
    const why =
      nodePort === undefined || own.has(nodePort)
        ? undefined
        : nodePort < NODE_PORTS.from || nodePort > NODE_PORTS.to
          ? `provided port is not in the valid range. The range of valid ports is ${NODE_PORTS.from}-${NODE_PORTS.to}`
          : taken.has(nodePort)
            ? 'provided port is already allocated'
            : undefined;
    if (why !== undefined) refuse(service, invalidValue(`spec.ports[${index}].nodePort`, nodePort, why));
  }
  if (service.spec.allocateLoadBalancerNodePorts === false) return [...ports];
  const used = new Set([...taken, ...ports.flatMap(({ nodePort }) => nodePort ?? [])]);
  const byPort = new Map<number, number>();
  for (const { port, nodePort } of ports) if (nodePort !== undefined) byPort.set(port, nodePort);
  return ports.map((port) => {
    if (port.nodePort !== undefined) return port;
    const nodePort = byPort.get(port.port) ?? freeNodePort(used);
    byPort.set(port.port, nodePort);
    return { ...port, nodePort };
  });
}

/** Takes it. */
function freeNodePort(used: Set<number>): number {
  for (let port = NODE_PORTS.from + CHOSEN_NODE_PORTS; port <= NODE_PORTS.to; port += 1)
    if (!used.has(port)) {
      used.add(port);
      return port;
    }
  throw internalError('failed to allocate a nodePort: range is full');
}
