/** Jobs, as far as the sandbox reads them. */
import type { PodOwner } from '../../workloads/template.ts';

export interface JobCondition {
  type: 'Complete' | 'Failed' | 'Suspended';
  status: 'True' | 'False';
  reason: string;
  message: string;
  lastProbeTime: string;
  lastTransitionTime: string;
}

export interface BatchJob extends PodOwner {
  kind: 'Job';
  spec: PodOwner['spec'] & {
    parallelism?: number;
    /** Absent: one success ends it, once all its pods have ended. */
    completions?: number;
    backoffLimit?: number;
    activeDeadlineSeconds?: number;
    ttlSecondsAfterFinished?: number;
    suspend?: boolean;
    completionMode?: string;
    manualSelector?: boolean;
  };
  status?: {
    active: number;
    ready: number;
    succeeded: number;
    failed: number;
    startTime?: string;
    completionTime?: string;
    conditions?: JobCondition[];
  };
}
