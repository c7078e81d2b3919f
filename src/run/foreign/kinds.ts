/** The kinds of policies that a run applies beside NetworkPolicies. */
import type { ServedKind } from '../../kube/kube.ts';
import type { FoundForeignPolicy } from '../../scenario/manifests/inventory.ts';
import { foreignPoliciesOf, type Plan } from '../../scenario/scenario.ts';

/** A kind that is served, and whether its objects belong to the whole cluster. */
export interface ServedPolicyKind extends ServedKind {
  readonly isClusterWide: boolean;
}

/** The kinds of policies that are applied beside NetworkPolicies. */
export interface Serving {
  /** Absent: none. */
  readonly served?: readonly ServedPolicyKind[];
}

/** The kind of a policy among those that are served. */
export function findServed(
  { apiVersion, kind }: Pick<FoundForeignPolicy, 'apiVersion' | 'kind'>,
  served: readonly ServedPolicyKind[],
): ServedPolicyKind | undefined {
  return served.find((one) => one.apiVersion === apiVersion && one.kind === kind);
}

/** The policies of a scenario that hold for the whole cluster, and so for all that runs there. */
export function clusterWideOf(plan: Pick<Plan, 'steps'>): readonly FoundForeignPolicy[] {
  return foreignPoliciesOf(plan).filter(({ namespace }) => namespace === undefined);
}
