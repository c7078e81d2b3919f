/** Hosts outside, beside the pods of an arena: each pod connects to them and they to each pod, and blocks of addresses hold some of them. */
import type { PolicyHost } from '../../src/policy/model.ts';
import type { Port } from '../../src/scenario/scenario.ts';
import type { Alphabet } from '../policy/arbitraries.ts';

export const HOST_PORTS: readonly Port[] = [
  { port: 80, protocol: 'TCP' },
  { port: 81, protocol: 'UDP' },
];

/** So many ranges there are; no sandbox has as many arenas. */
const RANGES = 256;

/** One in each half of a range that no other arena of its sandbox has. @param number of the arena */
export function hostsFor(number: number): readonly Required<PolicyHost>[] {
  const range = `198.18.${number % RANGES}`;
  return [
    { key: 'host/low', address: `${range}.10` },
    { key: 'host/high', address: `${range}.200` },
  ];
}

/** Blocks that hold both, one or none of the hosts of an arena. */
export function blocksAround([low, high]: readonly Required<PolicyHost>[]): Alphabet['blocks'] {
  if (low === undefined || high === undefined) return [];
  const range = low.address.replace(/\d+$/, '0');
  const upperHalf = `${range.replace(/\d+$/, '128')}/25`;
  return [
    { cidr: `${range}/24`, except: [upperHalf] },
    { cidr: upperHalf, except: [`${high.address}/32`] },
    { cidr: '0.0.0.0/0', except: [`${low.address}/32`] },
    { cidr: `${high.address}/32` },
  ];
}
