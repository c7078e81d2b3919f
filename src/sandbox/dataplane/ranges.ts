/** Sets of numbers as ranges, for IPv4 addresses and for ports. */
import ipaddr from 'ipaddr.js';

/** Both ends are included. */
export interface Range {
  readonly from: number;
  readonly to: number;
}

export const ALL_ADDRESSES: Range = { from: 0, to: 0xff_ff_ff_ff };

/** The same numbers in ascending, disjoint ranges that do not touch. */
export function normalise(ranges: readonly Range[]): Range[] {
  const merged: Range[] = [];
  for (const range of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last === undefined || range.from > last.to + 1) merged.push(range);
    else if (range.to > last.to) merged[merged.length - 1] = { from: last.from, to: range.to };
  }
  return merged;
}

/** The numbers of `range` that are in none of `holes`. */
export function subtract(range: Range, holes: readonly Range[]): Range[] {
  const rest: Range[] = [];
  let { from } = range;
  for (const hole of normalise(holes)) {
    if (hole.to < from || hole.from > range.to) continue;
    if (hole.from > from) rest.push({ from, to: hole.from - 1 });
    from = hole.to + 1;
  }
  if (from <= range.to) rest.push({ from, to: range.to });
  return rest;
}

export function contains(ranges: readonly Range[], value: number): boolean {
  return ranges.some(({ from, to }) => from <= value && value <= to);
}

/** The addresses of an IPv4 CIDR; undefined for IPv6, which no IPv4 address matches (D12). */
export function rangeOfCidr(cidr: string): Range | undefined {
  const [address, bits] = ipaddr.parseCIDR(cidr);
  if (!(address instanceof ipaddr.IPv4)) return undefined;
  const size = 2 ** (32 - bits);
  const from = Math.floor(numberOf(address) / size) * size;
  return { from, to: from + size - 1 };
}

/** An IPv4 address as a number. */
export function numberOfAddress(address: string): number {
  return numberOf(ipaddr.IPv4.parse(address));
}

/** A number as an IPv4 address. */
export function addressOfNumber(value: number): string {
  return [24, 16, 8, 0].map((shift) => (value >>> shift) & 0xff).join('.');
}

function numberOf(address: ipaddr.IPv4): number {
  return address.octets.reduce((value, octet) => value * 256 + octet, 0);
}
