/** The kinds that the API serves. */
import type { ResourceName } from '../objects.ts';
import type { Kind } from './kinds/kind.ts';
import { namespaces } from './kinds/namespaces.ts';
import { networkpolicies } from './kinds/networkpolicies.ts';
import { nodes } from './kinds/nodes.ts';
import { pods } from './kinds/pods.ts';
import type { Named } from './status.ts';

export const KINDS: Readonly<Record<ResourceName, Kind>> = { namespaces, nodes, pods, networkpolicies };

/** The kind behind a plural name in an API group; undefined where none is served. */
export function findKind(group: string, version: string, resource: string): Kind | undefined {
  return Object.values(KINDS).find(
    (kind) => kind.resource === resource && kind.group === group && kind.version === version,
  );
}

/** A kind's resource as messages name it: `networkpolicies.networking.k8s.io`. */
export function resourceNameOf({ resource, group }: Kind): Named {
  return { name: resource, group };
}

/** A kind as messages name it: `NetworkPolicy.networking.k8s.io`. */
export function kindNameOf({ kind, group }: Kind): Named {
  return { name: kind, group };
}
