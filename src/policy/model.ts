/**
 * What the oracle is asked about: pods, namespaces, nodes, policies as they were written, and flows between two ends. Plain
 * data that the caller gives.
 */
import type { Location } from '../errors.ts';
import { isHost, isService } from '../model/endpoint.ts';
import type { Family } from '../model/family.ts';
import type { Labels } from '../model/labels.ts';
import type { ExistingEndpoint } from '../model/service.ts';
import type { PolicyType } from './isolation.ts';

export const POLICY_PROTOCOLS = ['TCP', 'UDP', 'SCTP'] as const;
export type PolicyProtocol = (typeof POLICY_PROTOCOLS)[number];

/** A way into a manifest, such as `['spec', 'ingress', 0, 'from', 1]`. */
export type ManifestPath = readonly (string | number)[];

/** A port that a container of the pod declares. */
export interface PodPort {
  readonly name?: string;
  readonly port: number;
  readonly protocol: PolicyProtocol;
}

export interface PolicyPod {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly ports: readonly PodPort[];
  /** The address that flows to and from it carry, IPv4 or IPv6; absent while it is not known, as before the pod exists. */
  readonly address?: string;
  /** The node that it runs on; absent while it is not known. */
  readonly node?: string;
  readonly hostNetwork?: boolean;
}

/** A namespace with its own labels; the one that every namespace carries (D9) is added. */
export interface PolicyNamespace {
  readonly name: string;
  readonly labels: Labels;
}

export interface PolicyNode {
  readonly name: string;
  readonly address?: string;
}

/** Something outside the cluster that has a name. */
export interface PolicyHost {
  /** As it is called: `host/bank`. */
  readonly key: string;
  /** Absent while it is not known: its name may lead anywhere. */
  readonly address?: string;
}

/**
 * A value without quotes that is something else to an API server than to a person: it reads YAML 1.1, where `no` is false and `010`
 * is 8 (D3a).
 */
export interface Retyped {
  /** As it was written. */
  readonly written: string;
  /** What the API server reads. */
  readonly read: string | number | boolean | null;
  /** Whether it is the key of a mapping; the API server makes text of what it reads there. */
  readonly isKey: boolean;
  readonly location: Location;
}

/** A NetworkPolicy as somebody wrote it: nothing in `object` is taken for valid. */
export interface WrittenPolicy {
  /** The namespace that it is applied to (D2). */
  readonly namespace: string;
  readonly name: string;
  readonly object: { readonly spec?: unknown };
  /** The policyTypes that it keeps from the text that it was applied over; see `keptPolicyTypes`. */
  readonly keptTypes?: readonly PolicyType[];
  /** What in it is something else to an API server than to a person. */
  readonly retyped?: readonly Retyped[];
  /** Where the manifest begins. */
  readonly location?: Location;
  /** The place of a part of the manifest. */
  readonly locate?: (path: ManifestPath) => Location | undefined;
}

/** A policy of another kind than NetworkPolicy. */
export interface ForeignPolicy {
  /** Such as `CiliumNetworkPolicy shop/l7`. */
  readonly title: string;
  /** Absent for one of the whole cluster. */
  readonly namespace?: string;
}

export interface World {
  readonly pods: readonly PolicyPod[];
  readonly policies: readonly WrittenPolicy[];
  /** Where one of them may decide, the answer is undefined. */
  readonly foreignPolicies?: readonly ForeignPolicy[];
  /** A pod's namespace that is not among them has no labels but the one that all have. */
  readonly namespaces?: readonly PolicyNamespace[];
  readonly nodes?: readonly PolicyNode[];
  readonly hosts?: readonly PolicyHost[];
  /** That of the addresses of all flows, where it is known before these are: an `ipBlock` of the other holds none of them (D12). */
  readonly family?: Family;
}

/** One end of a flow. Pods are named `namespace/name`. */
export type End =
  | { readonly kind: 'pod'; readonly pod: string }
  | { readonly kind: 'node'; readonly node: string }
  /** An address outside the cluster. */
  | { readonly kind: 'address'; readonly address: string }
  /** A host outside the cluster, by its key. */
  | { readonly kind: 'host'; readonly host: string };

/** An end that is connected to: also what is reached through a Service, whose own address is given where it is known. */
export type Destination =
  | End
  | { readonly kind: 'service'; readonly pod: string; readonly address?: string }
  | ThroughExisting;

/** What is behind a Service that is there already. */
export interface ThroughExisting {
  readonly kind: 'existing-service';
  /** Its key: `service/default/kubernetes`. */
  readonly service: string;
  readonly address?: string;
  /** Absent while it is not known, as before a run. */
  readonly endpoint?: ExistingEndpoint;
}

/** Two ends, as pods are named or hosts, and the port of the second. */
export interface PodPair {
  readonly from: string;
  readonly to: string;
  readonly port: number;
  readonly protocol: PolicyProtocol;
}

/** The opening of one connection. */
export interface Flow {
  readonly from: End;
  readonly to: Destination;
  /** The port of the destination itself: behind a Service, that of the pod (D13). Where that is not known, the port of the Service. */
  readonly port: number;
  readonly protocol: PolicyProtocol;
  /** The node at whose port the Service is reached; absent: it is reached otherwise. */
  readonly through?: NodePassage;
}

/** The way through a port of a node, which may show the policies of either end the node in place of the other one (D25, I9). */
export interface NodePassage {
  /** Its name; absent while it is not known. */
  readonly node?: string;
  readonly address?: string;
  /** The port that is connected to; absent while it is not known. */
  readonly port?: number;
  /** With the policy Local, clients keep their addresses. */
  readonly keepsSource: boolean;
}

/** The connection of one end to another, by its address. */
export function flowBetween({ from, to, port, protocol }: PodPair): Flow {
  return { from: endOf(from), to: destinationOf(to), port, protocol };
}

/** What a key names that is connected to. A Service alone, without its pods, is one that is there already. */
export function destinationOf(key: string): Destination {
  return isService(key) ? { kind: 'existing-service', service: key } : endOf(key);
}

/** The end that a key names. */
export function endOf(key: string): End {
  return isHost(key) ? { kind: 'host', host: key } : { kind: 'pod', pod: key };
}
