/** Where resources live in the API, and what requests to them are called. */
import type { Purpose } from './errors.ts';
import { RESOURCES, type Resource } from './kube.ts';

const RESOURCE_OF_KIND: Readonly<Record<string, Resource>> = {
  Namespace: 'namespaces',
  Node: 'nodes',
  Pod: 'pods',
  Secret: 'secrets',
  NetworkPolicy: 'networkpolicies',
};

const SINGULAR: Readonly<Record<Resource, string>> = {
  namespaces: 'namespace',
  nodes: 'node',
  pods: 'pod',
  secrets: 'Secret',
  events: 'event',
  daemonsets: 'DaemonSet',
  networkpolicies: 'NetworkPolicy',
};

/** @throws TypeError for a kind that podreach has no business with */
export function resourceOf(kind: string): Resource {
  const resource = RESOURCE_OF_KIND[kind];
  if (resource === undefined) throw new TypeError(`no known resource for the kind ${kind}`);
  return resource;
}

/** The path of a collection, or of one object where it has a name. */
export function pathOf(resource: Resource, namespace?: string, name?: string): string {
  const { base } = RESOURCES[resource];
  const parts = [
    base,
    ...(namespace === undefined ? [] : ['namespaces', encodeURIComponent(namespace)]),
    resource,
  ];
  return [...parts, ...(name === undefined ? [] : [encodeURIComponent(name)])].join('/');
}

/** A query string with its question mark; empty where nothing is given. */
export function queryOf(parameters: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) if (value !== undefined) query.append(key, value);
  return query.size === 0 ? '' : `?${query}`;
}

type RequestVerb = 'get' | 'list' | 'create' | 'apply' | 'patch' | 'delete';

/** What a request is for, in words and in RBAC's terms. */
export function purposeOf(verb: RequestVerb, resource: Resource, namespace?: string, name?: string): Purpose {
  const scope = namespace === undefined ? '' : ` in namespace ${namespace}`;
  const what =
    name === undefined
      ? `${resource}${scope}`
      : `${SINGULAR[resource]} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
  return {
    action: `${verb} ${what}`,
    permission: { verbs: verb === 'apply' ? 'create and patch' : verb, resource: `${resource}${scope}` },
  };
}
