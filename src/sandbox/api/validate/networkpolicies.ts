/** Validation of a NetworkPolicy's spec (D3). */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { NetworkPolicy, PolicyPeer, PolicyPort } from '../../objects.ts';
import type { Invalidity } from '../status.ts';
import { forbiddenValue, invalidFor, invalidValue, notSupported, required } from './fields.ts';
import { selectorProblems } from './metadata.ts';
import { portNameProblems, portNumberProblems } from './names.ts';

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
  const block = parseCidr(cidr);
  if (block === undefined) return [notCidr(`${field}.cidr`, cidr)];
  return except.flatMap((hole, index) => {
    const at = `${field}.except[${index}]`;
    const parsed = parseCidr(hole);
    if (parsed === undefined) return [notCidr(at, hole)];
    return isStrictSubset(parsed, block) ? [] : [invalidValue(at, hole, 'must be a strict subset of `cidr`')];
  });
}

function notCidr(field: string, value: string): Invalidity {
  return invalidValue(field, value, 'must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)');
}

type Cidr = ReturnType<typeof ipaddr.parseCIDR>;

function parseCidr(text: string): Cidr | undefined {
  const [address = '', bits = ''] = text.split('/');
  const family = isIP(address);
  const widest = family === 4 ? 32 : 128;
  if (family === 0 || !/^\d{1,3}$/.test(bits) || Number(bits) > widest || text.split('/').length !== 2) {
    return undefined;
  }
  return ipaddr.parseCIDR(text);
}

function isStrictSubset([address, bits]: Cidr, [block, blockBits]: Cidr): boolean {
  return address.kind() === block.kind() && bits > blockBits && address.match(block, blockBits);
}
