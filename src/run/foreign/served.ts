/** Before anything is created: does the cluster serve the kinds of the policies that are none of NetworkPolicy, and are their names free? */
import type { Cluster } from '../../cluster/cluster.ts';
import { PodreachError } from '../../errors.ts';
import { kindsOf, versionsByGroup } from '../../kube/discovery.ts';
import type { Kube, KubeObject } from '../../kube/kube.ts';
import { POLICY_KINDS } from '../../model/policy-kind.ts';
import { RUN_LABEL } from '../../probe/manifest.ts';
import type { FoundForeignPolicy } from '../../scenario/manifests/inventory.ts';
import { foreignPoliciesOf, type Plan } from '../../scenario/scenario.ts';
import { cleanCommand } from '../clean-command.ts';
import type { Cleaning } from '../cleanup.ts';
import type { Requesting } from '../context.ts';
import { clusterWideOf, findServed, type ServedPolicyKind } from './kinds.ts';

/**
 * Asks the cluster for the kinds of all such policies.
 * @throws PodreachError `kind-not-served` with every kind that it does not serve; what the API server says
 */
export async function discoverKinds(
  plans: readonly Plan[],
  cluster: Pick<Cluster, 'kind'>,
  { kube, signal }: Requesting<'read' | 'context'>,
): Promise<readonly ServedPolicyKind[]> {
  const policies = plans.flatMap(foreignPoliciesOf);
  const versions = [...new Set(policies.map(({ apiVersion }) => apiVersion))];
  const known = (await Promise.all(versions.map((version) => kindsOf(version, kube, signal)))).flat();
  const kinds = Map.groupBy(policies, ({ apiVersion, kind }) => `${kind} (${apiVersion})`);
  const served: ServedPolicyKind[] = [];
  const missing: string[] = [];
  for (const [kind, all] of kinds) {
    const [first] = all;
    const found = known.find((one) => one.apiVersion === first?.apiVersion && one.kind === first.kind);
    if (first === undefined) continue;
    if (found === undefined) missing.push(`${kind}, the kind of ${namePlaces(all)}`);
    else served.push({ ...found, isClusterWide: first.policyKind.isClusterWide });
  }
  if (missing.length === 0) return served;
  throw new PodreachError(
    'kind-not-served',
    `${nameCluster(cluster, kube.context)} does not serve ${missing.join('; nor ')}`,
    {
      hint: 'Nothing was created. Choose a cluster whose network plugin serves it with --cluster context, or leave these policies out: name the files beside them one by one, or with a glob.',
    },
  );
}

/**
 * The kinds of policies of the whole cluster that it serves, each in the version that the server prefers.
 * @throws what the API server says
 */
export async function clusterWideKinds(
  kube: Pick<Kube, 'read'>,
  signal?: AbortSignal,
): Promise<readonly ServedPolicyKind[]> {
  const versions = await versionsByGroup(kube, signal);
  const wanted = POLICY_KINDS.filter(({ isClusterWide, group }) => isClusterWide && versions.has(group));
  const groups = [...new Set(wanted.map(({ group }) => group))];
  const found = await Promise.all(
    groups.map(async (group) => {
      const own = versions.get(group) ?? [];
      return (await Promise.all(own.map((version) => kindsOf(version, kube, signal)))).flat();
    }),
  );
  return wanted.flatMap(({ group, kind }) => {
    const served = found[groups.indexOf(group)]?.find((one) => one.kind === kind);
    return served === undefined ? [] : [{ ...served, isClusterWide: true }];
  });
}

function namePlaces(policies: readonly FoundForeignPolicy[]): string {
  const [first, ...others] = policies.map(
    ({ namespace, name, location: { file, line } }) =>
      `${namespace === undefined ? name : `${namespace}/${name}`} (${file}:${line})`,
  );
  return others.length === 0 ? `${first}` : `${first} and ${others.length} more`;
}

function nameCluster({ kind }: Pick<Cluster, 'kind'>, context: string): string {
  if (kind === 'sandbox') return 'the sandbox';
  return kind === 'kind' ? 'the kind cluster' : `the cluster of context "${context}"`;
}

/**
 * Refuses a run that would have to change policies of the whole cluster that are there already: they belong to somebody else, if only to
 * an earlier run.
 * @throws PodreachError `policy-exists` with all of them
 */
export async function refuseExisting(
  plans: readonly Plan[],
  served: readonly ServedPolicyKind[],
  context: Requesting<'list'> & Pick<Cleaning, 'cleanWith'>,
): Promise<void> {
  const wanted = plans.flatMap(clusterWideOf);
  const lists = await Promise.all(
    served
      .filter(({ isClusterWide }) => isClusterWide)
      .map(async (kind) => ({ kind, objects: await context.kube.list({ resource: kind }, context) })),
  );
  const taken = lists.flatMap(({ kind, objects }) => {
    const names = new Map(objects.map((object) => [object.metadata.name, object]));
    const own = wanted.filter((policy) => findServed(policy, [kind]) !== undefined);
    return own.flatMap((policy) => {
      const object = names.get(policy.name);
      return object === undefined ? [] : [{ policy, object }];
    });
  });
  if (taken.length > 0) throw alreadyThere(taken, context);
}

function alreadyThere(
  taken: readonly { readonly policy: FoundForeignPolicy; readonly object: KubeObject }[],
  { cleanWith }: Pick<Cleaning, 'cleanWith'>,
): PodreachError {
  const titles = [...new Set(taken.map(({ policy: { title } }) => title))];
  const runs = [...new Set(taken.flatMap(({ object }) => object.metadata.labels?.[RUN_LABEL] ?? []))];
  const isLeft = taken.every(({ object }) => object.metadata.labels?.[RUN_LABEL] !== undefined);
  const are = titles.length === 1 ? 'exists' : 'exist';
  return new PodreachError(
    'policy-exists',
    `${titles.join(', ')} ${are} already, and this run did not create ${titles.length === 1 ? 'it' : 'them'}`,
    {
      hint: isLeft
        ? `An earlier run of podreach left it, or is still going: ${runs.map((run) => cleanCommand(run, cleanWith)).join(' && ')} removes it.`
        : 'Nothing was created. podreach changes no policy that is there: give the one in the manifests another name, or choose another cluster.',
    },
  );
}

/**
 * Refuses scenarios that would be tried while a policy of another one holds for the whole cluster.
 * @param why they would be there at once, as a clause
 * @throws PodreachError `usage`
 */
export function refuseClusterWideBeside(plans: readonly Plan[], why: string): void {
  if (plans.length < 2) return;
  for (const plan of plans) {
    const [first] = clusterWideOf(plan);
    if (first === undefined) continue;
    throw new PodreachError(
      'usage',
      `${first.title} of ${plan.scenario.name} holds for the whole cluster, and ${why}`,
      { hint: `Take this scenario alone: --only ${plan.scenario.name}` },
    );
  }
}
