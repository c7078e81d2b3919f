/** Two peers where one with both selectors was probably meant: one dash too many (D8). */
import { describePeer, type Peer } from '../peers.ts';
import { requirementsOf } from '../requirements.ts';
import { findingAt, type Lint, type LintFinding, placedPeers, placedRules } from './finding.ts';

export const lintAlternatives: Lint = (policy) =>
  placedRules(policy).flatMap((rule) => {
    const peers = placedPeers(rule);
    return peers.flatMap(({ peer, path }, index): readonly LintFinding[] => {
      const before = peers[index - 1]?.peer;
      const meant = before && joinPeers(before, peer);
      if (before === undefined || meant === undefined) return [];
      const { namespace } = policy;
      return [
        findingAt(policy, path, {
          code: 'or-instead-of-and',
          rule: 'D8',
          message: `these two entries are alternatives: "${describePeer(before, namespace)}" or "${describePeer(peer, namespace)}"`,
          advice: `To mean "${describePeer(meant, namespace)}", write both selectors in one entry, without the second dash. To mean either of them, write two rules.`,
        }),
      ];
    });
  });

/** What a selector of namespaces and one of pods mean together. The empty podSelector is a way to say "my own namespace". */
function joinPeers(left: Peer, right: Peer): Peer | undefined {
  if (left.kind === 'pods' && right.kind === 'namespaces') return joinPeers(right, left);
  if (left.kind !== 'namespaces' || right.kind !== 'pods') return undefined;
  if (requirementsOf(right.podSelector).length === 0) return undefined;
  return {
    kind: 'pods-of-namespaces',
    namespaceSelector: left.namespaceSelector,
    podSelector: right.podSelector,
  };
}
