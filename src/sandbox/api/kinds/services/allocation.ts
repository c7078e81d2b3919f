/** What a Service has for itself in the whole cluster: its cluster address and its node ports. */
import ipaddr from 'ipaddr.js';
import { API_SERVICE_ADDRESS, DNS_SERVICE_ADDRESS, SERVICE_CIDRS } from '../../../kept-ranges.ts';
import { type Invalidity, internalError, invalid } from '../../status.ts';
import type { Store } from '../../store.ts';
import { invalidValue } from '../../validate/fields.ts';
import {
  hasClusterIP,
  hasNodePorts,
  isHeadless,
  type Service,
  type ServicePort,
  type ServiceSpec,
} from './object.ts';

/** The last one is not given out, as the first is not. */
const ADDRESSES = 65_535;
const FAMILIES: readonly string[] = ['IPv4'];
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
  const spec = { ...service.spec };
  if (hasClusterIP(spec)) Object.assign(spec, familiesOf(service));
  if (hasClusterIP(spec) && !isHeadless(spec)) {
    const address = clusterIPOf(service, before, new Set(others.map((other) => other.spec.clusterIP)));
    Object.assign(spec, { clusterIP: address, clusterIPs: [address] });
  }
  if (hasNodePorts(spec) && spec.ports !== undefined)
    spec.ports = withNodePorts(service, spec.ports, before, new Set(others.flatMap(nodePortsOf)));
  return { ...service, spec };
}

function nameOf({ metadata: { namespace, name } }: Service): string {
  return `${namespace}/${name}`;
}

function refuse({ metadata }: Service, ...problems: readonly Invalidity[]): never {
  throw invalid({ group: '', name: 'Service' }, metadata.name, problems);
}

function familiesOf(service: Service): Pick<ServiceSpec, 'ipFamilies' | 'ipFamilyPolicy'> {
  const { ipFamilies, ipFamilyPolicy = 'SingleStack', clusterIPs = [] } = service.spec;
  if (ipFamilyPolicy === 'RequireDualStack')
    refuse(
      service,
      invalidValue(
        'spec.ipFamilyPolicy',
        ipFamilyPolicy,
        'this cluster is not configured for dual-stack services',
      ),
    );
  for (const [index, family] of (ipFamilies ?? []).entries())
    if (!FAMILIES.includes(family))
      refuse(service, invalidValue(`spec.ipFamilies[${index}]`, family, 'not configured on this cluster'));
  for (const [index, address] of clusterIPs.entries())
    if (ipaddr.IPv6.isValid(address))
      refuse(
        service,
        invalidValue(`spec.clusterIPs[${index}]`, clusterIPs, 'IPv6 is not configured on this cluster'),
      );
  return {
    ipFamilies: ipFamilies === undefined || ipFamilies.length === 0 ? ['IPv4'] : ipFamilies,
    ipFamilyPolicy,
  };
}

function clusterIPOf(
  service: Service,
  before: Service | undefined,
  taken: ReadonlySet<string | undefined>,
): string {
  const { clusterIP: asked } = service.spec;
  if (asked === undefined) {
    for (let number = CHOSEN_ADDRESSES + 1; number < ADDRESSES; number += 1)
      if (!taken.has(addressAt(number))) return addressAt(number);
    throw internalError('failed to allocate a serviceIP: range is full');
  }
  if (asked === before?.spec.clusterIP) return asked;
  const isForAnother = WELL_KNOWN.has(asked) && WELL_KNOWN.get(asked) !== nameOf(service);
  const why = !canBeGiven(asked)
    ? `the provided IP (${asked}) is not in the valid range. The range of valid IPs is ${SERVICE_CIDRS.IPv4}`
    : taken.has(asked) || isForAnother
      ? 'provided IP is already allocated'
      : undefined;
  if (why !== undefined)
    refuse(service, invalidValue('spec.clusterIPs', [asked], `failed to allocate IP ${asked}: ${why}`));
  return asked;
}

function addressAt(number: number): string {
  return `10.96.${number >> 8}.${number & 0xff}`;
}

function canBeGiven(address: string): boolean {
  const isInside = ipaddr.IPv4.parse(address).match(ipaddr.IPv4.parseCIDR(SERVICE_CIDRS.IPv4));
  return isInside && address !== addressAt(0) && address !== addressAt(ADDRESSES);
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
