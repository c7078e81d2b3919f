/** Policies of other kinds that hold for a whole cluster, and may decide over those of a scenario. */
import { wordsOf } from '../../kube/errors.ts';
import type { Kube } from '../../kube/kube.ts';

/** How many of a kind are named. */
const NAMED = 5;

interface PolicyKind {
  readonly group: string;
  /** The plural name in the API. */
  readonly resource: string;
  /** What it is called where it is told. */
  readonly label: string;
}

/**
 * Calico serves its policies in a group of its own, or through the API server in another; where it does both, they are the same
 * ones. The two kinds of the Network Policy API before ClusterNetworkPolicy are still served by older plugins.
 */
export const CLUSTER_POLICIES: readonly PolicyKind[] = [
  { group: 'projectcalico.org', resource: 'globalnetworkpolicies', label: 'Calico GlobalNetworkPolicy' },
  { group: 'crd.projectcalico.org', resource: 'globalnetworkpolicies', label: 'Calico GlobalNetworkPolicy' },
  {
    group: 'cilium.io',
    resource: 'ciliumclusterwidenetworkpolicies',
    label: 'CiliumClusterwideNetworkPolicy',
  },
  { group: 'crd.antrea.io', resource: 'clusternetworkpolicies', label: 'Antrea ClusterNetworkPolicy' },
  { group: 'policy.networking.k8s.io', resource: 'clusternetworkpolicies', label: 'ClusterNetworkPolicy' },
  { group: 'policy.networking.k8s.io', resource: 'adminnetworkpolicies', label: 'AdminNetworkPolicy' },
  {
    group: 'policy.networking.k8s.io',
    resource: 'baselineadminnetworkpolicies',
    label: 'BaselineAdminNetworkPolicy',
  },
];

interface GroupList {
  readonly groups?: readonly {
    readonly name?: string;
    readonly versions?: readonly { readonly groupVersion?: string }[];
  }[];
}

interface ResourceList {
  readonly resources?: readonly { readonly name?: string }[];
}

interface ObjectList {
  readonly items?: readonly { readonly metadata?: { readonly name?: string } }[];
}

type Reader = (path: string) => Promise<unknown>;

export interface ClusterPolicies {
  /** Of each kind that has any: `2 Calico GlobalNetworkPolicy objects (a, b)`. */
  readonly found: readonly string[];
  /** A sentence for each kind that could not be looked at. */
  readonly refused: readonly string[];
}

/**
 * Looks for policies of all kinds that hold for a whole cluster.
 * @throws what `read` throws where that is not about a kind, and the signal's reason
 */
export async function findClusterPolicies(
  kube: Pick<Kube, 'read'>,
  signal: AbortSignal,
): Promise<ClusterPolicies> {
  const read: Reader = (path) => kube.read(path, { signal });
  // Answers of the API: each field is read as optional.
  const { groups = [] } = ((await read('/apis')) ?? {}) as GroupList;
  const found = new Map<string, readonly string[]>();
  const refused = new Map<string, string>();
  for (const { name, versions = [] } of groups) {
    for (const kind of CLUSTER_POLICIES.filter(({ group }) => group === name)) {
      if (found.get(kind.label)?.length) continue;
      const served = versions.flatMap(({ groupVersion }) => groupVersion ?? []);
      try {
        const names = await namesOf(kind, served, read);
        if (names !== undefined) found.set(kind.label, names);
      } catch (thrown) {
        signal.throwIfAborted();
        refused.set(kind.label, wordsOf(thrown));
      }
    }
  }
  return {
    found: [...found].flatMap(([label, names]) => (names.length === 0 ? [] : [describeFound(label, names)])),
    refused: [...refused].flatMap(([label, words]) =>
      found.has(label) ? [] : [`could not look at objects of the kind ${label}: ${words}`],
    ),
  };
}

/**
 * The objects of a kind, in the first version of its group that has it: an API server names the one it prefers first. Undefined where
 * none has it.
 */
async function namesOf(
  { resource }: PolicyKind,
  versions: readonly string[],
  read: Reader,
): Promise<readonly string[] | undefined> {
  for (const version of versions) {
    const { resources = [] } = ((await read(`/apis/${version}`)) ?? {}) as ResourceList;
    if (!resources.some(({ name }) => name === resource)) continue;
    const { items = [] } = ((await read(`/apis/${version}/${resource}`)) ?? {}) as ObjectList;
    return items.flatMap(({ metadata }) => metadata?.name ?? []);
  }
  return undefined;
}

function describeFound(label: string, names: readonly string[]): string {
  const objects = names.length === 1 ? 'object' : 'objects';
  return `${names.length} ${label} ${objects} (${summarise(names)})`;
}

function summarise(names: readonly string[]): string {
  const more = names.length - NAMED;
  return [...names.slice(0, NAMED), ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
}
