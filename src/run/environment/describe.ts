/** What kind of cluster it is: versions, nodes, who enforces policies, and what else may decide over them. */
import { ApiStatusError, wordsOf } from '../../kube/errors.ts';
import type { KubeObject } from '../../kube/kube.ts';
import type { RunDraft } from '../../record/draft.ts';
import type { Requesting } from '../context.ts';
import { findClusterPolicies } from './cluster-policies.ts';
import { findProxyMode } from './kube-proxy.ts';
import { findPlugins, type NetworkPlugin } from './network-plugins.ts';

type Environment = RunDraft['environment'];

/**
 * Notes what the API server says of itself: the first contact with a cluster.
 * @throws PodreachError `cluster-unavailable`, `permission-denied`, `api-error`
 */
export async function describeServer(
  environment: Environment,
  context: Requesting<'server' | 'version'>,
): Promise<void> {
  environment.server = context.kube.server;
  environment.kubernetes = await context.kube.version(context);
}

/** Notes the nodes. @returns the Node objects @throws as {@link describeServer} */
export async function describeNodes(
  environment: Environment,
  context: Requesting<'list'>,
): Promise<readonly KubeObject[]> {
  const nodes = await context.kube.list({ resource: 'nodes' }, context);
  environment.nodes = nodes.map(describeNode);
  return nodes;
}

function describeNode(node: KubeObject): Environment['nodes'][number] {
  // A Node of the API: nodeInfo is always there once its kubelet has registered it, and read as optional all the same.
  const info = (node['status'] as { nodeInfo?: Record<string, string> } | undefined)?.nodeInfo ?? {};
  const { kernelVersion: kernel, osImage: os, containerRuntimeVersion: runtime } = info;
  return {
    name: node.metadata.name,
    ...(kernel === undefined ? {} : { kernel }),
    ...(os === undefined ? {} : { os }),
    ...(runtime === undefined ? {} : { runtime }),
  };
}

/**
 * Notes who enforces policies and what may decide over them. A help for whoever reads the result: what cannot be looked at is said
 * and ends nothing.
 * @param wanted the plugin that the provider of the cluster asked for
 */
export async function describeNetwork(
  environment: Environment,
  wanted: string | undefined,
  context: Requesting<'list' | 'read'>,
): Promise<void> {
  const warnings: string[] = [];
  const looking = async <Found>(what: string, look: () => Promise<Found>): Promise<Found | undefined> => {
    try {
      return await look();
    } catch (thrown) {
      context.signal.throwIfAborted();
      warnings.push(`could not look at ${what}: ${wordsOf(thrown)}`);
      return undefined;
    }
  };
  const [plugins, proxy, policies] = await Promise.all([
    looking('the network plugin', async () => findPlugins(await daemonSets(context))),
    looking('kube-proxy', () => findProxyMode(context.kube, context.signal)),
    looking('cluster-wide policies', () => findClusterPolicies(context.kube, context.signal)),
  ]);
  if (plugins !== undefined) {
    environment.networkPlugins = [...plugins];
    warnings.push(...pluginWarnings(plugins, wanted));
  }
  if (proxy !== undefined) environment.kubeProxy = proxy;
  if (policies !== undefined && policies.found.length > 0) environment.clusterPolicies = [...policies.found];
  environment.warnings = [
    ...warnings,
    ...(policies?.found ?? []).map((found) => `${found} may decide over the policies of the scenarios`),
    ...(policies?.refused ?? []),
  ];
}

async function daemonSets({ kube, signal }: Requesting<'list'>): Promise<readonly KubeObject[]> {
  try {
    return await kube.list({ resource: 'daemonsets' }, { signal });
  } catch (thrown) {
    // A server without workloads.
    if (thrown instanceof ApiStatusError && thrown.httpStatus === 404) return [];
    throw thrown;
  }
}

/** What is unusual about who enforces. */
export function pluginWarnings(plugins: readonly NetworkPlugin[], wanted: string | undefined): string[] {
  const enforcing = plugins.filter(({ enforces }) => enforces).map(({ name }) => name);
  const names = plugins.map(({ name }) => name).join(', ');
  return [
    ...(wanted !== undefined && !enforcing.includes(wanted)
      ? [
          `${wanted} was asked for, and is not what enforces policies here: ${names === '' ? 'no plugin is known' : names}`,
        ]
      : []),
    ...(enforcing.length > 1
      ? [
          `more than one plugin enforces policies: ${enforcing.join(', ')}; what holds is what all of them allow`,
        ]
      : []),
    ...(enforcing.length === 0 && plugins.length > 0
      ? [`${names} does not enforce policies, and no other known plugin is here`]
      : []),
    ...(plugins.length === 0 && wanted === undefined
      ? ['no network plugin that podreach knows is among the DaemonSets']
      : []),
  ];
}
