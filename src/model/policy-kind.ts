/** The kinds of policies beside NetworkPolicy that podreach applies. What they mean is for the network plugin to say. */

export interface PolicyKind {
  readonly group: string;
  readonly kind: string;
  /** The plural name in the API. */
  readonly resource: string;
  /** Whose kind it is, where the kind alone does not say so. */
  readonly vendor?: string;
  /** Whether its objects belong to the whole cluster, and to no namespace. */
  readonly isClusterWide: boolean;
  /** Whether it decides about connections. A set only holds what policies speak of. */
  readonly decides: boolean;
}

type KindRow = readonly [kind: string, resource: string, isClusterWide: boolean, decides?: boolean];

function kindsOf(group: string, vendor: string | undefined, rows: readonly KindRow[]): readonly PolicyKind[] {
  return rows.map(([kind, resource, isClusterWide, decides = true]) => ({
    group,
    kind,
    resource,
    ...(vendor === undefined ? {} : { vendor }),
    isClusterWide,
    decides,
  }));
}

const OF_CALICO: readonly KindRow[] = [
  ['NetworkPolicy', 'networkpolicies', false],
  ['GlobalNetworkPolicy', 'globalnetworkpolicies', true],
  ['NetworkSet', 'networksets', false, false],
  ['GlobalNetworkSet', 'globalnetworksets', true, false],
];

/**
 * Calico serves its kinds in a group of its own, or through the API server in another. The two kinds of the Network Policy API before
 * ClusterNetworkPolicy are still served by older plugins.
 */
export const POLICY_KINDS: readonly PolicyKind[] = [
  ...kindsOf('projectcalico.org', 'Calico', OF_CALICO),
  ...kindsOf('crd.projectcalico.org', 'Calico', OF_CALICO),
  ...kindsOf('cilium.io', undefined, [
    ['CiliumNetworkPolicy', 'ciliumnetworkpolicies', false],
    ['CiliumClusterwideNetworkPolicy', 'ciliumclusterwidenetworkpolicies', true],
  ]),
  ...kindsOf('crd.antrea.io', 'Antrea', [
    ['NetworkPolicy', 'networkpolicies', false],
    ['ClusterNetworkPolicy', 'clusternetworkpolicies', true],
  ]),
  ...kindsOf('policy.networking.k8s.io', undefined, [
    ['ClusterNetworkPolicy', 'clusternetworkpolicies', true],
    ['AdminNetworkPolicy', 'adminnetworkpolicies', true],
    ['BaselineAdminNetworkPolicy', 'baselineadminnetworkpolicies', true],
  ]),
];

/** `Calico GlobalNetworkPolicy`, `CiliumNetworkPolicy` */
export function nameKind({ vendor, kind }: Pick<PolicyKind, 'vendor' | 'kind'>): string {
  return vendor === undefined ? kind : `${vendor} ${kind}`;
}
