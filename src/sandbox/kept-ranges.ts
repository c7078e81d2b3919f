/** The ranges of addresses that the sandbox keeps for what is inside the cluster. */
import ipaddr from 'ipaddr.js';
import { familyOf, type IPFamily } from './ip-family.ts';

export interface KeptRange {
  readonly cidr: string;
  /** Whose addresses are there. */
  readonly of: 'pods' | 'nodes' | 'Services';
}

/** Where Services have their addresses. */
export const SERVICE_CIDRS: Readonly<Record<IPFamily, string>> = {
  IPv4: '10.96.0.0/16',
  IPv6: 'fd00:10:96::/112',
};
/** Of `default/kubernetes` and of `kube-system/kube-dns`, as in every cluster with this range. */
export const API_SERVICE_ADDRESS = '10.96.0.1';
export const DNS_SERVICE_ADDRESS = '10.96.0.10';

const KEPT_RANGES: readonly KeptRange[] = [
  { cidr: '10.244.0.0/16', of: 'pods' },
  { cidr: 'fd00:10:244::/56', of: 'pods' },
  { cidr: '172.18.0.0/16', of: 'nodes' },
  { cidr: 'fd00:172:18::/64', of: 'nodes' },
  { cidr: SERVICE_CIDRS.IPv4, of: 'Services' },
  { cidr: SERVICE_CIDRS.IPv6, of: 'Services' },
];

/** The one that holds an address; undefined where none does. */
export function keptRangeOf(address: string): KeptRange | undefined {
  const parsed = ipaddr.parse(address);
  return KEPT_RANGES.find(
    ({ cidr }) => familyOf(cidr) === familyOf(address) && parsed.match(ipaddr.parseCIDR(cidr)),
  );
}
