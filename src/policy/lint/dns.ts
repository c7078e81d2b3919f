/** Egress isolation that cuts pods off from their name server (D22). */
import { NAMESPACE_NAME_LABEL } from '../../labels.ts';
import { parseCidr, reachesInto } from '../addresses.ts';
import { listNames } from '../list-names.ts';
import type { PolicyRule } from '../manifest.ts';
import type { PolicyProtocol } from '../model.ts';
import type { PodParty } from '../parties.ts';
import { describePeer, matchPeer, type Peer } from '../peers.ts';
import { type Policy, rulesOf } from '../policy.ts';
import type { PortEntry } from '../ports.ts';
import { valuesRequired } from './api-server.ts';
import { findingAt, type Lint } from './finding.ts';

const DNS = 53;
const DNS_PROTOCOLS = ['UDP', 'TCP'] as const;

/** Where a name server usually runs: what a rule without a port for DNS is held against. */
const NAME_SERVER: PodParty = {
  kind: 'pod',
  name: 'kube-system/kube-dns',
  namespace: 'kube-system',
  labels: { 'k8s-app': 'kube-dns' },
  namespaceLabels: { [NAMESPACE_NAME_LABEL]: 'kube-system' },
  ports: [],
  hostNetwork: false,
  node: undefined,
  address: { known: false },
  index: -1,
  group: -1,
};

/** The label by which name servers are known, and its values there: of the cluster's own, and of caches on the nodes. */
const NAME_SERVER_LABEL = 'k8s-app';
const NAME_SERVER_LABELS: readonly string[] = ['kube-dns', 'node-local-dns'];

/** Addresses of Services, pods and nodes, and of name servers on the node itself: private, shared and link-local ones. */
const NAME_SERVER_RANGES = [
  '10.0.0.0/8',
  '172.16.0.0/12',
  '192.168.0.0/16',
  '100.64.0.0/10',
  '169.254.0.0/16',
  'fc00::/7',
].flatMap((text) => parseCidr(text) ?? []);

export const lintDns: Lint = (policy, { oracle }) => {
  const servers = oracle.parties.pods.filter(({ ports }) => ports.some(({ port }) => port === DNS));
  const cut = oracle.subjectsOf(policy).flatMap((pod) => {
    const isolating = oracle.policiesIsolating(pod.name, 'egress');
    // One finding is enough for a pod: the first of its policies gets it.
    if (isolating[0] !== policy) return [];
    const missing = DNS_PROTOCOLS.filter(
      (protocol) => !isolating.some((one) => allowsDns(one, protocol, servers)),
    );
    return missing.length === 0 ? [] : [{ name: pod.name, missing }];
  });
  return [...Map.groupBy(cut, ({ missing }) => missing.join())].map(([, pods]) => {
    const missing = pods[0]?.missing ?? [];
    const names = pods.map(({ name }) => name);
    const mistaken = names
      .flatMap((name) => oracle.policiesIsolating(name, 'egress'))
      .flatMap((one) => mistakenPeers(one, missing, servers))[0];
    return findingAt(policy, ['spec', policy.egress.length === 0 ? 'policyTypes' : 'egress'], {
      code: 'egress-cuts-dns',
      rule: 'D22',
      message: `${describeCut(names, missing)}${mistaken === undefined ? '' : `; ${mistaken.message}`}`,
      advice:
        mistaken?.advice ??
        `Add an egress rule for DNS: ports: [${missing.map((protocol) => `{ port: ${DNS}, protocol: ${protocol} }`).join(', ')}].`,
    });
  });
};

/** A name is asked for by UDP, and again by TCP where the answer is too long. */
function describeCut(pods: readonly string[], missing: readonly PolicyProtocol[]): string {
  const isolated = `the egress of ${listNames(pods)} is isolated, and no policy lets ${pods.length === 1 ? 'it' : 'them'} ask a name server on`;
  const [only, ...others] = missing;
  if (only === undefined || others.length > 0) {
    return `${isolated} ${missing.map((protocol) => `${protocol} ${DNS}`).join(' or ')}: names will not resolve`;
  }
  return only === 'TCP'
    ? `${isolated} TCP ${DNS}, only on UDP ${DNS}: names resolve, but not where the answer is too long for UDP`
    : `${isolated} ${only} ${DNS}, only on TCP ${DNS}: names will not resolve, since they are asked for by UDP first`;
}

