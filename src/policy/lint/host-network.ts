/** Selectors that are meant for pods on the network of their nodes, and do not match them. */
import { listNames } from '../list-names.ts';
import type { PodParty } from '../parties.ts';
import { describePeer, matchPeer } from '../peers.ts';
import { findingAt, type Lint, placedPeers, placedRules } from './finding.ts';

/** Subjects, which the policy does not isolate, and peers, which it does not let through. */
export const lintHostNetwork: Lint = (policy, { oracle }) => {
  const onHost = oracle.parties.pods.filter(({ hostNetwork }) => hostNetwork);
  if (onHost.length === 0) return [];
  const subjects = oracle.subjectsOf(policy).filter(({ hostNetwork }) => hostNetwork);
  const selected =
    subjects.length === 0
      ? []
      : [
          findingAt(policy, ['spec', 'podSelector'], {
            code: 'host-network-pod',
            rule: 'I5',
            message: `${whoIs(subjects)}: most network plugins isolate no such pod`,
            advice:
              'Protect it on its node, such as with the firewall, or take it off the network of its node.',
          }),
        ];
  return [
    ...selected,
    ...placedRules(policy)
      .flatMap(placedPeers)
      .flatMap(({ peer, path }) => {
        if (peer.kind === 'block') return [];
        const meant = onHost.filter(
          (party) => matchPeer(peer, { party }, policy.namespace, {}).match === 'yes',
        );
        if (meant.length === 0) return [];
        return [
          findingAt(policy, path, {
            code: 'host-network-pod',
            rule: 'I5',
            message: `${whoIs(meant)}: with most network plugins the selectors of this peer, "${describePeer(peer, policy.namespace)}", do not match it`,
            advice: 'Name the addresses of the nodes in an ipBlock, where it is to be let through.',
          }),
        ];
      }),
  ];
};

function whoIs(pods: readonly PodParty[]): string {
  const are = pods.length === 1 ? 'is on the network of its node' : 'are on the networks of their nodes';
  return `${listNames(pods.map(({ name }) => name))} ${are}`;
}
