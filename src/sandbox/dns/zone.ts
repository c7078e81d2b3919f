/** What the cluster's DNS server knows: Services with their endpoints, and hosts outside, as the supervisor tells them. */
import type { EndpointSlice } from '../api/kinds/endpointslices/object.ts';
import { SERVICE_NAME } from '../api/kinds/endpointslices/object.ts';
import type { Namespace } from '../api/kinds/namespaces/object.ts';
import { isHeadless, type Service } from '../api/kinds/services/object.ts';

export interface Zone {
  readonly namespaces: readonly string[];
  readonly services: readonly NamedService[];
  readonly hosts: readonly NamedHost[];
}

/** Something outside of the cluster. */
export interface NamedHost {
  readonly name: string;
  readonly address: string;
}

export interface NamedService {
  readonly namespace: string;
  readonly name: string;
  /** Its cluster's; none for a headless one, whose name stands for its endpoints. */
  readonly addresses: readonly string[];
  readonly ports: readonly NamedPort[];
  /** The other name that it is, for an ExternalName. */
  readonly alias?: string;
  readonly endpoints: readonly NamedEndpoint[];
}

export interface NamedEndpoint {
  /** The pod's host name where it has one in this Service, else its address with dashes. */
  readonly name: string;
  readonly address: string;
  readonly ports: readonly NamedPort[];
}

interface NamedPort {
  /** Empty for the only port of a Service. */
  readonly name: string;
  readonly protocol: string;
  readonly port: number;
}

/** The zone of all that there is. Only endpoints that are ready have names, as told in the slices. */
export function zoneOf(
  namespaces: readonly Namespace[],
  services: readonly Service[],
  slices: readonly EndpointSlice[],
  hosts: readonly NamedHost[],
): Zone {
  const slicesOf = Map.groupBy(
    slices,
    ({ metadata: { namespace, labels } }) => `${namespace}/${labels?.[SERVICE_NAME]}`,
  );
  return {
    namespaces: namespaces.map(({ metadata }) => metadata.name),
    services: services.map(({ metadata: { namespace = '', name }, spec }) => ({
      namespace,
      name,
      addresses:
        isHeadless(spec) || spec.clusterIP === undefined ? [] : (spec.clusterIPs ?? [spec.clusterIP]),
      ports: (spec.ports ?? []).map(namedPort),
      ...(spec.type === 'ExternalName' && spec.externalName !== undefined
        ? { alias: spec.externalName }
        : {}),
      endpoints: (slicesOf.get(`${namespace}/${name}`) ?? []).flatMap(endpointsOf),
    })),
    hosts,
  };
}

function endpointsOf({ endpoints = [], ports = [] }: EndpointSlice): NamedEndpoint[] {
  return endpoints
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses, hostname }) =>
      addresses.map((address) => ({
        name: hostname ?? dashed(address),
        address,
        ports: ports.map(({ port = 0, ...rest }) => namedPort({ ...rest, port })),
      })),
    );
}

function namedPort({ name = '', protocol = 'TCP', port }: Partial<NamedPort> & { port: number }): NamedPort {
  return { name, protocol, port };
}

function dashed(address: string): string {
  return address.replaceAll(/[.:]/g, '-');
}
