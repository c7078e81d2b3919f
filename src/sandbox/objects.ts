/** The Kubernetes objects that the sandbox knows, as far as it reads them. Everything else in them is kept as it came. */
import type { LabelSelector } from './selectors.ts';

export interface ObjectMeta {
  name: string;
  namespace?: string;
  uid?: string;
  resourceVersion?: string;
  generation?: number;
  creationTimestamp?: string;
  deletionTimestamp?: string;
  deletionGracePeriodSeconds?: number;
  generateName?: string;
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  managedFields?: ManagedFields[];
  finalizers?: string[];
}

export interface ManagedFields {
  manager: string;
  operation: 'Apply' | 'Update';
  apiVersion: string;
  time?: string;
  fieldsType: 'FieldsV1';
  fieldsV1: Record<string, unknown>;
  subresource?: string;
}

export interface KubeObject {
  apiVersion: string;
  kind: string;
  metadata: ObjectMeta;
  spec?: unknown;
  status?: unknown;
}

export interface ContainerPort {
  name?: string;
  containerPort: number;
  protocol?: 'TCP' | 'UDP' | 'SCTP';
}

export interface HTTPGetAction {
  path?: string;
  /** A number, or the name of one of the container's ports. */
  port?: number | string;
  /** Whom to visit instead of the pod. */
  host?: string;
  scheme?: string;
  httpHeaders?: { name?: string; value?: string }[];
}

export interface Probe {
  exec?: { command?: string[] };
  httpGet?: HTTPGetAction;
  tcpSocket?: Pick<HTTPGetAction, 'port' | 'host'>;
  grpc?: { port?: number; service?: string };
  initialDelaySeconds?: number;
  timeoutSeconds?: number;
  periodSeconds?: number;
  successThreshold?: number;
  failureThreshold?: number;
  terminationGracePeriodSeconds?: number;
}

export interface Container {
  name: string;
  image?: string;
  command?: string[];
  args?: string[];
  env?: { name: string; value?: string }[];
  ports?: ContainerPort[];
  workingDir?: string;
  livenessProbe?: Probe;
  readinessProbe?: Probe;
  startupProbe?: Probe;
  terminationMessagePolicy?: 'File' | 'FallbackToLogsOnError';
}

export interface ContainerStatus {
  name: string;
  image: string;
  imageID: string;
  ready: boolean;
  started: boolean;
  restartCount: number;
  /** How the container ended before its newest restart. */
  lastState?: ContainerStatus['state'];
  state:
    | { waiting: { reason: string; message?: string } }
    | { running: { startedAt: string } }
    | {
        terminated: {
          exitCode: number;
          signal?: number;
          reason: string;
          message?: string;
          startedAt: string;
          finishedAt: string;
        };
      };
}

export interface PodCondition {
  type: 'PodScheduled' | 'Initialized' | 'ContainersReady' | 'Ready';
  status: 'True' | 'False';
  lastTransitionTime: string;
  reason?: string;
  message?: string;
}

export interface PodStatus {
  phase: 'Pending' | 'Running' | 'Succeeded' | 'Failed';
  conditions?: PodCondition[];
  hostIP?: string;
  podIP?: string;
  podIPs?: { ip: string }[];
  startTime?: string;
  reason?: string;
  message?: string;
  containerStatuses?: ContainerStatus[];
}

export interface Pod extends KubeObject {
  kind: 'Pod';
  spec: {
    containers: Container[];
    nodeName?: string;
    nodeSelector?: Record<string, string>;
    restartPolicy?: 'Always' | 'OnFailure' | 'Never';
    hostNetwork?: boolean;
    hostname?: string;
    initContainers?: Container[];
    [field: string]: unknown;
  };
  status?: PodStatus;
}

export interface Namespace extends KubeObject {
  kind: 'Namespace';
  status?: { phase: 'Active' | 'Terminating' };
}

export interface NodeCondition {
  type: string;
  status: 'True' | 'False';
  reason: string;
  message?: string;
  lastTransitionTime: string;
}

export interface Node extends KubeObject {
  kind: 'Node';
  spec: { podCIDR: string; podCIDRs: string[] };
  status: {
    addresses: { type: 'InternalIP' | 'Hostname'; address: string }[];
    conditions: NodeCondition[];
    nodeInfo: Record<string, string>;
  };
}

export interface PolicyPeer {
  podSelector?: LabelSelector;
  namespaceSelector?: LabelSelector;
  ipBlock?: { cidr: string; except?: string[] };
}

export interface PolicyPort {
  protocol?: 'TCP' | 'UDP' | 'SCTP';
  port?: number | string;
  endPort?: number;
}

export interface NetworkPolicy extends KubeObject {
  kind: 'NetworkPolicy';
  spec: {
    podSelector?: LabelSelector;
    policyTypes?: ('Ingress' | 'Egress')[];
    ingress?: { from?: PolicyPeer[]; ports?: PolicyPort[] }[];
    egress?: { to?: PolicyPeer[]; ports?: PolicyPort[] }[];
  };
}

/** The object type behind each resource name. */
export interface ObjectOf {
  namespaces: Namespace;
  nodes: Node;
  pods: Pod;
  networkpolicies: NetworkPolicy;
}
export type ResourceName = keyof ObjectOf;
