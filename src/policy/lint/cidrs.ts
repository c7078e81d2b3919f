/** Blocks that API servers refuse since Kubernetes 1.36 (D3a), and a block that holds nobody. */
import { type Cidr, canonicalCidr, singleAddress } from '../addresses.ts';
import { findingAt, type Lint, type LintFinding, placedPeers, writtenRules } from './finding.ts';

type Text = Pick<LintFinding, 'message' | 'advice'>;

export const lintCidrs: Lint = (policy) =>
  writtenRules(policy)
    .flatMap(placedPeers)
    .flatMap(({ peer, path }): readonly LintFinding[] => {
      if (peer.kind !== 'block') return [];
      const at = [...path, 'ipBlock'];
      const written = [
        { cidr: peer.cidr, place: [...at, 'cidr'] },
        ...peer.except.map((cidr, index) => ({ cidr, place: [...at, 'except', index] })),
      ];
      const nobody = describeNobody(peer.cidr);
      return [
        ...written.flatMap(({ cidr, place }) => {
          const text = describeLaxity(cidr);
          return text === undefined
            ? []
            : [findingAt(policy, place, { code: 'lax-cidr', rule: 'D3a', ...text })];
        }),
        ...(nobody === undefined
          ? []
          : [findingAt(policy, [...at, 'cidr'], { code: 'block-of-nobody', rule: 'D12', ...nobody })]),
      ];
    });

const SINCE = 'API servers refuse it since Kubernetes 1.36; older ones take it';

function describeLaxity(cidr: Cidr): Text | undefined {
  const { laxity } = cidr;
  if (laxity === undefined) return undefined;
  const canonical = canonicalCidr(cidr);
  switch (laxity) {
    case 'leading-zeros':
      return {
        message: `${cidr.text} has numbers with leading zeros: ${SINCE} for ${canonical}, and other programs may read octal numbers`,
        advice: `Write ${canonical}.`,
      };
    case 'mapped':
      return {
        message: `${cidr.text} is IPv4 written as IPv6: ${SINCE}, and network plugins differ in what it matches`,
        advice:
          cidr.bits === 96 || canonical.endsWith('/0')
            ? 'Write the IPv4 block that is meant: as it stands it is 0.0.0.0/0, which is everybody.'
            : `Write it as IPv4: ${canonical}.`,
      };
    case 'host-bits':
      return {
        message: `${cidr.text} is no block, since it begins with an address within one: ${SINCE} for ${canonical}`,
        advice: `Write ${canonical}, or ${singleAddress(cidr)} if one address is meant.`,
      };
  }
}

/** `0.0.0.0/24` in place of `0.0.0.0/0`. Of half of all addresses, as of `0.0.0.0/1`, some are somebody's. */
function describeNobody({ text, network, bits }: Cidr): Text | undefined {
  const [fewest, all] = network.kind() === 'ipv4' ? [8, '0.0.0.0/0'] : [16, '::/0'];
  if (bits < fewest || network.toByteArray().some((byte) => byte !== 0)) return undefined;
  return {
    message: `${text} does not mean everybody: nobody has an address in it`,
    advice: `Write ${all} to mean everybody, or take it out.`,
  };
}
