/** Services, as far as the sandbox reads them. */
import type { IPFamily } from '../../../ip-family.ts';
import type { StoredObject } from '../../../objects.ts';

export type ServiceType = 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName';
/** `Local`: only endpoints on the node that translates. */
export type TrafficPolicy = 'Cluster' | 'Local';

export interface ServicePort {
  name?: string;
  protocol?: 'TCP' | 'UDP' | 'SCTP';
  port: number;
  /** A number, or the name of a port of each pod (D14). */
  targetPort?: number | string;
  nodePort?: number;
  appProtocol?: string;
}

export interface Service extends StoredObject {
  kind: 'Service';
  spec: {
    type?: ServiceType;
    selector?: Record<string, string>;
    ports?: ServicePort[];
    /** `None`: headless. */
    clusterIP?: string;
    clusterIPs?: string[];
    ipFamilies?: IPFamily[];
    ipFamilyPolicy?: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack';
    externalName?: string;
    internalTrafficPolicy?: TrafficPolicy;
    externalTrafficPolicy?: TrafficPolicy;
    publishNotReadyAddresses?: boolean;
    sessionAffinity?: 'None' | 'ClientIP';
    sessionAffinityConfig?: { clientIP?: { timeoutSeconds?: number } };
    allocateLoadBalancerNodePorts?: boolean;
    [field: string]: unknown;
  };
}

/** In place of an address: the Service's name stands for its endpoints. */
export const NO_CLUSTER_IP = 'None';

export type ServiceSpec = Service['spec'];

export function isHeadless({ clusterIP }: ServiceSpec): boolean {
  return clusterIP === NO_CLUSTER_IP;
}

/** Every type but ExternalName; a headless Service has `None` where others have an address. */
export function hasClusterIP({ type }: ServiceSpec): boolean {
  return type !== 'ExternalName';
}

export function hasNodePorts({ type }: ServiceSpec): boolean {
  return type === 'NodePort' || type === 'LoadBalancer';
}
