/** Policies of other kinds that hold for a whole cluster, and may decide over those of a scenario. */
import { kindsOf, versionsByGroup } from '../../kube/discovery.ts';
import { wordsOf } from '../../kube/errors.ts';
import type { Kube } from '../../kube/kube.ts';
import { nameKind, POLICY_KINDS } from '../../model/policy-kind.ts';

/** How many of a kind are named. */
const NAMED = 5;

interface ClusterPolicyKind {
  readonly group: string;
  /** The plural name in the API. */
  readonly resource: string;
  /** What it is called where it is told. */
  readonly label: string;
}

export const CLUSTER_POLICIES: readonly ClusterPolicyKind[] = POLICY_KINDS.filter(
  ({ isClusterWide, decides }) => isClusterWide && decides,
).map((kind) => ({ group: kind.group, resource: kind.resource, label: nameKind(kind) }));

interface ObjectList {
  readonly items?: readonly { readonly metadata?: { readonly name?: string } }[];
}

export interface ClusterPolicies {
  /** Of each kind that has any: `2 Calico GlobalNetworkPolicy objects (a, b)`. */
  readonly found: readonly string[];
  /** A sentence for each kind that could not be looked at. */
  readonly refused: readonly string[];
}

/**
 * Looks for policies of all kinds that hold for a whole cluster.
 * @throws what the API server says where that is not about a kind, and the signal's reason
 */
export async function findClusterPolicies(
  kube: Pick<Kube, 'read'>,
  signal: AbortSignal,
): Promise<ClusterPolicies> {
  const groups = await versionsByGroup(kube, signal);
  const found = new Map<string, readonly string[]>();
  const refused = new Map<string, string>();
  for (const [name, versions] of groups) {
    for (const kind of CLUSTER_POLICIES.filter(({ group }) => group === name)) {
      if (found.get(kind.label)?.length) continue;
      try {
        const names = await namesOf(kind, versions, kube, signal);
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
  { resource }: ClusterPolicyKind,
  versions: readonly string[],
  kube: Pick<Kube, 'read'>,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  for (const version of versions) {
    const kinds = await kindsOf(version, kube, signal);
    if (!kinds.some(({ plural }) => plural === resource)) continue;
    // An answer of the API: each field is read as optional.
    const { items = [] } = ((await kube.read(`/apis/${version}/${resource}`, { signal })) ??
      {}) as ObjectList;
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
