/** The endpoints of a Service from the pods that it selects, as pure functions. */
import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
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
  readonly ports: EndpointPort[];
  readonly endpoints: SliceEndpoint[];
}

/** A slice holds this many endpoints at most. */
const ENDPOINTS_PER_SLICE = 100;

/** Whether two states of a pod may make different endpoints. */
export function isSameEndpoint(pod: Pod | undefined, other: Pod | undefined): boolean {
  return isDeepStrictEqual(pod && traitsOf(pod), other && traitsOf(other));
}

/** The address at which a pod may be an endpoint: one that has ended has none any more (D26), and one outside the cluster is none. */
function addressOf({ metadata, status }: Pod): string | undefined {
  return hasEnded(status) || outsideAddressesOf(metadata) !== undefined ? undefined : status?.podIP;
}

/** All that {@link slicesOf} looks at. */
function traitsOf(pod: Pod): unknown {
  const { metadata, spec } = pod;
  const address = addressOf(pod);
  if (address === undefined) return undefined;
  const ports = spec.containers.map((container) => container.ports);
  const { hostname, subdomain, nodeName } = spec;
  const isLeaving = metadata.deletionTimestamp !== undefined;
  return [
    metadata.uid,
    metadata.labels,
    address,
    isPodReady(pod),
    isLeaving,
    ports,
    hostname,
    subdomain,
    nodeName,
  ];
}

/**
 * Pods that give the Service's ports the same numbers share a slice. A Service without endpoints has one that is empty.
 * @param pods those of the Service's namespace that its selector matches
 */
export function slicesOf({ metadata, spec }: Service, pods: readonly Pod[]): SliceContent[] {
  const groups = new Map<string, { ports: EndpointPort[]; endpoints: SliceEndpoint[] }>();
  for (const pod of pods) {
    const endpoint = endpointOf(pod, metadata.name, spec.publishNotReadyAddresses === true);
    if (endpoint === undefined) continue;
    const ports = portsOn(pod, spec);
    const key = JSON.stringify(ports);
    const group = groups.get(key) ?? { ports, endpoints: [] };
    groups.set(key, group);
    group.endpoints.push(endpoint);
  }
  if (groups.size === 0) groups.set('[]', { ports: [], endpoints: [] });
  return [...groups].flatMap(([key, { ports, endpoints }]) =>
    chunksOf(endpoints).map((chunk, index) => ({
      suffix: suffixOf(`${key}${index}`),
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

function endpointOf(pod: Pod, service: string, publishesUnready: boolean): SliceEndpoint | undefined {
  const { metadata, spec } = pod;
  const address = addressOf(pod);
  if (address === undefined) return undefined;
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
