/** Services, and the pods behind them. */
import { objectKey } from '../keys.ts';
import { endpointKey } from './endpoint.ts';
import type { Labels } from './labels.ts';
import type { ServicePath } from './path.ts';
import type { Protocol } from './protocol.ts';

/** A Service of a scenario, whose selector finds its pods. */
export interface PlannedService {
  readonly namespace: string;
  readonly name: string;
  readonly selector: Labels;
  readonly ports: readonly PlannedServicePort[];
  /** It has no address of its own: its name gives those of its pods (D27). */
  readonly headless?: true;
  /** It has a port on every node as well; absent: it is of type ClusterIP. */
  readonly type?: NodePortType;
  /** A node leads to its own pods alone, and clients keep their addresses (D25); absent: Cluster, to all pods. */
  readonly externalTrafficPolicy?: 'Local';
}

/** The types of Services that have ports on nodes. */
export const NODE_PORT_TYPES = ['NodePort', 'LoadBalancer'] as const;
type NodePortType = (typeof NODE_PORT_TYPES)[number];

export interface PlannedServicePort {
  readonly name?: string;
  readonly port: number;
  readonly protocol: Protocol;
  /** The number or the name of a port of its pods. */
  readonly targetPort: number | string;
  /** Its port on every node; absent: it has none, or whichever is free. */
  readonly nodePort?: number;
}

/** A pod behind a port of a Service. */
export interface ServiceBackend {
  /** `namespace/name` */
  readonly pod: string;
  /** Its own: what policies hold against their rules (D13). */
  readonly port: number;
}

interface SelectablePod {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly ports: readonly { readonly name?: string; readonly port: number; readonly protocol: Protocol }[];
}

/** `service/shop/api` */
export function serviceKey({ namespace, name }: Pick<PlannedService, 'namespace' | 'name'>): string {
  return endpointKey({ kind: 'service', namespace, name });
}

/** The pods that a Service selects. */
export function podsBehind<Pod extends SelectablePod>(
  { namespace, selector }: Pick<PlannedService, 'namespace' | 'selector'>,
  pods: readonly Pod[],
): readonly Pod[] {
  const wanted = Object.entries(selector);
  return pods.filter(
    (pod) => pod.namespace === namespace && wanted.every(([key, value]) => pod.labels[key] === value),
  );
}

/**
 * Who answers for a port of a Service: its pods, each on its own port. A pod without a port of the name that the Service asks for is
 * none of them. Of a Service without an address nothing is translated: whoever has looked its name up connects to the port that they know.
 */
export function backendsOf(
  service: PlannedService,
  { port, protocol, targetPort }: PlannedServicePort,
  pods: readonly SelectablePod[],
): readonly ServiceBackend[] {
  const target = service.headless === true ? port : targetPort;
  return podsBehind(service, pods).flatMap((pod) => {
    const own =
      typeof target === 'number'
        ? target
        : pod.ports.find((one) => one.name === target && one.protocol === protocol)?.port;
    return own === undefined ? [] : [{ pod: objectKey(pod), port: own }];
  });
}

/** The ways to a Service. */
export function pathsTo({
  headless,
  type,
}: Pick<PlannedService, 'headless' | 'type'>): readonly ServicePath[] {
  if (headless === true) return ['dns'];
  return type === undefined ? ['clusterIP', 'dns'] : ['clusterIP', 'dns', 'nodePort'];
}

/** The name that DNS has for it, whatever domains are searched. */
export function dnsNameOf({ namespace, name }: Pick<PlannedService, 'namespace' | 'name'>): string {
  return `${name}.${namespace}.svc.cluster.local.`;
}

/** The pods that a check goes to: one, or all behind its Service. */
export function destinationsOf({
  to,
  backends,
}: {
  readonly to: string;
  readonly backends?: readonly ServiceBackend[];
}): readonly string[] {
  return backends?.map(({ pod }) => pod) ?? [to];
}
