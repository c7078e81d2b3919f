/** The sandbox made to look like somebody's cluster: one that podreach must ask, prove and clean up. */
import type { ClusterProvider } from '../../src/cluster/cluster.ts';
import { POLICY_KINDS } from '../../src/model/policy-kind.ts';
import type { Call, Intervention } from './api-proxy.ts';

/** The same cluster as one of a kubeconfig, which outlives the run. */
export function asContext(provider: ClusterProvider, networkPlugin?: string): ClusterProvider {
  return {
    kind: 'context',
    async start(options) {
      const cluster = await provider.start(options);
      return {
        ...cluster,
        kind: 'context',
        trust: { kind: 'to-be-proven', ...(networkPlugin === undefined ? {} : { networkPlugin }) },
        lifetime: { kind: 'users', cleanWith: ['--cluster', 'context=test'] },
        stop: () => cluster.stop(),
      };
    },
  };
}

export interface Foreign {
  /** Name and image of the DaemonSets, by name. */
  readonly daemonSets?: Readonly<Record<string, { container: string; image: string }>>;
  readonly proxyMode?: string;
  /** Names of cluster-wide policies, by `resource.group`. */
  readonly policies?: Readonly<Record<string, readonly string[]>>;
}

const VERSION = 'v1';

/** Answers what the sandbox's API does not know, as a cluster with these things in it would. */
export function foreignAnswers({ daemonSets = {}, proxyMode, policies = {} }: Foreign) {
  return ({ method, path }: Call): ReturnType<NonNullable<Intervention['answer']>> => {
    if (method !== 'GET') return undefined;
    const ok = (body: object) => ({ status: 200, body });
    const { pathname } = new URL(path, 'https://server');
    if (pathname === '/apis/apps/v1/daemonsets') {
      const items = Object.entries(daemonSets).map(([name, { container, image }]) => ({
        metadata: { name, namespace: 'kube-system' },
        spec: { template: { spec: { containers: [{ name: container, image }] } } },
      }));
      return ok({ kind: 'DaemonSetList', apiVersion: 'apps/v1', items });
    }
    if (pathname.endsWith('/configmaps/kube-proxy') && proxyMode !== undefined) {
      return ok({
        kind: 'ConfigMap',
        data: { 'config.conf': `kind: KubeProxyConfiguration\nmode: "${proxyMode}"\n` },
      });
    }
    if (pathname === '/apis') {
      const groups = [...new Set(POLICY_KINDS.map(({ group }) => group))];
      return ok({
        kind: 'APIGroupList',
        groups: groups.map((name) => ({ name, versions: [{ groupVersion: `${name}/${VERSION}` }] })),
      });
    }
    const [, group = '', resource] =
      new RegExp(`^/apis/([^/]+)/${VERSION}(?:/([^/]+))?$`).exec(pathname) ?? [];
    const served = POLICY_KINDS.filter((one) => one.isClusterWide && one.group === group);
    if (served.length === 0) return undefined;
    if (resource === undefined)
      return ok({
        kind: 'APIResourceList',
        resources: served.map((one) => ({ name: one.resource, kind: one.kind })),
      });
    const names = policies[`${resource}.${group}`] ?? [];
    return ok({ kind: 'List', items: names.map((name) => ({ metadata: { name } })) });
  };
}
