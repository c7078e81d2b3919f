/** DaemonSets, as far as the sandbox reads them. */
import type { PodOwner } from '../../workloads/template.ts';

export interface DaemonSet extends PodOwner {
  kind: 'DaemonSet';
  spec: PodOwner['spec'] & {
    updateStrategy?: {
      type?: string;
      rollingUpdate?: { maxUnavailable?: number | string; maxSurge?: number | string };
    };
  };
  status?: {
    observedGeneration?: number;
    currentNumberScheduled: number;
    desiredNumberScheduled: number;
    numberAvailable: number;
    numberMisscheduled: number;
    numberReady: number;
    numberUnavailable: number;
    updatedNumberScheduled: number;
  };
}
