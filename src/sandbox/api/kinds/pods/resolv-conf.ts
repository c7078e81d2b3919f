/** A pod's /etc/resolv.conf, as a kubelet writes it. */
import type { Pod, PodDnsConfig } from './object.ts';

/** What a cluster tells its pods about names. */
export interface ClusterDns {
  readonly server: string;
  readonly domain: string;
}

export function resolvConfOf({ metadata, spec }: Pod, { server, domain }: ClusterDns): string {
  const { dnsPolicy = 'ClusterFirst', dnsConfig = {}, hostNetwork = false } = spec;
  // On the node's own network only an explicit wish counts.
  const isCluster = dnsPolicy === 'ClusterFirstWithHostNet' || (dnsPolicy === 'ClusterFirst' && !hostNetwork);
  const base: Required<PodDnsConfig> = isCluster
    ? {
        nameservers: [server],
        searches: [`${metadata.namespace}.svc.${domain}`, `svc.${domain}`, domain],
        options: [{ name: 'ndots', value: '5' }],
      }
    : // The nodes ask nobody.
      { nameservers: [], searches: [], options: [] };
  const { nameservers = [], searches = [], options = [] } = dnsConfig;
  const overridden = new Set(options.map(({ name }) => name));
  const lines = [
    ['search', ...new Set([...base.searches, ...searches])],
    ...[...new Set([...base.nameservers, ...nameservers])].map((address) => ['nameserver', address]),
    [
      'options',
      ...[...base.options.filter(({ name }) => !overridden.has(name)), ...options].map(({ name, value }) =>
        value === undefined ? name : `${name}:${value}`,
      ),
    ],
  ];
  return lines
    .filter(({ length }) => length > 1)
    .map((words) => `${words.join(' ')}\n`)
    .join('');
}
