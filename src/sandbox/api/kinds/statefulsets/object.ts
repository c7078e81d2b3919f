/** StatefulSets, as far as the sandbox reads them. */
import type { PodOwner } from '../../workloads/template.ts';

export interface StatefulSet extends PodOwner {
  kind: 'StatefulSet';
  spec: PodOwner['spec'] & {
    replicas?: number;
    serviceName?: string;
    podManagementPolicy?: string;
    updateStrategy?: { type?: string; rollingUpdate?: { partition?: number } };
    ordinals?: { start?: number };
    volumeClaimTemplates?: unknown[];
  };
  status?: {
    observedGeneration?: number;
    replicas: number;
    readyReplicas: number;
    availableReplicas: number;
    currentReplicas: number;
    updatedReplicas: number;
    currentRevision: string;
    updateRevision: string;
  };
}
