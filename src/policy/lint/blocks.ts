/** Blocks of addresses that do not do what they look like: of pods or Services (I1, I2), or with exceptions for nothing (D12). */
import { type Block, type Cidr, isWithin } from '../addresses.ts';
import { type Finding, findingAt, type Lint, placedPeers, placedRules } from './finding.ts';

export const lintBlocks: Lint = (policy, { oracle }) =>
  placedRules(policy)
    .flatMap(placedPeers)
    .flatMap(({ peer, path }): readonly Finding[] => {
      if (peer.kind !== 'block') return [];
      const kind = kindOf(peer.cidr, oracle.parties);
      const findings =
        kind === undefined ? [] : [findingAt(policy, [...path, 'ipBlock', 'cidr'], KINDS[kind](peer.cidr))];
      const overlaps = findOverlaps(peer).map(({ index, hole, around }) =>
        findingAt(policy, [...path, 'ipBlock', 'except', index], {
          code: 'overlapping-except',
          rule: 'D12',
          message: `the exception ${hole.text} takes nothing out that ${around.text} does not take out already`,
          advice: `Take ${hole.text} out of the list.`,
        }),
      );
      return [...findings, ...overlaps];
    });

const KINDS = {
  pods: ({ text }: Cidr) => ({
    code: 'block-of-pods' as const,
    rule: 'I1',
    message: `${text} contains nothing but addresses of pods, and not every network plugin matches these`,
    advice: 'Name the pods by podSelector and namespaceSelector: their addresses change with every restart.',
  }),
  services: ({ text }: Cidr) => ({
    code: 'block-of-services' as const,
    rule: 'I2',
    message: `${text} contains nothing but addresses of Services, which most network plugins do not look at`,
    advice: 'Name the pods behind the Service by podSelector and namespaceSelector.',
  }),
};

function kindOf(
  cidr: Cidr,
  {
    podRanges,
    serviceRanges,
  }: { readonly podRanges: readonly Cidr[]; readonly serviceRanges: readonly Cidr[] },
): keyof typeof KINDS | undefined {
  if (podRanges.some((range) => isWithin(cidr, range))) return 'pods';
  return serviceRanges.some((range) => isWithin(cidr, range)) ? 'services' : undefined;
}

/** Exceptions within another one; of two that are the same, the later. */
function findOverlaps({
  except,
}: Block): readonly { readonly index: number; readonly hole: Cidr; readonly around: Cidr }[] {
  return except.flatMap((hole, index) => {
    const around = except.find(
      (other, position) =>
        position !== index && isWithin(hole, other) && (position < index || !isWithin(other, hole)),
    );
    return around === undefined ? [] : [{ index, hole, around }];
  });
}
