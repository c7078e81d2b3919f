/** What a record says of the place of a run, in words. */
import type { RunRecord } from './schema.ts';

type EnvironmentRecord = RunRecord['environment'];
type PluginRecord = NonNullable<EnvironmentRecord['networkPlugins']>[number];

/** `sandbox`, `kind ci`, `context staging` */
export function describeCluster({
  cluster,
  clusterName,
}: Pick<EnvironmentRecord, 'cluster' | 'clusterName'>): string {
  return clusterName === undefined ? cluster : `${cluster} ${clusterName}`;
}

/** `Calico v3.32.1`; the name alone where the version is not known. */
export function nameOfPlugin({ name, version }: Pick<PluginRecord, 'name' | 'version'>): string {
  return version === undefined ? name : `${name} ${version}`;
}

/** `Calico v3.32.1`, with a word where it enforces nothing. */
export function describePlugin(plugin: Pick<PluginRecord, 'name' | 'version' | 'enforces'>): string {
  return `${nameOfPlugin(plugin)}${plugin.enforces ? '' : ' (does not enforce policies)'}`;
}

/** All of them; undefined where nobody could look. */
export function describePlugins({
  networkPlugins,
}: Pick<EnvironmentRecord, 'networkPlugins'>): string | undefined {
  if (networkPlugins?.length === 0) return 'no known network plugin';
  return networkPlugins?.map(describePlugin).join(', ');
}

/** `Debian GNU/Linux 13, 6.12.48, containerd://2.1.4`, as far as it is known. */
export function describeSystem({
  os,
  kernel,
  runtime,
}: Omit<EnvironmentRecord['nodes'][number], 'name'>): string {
  return [os, kernel, runtime].filter((detail) => detail !== undefined).join(', ');
}
