/** Deployments, as far as the sandbox reads them. */
import type { PodOwner } from '../../workloads/template.ts';

export interface RollingUpdate {
  /** How many pods there may be too many while they are replaced: a count, or a part of all. */
  maxSurge: number | string;
  /** How many pods may be missing. */
  maxUnavailable: number | string;
}

export interface DeploymentCondition {
  type: 'Available' | 'Progressing';
  status: 'True' | 'False';
  reason: string;
  message: string;
  lastUpdateTime: string;
  lastTransitionTime: string;
}

export interface Deployment extends PodOwner {
  kind: 'Deployment';
  spec: PodOwner['spec'] & {
    replicas?: number;
    strategy?: { type?: string; rollingUpdate?: Partial<RollingUpdate> };
    revisionHistoryLimit?: number;
    paused?: boolean;
  };
  status?: {
    observedGeneration?: number;
    replicas: number;
    updatedReplicas: number;
    readyReplicas: number;
    availableReplicas: number;
    unavailableReplicas: number;
    conditions: DeploymentCondition[];
  };
}
