/** What is around a connection and may decide about it: labels, nodes, the network plugin, policies of other kinds. */
import { nameOfPlugin } from '../../../record/environment.ts';
import type { CheckView, EnvironmentView, PodView } from '../../view/view.ts';
import { list, name, type Phrase, say } from './phrase.ts';

/** Where no real cluster was tested: the sandbox is a part of podreach. */
export function isSandbox({ cluster }: EnvironmentView): boolean {
  return cluster === 'sandbox';
}

/** `the network plugin (Calico v3.32.1)`, as far as it is known. */
export function describePlugin({ networkPlugins = [] }: EnvironmentView): Phrase {
  const enforcing = networkPlugins.filter(({ enforces }) => enforces);
  const known = enforcing.length > 0 ? enforcing : networkPlugins;
  if (known.length === 0) return say`the network plugin`;
  const names = known.map((plugin) => name(nameOfPlugin(plugin)));
  return say`the network ${known.length === 1 ? 'plugin' : 'plugins'} (${list(names)})`;
}

/** What else may decide than the policies of the scenario, as far as the run could see: it tells what it could not look at too. */
export function describeOtherPolicies(environment: EnvironmentView): Phrase {
  const { warnings, clusterPolicies } = environment;
  if (isSandbox(environment)) return say`On the sandbox there are no other policies.`;
  if (clusterPolicies !== undefined)
    return say`Does a policy of the whole cluster decide here? The run found: ${list(clusterPolicies.map(name))}.`;
  if (warnings === undefined)
    return say`Does a policy of the whole cluster decide here? The run did not look for any.`;
  if (warnings.length === 0)
    return say`No policy of the whole cluster is known to decide here: the run looked for the kinds that podreach knows, and found none.`;
  return say`Does something else decide here? The run noted about the cluster: ${list(warnings.map(name))}.`;
}

/** ` (app=db and tier=data)` */
export function labelsOf(pod: PodView | undefined): Phrase {
  const labels = Object.entries(pod?.labels ?? {});
  return labels.length === 0
    ? []
    : say` (${list(labels.map(([label, value]) => name(`${label}=${value}`)))})`;
}

/** `node worker-2`, `nodes worker-1 and worker-2` */
export function nodesOf({ source, destination }: CheckView): Phrase {
  const nodes = [source, destination].flatMap((pod) => pod?.node ?? []);
  const different = [...new Set(nodes)];
  if (different.length === 0) return say`the nodes of both pods`;
  return say`${different.length === 1 ? 'node' : 'nodes'} ${list(different.map(name))}`;
}
