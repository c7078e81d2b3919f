/** The endpoints of a Service from the pods that it selects, as pure functions. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { familyOf, type IPFamily } from '../../../ip-family.ts';
import { hasEnded } from '../pods/ending.ts';
import type { Pod } from '../pods/object.ts';
import { outsideAddressesOf } from '../pods/outside.ts';
import { isPodReady } from '../pods/readiness.ts';
import type { Service } from '../services/object.ts';
import type { EndpointPort, SliceEndpoint } from './object.ts';

/** What one EndpointSlice holds. */
export interface SliceContent {
  /** Another for each of a Service's slices, and the same as long as its ports are. */
  readonly suffix: string;
  readonly addressType: IPFamily;
  readonly ports: EndpointPort[];
  readonly endpoints: SliceEndpoint[];
}

/** A slice holds this many endpoints at most. */
const ENDPOINTS_PER_SLICE = 100;

/** Whether two states of a pod may make different endpoints. */
export function isSameEndpoint(pod: Pod | undefined, other: Pod | undefined): boolean {
  return isDeepStrictEqual(pod && traitsOf(pod), other && traitsOf(other));
}

/** The addresses at which a pod may be an endpoint: one that has ended has none any more (D26), and one outside the cluster is none. */
function addressesOf({ metadata, status }: Pod): readonly string[] {
  if (hasEnded(status) || outsideAddressesOf(metadata) !== undefined) return [];
  return (status?.podIPs ?? []).map(({ ip }) => ip);
}

/** All that {@link slicesOf} looks at. */
function traitsOf(pod: Pod): unknown {
  const { metadata, spec } = pod;
  const addresses = addressesOf(pod);
  if (addresses.length === 0) return undefined;
  const ports = spec.containers.map((container) => container.ports);
  const { hostname, subdomain, nodeName } = spec;
  const isLeaving = metadata.deletionTimestamp !== undefined;
  return [
    metadata.uid,
    metadata.labels,
    addresses,
    isPodReady(pod),
    isLeaving,
    ports,
    hostname,
    subdomain,
    nodeName,
  ];
}

/**
 * Those of each of the Service's families. Pods that give the Service's ports the same numbers share a slice. Without endpoints there
 * is one that is empty.
 * @param pods those of the Service's namespace that its selector matches
 */
export function slicesOf(service: Service, pods: readonly Pod[]): SliceContent[] {
  const { ipFamilies = ['IPv4'] } = service.spec;
  return ipFamilies.flatMap((family) => slicesOfFamily(service, family, pods));
}

function slicesOfFamily(
  { metadata, spec }: Service,
  addressType: IPFamily,
  pods: readonly Pod[],
): SliceContent[] {
  const groups = new Map<string, { ports: EndpointPort[]; endpoints: SliceEndpoint[] }>();
  for (const pod of pods) {
    const address = addressesOf(pod).find((one) => familyOf(one) === addressType);
    if (address === undefined) continue;
    const endpoint = endpointOf(pod, address, metadata.name, spec.publishNotReadyAddresses === true);
    const ports = portsOn(pod, spec);
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, endpoints: [] };
    groups.set(key, group);
    group.endpoints.push(endpoint);
  }
  if (groups.size === 0) groups.set('[]', { ports: [], endpoints: [] });
  return [...groups].flatMap(([key, { ports, endpoints }]) =>
    chunksOf(endpoints).map((chunk, index) => ({
      suffix: suffixOf(`${addressType}${key}${index}`),
      addressType,
      ports,
      endpoints: chunk,
    })),
  );
}

function chunksOf(endpoints: readonly SliceEndpoint[]): SliceEndpoint[][] {
  const count = Math.max(1, Math.ceil(endpoints.length / ENDPOINTS_PER_SLICE));
  return Array.from({ length: count }, (_, index) =>
    endpoints.slice(index * ENDPOINTS_PER_SLICE, (index + 1) * ENDPOINTS_PER_SLICE),
  );
}

/** Five characters, as generated names have. */
function suffixOf(text: string): string {
  return BigInt(`0x${createHash('sha256').update(text).digest('hex')}`)
    .toString(36)
    .slice(0, 5);
}

function endpointOf(pod: Pod, address: string, service: string, publishesUnready: boolean): SliceEndpoint {
  const { metadata, spec } = pod;
  const terminating = metadata.deletionTimestamp !== undefined;
  const serving = isPodReady(pod);
  return {
    addresses: [address],
    conditions: { ready: publishesUnready || (serving && !terminating), serving, terminating },
    ...(spec.hostname !== undefined && spec['subdomain'] === service ? { hostname: spec.hostname } : {}),
    ...(spec.nodeName === undefined ? {} : { nodeName: spec.nodeName }),
    targetRef: {
      kind: 'Pod',
      namespace: metadata.namespace ?? '',
      name: metadata.name,
      uid: metadata.uid ?? '',
    },
  };
}

/** D14: a name stands for another number on each pod, and on a pod without it for none. */
function portsOn({ spec }: Pod, { ports = [] }: Service['spec']): EndpointPort[] {
  const declared = spec.containers.flatMap((container) => container.ports ?? []);
  return ports.flatMap(({ name = '', protocol = 'TCP', port, targetPort = port, appProtocol }) => {
    const number =
      typeof targetPort === 'number'
        ? targetPort
        : declared.find((one) => one.name === targetPort && (one.protocol ?? 'TCP') === protocol)
            ?.containerPort;
    if (number === undefined) return [];
    return [{ name, protocol, port: number, ...(appProtocol === undefined ? {} : { appProtocol }) }];
  });
}
