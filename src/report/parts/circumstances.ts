/** Where, when and by which rules a run went. */
import { describeCluster, describePlugin, describeSystem } from '../../record/environment.ts';
import type { Fact } from '../text/block.ts';
import { count, duration } from '../text/text.ts';
import type { EnvironmentView, RunView } from '../view/view.ts';

/** Run, cluster, nodes and rules, as far as they are known. */
export function circumstanceFacts({ podreach, run, environment }: RunView): Fact[] {
  const { kubernetes, server, nodes, node } = environment;
  const { timeoutMs, withinMs, confirm, probe } = run.options;
  const rules = [
    ...(timeoutMs === undefined ? [] : [`an attempt may take ${duration(timeoutMs)}`]),
    ...(withinMs === undefined ? [] : [`policies may take ${duration(withinMs)} to settle`]),
    `${count(confirm, 'round')} in a row must agree`,
  ];
  const by = run.by === undefined ? '' : ` by ${run.by}`;
  return [
    {
      label: 'run',
      text: `${run.id}, started ${run.startedAt}${by}, podreach ${podreach.version}, Node.js ${node}`,
    },
    ...fact('commit', run.commit),
    {
      label: 'cluster',
      text: [describeCluster(environment), kubernetes, server]
        .filter((part) => part !== undefined)
        .join(', '),
    },
    ...(nodes.length === 0 ? [] : [{ label: 'nodes', text: describeNodes(nodes) }]),
    ...fact('network', describeNetwork(environment)),
    ...fact('others', describeClusterPolicies(environment)),
    ...fact('canary', describeCanary(environment)),
    ...fact('probe', describeProbe(probe)),
    { label: 'rules', text: rules.join(', ') },
  ];
}

/** `node-1 (Debian GNU/Linux 13, 6.12.48), node-2` */
export function describeNodes(nodes: RunView['environment']['nodes']): string {
  return nodes
    .map((node) => {
      const system = describeSystem(node);
      return system === '' ? node.name : `${node.name} (${system})`;
    })
    .join(', ');
}

function fact(label: string, text: string | undefined): Fact[] {
  return text === undefined ? [] : [{ label, text }];
}

/** `Calico v3.32.1, kube-proxy in mode iptables`; undefined where nothing is known. */
export function describeNetwork({ networkPlugins, kubeProxy }: EnvironmentView): string | undefined {
  const plugins = networkPlugins?.map(describePlugin);
  const parts = [...(plugins ?? []), ...(kubeProxy === undefined ? [] : [`kube-proxy in mode ${kubeProxy}`])];
  return parts.length === 0 ? undefined : parts.join(', ');
}

/** Policies that hold for the whole cluster, where there are any. */
function describeClusterPolicies({ clusterPolicies }: EnvironmentView): string | undefined {
  return clusterPolicies && `policies of the whole cluster: ${clusterPolicies.join(', ')}`;
}

/** `policies are enforced on 3 nodes, after 0.4 s at the latest`; undefined where there was no canary. */
export function describeCanary({ canary }: EnvironmentView): string | undefined {
  return canary === undefined
    ? undefined
    : `policies are enforced on ${count(canary.nodes.length, 'node')}, after ${duration(canary.enforcedMs)} at the latest`;
}

/** The image, and what else was asked of probe pods and namespaces; undefined where they run no images. */
function describeProbe(probe: RunView['run']['options']['probe']): string | undefined {
  if (probe === undefined) return undefined;
  const { image, nodeSelector = {}, tolerations = [], pullSecrets = [], namespaceLabels = {} } = probe;
  const parts: readonly (readonly [what: string, values: readonly string[]])[] = [
    ['nodes with', pairs(nodeSelector)],
    ['tolerating', tolerations],
    ['pulled with', pullSecrets],
    ['namespaces with', pairs(namespaceLabels)],
  ];
  const said = parts.flatMap(([what, values]) =>
    values.length === 0 ? [] : [`${what} ${values.join(', ')}`],
  );
  return [image, ...said].join('; ');
}

function pairs(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).map(([key, value]) => `${key}=${value}`);
}
