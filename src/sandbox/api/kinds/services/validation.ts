/** Validation of Services, and of changes to them. */
import ipaddr from 'ipaddr.js';
import { familyOf, IP_FAMILIES } from '../../../ip-family.ts';
import type { Invalidity } from '../../status.ts';
import {
  duplicate,
  forbiddenValue,
  invalidFor,
  invalidValue,
  notSupported,
  required,
} from '../../validate/fields.ts';
import { labelsProblems } from '../../validate/metadata.ts';
import {
  dnsLabelProblems,
  dnsSubdomainProblems,
  portNameProblems,
  portNumberProblems,
} from '../../validate/names.ts';
import {
  hasClusterIP,
  hasNodePorts,
  isHeadless,
  NO_CLUSTER_IP,
  type ServicePort,
  type ServiceSpec,
} from './object.ts';

const PROTOCOLS = ['SCTP', 'TCP', 'UDP'];
const TYPES = ['ClusterIP', 'ExternalName', 'LoadBalancer', 'NodePort'];
const AFFINITIES = ['ClientIP', 'None'];
const TRAFFIC_POLICIES = ['Cluster', 'Local'];
const FAMILY_POLICIES = ['PreferDualStack', 'RequireDualStack', 'SingleStack'];
const LONGEST_AFFINITY_SECONDS = 86_400;

export function serviceSpecProblems(spec: ServiceSpec): Invalidity[] {
  return [
    ...typeProblems(spec),
    ...portsProblems(spec),
    ...labelsProblems(spec.selector ?? {}, 'spec.selector'),
    ...affinityProblems(spec),
    ...(hasClusterIP(spec) ? clusterIPProblems(spec) : []),
    ...nodePortProblems(spec),
    ...trafficPolicyProblems(spec),
  ];
}

/** What may not change: the cluster addresses and the primary family, unless the Service comes from or becomes one without. */
export function serviceUpdateProblems(spec: ServiceSpec, before: ServiceSpec): Invalidity[] {
  if (!hasClusterIP(spec) || !hasClusterIP(before)) return [];
  const [now = [], then = []] = [spec.clusterIPs, before.clusterIPs];
  if (then.length === 0) return [];
  if (now.length === 0)
    return [invalidValue('spec.clusterIPs[0]', now, 'primary clusterIP can not be unset')];
  const fixed = now.length === then.length ? then : then.slice(0, 1);
  return [
    ...fixed.flatMap((address, index) =>
      now[index] === address
        ? []
        : [invalidValue(`spec.clusterIPs[${index}]`, now, 'may not change once set')],
    ),
    ...(isHeadless(spec) || isHeadless(before) ? [] : familyUpdateProblems(spec, before)),
  ];
}

/** A second family may come and go. */
function familyUpdateProblems(spec: ServiceSpec, before: ServiceSpec): Invalidity[] {
  const [now = [], then = []] = [spec.ipFamilies, before.ipFamilies];
  const isOther = now.length > 0 && then.length > 0 && now[0] !== then[0];
  return isOther ? [invalidValue('spec.ipFamilies[0]', now, 'may not change once set')] : [];
}

