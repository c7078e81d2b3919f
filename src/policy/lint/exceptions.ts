/** Exceptions of blocks that take nothing out, or only seem to (D12). */
import { objectKey } from '../../keys.ts';
import { type Block, type Cidr, isWithin, reachesInto } from '../addresses.ts';
import type { PolicyRule } from '../manifest.ts';
import type { ManifestPath } from '../model.ts';
import type { Oracle } from '../oracle.ts';
import type { Policy } from '../policy.ts';
import { describePortEntry, type PortEntry } from '../ports.ts';
import {
  findingAt,
  type Lint,
  type LintFinding,
  type PlacedRule,
  placedPeers,
  placedRules,
} from './finding.ts';

export const lintExceptions: Lint = (policy, { oracle }) =>
  placedRules(policy).flatMap((rule) =>
    placedPeers(rule).flatMap(({ peer, path }): readonly LintFinding[] => {
      if (peer.kind !== 'block') return [];
      const at = (index: number): ManifestPath => [...path, 'ipBlock', 'except', index];
      const useless = findOverlaps(peer);
      return [
        ...useless.map(({ index, hole, around }) =>
          findingAt(policy, at(index), {
            code: 'overlapping-except',
            rule: 'D12',
            message: `the exception ${hole.text} takes nothing out that ${around.text} does not take out already`,
            advice: `Take ${hole.text} out of the list.`,
          }),
        ),
        ...peer.except.flatMap((hole, index) => {
          const opener = findOpener(hole, { peer, policy, rule }, oracle);
          return opener === undefined || useless.some((one) => one.index === index)
            ? []
            : [
                findingAt(policy, at(index), {
                  code: 'overlapping-except',
                  rule: 'D12',
                  message: `what the exception ${hole.text} takes out, ${opener} lets through all the same: an exception denies nothing`,
                  advice: `Take ${hole.text} out there as well, or take the exception out if the way is meant to be open.`,
                }),
              ];
        }),
      ];
    }),
  );

interface Excepting {
  readonly peer: Block;
  readonly policy: Policy;
  readonly rule: PlacedRule;
}

/** Another entry for the same pods, in the same direction and on the same ports, that allows some of a hole. */
function findOpener(hole: Cidr, { peer, policy, rule }: Excepting, oracle: Oracle): string | undefined {
  const subjects = new Set(oracle.subjectsOf(policy).map(({ name }) => name));
  for (const other of oracle.policies) {
    if (!oracle.subjectsOf(other).some(({ name }) => subjects.has(name))) continue;
    for (const opener of placedRules(other)) {
      if (opener.direction !== rule.direction || !coversPorts(opener.rule, rule.rule)) continue;
      const name = `rule ${opener.index + 1} of policy ${objectKey(other)}`;
      if (opener.rule.peers.length === 0) return `${name}, which names no peers,`;
      const block = opener.rule.peers.find(
        (one) => one.kind === 'block' && one !== peer && reachesInto(one, hole),
      );
      if (block?.kind === 'block') return `${block.cidr.text} in ${name}`;
    }
  }
  return undefined;
}

/** Whether every port of the inner rule is one of the outer. */
function coversPorts(outer: PolicyRule, inner: PolicyRule): boolean {
  if (outer.ports.length === 0) return true;
  return (
    inner.ports.length > 0 && inner.ports.every((one) => outer.ports.some((other) => coversPort(other, one)))
  );
}

function coversPort(outer: PortEntry, inner: PortEntry): boolean {
  if (outer.protocol !== inner.protocol) return false;
  if (outer.kind === 'numbers' && inner.kind === 'numbers')
    return outer.first <= inner.first && inner.last <= outer.last;
  return outer.kind === 'every' || describePortEntry(outer) === describePortEntry(inner);
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
