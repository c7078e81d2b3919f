/** Addresses and blocks of them (D12). IPv4 and IPv6 never contain each other. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

export type Address = ReturnType<typeof ipaddr.parse>;

export interface Cidr {
  /** As it was written. */
  readonly text: string;
  readonly network: Address;
  readonly bits: number;
  /** Why API servers refuse it since Kubernetes 1.36 (D3a); absent where they take it. */
  readonly laxity?: Laxity;
}

/**
 * What API servers took until Kubernetes 1.36: zeros in front of a number, which they read as decimal and others as octal; IPv4 in the
 * clothes of IPv6, which is either to some reader; an address within the block in place of its first one.
 */
export type Laxity = 'leading-zeros' | 'mapped' | 'host-bits';

/** The addresses of `cidr` without those of `except`. */
export interface Block {
  readonly cidr: Cidr;
  readonly except: readonly Cidr[];
}

/** Where an address stands to a block. */
export type BlockPlacement =
  | { readonly kind: 'inside' }
  | { readonly kind: 'outside' }
  | { readonly kind: 'excepted'; readonly except: string };

/** Reads an address; undefined where the text is none. */
export function parseAddress(text: string): Address | undefined {
  return isIP(text) === 0 ? undefined : ipaddr.parse(text);
}

/** The same address as everybody writes it who follows RFC 5952. */
export function canonicalAddress(text: string): string {
  return parseAddress(text)?.toString() ?? text;
}

/** An IPv4 address, perhaps at the end of an IPv6 one, whose numbers may have zeros in front. */
const DOTTED = /(?<=^|:)\d+(?:\.\d+){3}$/;

/**
 * Reads a CIDR such as `10.0.0.0/8`; undefined where the text is none to any API server. The rules are those of `parseCIDR` in
 * https://github.com/kubernetes/kubernetes/blob/master/staging/src/k8s.io/apimachinery/pkg/util/validation/ip.go: what servers took
 * before 1.36 is told by its `laxity`.
 */
export function parseCidr(text: string): Cidr | undefined {
  const [, address = '', digits = ''] = /^([0-9a-fA-F.:]+)\/(\d+)$/.exec(text) ?? [];
  const decimal = address.replace(DOTTED, (dotted) => dotted.split('.').map(Number).join('.'));
  const network = parseAddress(decimal);
  const bits = Number(digits);
  if (network === undefined || bits > widthOf(network)) return undefined;
  const laxity = findLaxity(network, bits, decimal !== address || /^0\d/.test(digits));
  return { text, network, bits, ...(laxity === undefined ? {} : { laxity }) };
}

/** In the order in which an API server looks for them: it names one. */
function findLaxity(network: Address, bits: number, hasLeadingZeros: boolean): Laxity | undefined {
  if (hasLeadingZeros) return 'leading-zeros';
  if (network instanceof ipaddr.IPv6 && network.isIPv4MappedAddress()) return 'mapped';
  return firstAddress(network, bits) === network.toString() ? undefined : 'host-bits';
}

/** A CIDR in the form that every API server takes: the first address of the block, and its size. */
export function canonicalCidr({ network, bits }: Cidr): string {
  if (network instanceof ipaddr.IPv6 && network.isIPv4MappedAddress()) {
    const address = network.toIPv4Address();
    return canonicalCidr({ text: '', network: address, bits: Math.max(0, bits - 96) });
  }
  return `${firstAddress(network, bits)}/${bits}`;
}

/** The block of just the address that a CIDR is written with. */
export function singleAddress({ network }: Cidr): string {
  return `${network.toString()}/${widthOf(network)}`;
}

function firstAddress(address: Address, bits: number): string {
  const family = address.kind() === 'ipv4' ? ipaddr.IPv4 : ipaddr.IPv6;
  return family.networkAddressFromCIDR(`${address.toString()}/${bits}`).toString();
}

function widthOf(address: Address): number {
  return address.kind() === 'ipv4' ? 32 : 128;
}

/** Whether all addresses of one CIDR are in another, or in the same. */
export function isWithin(inner: Cidr, outer: Cidr): boolean {
  return inner.bits >= outer.bits && contains(outer, inner.network);
}

/** Whether an address is in a block (D12). */
export function placeAddress(address: Address, { cidr, except }: Block): BlockPlacement {
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
