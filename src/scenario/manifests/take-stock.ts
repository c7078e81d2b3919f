/** Everything that the lists of a scenario have brought, in one inventory. */
import type { FoundManifests } from './find.ts';
import type { FoundForeignPolicy, ManifestDoubt, ManifestInventory, UnknownPolicy } from './inventory.ts';
import type { MergedPods } from './pods.ts';
import { countKinds, type FoundNamespace, type TakenManifests } from './take.ts';

export interface Inventoried {
  readonly found: readonly FoundManifests[];
  /** What was taken of all lists, in their order. */
  readonly taken: readonly TakenManifests[];
  readonly namespaces: readonly FoundNamespace[];
  readonly pods: MergedPods;
}

/** Undefined where a scenario has nothing but policies, as it names them. */
export function takeStock({ found, taken, namespaces, pods }: Inventoried): ManifestInventory | undefined {
  const foreignPolicies = taken.flatMap((one) => one.foreignPolicies.map(({ value }) => value));
  const unknownPolicies = taken.flatMap((one) => one.unknownPolicies);
  const skipped = countKinds(taken.flatMap((one) => one.skipped));
  const inventory: ManifestInventory = {
    objects: found.reduce((sum, { documents }) => sum + documents.length, 0),
    namespaces: namespaces.map(({ name, mark }) => ({ name, location: mark.location })),
    workloads: pods.workloads,
    leftOut: pods.leftOut,
    services: taken.flatMap((one) => one.services.map(({ service }) => service)),
    foreignPolicies,
    unknownPolicies,
    skipped,
    rendered: found.flatMap(({ rendered }) => (rendered === undefined ? [] : [rendered])),
    doubts: [...pods.doubts, ...foreignPolicies.flatMap(unpredicted), ...unknownPolicies.map(unapplied)],
  };
  const { objects: _, doubts: __, ...lists } = inventory;
  return Object.values(lists).every((list) => list.length === 0) ? undefined : inventory;
}

function unpredicted({
  title,
  namespace,
  policyKind,
  location,
}: FoundForeignPolicy): readonly ManifestDoubt[] {
  if (!policyKind.decides) return [];
  const pairs = namespace === undefined ? 'every pair' : `pairs that begin or end in namespace ${namespace}`;
  return [
    {
      code: 'foreign-policy',
      message: `${title} needs a cluster that serves its kind, and what it means is for the network plugin to say: predictions for ${pairs} are undefined`,
      location,
    },
  ];
}

function unapplied({ kind, namespace, name, location }: UnknownPolicy): ManifestDoubt {
  const whole = namespace === undefined ? name : `${namespace}/${name}`;
  return {
    code: 'unapplied-policy',
    message: `the ${kind} ${whole} is not applied: podreach does not know this kind, so what it allows or cuts is not tested`,
    location,
  };
}
