/** Where resources live in the API, and what requests to them are called. */
import type { Purpose } from './errors.ts';
import { RESOURCES, type Resource, type ServedKind } from './kube.ts';

const RESOURCE_OF_KIND: Readonly<Record<string, Resource>> = {
  Namespace: 'namespaces',
  Node: 'nodes',
  Pod: 'pods',
  Secret: 'secrets',
  Service: 'services',
  NetworkPolicy: 'networkpolicies',
};

const SINGULAR: Readonly<Record<Resource, string>> = {
  namespaces: 'namespace',
  nodes: 'node',
  pods: 'pod',
  secrets: 'Secret',
  events: 'event',
  services: 'Service',
  endpointslices: 'EndpointSlice',
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
export function pathOf(resource: Resource | ServedKind, namespace?: string, name?: string): string {
  const [base, plural] =
    typeof resource === 'string'
      ? [RESOURCES[resource].base, resource]
      : [`/apis/${resource.apiVersion}`, resource.plural];
  const parts = [
    base,
    ...(namespace === undefined ? [] : ['namespaces', encodeURIComponent(namespace)]),
    plural,
  ];
  return [...parts, ...(name === undefined ? [] : [encodeURIComponent(name)])].join('/');
}

/** A query string with its question mark; empty where nothing is given. */
export function queryOf(parameters: Readonly<Record<string, string | undefined>>): string {
  const query = new URLSearchParams();
  for (const [key, value] of Object.entries(parameters)) if (value !== undefined) query.append(key, value);
  return query.size === 0 ? '' : `?${query}`;
}

function namesOf(resource: Resource | ServedKind): readonly [plural: string, singular: string] {
  if (typeof resource === 'string') return [resource, SINGULAR[resource]];
  const { apiVersion, kind, plural } = resource;
  return [`${plural}.${apiVersion.replace(/\/.*$/, '')}`, kind];
}

type RequestVerb = 'get' | 'list' | 'create' | 'apply' | 'patch' | 'delete';

/** What a request is for, in words and in RBAC's terms. */
export function purposeOf(
  verb: RequestVerb,
  resource: Resource | ServedKind,
  namespace?: string,
  name?: string,
): Purpose {
  const [plural, singular] = namesOf(resource);
  const scope = namespace === undefined ? '' : ` in namespace ${namespace}`;
  const what =
    name === undefined
      ? `${plural}${scope}`
      : `${singular} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
  return {
    action: `${verb} ${what}`,
    permission: { verbs: verb === 'apply' ? 'create and patch' : verb, resource: `${plural}${scope}` },
  };
}
