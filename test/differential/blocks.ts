/** The blocks of addresses that the policies of an arena use: around its pods, the hosts outside, the nodes and a Service. */
import { addressIn, FAMILIES, type Family } from '../../src/model/family.ts';
import type { NodePlaces } from '../../src/model/node-port.ts';
import { canonicalCidr, parseCidr } from '../../src/policy/addresses.ts';
import type { IpBlock } from '../policy/arbitraries.ts';
import { familiesInTurn } from './families.ts';
import { type ArenaHost, rangesOf } from './hosts.ts';
import type { ServiceGround } from './services.ts';

/** The addresses of what blocks are drawn around. */
export interface Surrounded {
  /** Of the pods, in each family. */
  readonly pods: Readonly<Record<Family, readonly string[]>>;
  readonly hosts: readonly [ArenaHost, ArenaHost];
  readonly nodes: NodePlaces;
  readonly services: ServiceGround['addresses'];
}

const EVERY: Readonly<Record<Family, string>> = { IPv4: '0.0.0.0/0', IPv6: '::/0' };
const SIZES = { IPv4: { all: 16, node: 24, one: 32 }, IPv6: { all: 48, node: 64, one: 128 } } as const;

/** Blocks that hold all, some, one or none of the pods, and more of nodes and a Service. */
export function blocksInside({ pods, nodes, services }: Surrounded, turn: number): readonly IpBlock[] {
  const [some, others] = familiesInTurn(turn);
  const [one, other] = [sizesOf(pods[some]), sizesOf(pods[others])];
  return [
    { cidr: EVERY[some] },
    { cidr: EVERY[some], except: [one.all] },
    { cidr: other.all, except: [other.rangeOf(0)] },
    { cidr: one.all, except: [one.podOf(1), one.podOf(2)] },
    { cidr: other.rangeOf(1) },
    { cidr: one.rangeOf(0), except: [one.podOf(0)] },
    { cidr: other.podOf(2) },
    { cidr: EVERY[others], except: [other.podOf(1)] },
    { cidr: EVERY[others] },
    ...FAMILIES.flatMap((family) => nodeBlocks(family, nodes)),
    // Holds nobody, as what goes there is translated first (I2).
    ...[...services.values()]
      .flatMap((all) => addressIn(some, all) ?? [])
      .slice(0, 1)
      .map((address) => ({ cidr: sizesOf([address]).podOf(0) })),
  ];
}

/** The first node; and all, but for the second: a pod that comes by way of a node is in it, or not. */
function nodeBlocks(family: Family, nodes: NodePlaces): readonly IpBlock[] {
  const [first, second] = [...nodes.values()].flatMap((all) => addressIn(family, all) ?? []);
  if (first === undefined || second === undefined) return [];
  const { all, podOf } = sizesOf([first, second]);
  return [{ cidr: podOf(0) }, { cidr: all, except: [podOf(1)] }];
}

/** Blocks that hold both, one or none of the hosts. */
export function blocksAroundHosts({ hosts }: Surrounded, turn: number): readonly IpBlock[] {
  const [some, others] = familiesInTurn(turn);
  const [low, high] = hosts.map((host) => rangesOf(host)[some]);
  const [lowToo, highToo] = hosts.map((host) => rangesOf(host)[others]);
  if (low === undefined || high === undefined || lowToo === undefined || highToo === undefined) return [];
  return [
    { cidr: low.all, except: [high.upper] },
    { cidr: high.upper, except: [high.own] },
    { cidr: EVERY[some], except: [low.own] },
    { cidr: high.own },
    { cidr: highToo.upper },
    { cidr: EVERY[others], except: [lowToo.own] },
  ];
}

/** Blocks of all sizes: of all pods, of the pods of one node, and of one pod. */
function sizesOf(addresses: readonly string[]) {
  const { all, node, one } = SIZES[addresses[0]?.includes(':') === true ? 'IPv6' : 'IPv4'];
  const blockOf = (place: number, bits: number): string =>
    canonicalCidr(parseCidr(`${addresses[place]}/${bits}`) ?? noAddress());
  return {
    all: blockOf(0, all),
    rangeOf: (place: number) => blockOf(place, node),
    podOf: (place: number) => blockOf(place, one),
  };
}

function noAddress(): never {
  throw new Error('a pod has no address');
}
