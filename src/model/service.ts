/** Services, and the pods behind them. */
import { objectKey } from '../keys.ts';
import { endpointKey, isService } from './endpoint.ts';
import type { Family } from './family.ts';
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
  /** As its manifest says; absent: it says nothing. */
  readonly ipFamilies?: readonly Family[];
  readonly ipFamilyPolicy?: string;
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

/** A Service that is there already: its ports, and who is behind them, are for the cluster to say. */
export interface ExistingService {
  readonly namespace: string;
  readonly name: string;
}

/** The Service in front of the API server. No pods are behind it, on any cluster (D24). */
export const API_SERVER: ExistingService = { namespace: 'default', name: 'kubernetes' };

/** Who answers for a port of a Service that is there already. */
export interface ExistingEndpoint {
  readonly address: string;
  /** Its own: what policies hold against their rules (D13). */
  readonly port: number;
  /** The node whose address it has. */
  readonly node?: string;
  /** The pod that it is; absent: it is none, or nothing is known of it. */
  readonly pod?: EndpointPod;
}

/** A pod that is not of the scenario, as policies see it. */
export interface EndpointPod extends SelectablePod {
  readonly namespaceLabels: Labels;
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
export function serviceKey({ namespace, name }: ExistingService): string {
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

/** Those that are tried, without those that its manifest says it has not. */
export function familiesOfService(
  { ipFamilies, ipFamilyPolicy = 'SingleStack' }: Pick<PlannedService, 'ipFamilies' | 'ipFamilyPolicy'>,
  tried: readonly Family[] | undefined,
): readonly Family[] | undefined {
  if (ipFamilies === undefined || ipFamilyPolicy !== 'SingleStack') return tried;
  return tried?.filter((family) => ipFamilies.includes(family));
}

/** The name that DNS has for it, whatever domains are searched. */
export function dnsNameOf({ namespace, name }: ExistingService): string {
  return `${name}.${namespace}.svc.cluster.local.`;
}

/** Whether a check goes to a Service that is there already. */
export function isOfExisting({
  to,
  backends,
}: {
  readonly to: string;
  readonly backends?: readonly ServiceBackend[];
}): boolean {
  return isService(to) && backends === undefined;
}

/** What a check goes to, by key: a pod or host, all pods behind its Service, or a Service that is there already. */
export function destinationsOf({
  to,
  backends,
}: {
  readonly to: string;
  readonly backends?: readonly ServiceBackend[];
}): readonly string[] {
  return backends?.map(({ pod }) => pod) ?? [to];
}
