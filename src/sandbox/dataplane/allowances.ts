/**
 * What NetworkPolicies allow, as pure functions: from selectors, blocks and port names to addresses and port numbers. The D numbers are the
 * rules of docs/semantics.md.
 */
import type { NetworkPolicy, PolicyPeer, PolicyPort } from '../api/kinds/networkpolicies/object.ts';
import type { ContainerPort } from '../api/kinds/pods/object.ts';
import { familyOf, type IPFamily } from '../ip-family.ts';
import { type LabelSelector, selectorMatches } from '../selectors.ts';
import {
  ALL_ADDRESSES,
  contains,
  normalise,
  numberOfAddress,
  type Range,
  rangeOfCidr,
  subtract,
} from './ranges.ts';

type ObjectLabels = Readonly<Record<string, string>>;
type EnforcedProtocol = 'TCP' | 'UDP' | 'SCTP';
export type EnforcedDirection = 'Ingress' | 'Egress';

/** A pod as policies see it. Pods on the host's network are no pods to them (I5). */
export interface EnforcedPod {
  readonly namespace: string;
  readonly labels: ObjectLabels;
  readonly node: string;
  /** One of each family at most. */
  readonly addresses: readonly EnforcedAddress[];
  readonly ports: readonly ContainerPort[];
}

export interface EnforcedAddress {
  readonly family: IPFamily;
  readonly text: string;
  readonly number: bigint;
}

export function enforcedAddress(address: string): EnforcedAddress {
  return { family: familyOf(address), text: address, number: numberOfAddress(address) };
}

/** Everything that decides who may reach whom. */
export interface PolicyState {
  readonly pods: readonly EnforcedPod[];
  /** The labels of each namespace. */
  readonly namespaces: ReadonlyMap<string, ObjectLabels>;
  readonly policies: readonly NetworkPolicy[];
}

/** What one rule of a policy allows: these addresses, on these ports. */
export interface Allowance {
  readonly addresses: PeerAddresses;
  readonly ports: readonly ProtocolPorts[] | 'any';
}

/** D12: what is allowed of one family says nothing of the other. */
export type PeerAddresses = Readonly<Record<IPFamily, readonly Range[] | 'any'>>;

export interface ProtocolPorts extends Range {
  readonly protocol: EnforcedProtocol;
}

export const ALL_PORTS: Range = { from: 0n, to: 0xff_ffn };

/** A policy with its peers looked up. */
export interface ResolvedPolicy {
  readonly id: number;
  readonly namespace: string;
  readonly podSelector: LabelSelector;
  readonly isolates: Readonly<Record<EnforcedDirection, boolean>>;
  readonly allows: Readonly<
    Record<EnforcedDirection, readonly ((subject: EnforcedPod) => readonly Allowance[])[]>
  >;
  /** Whether what ingress allows depends on the selected pod's own port names (D14). */
  readonly namesIngressPorts: boolean;
}

/** Looks up whom a policy's peers are at this moment. */
export function resolvePolicy(policy: NetworkPolicy, state: PolicyState): ResolvedPolicy {
  const { spec } = policy;
  const namespace = policy.metadata.namespace ?? 'default';
  const egress = spec.egress ?? [];
  // The API fills them in (D1).
  const types = spec.policyTypes ?? [];
  const ingress = types.includes('Ingress') ? (spec.ingress ?? []) : [];
  return {
    id: state.policies.indexOf(policy),
    namespace,
    podSelector: spec.podSelector ?? {},
    isolates: { Ingress: types.includes('Ingress'), Egress: types.includes('Egress') },
    allows: {
      Ingress: ingress.map((rule) => ingressAllowances(rule, namespace, state)),
      Egress: types.includes('Egress') ? egress.map((rule) => egressAllowances(rule, namespace, state)) : [],
    },
    namesIngressPorts: ingress.some((rule) =>
      (rule.ports ?? []).some(({ port }) => typeof port === 'string'),
    ),
  };
}

type IngressRule = NonNullable<NetworkPolicy['spec']['ingress']>[number];
type EgressRule = NonNullable<NetworkPolicy['spec']['egress']>[number];

