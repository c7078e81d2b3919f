/** Addresses and blocks of them (D12). IPv4 and IPv6 never contain each other. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

export type Address = ReturnType<typeof ipaddr.parse>;

export interface Cidr {
  /** As it was written. */
  readonly text: string;
  readonly network: Address;
  readonly bits: number;
}

/** The addresses of `cidr` without those of `except`. */
export interface Block {
  readonly cidr: Cidr;
  readonly except: readonly Cidr[];
}

/** Where an address stands to a block. */
export type Placement =
  | { readonly kind: 'inside' }
  | { readonly kind: 'outside' }
  | { readonly kind: 'excepted'; readonly except: string };

/** Reads an address; undefined where the text is none. */
export function parseAddress(text: string): Address | undefined {
  return isIP(text) === 0 ? undefined : ipaddr.parse(text);
}

/** Reads a CIDR such as `10.0.0.0/8`; undefined where the text is none. */
export function parseCidr(text: string): Cidr | undefined {
  const [, address = '', digits = ''] = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text) ?? [];
  const network = parseAddress(address);
  const bits = Number(digits);
  if (network === undefined || bits > (network.kind() === 'ipv4' ? 32 : 128)) return undefined;
  return { text, network, bits };
}

/** Whether all addresses of one CIDR are in another, or in the same. */
export function isWithin(inner: Cidr, outer: Cidr): boolean {
  return inner.bits >= outer.bits && contains(outer, inner.network);
}

/** Whether an address is in a block (D12). */
export function placeAddress(address: Address, { cidr, except }: Block): Placement {
  if (!contains(cidr, address)) return { kind: 'outside' };
  const hole = except.find((one) => contains(one, address));
  return hole === undefined ? { kind: 'inside' } : { kind: 'excepted', except: hole.text };
}

/** Two CIDRs share addresses if and only if one is within the other. */
function overlap(left: Cidr, right: Cidr): boolean {
  return isWithin(left, right) || isWithin(right, left);
}

/** Whether a block has some of the addresses of a CIDR: its exceptions do not take all of them out again. */
export function reachesInto({ cidr, except }: Block, range: Cidr): boolean {
  const shared = isWithin(range, cidr) ? range : cidr;
  return overlap(range, cidr) && !except.some((hole) => isWithin(shared, hole));
}

function contains({ network, bits }: Cidr, address: Address): boolean {
  return address.kind() === network.kind() && address.match(network, bits);
}
