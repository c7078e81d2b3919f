/** Sets of numbers as ranges, for addresses and for ports. */
import ipaddr from 'ipaddr.js';
import type { IPFamily } from '../ip-family.ts';

/** Both ends are included. */
export interface Range {
  readonly from: bigint;
  readonly to: bigint;
}

export const ALL_ADDRESSES: Readonly<Record<IPFamily, Range>> = {
  IPv4: { from: 0n, to: 2n ** 32n - 1n },
  IPv6: { from: 0n, to: 2n ** 128n - 1n },
};

/** The same numbers in ascending, disjoint ranges that do not touch. */
export function normalise(ranges: readonly Range[]): Range[] {
  const merged: Range[] = [];
  for (const range of [...ranges].sort((a, b) => Number(a.from > b.from) - Number(a.from < b.from))) {
    const last = merged.at(-1);
    if (last === undefined || range.from > last.to + 1n) merged.push(range);
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
    if (hole.from > from) rest.push({ from, to: hole.from - 1n });
    from = hole.to + 1n;
  }
  if (from <= range.to) rest.push({ from, to: range.to });
  return rest;
}

export function contains(ranges: readonly Range[], value: bigint): boolean {
  return ranges.some(({ from, to }) => from <= value && value <= to);
}

/** The addresses of a CIDR. */
export function rangeOfCidr(cidr: string): Range {
  const [address, bits] = ipaddr.parseCIDR(cidr);
  const bytes = address.toByteArray();
  const size = 2n ** BigInt(bytes.length * 8 - bits);
  const from = (numberOf(bytes) / size) * size;
  return { from, to: from + size - 1n };
}

/** An address as a number. */
export function numberOfAddress(address: string): bigint {
  return numberOf(ipaddr.parse(address).toByteArray());
}

/** A number as an address of a family. */
export function addressOfNumber(value: bigint, family: IPFamily): string {
  const digits = value.toString(16).padStart(family === 'IPv4' ? 8 : 32, '0');
  return ipaddr.fromByteArray([...Buffer.from(digits, 'hex')]).toString();
}

function numberOf(bytes: readonly number[]): bigint {
  return BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
}
