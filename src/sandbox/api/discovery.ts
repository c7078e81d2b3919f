/** Discovery: which groups, versions and resources there are. */
import { apiVersionOf } from './kinds/definition.ts';
import { ALL_KINDS, type Kind } from './kinds/kinds.ts';
import { REVIEW_GROUP, REVIEWS } from './requests/reviews.ts';

interface ApiResource {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly group?: string;
  readonly version?: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

function resourcesOf(kind: Kind): ApiResource[] {
  const { resource, singular, namespaced, verbs, shortNames, categories } = kind;
  const shown = { name: resource, singularName: singular, namespaced, kind: kind.kind, verbs, shortNames };
  return [categories.length === 0 ? shown : { ...shown, categories }, ...subresourcesOf(kind)];
}

function subresourcesOf({ resource, kind, namespaced, hasStatus, subresources }: Kind): ApiResource[] {
  const status = { name: 'status', kind, of: undefined, verbs: ['get', 'patch', 'update'] };
  return [...subresources, ...(hasStatus ? [status] : [])]
    .map(({ name, kind, of, verbs }) => ({
      name: `${resource}/${name}`,
      singularName: '',
      namespaced,
      ...of,
      kind,
      verbs,
    }))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

const REVIEW_RESOURCES: readonly ApiResource[] = REVIEWS.map(({ resource, kind }) => ({
  name: resource,
  singularName: kind.toLowerCase(),
  namespaced: false,
  kind,
  verbs: ['create'],
}));

/** All groups and versions, and what is in them; in the order of their names. */
const SERVED = [
  { ...REVIEW_GROUP, resources: REVIEW_RESOURCES },
  ...ALL_KINDS.map((kind) => ({ group: kind.group, version: kind.version, resources: resourcesOf(kind) })),
].toSorted((a, b) => a.group.localeCompare(b.group, 'en'));

/** @returns undefined where there is no such group */
function groupOf(name: string): object | undefined {
  const served = SERVED.filter(({ group }) => group === name && group !== '');
  const versions = [...new Set(served.map(({ version }) => version))].map((version) => ({
    groupVersion: `${name}/${version}`,
    version,
  }));
  return versions.length === 0 ? undefined : { name, versions, preferredVersion: versions[0] };
}

/** @returns undefined where there is no such version of a group */
function resourceListOf(groupVersion: string): object | undefined {
  const resources = SERVED.filter((one) => apiVersionOf(one) === groupVersion).flatMap(
    (one) => one.resources,
  );
  return resources.length === 0
    ? undefined
    : { kind: 'APIResourceList', apiVersion: 'v1', groupVersion, resources };
}

/** @returns the document at a discovery path; undefined where there is none */
export function discover(path: string): object | undefined {
  if (path === '/api') {
    return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  }
  if (path === '/apis') {
    const names = new Set(SERVED.map(({ group }) => group));
    return {
      kind: 'APIGroupList',
      apiVersion: 'v1',
      groups: [...names].flatMap((name) => groupOf(name) ?? []),
    };
  }
  const [, root, ...rest] = path.split('/');
  const name = rest.join('/');
  if (root === 'api') return name.includes('/') ? undefined : resourceListOf(name);
  if (root !== 'apis') return undefined;
  if (name.includes('/')) return resourceListOf(name);
  const group = groupOf(name);
  return group === undefined ? undefined : { kind: 'APIGroup', apiVersion: 'v1', ...group };
}

/** What `/version` answers. @param version such as `v1.36.0` */
export function versionInfo(version: string): object {
  const [, major = '1', minor = '0'] = /^v?(\d+)\.(\d+)/.exec(version) ?? [];
  return {
    major,
    minor,
    gitVersion: version,
    gitCommit: '',
    gitTreeState: '',
    buildDate: '1970-01-01T00:00:00Z',
    goVersion: '',
    compiler: '',
    platform: 'linux',
  };
}
