/**
 * The records of `cluster.local`, by the specification of DNS-based service discovery of Kubernetes (version 1.1.0), as a pure function of
 * the zone.
 */
import { isIP } from 'node:net';
import type { NamedEndpoint, NamedService, Zone } from './zone.ts';

export const DOMAIN = 'cluster.local';
const SERVICES = `svc.${DOMAIN}`;
const PODS = `pod.${DOMAIN}`;
const VERSION = { name: `dns-version.${DOMAIN}`, text: '1.1.0' };

export type DnsRecord =
  | { readonly type: 'A' | 'AAAA' | 'CNAME' | 'PTR'; readonly name: string; readonly data: string }
  | { readonly type: 'TXT'; readonly name: string; readonly data: string }
  | {
      readonly type: 'SRV';
      readonly name: string;
      readonly data: {
        readonly priority: number;
        readonly weight: number;
        readonly port: number;
        readonly target: string;
      };
    };

/** What there is under a name. A name without a record of the type that is asked for is not one that does not exist. */
export type Lookup =
  | {
      readonly kind: 'found';
      readonly records: readonly DnsRecord[];
      /** The addresses of what the records speak of. */
      readonly additional: readonly DnsRecord[];
    }
  | { readonly kind: 'no-such-name' };

const NO_SUCH_NAME: Lookup = { kind: 'no-such-name' };

/** The names of a zone, found without a search. */
export interface DnsNames {
  readonly namespaces: ReadonlySet<string>;
  /** By `name.namespace`. */
  readonly services: ReadonlyMap<string, NamedService>;
  /** The names of an address, by {@link reverseNameOf}. */
  readonly byReverseName: ReadonlyMap<string, readonly string[]>;
}

export function namesOf({ namespaces, services }: Zone): DnsNames {
  const pairs = services.flatMap((service) => [
    ...service.addresses.map((address) => [address, nameOf(service)] as const),
    ...service.endpoints.map((endpoint) => [endpoint.address, endpointNameOf(service, endpoint)] as const),
  ]);
  const cluster = new Set(services.flatMap(({ addresses }) => addresses));
  const byAddress = Map.groupBy(pairs, ([address]) => address);
  return {
    namespaces: new Set(namespaces),
    services: new Map(services.map((service) => [`${service.name}.${service.namespace}`, service])),
    byReverseName: new Map(
      [...byAddress].map(([address, named]) => [
        reverseNameOf(address),
        named.map(([, name]) => name).slice(0, cluster.has(address) ? 1 : named.length),
      ]),
    ),
  };
}

/** Whether the server is the one that knows: there is nobody else to ask. */
export function isInCluster(name: string): boolean {
  return name === DOMAIN || name.endsWith(`.${DOMAIN}`);
}

/**
 * @param name as it was asked for, without the dot at its end
 * @param type such as `A`; what is of no type that there is has no records
 */
export function lookUp(names: DnsNames, asked: string, type: string): Lookup {
  const name = asked.toLowerCase();
  const found = names.byReverseName.get(name);
  if (found !== undefined)
    return only(
      type,
      found.map((data) => ({ type: 'PTR', name: asked, data })),
    );
  if (name === VERSION.name) return only(type, [{ type: 'TXT', name: asked, data: VERSION.text }]);
  if ([DOMAIN, SERVICES, PODS].includes(name)) return only(type, []);
  if (name.endsWith(`.${SERVICES}`)) return lookUpService(names, asked, labelsOf(name, SERVICES), type);
  if (name.endsWith(`.${PODS}`)) return lookUpPod(names, asked, labelsOf(name, PODS), type);
  return NO_SUCH_NAME;
}

function labelsOf(name: string, domain: string): string[] {
  return name.slice(0, -domain.length - 1).split('.');
}

function only(type: string, records: readonly DnsRecord[], additional: readonly DnsRecord[] = []): Lookup {
  return {
    kind: 'found',
    // An alias stands for all types.
    records: records.filter((record) => record.type === type || type === 'ANY' || record.type === 'CNAME'),
    additional: type === 'SRV' ? additional : [],
  };
}

/** `NAMESPACE`, `SERVICE.NAMESPACE`, `ENDPOINT.SERVICE.NAMESPACE`, `_PORT._PROTOCOL.SERVICE.NAMESPACE`. */
function lookUpService(names: DnsNames, asked: string, labels: readonly string[], type: string): Lookup {
  const namespace = labels.at(-1) ?? '';
  if (labels.length === 1) return names.namespaces.has(namespace) ? only(type, []) : NO_SUCH_NAME;
  const service = names.services.get(labels.slice(-2).join('.'));
  if (service === undefined) return NO_SUCH_NAME;
  const [first = '', second = ''] = labels;
  switch (labels.length) {
    case 2:
      return allOf(service, asked, type);
    case 3:
      return oneOf(service, asked, type, (endpoint) => endpoint.name.toLowerCase() === first);
    case 4:
      return first.startsWith('_') && second.startsWith('_')
        ? portsOf(service, asked, type, first.slice(1), second.slice(1).toUpperCase())
        : NO_SUCH_NAME;
    default:
      return NO_SUCH_NAME;
  }
}

