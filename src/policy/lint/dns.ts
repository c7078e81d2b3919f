/** Egress isolation that cuts pods off from their name server (D22). */
import { NAMESPACE_NAME_LABEL } from '../../labels.ts';
import { parseCidr, reachesInto } from '../addresses.ts';
import { listNames } from '../list-names.ts';
import type { PolicyRule } from '../manifest.ts';
import type { PolicyProtocol } from '../model.ts';
import type { PodParty } from '../parties.ts';
import { matchPeer, type Peer } from '../peers.ts';
import { type Policy, rulesOf } from '../policy.ts';
import type { PortEntry } from '../ports.ts';
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
    return findingAt(policy, ['spec', policy.egress.length === 0 ? 'policyTypes' : 'egress'], {
      code: 'egress-cuts-dns',
      rule: 'D22',
      message: describeCut(
        pods.map(({ name }) => name),
        missing,
      ),
      advice: `Add an egress rule for DNS: ports: [${missing.map((protocol) => `{ port: ${DNS}, protocol: ${protocol} }`).join(', ')}].`,
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
 * @param isNamed the rule is about DNS and nothing else: whatever lies outside of the scenario may be the name server that is meant
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
  return (isNamed && peer.kind !== 'pods') || [NAME_SERVER, ...servers].some(matches);
}
