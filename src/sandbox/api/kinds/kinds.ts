/**
 * The kinds that the sandbox knows: the one place that lists them. Paths, discovery, OpenAPI, tables and the store follow from their
 * definitions.
 */
import { daemonsets } from './daemonsets/definition.ts';
import type { Definition } from './definition.ts';
import { deployments } from './deployments/definition.ts';
import { endpointslices } from './endpointslices/definition.ts';
import { jobs } from './jobs/definition.ts';
import { namespaces } from './namespaces/definition.ts';
import { networkpolicies } from './networkpolicies/definition.ts';
import { nodes } from './nodes/definition.ts';
import { pods } from './pods/definition.ts';
import { replicasets } from './replicasets/definition.ts';
import { services } from './services/definition.ts';
import { statefulsets } from './statefulsets/definition.ts';

export const KINDS = {
  namespaces,
  nodes,
  pods,
  services,
  endpointslices,
  networkpolicies,
  deployments,
  replicasets,
  statefulsets,
  daemonsets,
  jobs,
} as const;

export type ResourceName = keyof typeof KINDS;

/** The object type behind each resource name. */
export type ObjectOf = { [Name in ResourceName]: ObjectIn<(typeof KINDS)[Name]> };
type ObjectIn<Of> = Of extends Definition<string, infer Object> ? Object : never;

/** An object of any kind. */
export type AnyObject = ObjectOf[ResourceName];
/** Any of the definitions. */
export type Kind = Definition<ResourceName, AnyObject>;

/** In the order of the list. */
export const ALL_KINDS: readonly Kind[] = Object.values(KINDS);
