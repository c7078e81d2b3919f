/** How kube-proxy makes Services work: its mode, from the configuration that a cluster keeps of it. */
import { parse } from 'yaml';
import type { Kube } from '../../kube/kube.ts';

export const PROXY_NAMESPACE = 'kube-system';

/** ConfigMaps that may hold it: kubeadm's (kind has it too), and that of Amazon EKS, which has one of the first name as well. */
export const PROXY_CONFIGS = [
  { name: 'kube-proxy', key: 'config.conf' },
  { name: 'kube-proxy-config', key: 'config' },
] as const;

/** The mode; undefined where no ConfigMap tells, as where kube-proxy is set up by flags or a plugin takes its place. */
export async function findProxyMode(
  kube: Pick<Kube, 'read'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (const { name, key } of PROXY_CONFIGS) {
    const found = await kube.read(`/api/v1/namespaces/${PROXY_NAMESPACE}/configmaps/${name}`, { signal });
    // Answers of the API: each field is read as optional.
    const text = (found as { data?: Record<string, string> } | undefined)?.data?.[key];
    if (text === undefined) continue;
    const { mode } = (parse(text) ?? {}) as { mode?: string };
    return mode === undefined || mode === '' ? 'iptables (its default)' : mode;
  }
  return undefined;
}
