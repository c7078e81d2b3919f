/** The families of addresses, by the names that Kubernetes has for them. */

/** In the order in which the sandbox gives addresses: the first one is the cluster's primary. */
export const IP_FAMILIES = ['IPv4', 'IPv6'] as const;
export type IPFamily = (typeof IP_FAMILIES)[number];

/** Of an address or a CIDR. */
export function familyOf(text: string): IPFamily {
  return text.includes(':') ? 'IPv6' : 'IPv4';
}
