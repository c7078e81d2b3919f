/** The families of addresses, by the names that Kubernetes has for them. */
import { existsSync } from 'node:fs';

/** In the order in which the sandbox gives addresses: the first one is the cluster's primary. */
export const IP_FAMILIES = ['IPv4', 'IPv6'] as const;
export type IPFamily = (typeof IP_FAMILIES)[number];

/** Whether the kernel has IPv6: it may be built without, or told at its start to do without. */
export function hasIPv6(): boolean {
  return existsSync('/proc/net/if_inet6');
}

/** Of an address or a CIDR. */
export function familyOf(text: string): IPFamily {
  return text.includes(':') ? 'IPv6' : 'IPv4';
}
