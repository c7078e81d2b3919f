/** Policies and peers whose selectors match nothing in the world. */
import type { Labels } from '../../model/labels.ts';
import { listNames } from '../list-names.ts';
import type { Oracle } from '../oracle.ts';
import { describePeer, type Peer } from '../peers.ts';
import { describeSelector } from '../requirements.ts';
import { selectorMatches } from '../selectors.ts';
import { meansApiServer } from './api-server.ts';
import { allowsDnsByPort } from './dns.ts';
import {
  findingAt,
  type Lint,
  type LintFinding,
  mayMeanOthers,
  placedPeers,
  placedRules,
} from './finding.ts';

export const lintSubjects: Lint = (policy, { oracle }) => {
  if (oracle.subjectsOf(policy).length > 0) return [];
  const { namespace, podSelector } = policy;
  const required = describeSelector(podSelector);
  const neighbours = oracle.parties.pods.filter((pod) => pod.namespace === namespace);
  return [
    findingAt(policy, ['spec', 'podSelector'], {
      code: 'selects-no-pod',
      rule: 'D4',
      message: `this policy does nothing: namespace ${namespace} has no pod${required === '' ? '' : ` with ${required}`}`,
      advice:
        neighbours.length === 0
          ? `Put the policy into the namespace of the pods that it is for: ${namespace} has none here.`
          : `Select by labels that the pods carry: those of ${namespace} carry ${listLabels(neighbours.map(({ labels }) => labels))}.`,
    }),
  ];
};

/** Peers for asking a name server are left alone: the name server is hardly ever part of what is looked at. Of the API server another lint speaks. */
export const lintPeers: Lint = (policy, { oracle, existingNamespaces }) =>
  placedRules(policy)
    .filter(({ rule }) => !allowsDnsByPort(rule, 'UDP') && !allowsDnsByPort(rule, 'TCP'))
    .flatMap((placed) => placedPeers(placed).map(({ peer, path }) => ({ placed, peer, path })))
    .flatMap(({ placed, peer, path }): readonly LintFinding[] => {
      if (meansApiServer(peer, placed, policy.namespace, oracle)) return [];
      if (mayMeanOthers(peer, existingNamespaces)) return [];
      const advice = peer.kind === 'block' ? undefined : adviseOnPeer(peer, policy.namespace, oracle);
      if (advice === undefined) return [];
      return [
        findingAt(policy, path, {
          code: 'peer-matches-no-pod',
          rule: 'D9',
          message: `nobody matches this peer, "${describePeer(peer, policy.namespace)}"`,
          advice,
        }),
      ];
    });

/** What to do about a peer that matches no pod; undefined where it matches some. */
function adviseOnPeer(
  peer: Exclude<Peer, { kind: 'block' }>,
  own: string,
  { parties }: Oracle,
): string | undefined {
  const namespaces = [...parties.namespaces].filter(([name, labels]) =>
    peer.kind === 'pods' ? name === own : selectorMatches(peer.namespaceSelector, labels),
  );
  if (namespaces.length === 0) {
    return `Select namespaces by labels that they carry: here they carry ${listLabels([...parties.namespaces.values()])}.`;
  }
  const names = namespaces.map(([name]) => name);
  const pods = parties.pods.filter(({ namespace }) => names.includes(namespace));
  if (pods.length === 0)
    return `Add a pod to ${listNames(names)}, so that the rule is tested, or take the peer out.`;
  if (peer.kind === 'namespaces' || pods.some(({ labels }) => selectorMatches(peer.podSelector, labels))) {
    return undefined;
  }
  const elsewhere = parties.pods.filter(({ labels }) => selectorMatches(peer.podSelector, labels));
  if (peer.kind === 'pods' && elsewhere.length > 0) {
    return `Add a namespaceSelector to the same entry: a podSelector alone means pods of ${own}, and ${listNames(elsewhere.map(({ name }) => name))} is elsewhere.`;
  }
  return `Select pods by labels that they carry: those of ${listNames(names)} carry ${listLabels(pods.map(({ labels }) => labels))}.`;
}

/** `app=api and app=web`, of all of them */
export function listLabels(labels: readonly Labels[]): string {
  const pairs = new Set(
    labels.flatMap((one) =>
      Object.entries(one).map(([key, value]) => `${key}=${value === '' ? '""' : value}`),
    ),
  );
  return pairs.size === 0 ? 'none' : listNames([...pairs].toSorted());
}