function ingressAllowances(rule: IngressRule, namespace: string, state: PolicyState) {
  const addresses = addressesOf(rule.from ?? [], namespace, state);
  const ports = rule.ports ?? [];
  return (subject: EnforcedPod): Allowance[] => [
    { addresses, ports: ports.length === 0 ? 'any' : ports.flatMap((port) => portsOn(subject, port)) },
  ];
}

/** D14: a named port stands for another number on each pod that is reached. */
function egressAllowances(rule: EgressRule, namespace: string, state: PolicyState) {
  const addresses = addressesOf(rule.to ?? [], namespace, state);
  const ports = rule.ports ?? [];
  const numbered = ports.filter(({ port }) => typeof port !== 'string');
  const named = ports.filter(({ port }) => typeof port === 'string');
  const allowances: Allowance[] = [];
  if (ports.length === 0) allowances.push({ addresses, ports: 'any' });
  if (numbered.length > 0) allowances.push({ addresses, ports: numbered.map(numberedPorts) });
  for (const pod of named.length === 0 ? [] : state.pods) {
    const own = pod.addresses.filter(({ family, number }) => holds(addresses[family], number));
    const resolved = named.flatMap((port) => portsOn(pod, port));
    if (own.length > 0 && resolved.length > 0)
      allowances.push({ addresses: byFamily((family) => rangesOf(own, family)), ports: resolved });
  }
  return (): readonly Allowance[] => allowances;
}

/** D7, D10: no peers means every address, outside ones too; peers are ORed (D8). */
function addressesOf(peers: readonly PolicyPeer[], namespace: string, state: PolicyState): PeerAddresses {
  if (peers.length === 0) return { IPv4: 'any', IPv6: 'any' };
  const blocks = peers.flatMap(({ ipBlock }) => ipBlock ?? []);
  const selectors = peers.filter(({ ipBlock }) => ipBlock === undefined);
  const pods = state.pods
    .filter((pod) => selectors.some((peer) => isPeer(pod, peer, namespace, state)))
    .flatMap(({ addresses }) => addresses);
  return byFamily((family) => {
    const ofFamily = blocks.filter(({ cidr }) => familyOf(cidr) === family);
    const ranges = normalise([...ofFamily.flatMap(blockRanges), ...rangesOf(pods, family)]);
    const [first] = ranges;
    const all = ALL_ADDRESSES[family];
    return first?.from === all.from && first.to === all.to ? 'any' : ranges;
  });
}

function byFamily(ofOne: (family: IPFamily) => readonly Range[] | 'any'): PeerAddresses {
  return { IPv4: ofOne('IPv4'), IPv6: ofOne('IPv6') };
}

function rangesOf(addresses: readonly EnforcedAddress[], wanted: IPFamily): Range[] {
  return addresses
    .filter(({ family }) => family === wanted)
    .map(({ number }) => ({ from: number, to: number }));
}

function holds(ranges: readonly Range[] | 'any', number: bigint): boolean {
  return ranges === 'any' || contains(ranges, number);
}

/** D12: an exception is a hole in this block only. */
function blockRanges({ cidr, except = [] }: NonNullable<PolicyPeer['ipBlock']>): Range[] {
  return subtract(rangeOfCidr(cidr), except.map(rangeOfCidr));
}

/** D9 */
function isPeer(pod: EnforcedPod, peer: PolicyPeer, namespace: string, state: PolicyState): boolean {
  const inNamespace =
    peer.namespaceSelector === undefined
      ? pod.namespace === namespace
      : selectorMatches(peer.namespaceSelector, state.namespaces.get(pod.namespace) ?? {});
  return inNamespace && selectorMatches(peer.podSelector ?? {}, pod.labels);
}

function portsOn(pod: EnforcedPod, port: PolicyPort): ProtocolPorts[] {
  if (typeof port.port !== 'string') return [numberedPorts(port)];
  const protocol = port.protocol ?? 'TCP';
  return pod.ports
    .filter((declared) => declared.name === port.port && (declared.protocol ?? 'TCP') === protocol)
    .map(({ containerPort }) => ({
      protocol,
      from: BigInt(containerPort),
      to: BigInt(containerPort),
    }));
}

/** D13, D15 */
function numberedPorts({ protocol = 'TCP', port, endPort }: PolicyPort): ProtocolPorts {
  if (typeof port !== 'number') return { protocol, ...ALL_PORTS };
  return { protocol, from: BigInt(port), to: BigInt(endPort ?? port) };
}
