/** EndpointSlices: where the packets for a Service go. */
import type { IPFamily } from '../../../ip-family.ts';
import type { StoredObject } from '../../../objects.ts';

export interface SliceEndpoint {
  addresses: string[];
  /** What is absent counts as told: ready, serving, not terminating. */
  conditions?: { ready?: boolean; serving?: boolean; terminating?: boolean };
  hostname?: string;
  nodeName?: string;
  targetRef?: { kind?: string; namespace?: string; name?: string; uid?: string };
}

export interface EndpointPort {
  name?: string;
  protocol?: 'TCP' | 'UDP' | 'SCTP';
  /** Absent: all ports. */
  port?: number;
  appProtocol?: string;
}

export interface EndpointSlice extends StoredObject {
  kind: 'EndpointSlice';
  addressType: IPFamily | 'FQDN';
  endpoints?: SliceEndpoint[];
  ports?: EndpointPort[];
}

/** The label that says whose slice it is. */
export const SERVICE_NAME = 'kubernetes.io/service-name';
/** The label that says who keeps it. */
export const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by';
