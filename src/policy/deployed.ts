/** What manifests deploy, as policies see it. */
import type { Location } from '../errors.ts';
import type { Labels } from '../model/labels.ts';
import type { PolicyNamespace, PolicyPod, WrittenPolicy } from './model.ts';

export interface DeployedState {
  /** As a person calls it: a path, or a revision. */
  readonly name: string;
  /** The commit, where it is a revision. */
  readonly commit?: string;
  readonly namespaces: readonly PolicyNamespace[];
  readonly workloads: readonly DeployedWorkload[];
  readonly policies: readonly DeployedPolicy[];
  /** What is not as its author may think, or is not taken into account. */
  readonly doubts: readonly DeployedDoubt[];
}

/** Its pods, which are all alike to policies. */
export interface DeployedWorkload extends Pick<PolicyPod, 'namespace' | 'name' | 'ports'> {
  readonly kind: string;
  readonly labels: Labels;
  readonly hostNetwork: boolean;
  readonly location: Location;
}

export interface DeployedPolicy extends WrittenPolicy {
  readonly text: string;
  readonly location: Location;
}

export interface DeployedDoubt {
  readonly message: string;
  readonly location?: Location;
  readonly advice?: string;
}
