/** The ranges of addresses that the sandbox keeps for what is inside the cluster. */
import ipaddr from 'ipaddr.js';

export interface KeptRange {
  readonly cidr: string;
  /** Whose addresses are there. */
  readonly of: 'pods' | 'nodes' | 'Services';
}

/** Where Services have their addresses. */
export const SERVICE_CIDR = '10.96.0.0/16';
/** Of `default/kubernetes` and of `kube-system/kube-dns`, as in every cluster with this range. */
export const API_SERVICE_ADDRESS = '10.96.0.1';
export const DNS_SERVICE_ADDRESS = '10.96.0.10';

const KEPT_RANGES: readonly KeptRange[] = [
  { cidr: '10.244.0.0/16', of: 'pods' },
  { cidr: '172.18.0.0/16', of: 'nodes' },
  { cidr: SERVICE_CIDR, of: 'Services' },
];

/** The one that holds an IPv4 address; undefined where none does. */
export function keptRangeOf(address: string): KeptRange | undefined {
  const parsed = ipaddr.IPv4.parse(address);
  return KEPT_RANGES.find(({ cidr }) => parsed.match(ipaddr.IPv4.parseCIDR(cidr)));
}