function allOf(service: NamedService, asked: string, type: string): Lookup {
  const { alias, addresses } = service;
  if (alias !== undefined) return only(type, [{ type: 'CNAME', name: asked, data: alias }]);
  if (addresses.length === 0) {
    if (service.endpoints.length === 0) return NO_SUCH_NAME;
    const { records, additional } = servicesOn(service, asked, () => true);
    const own = service.endpoints.map(({ address }) => addressRecord(asked, address));
    return only(type, [...own, ...records], additional);
  }
  const { records, additional } = servicesOn(service, asked, () => true);
  return only(type, [...addresses.map((address) => addressRecord(asked, address)), ...records], additional);
}

function oneOf(
  service: NamedService,
  asked: string,
  type: string,
  isAsked: (endpoint: NamedEndpoint) => boolean,
): Lookup {
  const found = service.endpoints.filter(isAsked);
  if (found.length === 0) return NO_SUCH_NAME;
  return only(
    type,
    found.map(({ address }) => addressRecord(asked, address)),
  );
}

function portsOf(service: NamedService, asked: string, type: string, name: string, protocol: string): Lookup {
  const { records, additional } = servicesOn(
    service,
    asked,
    (port) => port.name === name && port.protocol === protocol,
  );
  return records.length === 0 ? NO_SUCH_NAME : only(type, records, additional);
}

/** Where the ports of a Service are: at its own name, or, of a headless one, at the names of its endpoints. */
function servicesOn(
  service: NamedService,
  asked: string,
  isAsked: (port: NamedService['ports'][number]) => boolean,
): { readonly records: readonly DnsRecord[]; readonly additional: readonly DnsRecord[] } {
  const places =
    service.addresses.length > 0
      ? [{ target: nameOf(service), addresses: service.addresses, ports: service.ports }]
      : placesOf(service);
  const found = places.flatMap(({ target, addresses, ports }) =>
    ports.filter(isAsked).map(({ port }) => ({ target, addresses, port })),
  );
  const weight = found.length === 0 ? 0 : Math.max(1, Math.floor(100 / found.length));
  return {
    records: found.map(({ target, port }) => ({
      type: 'SRV',
      name: asked,
      data: { priority: 0, weight, port, target },
    })),
    additional: [...new Map(found.map((one) => [one.target, one.addresses]))].flatMap(([target, addresses]) =>
      addresses.map((address) => addressRecord(target, address)),
    ),
  };
}

/** A pod that has a name has it for all of its addresses. */
function placesOf(service: NamedService): {
  readonly target: string;
  readonly addresses: readonly string[];
  readonly ports: NamedEndpoint['ports'];
}[] {
  const byName = Map.groupBy(service.endpoints, (endpoint) => endpointNameOf(service, endpoint));
  return [...byName].map(([target, endpoints]) => ({
    target,
    addresses: endpoints.map(({ address }) => address),
    ports: endpoints[0]?.ports ?? [],
  }));
}

/** `10-244-1-2.NAMESPACE`: the address that its name says, whether there is such a pod or not. */
function lookUpPod(names: DnsNames, asked: string, labels: readonly string[], type: string): Lookup {
  const namespace = labels.at(-1) ?? '';
  if (!names.namespaces.has(namespace)) return NO_SUCH_NAME;
  if (labels.length === 1) return only(type, []);
  const [dashed = ''] = labels;
  const address = [dashed.replaceAll('-', '.'), dashed.replaceAll('-', ':')].find((text) => isIP(text) !== 0);
  return labels.length === 2 && address !== undefined
    ? only(type, [addressRecord(asked, address)])
    : NO_SUCH_NAME;
}

function addressRecord(name: string, address: string): DnsRecord {
  return { type: isIP(address) === 6 ? 'AAAA' : 'A', name, data: address };
}

function nameOf({ name, namespace }: NamedService): string {
  return `${name}.${namespace}.${SERVICES}`;
}

function endpointNameOf(service: NamedService, { name }: NamedEndpoint): string {
  return `${name}.${nameOf(service)}`;
}

/** `2.1.244.10.in-addr.arpa`, and of IPv6 one label for each of the 32 digits. */
function reverseNameOf(address: string): string {
  const isIPv6 = isIP(address) === 6;
  const parts = isIPv6 ? digitsOf(address) : address.split('.');
  return `${parts.toReversed().join('.')}.${isIPv6 ? 'ip6' : 'in-addr'}.arpa`;
}

/** The digits of an address of IPv6, those that `::` leaves out among them. */
function digitsOf(address: string): string[] {
  const [head = [], tail = []] = address.split('::').map((part) => (part === '' ? [] : part.split(':')));
  const left = Array.from({ length: 8 - head.length - tail.length }, () => '0');
  return [
    ...[...head, ...left, ...tail]
      .map((group) => group.padStart(4, '0'))
      .join('')
      .toLowerCase(),
  ];
}
