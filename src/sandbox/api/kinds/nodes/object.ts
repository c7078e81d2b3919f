/** Nodes, as the sandbox makes them. */
import type { StoredObject } from '../../../objects.ts';

export interface NodeCondition {
  type: string;
  status: 'True' | 'False';
  reason: string;
  message?: string;
  lastTransitionTime: string;
}

export interface Node extends StoredObject {
  kind: 'Node';
  spec: { podCIDR: string; podCIDRs: string[] };
  status: {
    /** Processors, as Kubernetes writes quantities: those of the machine, and those that processes may use. */
    capacity: { cpu: string };
    allocatable: { cpu: string };
    addresses: { type: 'InternalIP' | 'Hostname'; address: string }[];
    conditions: NodeCondition[];
    nodeInfo: Record<string, string>;
  };
}
