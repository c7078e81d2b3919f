/** The families of addresses. A cluster has one or both; where it has both, its pods have an address of each. */
export const FAMILIES = ['IPv4', 'IPv6'] as const;
/** That of the address that is dialled. */
export type Family = (typeof FAMILIES)[number];

/** @param address of either family, or a block of them */
export function familyOf(address: string): Family {
  return address.includes(':') ? 'IPv6' : 'IPv4';
}

/** Of the addresses of one end the first that is of a family. */
export function addressIn(family: Family, addresses: readonly string[]): string | undefined {
  return addresses.find((address) => familyOf(address) === family);
}
