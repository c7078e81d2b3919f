/** Validation of EndpointSlices. */
import ipaddr from 'ipaddr.js';
import type { Invalidity } from '../../status.ts';
import { duplicate, invalidFor, invalidValue, notSupported, required } from '../../validate/fields.ts';
import { dnsLabelProblems, dnsSubdomainProblems } from '../../validate/names.ts';
import type { EndpointPort, EndpointSlice, SliceEndpoint } from './object.ts';

const ADDRESS_TYPES = ['FQDN', 'IPv4', 'IPv6'];
const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];

export function endpointSliceProblems(slice: EndpointSlice): Invalidity[] {
  const { addressType, endpoints = [], ports = [] } = slice;
  return [
    ...addressTypeProblems(addressType),
    ...endpoints.flatMap((endpoint, index) => endpointProblems(endpoint, addressType, `endpoints[${index}]`)),
    ...portsProblems(ports),
  ];
}

export function endpointSliceUpdateProblems(slice: EndpointSlice, before: EndpointSlice): Invalidity[] {
  return [
    ...endpointSliceProblems(slice),
    ...(slice.addressType === before.addressType
      ? []
      : [invalidValue('addressType', slice.addressType, 'field is immutable')]),
  ];
}

function addressTypeProblems(type: string | undefined): Invalidity[] {
  if (type === undefined || type === '') return [required('addressType')];
  return ADDRESS_TYPES.includes(type) ? [] : [notSupported('addressType', type, ADDRESS_TYPES)];
}

function endpointProblems(
  { addresses = [], hostname, nodeName }: SliceEndpoint,
  type: string,
  field: string,
): Invalidity[] {
  return [
    ...(addresses.length === 0
      ? [required(`${field}.addresses`, 'must contain at least 1 address')]
      : addresses.flatMap((address, index) =>
          addressProblems(address, type, `${field}.addresses[${index}]`),
        )),
    ...(nodeName === undefined
      ? []
      : invalidFor(`${field}.nodeName`, nodeName, dnsSubdomainProblems(nodeName))),
    ...(hostname === undefined ? [] : invalidFor(`${field}.hostname`, hostname, dnsLabelProblems(hostname))),
  ];
}

/** In the order in which a real API server asks. */
const SPECIAL: Readonly<Record<string, string>> = {
  unspecified: 'may not be unspecified (0.0.0.0 or ::)',
  loopback: 'may not be in the loopback range (127.0.0.0/8, ::1/128)',
  linkLocal: 'may not be in the link-local range (169.254.0.0/16, fe80::/10)',
  multicast: 'may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)',
};

function addressProblems(address: string, type: string, field: string): Invalidity[] {
  if (type !== 'IPv4' && type !== 'IPv6') return [];
  const family = type === 'IPv4' ? ipaddr.IPv4 : ipaddr.IPv6;
  const isValid = type === 'IPv4' ? ipaddr.IPv4.isValidFourPartDecimal(address) : family.isValid(address);
  if (!isValid) return [invalidValue(field, address, `must be a valid ${type} address`)];
  const special = SPECIAL[family.parse(address).range()];
  return special === undefined ? [] : [invalidValue(field, address, special)];
}

function portsProblems(ports: readonly EndpointPort[]): Invalidity[] {
  const names = new Set<string>();
  return ports.flatMap(({ name = '', protocol = 'TCP' }, index) => {
    const field = `ports[${index}]`;
    const isTwice = names.has(name);
    names.add(name);
    return [
      ...(name === '' ? [] : invalidFor(`${field}.name`, name, dnsLabelProblems(name))),
      ...(isTwice ? [duplicate(`${field}.name`, name)] : []),
      ...(PROTOCOLS.includes(protocol) ? [] : [notSupported(`${field}.protocol`, protocol, PROTOCOLS)]),
    ];
  });
}
