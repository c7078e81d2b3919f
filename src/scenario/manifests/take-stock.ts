/** Everything that the lists of a scenario have brought, in one inventory. */
import type { FoundManifests } from './find.ts';
import type { ForeignPolicy, ManifestDoubt, ManifestInventory } from './inventory.ts';
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
  const foreignPolicies = taken.flatMap((one) => one.foreignPolicies);
  const skipped = countKinds(taken.flatMap((one) => one.skipped));
  const inventory: ManifestInventory = {
    objects: found.reduce((sum, { documents }) => sum + documents.length, 0),
    namespaces: namespaces.map(({ name, mark }) => ({ name, location: mark.location })),
    workloads: pods.workloads,
    leftOut: pods.leftOut,
    services: taken.flatMap((one) => one.services),
    foreignPolicies,
    skipped,
    rendered: found.flatMap(({ rendered }) => (rendered === undefined ? [] : [rendered])),
    doubts: [...pods.doubts, ...foreignPolicies.map(unapplied)],
  };
  const { objects: _, doubts: __, ...lists } = inventory;
  return Object.values(lists).every((list) => list.length === 0) ? undefined : inventory;
}

function unapplied({ kind, namespace, name, location }: ForeignPolicy): ManifestDoubt {
  const whole = namespace === undefined ? name : `${namespace}/${name}`;
  return {
    code: 'unapplied-policy',
    message: `the ${kind} ${whole} is not applied: podreach applies NetworkPolicies of networking.k8s.io/v1 only, so what it allows or cuts is not tested`,
    location,
  };
}