function typeProblems(spec: ServiceSpec): Invalidity[] {
  const { type = '', ports = [], externalName = '' } = spec;
  if (!TYPES.includes(type)) return [notSupported('spec.type', type, TYPES)];
  const problems: Invalidity[] = [];
  if (ports.length === 0 && hasClusterIP(spec) && !isHeadless(spec)) problems.push(required('spec.ports'));
  if (hasNodePorts(spec) && isHeadless(spec))
    problems.push(
      invalidValue('spec.clusterIPs[0]', NO_CLUSTER_IP, `may not be set to 'None' for ${type} services`),
    );
  if (spec.allocateLoadBalancerNodePorts !== undefined && type !== 'LoadBalancer')
    problems.push(
      forbiddenValue('spec.allocateLoadBalancerNodePorts', "may only be used when `type` is 'LoadBalancer'"),
    );
  if (hasClusterIP(spec)) return problems;
  for (const field of ['clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const)
    if (spec[field] !== undefined)
      problems.push(forbiddenValue(`spec.${field}`, 'may not be set for ExternalName services'));
  const name = externalName.replace(/\.$/, '');
  return [
    ...problems,
    ...(name === ''
      ? [required('spec.externalName')]
      : invalidFor('spec.externalName', name, dnsSubdomainProblems(name))),
  ];
}

function portsProblems({ ports = [] }: ServiceSpec): Invalidity[] {
  const names = new Set<string>();
  const problems = ports.flatMap((port, index) => {
    const field = `spec.ports[${index}]`;
    return [...portNameInListProblems(port, ports.length > 1, names, field), ...portProblems(port, field)];
  });
  const seen = new Set<string>();
  for (const [index, { port, protocol }] of ports.entries()) {
    // The real server shows its own form of a port, with all its fields.
    const shown = { Name: '', Protocol: protocol, AppProtocol: null, Port: port, TargetPort: 0, NodePort: 0 };
    if (seen.has(`${port}/${protocol}`)) problems.push(duplicate(`spec.ports[${index}]`, shown));
    seen.add(`${port}/${protocol}`);
  }
  return problems;
}

function portNameInListProblems(
  { name = '' }: ServicePort,
  isNeeded: boolean,
  names: Set<string>,
  field: string,
): Invalidity[] {
  if (name === '') return isNeeded ? [required(`${field}.name`)] : [];
  const problems = invalidFor(`${field}.name`, name, dnsLabelProblems(name));
  if (names.has(name)) problems.push(duplicate(`${field}.name`, name));
  names.add(name);
  return problems;
}

function portProblems({ port = 0, protocol = 'TCP', targetPort }: ServicePort, field: string): Invalidity[] {
  return [
    ...invalidFor(`${field}.port`, port, portNumberProblems(port)),
    ...(PROTOCOLS.includes(protocol) ? [] : [notSupported(`${field}.protocol`, protocol, PROTOCOLS)]),
    ...(typeof targetPort === 'string'
      ? invalidFor(`${field}.targetPort`, targetPort, portNameProblems(targetPort))
      : invalidFor(`${field}.targetPort`, targetPort ?? 0, portNumberProblems(targetPort ?? 0))),
  ];
}

function affinityProblems({ sessionAffinity = 'None', sessionAffinityConfig }: ServiceSpec): Invalidity[] {
  if (!AFFINITIES.includes(sessionAffinity))
    return [notSupported('spec.sessionAffinity', sessionAffinity, AFFINITIES)];
  if (sessionAffinity === 'None') {
    return sessionAffinityConfig === undefined
      ? []
      : [forbiddenValue('spec.sessionAffinityConfig', 'must not be set when session affinity is None')];
  }
  const seconds = sessionAffinityConfig?.clientIP?.timeoutSeconds ?? 0;
  return seconds > 0 && seconds <= LONGEST_AFFINITY_SECONDS
    ? []
    : [
        invalidValue(
          'spec.sessionAffinityConfig.clientIP.timeoutSeconds',
          seconds,
          `must be greater than 0 and less than ${LONGEST_AFFINITY_SECONDS}`,
        ),
      ];
}

function clusterIPProblems(spec: ServiceSpec): Invalidity[] {
  const { clusterIP, clusterIPs = [], ipFamilies = [], ipFamilyPolicy } = spec;
  const problems: Invalidity[] = [];
  if (clusterIP !== undefined && clusterIPs[0] !== clusterIP)
    problems.push(invalidValue('spec.clusterIPs', clusterIPs, 'first value must match `clusterIP`'));
  if (clusterIP === undefined && clusterIPs.length > 0)
    problems.push(
      invalidValue('spec.clusterIPs', clusterIPs, 'must be empty when `clusterIP` is not specified'),
    );
  for (const [index, family] of ipFamilies.entries()) {
    const field = `spec.ipFamilies[${index}]`;
    if (!IP_FAMILIES.includes(family)) problems.push(notSupported(field, family, IP_FAMILIES));
    if (ipFamilies.indexOf(family) < index) problems.push(duplicate(field, family));
  }
  if (ipFamilyPolicy !== undefined && !FAMILY_POLICIES.includes(ipFamilyPolicy))
    problems.push(notSupported('spec.ipFamilyPolicy', ipFamilyPolicy, FAMILY_POLICIES));
  return [...problems, ...addressesProblems(clusterIPs, ipFamilies)];
}

function addressesProblems(addresses: readonly string[], ipFamilies: readonly string[]): Invalidity[] {
  if (addresses[0] === NO_CLUSTER_IP) {
    return addresses.length === 1
      ? []
      : [invalidValue('spec.clusterIPs', addresses, "'None' must be the first and only value")];
  }
  const problems = addresses.flatMap((address, index) =>
    isAddress(address)
      ? []
      : [
          invalidValue(
            `spec.clusterIPs[${index}]`,
            address,
            'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
          ),
        ],
  );
  if (problems.length > 0) return problems;
  if (addresses.length > 2)
    problems.push(invalidValue('spec.clusterIPs', addresses, 'may only hold up to 2 values'));
  const families = new Set(addresses.map((address) => ipaddr.parse(address).kind()));
  if (families.size < addresses.length)
    problems.push(
      invalidValue('spec.clusterIPs', addresses, 'may specify no more than one IP for each IP family'),
    );
  for (const [index, address] of addresses.entries()) {
    const family = ipFamilies[index];
    if (family !== undefined && family !== familyOf(address))
      problems.push(
        invalidValue(
          `spec.clusterIPs[${index}]`,
          address,
          `expected an ${family} value as indicated by \`ipFamilies[${index}]\``,
        ),
      );
  }
  return problems;
}

function isAddress(text: string): boolean {
  return ipaddr.IPv4.isValidFourPartDecimal(text) || ipaddr.IPv6.isValid(text);
}

function nodePortProblems({ type, ports = [] }: ServiceSpec): Invalidity[] {
  const seen = new Set<string>();
  return ports.flatMap(({ nodePort, protocol }, index) => {
    if (nodePort === undefined) return [];
    const field = `spec.ports[${index}].nodePort`;
    const isTwice = seen.has(`${nodePort}/${protocol}`);
    seen.add(`${nodePort}/${protocol}`);
    return [
      ...(type === 'ClusterIP' ? [forbiddenValue(field, "may not be used when `type` is 'ClusterIP'")] : []),
      ...(isTwice ? [duplicate(field, nodePort)] : []),
    ];
  });
}

function trafficPolicyProblems(spec: ServiceSpec): Invalidity[] {
  const { internalTrafficPolicy: internal, externalTrafficPolicy: external } = spec;
  const problems: Invalidity[] = [];
  if (external !== undefined && !hasNodePorts(spec))
    problems.push(
      invalidValue(
        'spec.externalTrafficPolicy',
        external,
        'may only be set for externally-accessible services',
      ),
    );
  else if (external !== undefined && !TRAFFIC_POLICIES.includes(external))
    problems.push(notSupported('spec.externalTrafficPolicy', external, TRAFFIC_POLICIES));
  if (internal !== undefined && !TRAFFIC_POLICIES.includes(internal))
    problems.push(notSupported('spec.internalTrafficPolicy', internal, TRAFFIC_POLICIES));
  return problems;
}
