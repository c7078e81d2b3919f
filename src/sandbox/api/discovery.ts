/** Discovery: which groups, versions and resources there are. */
import type { Kind } from './kinds/kind.ts';
import { KINDS } from './kinds/kinds.ts';

interface ApiResource {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly verbs: readonly string[];
  readonly shortNames?: readonly string[];
  readonly categories?: readonly string[];
}

const GROUPS = ['authorization.k8s.io', 'networking.k8s.io'];

function resourceOf(kind: Kind): ApiResource {
  const { resource, singular, namespaced, verbs, shortNames, categories } = kind;
  const shown = { name: resource, singularName: singular, namespaced, kind: kind.kind, verbs, shortNames };
  return categories.length === 0 ? shown : { ...shown, categories };
}

function subresource(name: string, kind: string, verbs: readonly string[]): ApiResource {
  return { name, singularName: '', namespaced: true, kind, verbs };
}

const RESOURCES: Readonly<Record<string, readonly ApiResource[]>> = {
  v1: [
    resourceOf(KINDS.namespaces),
    resourceOf(KINDS.nodes),
    resourceOf(KINDS.pods),
    subresource('pods/exec', 'PodExecOptions', ['create', 'get']),
    subresource('pods/log', 'Pod', ['get']),
    subresource('pods/status', 'Pod', ['get', 'patch', 'update']),
  ],
  'networking.k8s.io/v1': [resourceOf(KINDS.networkpolicies)],
  'authorization.k8s.io/v1': ['SelfSubjectAccessReview', 'SelfSubjectRulesReview'].map((kind) => ({
    name: `${kind.toLowerCase()}s`,
    singularName: kind.toLowerCase(),
    namespaced: false,
    kind,
    verbs: ['create'],
  })),
};

function groupOf(name: string): object {
  const version = { groupVersion: `${name}/v1`, version: 'v1' };
  return { name, versions: [version], preferredVersion: version };
}

/** @returns the document at a discovery path; undefined where there is none */
export function discover(path: string): object | undefined {
  if (path === '/api') {
    return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
  }
  if (path === '/apis') return { kind: 'APIGroupList', apiVersion: 'v1', groups: GROUPS.map(groupOf) };
  const [, , ...rest] = path.split('/');
  const name = rest.join('/');
  if (path.startsWith('/apis/') && GROUPS.includes(name))
    return { kind: 'APIGroup', apiVersion: 'v1', ...groupOf(name) };
  const isKnown = path.startsWith(name === 'v1' ? '/api/' : '/apis/') && Object.hasOwn(RESOURCES, name);
  if (!isKnown) return undefined;
  return { kind: 'APIResourceList', apiVersion: 'v1', groupVersion: name, resources: RESOURCES[name] };
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
