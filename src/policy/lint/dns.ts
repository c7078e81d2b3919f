/** Egress isolation that cuts pods off from their name server (D22). */
import type { Rule } from '../manifest.ts';
import type { Protocol } from '../model.ts';
import type { PodParty } from '../parties.ts';
import { matchPeer } from '../peers.ts';
import { type Policy, rulesOf } from '../policy.ts';
import type { PortEntry } from '../ports.ts';
import { findingAt, type Lint, listNames } from './finding.ts';

const DNS = 53;
const DNS_PROTOCOLS = ['UDP', 'TCP'] as const;

/** Where a name server usually runs: what a rule without a port for DNS is held against. */
const NAME_SERVER: PodParty = {
  kind: 'pod',
  name: 'kube-system/kube-dns',
  namespace: 'kube-system',
  labels: { 'k8s-app': 'kube-dns' },
  namespaceLabels: { 'kubernetes.io/metadata.name': 'kube-system' },
  ports: [],
  hostNetwork: false,
  node: undefined,
  address: { known: false, ranges: [] },
  index: -1,
  group: -1,
};

export const lintDns: Lint = (policy, { oracle }) => {
  const cut = oracle.subjectsOf(policy).flatMap((pod) => {
    const isolating = oracle.policiesIsolating(pod.name, 'egress');
    // One finding is enough for a pod: the first of its policies gets it.
    if (isolating[0] !== policy) return [];
    const missing = DNS_PROTOCOLS.filter((protocol) => !isolating.some((one) => allowsDns(one, protocol)));
    return missing.length === 0 ? [] : [{ pod, missing }];
  });
  if (cut.length === 0) return [];
  const missing = DNS_PROTOCOLS.filter((protocol) => cut.some((one) => one.missing.includes(protocol)));
  const ports = missing.map((protocol) => `${protocol} ${DNS}`);
  return [
    findingAt(policy, ['spec', policy.egress.length === 0 ? 'policyTypes' : 'egress'], {
      code: 'egress-cuts-dns',
      rule: 'D22',
      message: `the egress of ${listNames(cut.map(({ pod }) => pod.name))} is isolated, and no policy lets ${cut.length === 1 ? 'it' : 'them'} ask a name server on ${ports.join(' or ')}: names will not resolve`,
      advice: `Add an egress rule for DNS: ports: [${missing.map((protocol) => `{ port: ${DNS}, protocol: ${protocol} }`).join(', ')}].`,
    }),
  ];
};

/** Whether a rule names the port of DNS, as against leaving it open among others. */
export function allowsDnsByPort({ ports }: Rule, protocol: 'UDP' | 'TCP'): boolean {
  return ports.some((entry) => entry.protocol === protocol && namesDns(entry));
}

/** Whether an entry stands for the port of DNS and no other. */
export function namesDns(entry: PortEntry): boolean {
  if (entry.kind === 'numbers') return entry.first === DNS && entry.last === DNS;
  return entry.kind === 'name' && entry.name.startsWith('dns');
}

function allowsDns(policy: Policy, protocol: 'UDP' | 'TCP'): boolean {
  return rulesOf(policy, 'egress').some(
    (rule) =>
      allowsDnsByPort(rule, protocol) ||
      (coversDns(rule, protocol) && mayReachNameServer(rule, policy.namespace)),
  );
}

function coversDns({ ports }: Rule, protocol: Protocol): boolean {
  return (
    ports.length === 0 ||
    ports.some(
      (entry) =>
        entry.protocol === protocol &&
        (entry.kind === 'every' || (entry.kind === 'numbers' && entry.first <= DNS && DNS <= entry.last)),
    )
  );
}

/** A block may well contain the name server's address. */
function mayReachNameServer({ peers }: Rule, namespace: string): boolean {
  return (
    peers.length === 0 ||
    peers.some(
      (peer) =>
        peer.kind === 'block' || matchPeer(peer, { party: NAME_SERVER }, namespace, {}).match === 'yes',
    )
  );
}
