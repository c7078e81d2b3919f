/** Selectors that are meant for the API server, which is no pod to policies (D10, D24). */
import { NAMESPACE_NAME_LABEL } from '../../labels.ts';
import type { PolicyRule } from '../manifest.ts';
import type { Oracle } from '../oracle.ts';
import { describePeer, isSelecting, type Peer, type SelectingPeer, selectsPod } from '../peers.ts';
import type { PortEntry } from '../ports.ts';
import { requirementsOf } from '../requirements.ts';
import type { LabelSelector } from '../selectors.ts';
import {
  findingAt,
  type Lint,
  type LintFinding,
  type PlacedRule,
  placedPeers,
  placedRules,
} from './finding.ts';

/** What the static pods of API servers are called by their labels, such as `component: kube-apiserver`. */
const API_SERVER_NAME = 'kube-apiserver';
/** The port of its Service, and that of most API servers. */
const SERVICE_PORT = 443;
const SERVER_PORT = 6443;

export const lintApiServer: Lint = (policy, { oracle }) =>
  placedRules(policy).flatMap((placed) =>
    placedPeers(placed).flatMap(({ peer, path }): readonly LintFinding[] => {
      if (!meansApiServer(peer, placed, policy.namespace, oracle)) return [];
      return [
        findingAt(policy, path, {
          code: 'api-server-peer',
          rule: 'D24',
          message: `this peer, "${describePeer(peer, policy.namespace)}", seems to be meant for the API server, and no selector matches it: its Service has no pods`,
          advice:
            placed.direction === 'egress'
              ? 'Name the addresses of its endpoints in an ipBlock, and their port: "kubectl get endpointslices -n default kubernetes" shows both.'
              : 'Name the addresses of its nodes in an ipBlock: "kubectl get endpointslices -n default kubernetes" shows them.',
        }),
      ];
    }),
  );

/**
 * Whether a peer that matches no pod is meant for the API server: by the label of its pods, or, for egress, by the namespace of its Service
 * or of these pods together with no other ports than its own.
 *
 * @param namespace that of the policy
 */
export function meansApiServer(
  peer: Peer,
  { direction, rule }: Pick<PlacedRule, 'direction' | 'rule'>,
  namespace: string,
  { parties }: Oracle,
): peer is SelectingPeer {
  if (!isSelecting(peer) || parties.pods.some((pod) => selectsPod(peer, pod, namespace))) return false;
  if (peer.kind !== 'namespaces' && valuesRequired(peer.podSelector).includes(API_SERVER_NAME)) return true;
  return direction === 'egress' && peer.kind !== 'pods' && isItsPlace(peer.namespaceSelector, rule);
}

function isItsPlace(namespaceSelector: LabelSelector, { ports }: PolicyRule): boolean {
  const isItsPort = (entry: PortEntry): boolean =>
    entry.kind === 'numbers' &&
    entry.protocol === 'TCP' &&
    entry.first === entry.last &&
    [SERVICE_PORT, SERVER_PORT].includes(entry.first);
  if (ports.length === 0 || !ports.every(isItsPort)) return false;
  const [only, ...others] = valuesRequired(namespaceSelector, NAMESPACE_NAME_LABEL);
  if (others.length > 0) return false;
  // Others listen on 443 beside it in kube-system, and nobody else on its own port.
  const isOwnPort = ports.some((entry) => entry.kind === 'numbers' && entry.first === SERVER_PORT);
  return only === 'default' || (only === 'kube-system' && isOwnPort);
}

/** The values of which a selector requires one: of a label, or of any. */
export function valuesRequired(selector: LabelSelector, label?: string): readonly string[] {
  return requirementsOf(selector).flatMap(({ key, operator, values }) =>
    (operator === 'Equals' || operator === 'In') && (label ?? key) === key ? values : [],
  );
}