/** Peers of rules for DNS that are meant for a name server, and mean none. */
function mistakenPeers(
  policy: Policy,
  missing: readonly ('UDP' | 'TCP')[],
  servers: readonly PodParty[],
): readonly { readonly message: string; readonly advice: string }[] {
  const { namespace } = policy;
  return rulesOf(policy, 'egress')
    .filter((rule) => missing.some((protocol) => allowsDnsByPort(rule, protocol)))
    .flatMap(({ peers }) => peers)
    .filter((peer) => !mayBeNameServer(peer, true, namespace, servers))
    .map((peer) => ({
      message: `a rule for DNS names ${describePeer(peer, namespace)}, and ${
        peer.kind === 'pods'
          ? 'name servers are in another namespace'
          : `name servers there usually have ${NAME_SERVER_LABEL}=${NAME_SERVER_LABELS[0]}`
      }`,
      advice: `Write the name server of the cluster in its place, which is usually { namespaceSelector: { matchLabels: { ${NAMESPACE_NAME_LABEL}: ${NAME_SERVER.namespace} } }, podSelector: { matchLabels: { ${NAME_SERVER_LABEL}: ${NAME_SERVER_LABELS[0]} } } }.`,
    }));
}

/** Whether pods of the namespace of name servers are asked for by another value of their label than theirs. */
function isMislabelled(peer: Peer): boolean {
  if (peer.kind !== 'pods-of-namespaces') return false;
  const [namespace] = valuesRequired(peer.namespaceSelector, NAMESPACE_NAME_LABEL);
  const values = valuesRequired(peer.podSelector, NAME_SERVER_LABEL);
  return (
    namespace === NAME_SERVER.namespace &&
    values.length > 0 &&
    !values.some((value) => NAME_SERVER_LABELS.includes(value))
  );
}

/** Whether a rule names the port of DNS, as against leaving it open among others. */
export function allowsDnsByPort({ ports }: PolicyRule, protocol: 'UDP' | 'TCP'): boolean {
  return ports.some((entry) => entry.protocol === protocol && namesDns(entry));
}

/** Whether an entry stands for the port of DNS and no other. */
export function namesDns(entry: PortEntry): boolean {
  if (entry.kind === 'numbers') return entry.first === DNS && entry.last === DNS;
  return entry.kind === 'name' && entry.name.startsWith('dns');
}

/** A rule that names the port of DNS is believed where it can mean a name server at all. */
function allowsDns(policy: Policy, protocol: 'UDP' | 'TCP', servers: readonly PodParty[]): boolean {
  return rulesOf(policy, 'egress').some((rule) => {
    const isNamed = allowsDnsByPort(rule, protocol);
    if (!isNamed && !coversDns(rule, protocol)) return false;
    return (
      rule.peers.length === 0 ||
      rule.peers.some((peer) => mayBeNameServer(peer, isNamed, policy.namespace, servers))
    );
  });
}

function coversDns({ ports }: PolicyRule, protocol: PolicyProtocol): boolean {
  return (
    ports.length === 0 ||
    ports.some(
      (entry) =>
        entry.protocol === protocol &&
        (entry.kind === 'every' || (entry.kind === 'numbers' && entry.first <= DNS && DNS <= entry.last)),
    )
  );
}

/**
 * @param isNamed the rule is about DNS and nothing else: whatever lies outside of the scenario may be the name server that is meant, but for
 *   pods beside the usual one that have another label
 * @param servers pods of the scenario that declare the port of DNS
 */
function mayBeNameServer(
  peer: Peer,
  isNamed: boolean,
  namespace: string,
  servers: readonly PodParty[],
): boolean {
  if (peer.kind === 'block') return isNamed || NAME_SERVER_RANGES.some((range) => reachesInto(peer, range));
  const matches = (party: PodParty): boolean => matchPeer(peer, { party }, namespace, {}).match === 'yes';
  return (isNamed && peer.kind !== 'pods' && !isMislabelled(peer)) || [NAME_SERVER, ...servers].some(matches);
}
