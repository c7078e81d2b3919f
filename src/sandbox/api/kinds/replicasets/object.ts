/** ReplicaSets, as far as the sandbox reads them. */
import type { PodOwner } from '../../workloads/template.ts';

export interface ReplicaSet extends PodOwner {
  kind: 'ReplicaSet';
  spec: PodOwner['spec'] & { replicas?: number };
  status?: {
    replicas: number;
    fullyLabeledReplicas: number;
    readyReplicas: number;
    availableReplicas: number;
    observedGeneration?: number;
  };
}
