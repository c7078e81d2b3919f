/** Pods, as far as the sandbox reads them. */
import type { StoredObject } from '../../../objects.ts';

export interface ContainerPort {
  name?: string;
  containerPort: number;
  /** The port of the node: on its network the same, elsewhere the sandbox leads none to the pod. */
  hostPort?: number;
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
  hostIPs?: { ip: string }[];
  podIP?: string;
  podIPs?: { ip: string }[];
  startTime?: string;
  reason?: string;
  message?: string;
  containerStatuses?: ContainerStatus[];
}

/** What a pod's name resolution has beside what its policy gives it. */
export interface PodDnsConfig {
  nameservers?: string[];
  searches?: string[];
  options?: { name: string; value?: string }[];
}

export interface Pod extends StoredObject {
  kind: 'Pod';
  spec: {
    containers: Container[];
    nodeName?: string;
    nodeSelector?: Record<string, string>;
    restartPolicy?: 'Always' | 'OnFailure' | 'Never';
    hostNetwork?: boolean;
    hostname?: string;
    subdomain?: string;
    dnsPolicy?: string;
    dnsConfig?: PodDnsConfig;
    initContainers?: Container[];
    [field: string]: unknown;
  };
  status?: PodStatus;
}
