/** Ranges of addresses for hosts outside the cluster: each is a network of its own, with room for the nodes. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** As hosts' networks mostly are; wider where a host is at the end of one, or where it is full. */
const RANGE_BITS = { ipv4: 24, ipv6: 64 } as const;

/** A network, and who is where in it. */
export interface HostRange {
  /** Such as `203.0.113.0/24`. */
  readonly subnet: string;
  readonly family: 'IPv4' | 'IPv6';
  /** Those of hosts. */
  readonly addresses: readonly string[];
  /** The one that Docker wants for itself. */
  readonly gateway: string;
  /** As many as there are nodes. */
  readonly ofNodes: readonly string[];
}

type AddressKind = keyof typeof RANGE_BITS;

interface AddressSpan {
  readonly kind: AddressKind;
  readonly bits: number;
  readonly first: bigint;
  readonly last: bigint;
}

/** The ranges that hold all of these addresses, no two of which overlap. @param nodes how many nodes come into each */
export function rangesFor(addresses: readonly string[], nodes: number): readonly HostRange[] {
  const own = [...new Set(addresses)].filter((address) => isIP(address) !== 0);
  return (['ipv4', 'ipv6'] as const).flatMap((kind) => {
    const numbers = own.map((address) => ipaddr.parse(address)).filter((address) => address.kind() === kind);
    return spansOf(numbers.map(numberOf), kind, nodes + 1).map((span) => placeIn(span, own, nodes));
  });
}

/** @param needed how many addresses must be free beside those of hosts */
function spansOf(hosts: readonly bigint[], kind: AddressKind, needed: number): readonly AddressSpan[] {
  const spans: AddressSpan[] = [];
  for (const host of hosts) {
    let bits: number = RANGE_BITS[kind];
    while (!isRoomy(spanAt(host, kind, bits), hosts, needed)) bits -= 1;
    spans.push(spanAt(host, kind, bits));
  }
  const widest = spans.toSorted((left, right) => left.bits - right.bits);
  return widest.filter(
    (span, index) =>
      !widest.slice(0, index).some(({ first, last }) => first <= span.first && span.last <= last),
  );
}

/** The first and the last address of a network are nobody's. */
function isRoomy({ first, last }: AddressSpan, hosts: readonly bigint[], needed: number): boolean {
  const inside = hosts.filter((host) => first <= host && host <= last);
  if (inside.some((host) => host === first || host === last)) return false;
  return last - first - 1n - BigInt(new Set(inside).size) >= BigInt(needed);
}

/** From the end of the range down: hosts are mostly at its beginning. */
function placeIn(span: AddressSpan, own: readonly string[], nodes: number): HostRange {
  const { kind, bits, first, last } = span;
  const addresses = own.filter((address) => {
    const parsed = ipaddr.parse(address);
    return parsed.kind() === kind && first <= numberOf(parsed) && numberOf(parsed) <= last;
  });
  const taken = new Set(addresses.map((address) => numberOf(ipaddr.parse(address))));
  const free: string[] = [];
  for (let next = last - 1n; free.length < nodes + 1; next -= 1n)
    if (!taken.has(next)) free.push(textOf(next, kind));
  const [gateway = '', ...ofNodes] = free;
  const family = kind === 'ipv4' ? 'IPv4' : 'IPv6';
  return { subnet: `${textOf(first, kind)}/${bits}`, family, addresses, gateway, ofNodes };
}

function spanAt(address: bigint, kind: AddressKind, bits: number): AddressSpan {
  const size = 1n << BigInt(widthOf(kind) - bits);
  const first = address - (address % size);
  return { kind, bits, first, last: first + size - 1n };
}

function widthOf(kind: AddressKind): number {
  return kind === 'ipv4' ? 32 : 128;
}

function numberOf(address: ReturnType<typeof ipaddr.parse>): bigint {
  return address.toByteArray().reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

function textOf(number: bigint, kind: AddressKind): string {
  const bytes = Array.from({ length: widthOf(kind) / 8 }, (_, index) =>
    Number((number >> BigInt(widthOf(kind) - 8 * (index + 1))) & 0xffn),
  );
  return ipaddr.fromByteArray(bytes).toString();
}
