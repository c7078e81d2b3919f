/** Validation of a NetworkPolicy's spec (D3). */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Invalidity } from '../../status.ts';
import { forbiddenValue, invalidFor, invalidValue, notSupported, required } from '../../validate/fields.ts';
import { selectorProblems } from '../../validate/metadata.ts';
import { portNameProblems, portNumberProblems } from '../../validate/names.ts';
import type { NetworkPolicy, PolicyPeer, PolicyPort } from './object.ts';

const PROTOCOLS = ['TCP', 'UDP', 'SCTP'];
const POLICY_TYPES = ['Ingress', 'Egress'];

export function policySpecProblems(spec: NetworkPolicy['spec']): Invalidity[] {
  return [
    ...selectorProblems(spec.podSelector ?? {}, 'spec.podSelector'),
    ...(spec.ingress ?? []).flatMap((rule, index) =>
      ruleProblems(rule.ports, rule.from, `spec.ingress[${index}]`, 'from'),
    ),
    ...(spec.egress ?? []).flatMap((rule, index) =>
      ruleProblems(rule.ports, rule.to, `spec.egress[${index}]`, 'to'),
    ),
    ...policyTypeProblems(spec.policyTypes ?? []),
  ];
}

function ruleProblems(
  ports: readonly PolicyPort[] = [],
  peers: readonly PolicyPeer[] = [],
  field: string,
  side: 'from' | 'to',
): Invalidity[] {
  return [
    ...ports.flatMap((port, index) => portProblems(port, `${field}.ports[${index}]`)),
    ...peers.flatMap((peer, index) => peerProblems(peer, `${field}.${side}[${index}]`)),
  ];
}

function policyTypeProblems(types: readonly string[]): Invalidity[] {
  if (types.length > POLICY_TYPES.length) {
    return [invalidValue('spec.policyTypes', types, 'may not specify more than two policyTypes')];
  }
  return types.flatMap((type, index) =>
    POLICY_TYPES.includes(type) ? [] : [notSupported(`spec.policyTypes[${index}]`, type, POLICY_TYPES)],
  );
}

function portProblems({ protocol, port, endPort }: PolicyPort, field: string): Invalidity[] {
  const problems: Invalidity[] = [];
  if (protocol !== undefined && !PROTOCOLS.includes(protocol)) {
    problems.push(notSupported(`${field}.protocol`, protocol, PROTOCOLS));
  }
  if (typeof port === 'number') {
    problems.push(...invalidFor(`${field}.port`, port, portNumberProblems(port)));
    if (endPort !== undefined && endPort < port) {
      // A real server shows the value of `port` here.
      problems.push(invalidValue(`${field}.endPort`, port, 'must be greater than or equal to `port`'));
    }
    if (endPort !== undefined)
      problems.push(...invalidFor(`${field}.endPort`, endPort, portNumberProblems(endPort)));
    return problems;
  }
  if (endPort !== undefined) {
    const why = port === undefined ? 'not specified' : 'non-numeric';
    problems.push(invalidValue(`${field}.endPort`, endPort, `may not be specified when \`port\` is ${why}`));
  }
  if (port !== undefined) problems.push(...invalidFor(`${field}.port`, port, portNameProblems(port)));
  return problems;
}

function peerProblems({ podSelector, namespaceSelector, ipBlock }: PolicyPeer, field: string): Invalidity[] {
  const problems = [
    ...(podSelector === undefined ? [] : selectorProblems(podSelector, `${field}.podSelector`)),
    ...(namespaceSelector === undefined
      ? []
      : selectorProblems(namespaceSelector, `${field}.namespaceSelector`)),
    ...(ipBlock === undefined ? [] : ipBlockProblems(ipBlock, `${field}.ipBlock`)),
  ];
  const selects = podSelector !== undefined || namespaceSelector !== undefined;
  if (!selects && ipBlock === undefined) problems.push(required(field, 'must specify a peer'));
  if (selects && ipBlock !== undefined) {
    problems.push(forbiddenValue(field, 'may not specify both ipBlock and another peer'));
  }
  return problems;
}

function ipBlockProblems(
  ipBlock: { cidr?: string; except?: readonly string[] },
  field: string,
): Invalidity[] {
  const { cidr = '', except = [] } = ipBlock;
  if (cidr === '') return [required(`${field}.cidr`)];
  const problems = cidrProblems(cidr, `${field}.cidr`);
  const block = parseCidr(cidr);
  if (block === undefined) return problems;
  for (const [index, hole] of except.entries()) {
    const at = `${field}.except[${index}]`;
    problems.push(...cidrProblems(hole, at));
    const parsed = parseCidr(hole);
    if (parsed !== undefined && !isStrictSubset(parsed, block))
      problems.push(invalidValue(at, hole, 'must be a strict subset of `cidr`'));
  }
  return problems;
}

/** In the order in which a real API server asks, which tells of the first only; strict since Kubernetes 1.36. */
function cidrProblems(text: string, field: string): Invalidity[] {
  const parsed = parseCidr(text);
  if (parsed === undefined) {
    return [invalidValue(field, text, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)')];
  }
  const [address, bits] = parsed;
  if (hasLeadingZeros(text)) {
    return [invalidValue(field, text, 'must not have leading 0s in IP or prefix length')];
  }
  if (address instanceof ipaddr.IPv6 && address.isIPv4MappedAddress()) {
    return [invalidValue(field, text, 'must not have an IPv4-mapped IPv6 address')];
  }
  if (address.toString() !== networkOf(address, bits)) {
    return [invalidValue(field, text, 'must not have bits set beyond the prefix length')];
  }
  return [];
}

type ParsedCidr = ReturnType<typeof ipaddr.parseCIDR>;

/** As servers before 1.36 read it: zeros in front of a number mean nothing. */
function parseCidr(text: string): ParsedCidr | undefined {
  const [address = '', bits = '', ...more] = text.split('/');
  const plain = address.replaceAll(/(^|[.:])0+(?=\d+(\.|$))/g, '$1');
  const read = isIP(address) === 0 ? plain : address;
  const widest = isIP(read) === 4 ? 32 : 128;
  // Node.js knows zones, which no CIDR has.
  if (isIP(read) === 0 || read.includes('%') || more.length > 0) return undefined;
  return /^\d+$/.test(bits) && Number(bits) <= widest
    ? ipaddr.parseCIDR(`${read}/${Number(bits)}`)
    : undefined;
}

function hasLeadingZeros(text: string): boolean {
  const [address = '', bits = ''] = text.split('/');
  return isIP(address) === 0 || /^0\d/.test(bits);
}

function networkOf(address: ParsedCidr[0], bits: number): string {
  const family = address.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6;
  return family.networkAddressFromCIDR(`${address.toString()}/${bits}`).toString();
}

function isStrictSubset([address, bits]: ParsedCidr, [block, blockBits]: ParsedCidr): boolean {
  return address.kind() === block.kind() && bits > blockBits && address.match(block, blockBits);
}
