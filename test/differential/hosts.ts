/** Hosts outside, beside the pods of an arena: each pod connects to them, and they to each pod and to the ports of nodes. */
import type { Family } from '../../src/model/family.ts';
import type { Port } from '../../src/scenario/scenario.ts';

export const HOST_PORTS: readonly Port[] = [
  { port: 80, protocol: 'TCP' },
  { port: 81, protocol: 'UDP' },
];

/** Something outside with an address of each family. */
export interface ArenaHost {
  /** As it is called: `host/low`. */
  readonly key: string;
  readonly addresses: Readonly<Record<Family, string>>;
}

/** So many ranges there are; no sandbox has as many arenas. */
const RANGES = 256;

/** One in each half of ranges that no other arena of its sandbox has. @param number of the arena */
export function hostsFor(number: number): readonly [ArenaHost, ArenaHost] {
  const range = number % RANGES;
  return [
    { key: 'host/low', addresses: { IPv4: `198.18.${range}.10`, IPv6: `${sixRange(range)}::10` } },
    { key: 'host/high', addresses: { IPv4: `198.18.${range}.200`, IPv6: `${sixRange(range)}:8000::10` } },
  ];
}

/** The first address of the range of a host, without its size. */
function sixRange(range: number): string {
  return `2001:db8:${(range + 1).toString(16)}`;
}

/** The ranges of hosts in a family: the whole, the upper half, and the only address of one. */
export function rangesOf({ addresses: { IPv4, IPv6 } }: ArenaHost): Readonly<Record<Family, HostRanges>> {
  const four = IPv4.replace(/\d+$/, '');
  const six = IPv6.split(':').slice(0, 3).join(':');
  return {
    IPv4: { all: `${four}0/24`, upper: `${four}128/25`, own: `${IPv4}/32` },
    IPv6: { all: `${six}::/48`, upper: `${six}:8000::/49`, own: `${IPv6}/128` },
  };
}

interface HostRanges {
  readonly all: string;
  readonly upper: string;
  readonly own: string;
}
