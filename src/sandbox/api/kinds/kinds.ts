/** The kinds that the API serves. */
import type { Named } from '../status.ts';
import type { Kind } from './kind.ts';
import { namespaces } from './namespaces/definition.ts';
import type { Namespace } from './namespaces/object.ts';
import { networkpolicies } from './networkpolicies/definition.ts';
import type { NetworkPolicy } from './networkpolicies/object.ts';
import { nodes } from './nodes/definition.ts';
import type { Node } from './nodes/object.ts';
import { pods } from './pods/definition.ts';
import type { Pod } from './pods/object.ts';

/** The object type behind each resource name. */
export interface ObjectOf {
  namespaces: Namespace;
  nodes: Node;
  pods: Pod;
  networkpolicies: NetworkPolicy;
}
export type ResourceName = keyof ObjectOf;

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
