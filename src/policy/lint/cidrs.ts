/** Blocks that API servers refuse since Kubernetes 1.36 (D3a), and a block that holds nobody. */
import { type Cidr, canonicalCidr, singleAddress } from '../addresses.ts';
import type { Policy } from '../policy.ts';
import { type Finding, findingAt, type Lint, placedPeers, placedRules } from './finding.ts';

export const lintCidrs: Lint = (policy) =>
  placedRules(policy)
    .flatMap(placedPeers)
    .flatMap(({ peer, path }): readonly Finding[] => {
      if (peer.kind !== 'block') return [];
      const at = [...path, 'ipBlock'];
      return [
        ...describeLaxity(policy, peer.cidr, [...at, 'cidr']),
        ...describeNobody(policy, peer.cidr, [...at, 'cidr']),
        ...peer.except.flatMap((hole, index) => describeLaxity(policy, hole, [...at, 'except', index])),
      ];
    });

function describeLaxity(policy: Policy, cidr: Cidr, path: Finding['path']): readonly Finding[] {
  if (cidr.laxity === undefined) return [];
  const canonical = canonicalCidr(cidr);
  const finding = { code: 'lax-cidr', rule: 'D3a' } as const;
  const since = 'API servers refuse it since Kubernetes 1.36';
  switch (cidr.laxity) {
    case 'leading-zeros':
      return [
        findingAt(policy, path, {
          ...finding,
          message: `${cidr.text} has numbers with leading zeros: ${since}; older ones take it for ${canonical}, and other programs may read octal numbers`,
          advice: `Write ${canonical}.`,
        }),
      ];
    case 'mapped':
      return [
        findingAt(policy, path, {
          ...finding,
          message: `${cidr.text} is IPv4 written as IPv6: ${since}; older ones take it, and network plugins differ in what it matches`,
          advice: `Write it as IPv4: ${canonical}.`,
        }),
      ];
    case 'host-bits':
      return [
        findingAt(policy, path, {
          ...finding,
          message: `${cidr.text} is no block, since it begins with an address within one: ${since}; older ones take it for ${canonical}`,
          advice: `Write ${canonical}, or ${singleAddress(cidr)} if one address is meant.`,
        }),
      ];
  }
}

/** `0.0.0.0/24` in place of `0.0.0.0/0`. Of half of all addresses, as of `0.0.0.0/1`, some are somebody's. */
function describeNobody(
  policy: Policy,
  { text, network, bits }: Cidr,
  path: Finding['path'],
): readonly Finding[] {
  const [fewest, all] = network.kind() === 'ipv4' ? [8, '0.0.0.0/0'] : [16, '::/0'];
  if (bits < fewest || network.toByteArray().some((byte) => byte !== 0)) return [];
  return [
    findingAt(policy, path, {
      code: 'block-of-nobody',
      rule: 'D12',
      message: `${text} does not mean everybody: nobody has an address in it`,
      advice: `Write ${all} to mean everybody, or take it out.`,
    }),
  ];
}
