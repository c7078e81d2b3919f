/** What a real server fills into Services, and what it keeps of the Service as it was. */
import { isDeepStrictEqual } from 'node:util';
import { hasClusterIP, hasNodePorts, type Service, type ServicePort, type ServiceSpec } from './object.ts';

/** @param before the Service as it is stored; absent for a new one */
export function withServiceDefaults(service: Service, before?: Service): Service {
  const given = withoutBlanks(service.spec ?? {});
  const kept = before === undefined ? given : carriedOver(given, before.spec);
  const { ports } = kept;
  const spec: ServiceSpec = {
    type: 'ClusterIP',
    sessionAffinity: 'None',
    ...kept,
    ...(ports === undefined ? {} : { ports: ports.map(withPortDefaults) }),
  };
  if (spec.clusterIP !== undefined && spec.clusterIPs === undefined) spec.clusterIPs = [spec.clusterIP];
  if (hasClusterIP(spec)) spec.internalTrafficPolicy ??= 'Cluster';
  if (hasNodePorts(spec)) spec.externalTrafficPolicy ??= 'Cluster';
  if (spec.type === 'LoadBalancer') spec.allocateLoadBalancerNodePorts ??= true;
  if (spec.sessionAffinity === 'ClientIP') spec.sessionAffinityConfig = withTimeout(spec);
  return { ...service, spec };
}

/** What is empty is absent, as in Go. */
function withoutBlanks(spec: ServiceSpec): ServiceSpec {
  return Object.fromEntries(Object.entries(spec).filter(([, value]) => value !== ''));
}

function withPortDefaults(port: ServicePort): ServicePort {
  const { targetPort, nodePort, ...rest } = port;
  const isGiven = targetPort !== undefined && targetPort !== 0 && targetPort !== '';
  return {
    protocol: 'TCP',
    ...rest,
    targetPort: isGiven ? targetPort : port.port,
    ...(nodePort === undefined || nodePort === 0 ? {} : { nodePort }),
  };
}

const DEFAULT_AFFINITY_SECONDS = 10_800;

function withTimeout({
  sessionAffinityConfig,
}: ServiceSpec): NonNullable<ServiceSpec['sessionAffinityConfig']> {
  return { clientIP: { timeoutSeconds: DEFAULT_AFFINITY_SECONDS, ...sessionAffinityConfig?.clientIP } };
}

/** A change that leaves out what the cluster gave the Service does not mean to give it back. */
function carriedOver(spec: ServiceSpec, before: ServiceSpec): ServiceSpec {
  const next = withoutWhatItsTypeHasNot(followingClusterIP(spec, before), before);
  if (hasClusterIP(next) && hasClusterIP(before)) {
    if (next.clusterIP === undefined && next.clusterIPs === undefined && before.clusterIP !== undefined)
      next.clusterIP = before.clusterIP;
    if (
      next.clusterIPs === undefined &&
      next.clusterIP === before.clusterIP &&
      before.clusterIPs !== undefined
    )
      next.clusterIPs = before.clusterIPs;
    next.ipFamilies ??= before.ipFamilies ?? [];
    next.ipFamilyPolicy ??= before.ipFamilyPolicy ?? 'SingleStack';
  }
  if (hasNodePorts(next) && hasNodePorts(before) && next.ports !== undefined)
    next.ports = withNodePortsOf(next.ports, before.ports ?? []);
  return next;
}

/** A client that knows `clusterIP` only, and changes it, means the list as well. */
function followingClusterIP(spec: ServiceSpec, before: ServiceSpec): ServiceSpec {
  const isSameList = isDeepStrictEqual(spec.clusterIPs, before.clusterIPs);
  if (spec.clusterIP === before.clusterIP || !isSameList) return spec;
  const { clusterIPs: _before, ...rest } = spec;
  return spec.clusterIP === undefined ? rest : { ...rest, clusterIPs: [spec.clusterIP] };
}

const OF_CLUSTER_IP = ['clusterIP', 'clusterIPs', 'ipFamilies', 'ipFamilyPolicy'] as const;

/** Of another type now: what only the type before had goes, unless the change names it anew. */
function withoutWhatItsTypeHasNot(spec: ServiceSpec, before: ServiceSpec): ServiceSpec {
  const next = { ...spec };
  if (hasClusterIP(before) && !hasClusterIP(next)) dropSame(next, before, OF_CLUSTER_IP);
  if (hasNodePorts(before) && !hasNodePorts(next)) {
    dropSame(next, before, ['externalTrafficPolicy']);
    const taken = new Set(before.ports?.map(({ nodePort }) => nodePort));
    if (next.ports !== undefined)
      next.ports = next.ports.map(({ nodePort, ...port }) =>
        nodePort === undefined || taken.has(nodePort) ? port : { ...port, nodePort },
      );
  }
  if (before.type === 'LoadBalancer' && next.type !== 'LoadBalancer')
    dropSame(next, before, ['allocateLoadBalancerNodePorts']);
  if (before.type === 'ExternalName' && next.type !== 'ExternalName')
    dropSame(next, before, ['externalName']);
  if (before.sessionAffinity === 'ClientIP' && next.sessionAffinity !== 'ClientIP')
    dropSame(next, before, ['sessionAffinityConfig']);
  return next;
}

function dropSame(spec: ServiceSpec, before: ServiceSpec, fields: readonly (keyof ServiceSpec)[]): void {
  for (const field of fields) if (isDeepStrictEqual(spec[field], before[field])) delete spec[field];
}

/** A port keeps its node port as long as its number and its protocol stay. */
function withNodePortsOf(ports: readonly ServicePort[], before: readonly ServicePort[]): ServicePort[] {
  const asked = new Set(ports.map(({ nodePort }) => nodePort));
  return ports.map((port) => {
    if (port.nodePort !== undefined && port.nodePort !== 0) return port;
    const same = before.find(
      (one) => one.port === port.port && (one.protocol ?? 'TCP') === (port.protocol ?? 'TCP'),
    );
    const nodePort = same?.nodePort;
    return nodePort === undefined || asked.has(nodePort) ? port : { ...port, nodePort };
  });
}
