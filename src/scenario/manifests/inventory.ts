/** What was found in the manifests of a scenario, to be shown and held against its checks. */
import type { Location } from '../../errors.ts';
import type { Family } from '../../model/family.ts';
import type { Labels } from '../../model/labels.ts';
import type { PolicyKind } from '../../model/policy-kind.ts';

export interface ManifestInventory {
  /** How many objects there are: each is a policy of the scenario, or in one of the lists. */
  readonly objects: number;
  readonly namespaces: readonly { readonly name: string; readonly location: Location }[];
  readonly workloads: readonly FoundWorkload[];
  readonly leftOut: readonly LeftOutWorkload[];
  readonly services: readonly FoundService[];
  /** Policies of other kinds, which are applied where a cluster serves them. */
  readonly foreignPolicies: readonly FoundForeignPolicy[];
  /** Policies of kinds that podreach does not know, which are not applied. */
  readonly unknownPolicies: readonly UnknownPolicy[];
  readonly skipped: readonly SkippedKind[];
  /** How to see what was rendered. */
  readonly rendered: readonly { readonly command: string; readonly warnings: readonly string[] }[];
  readonly doubts: readonly ManifestDoubt[];
}

/** A workload that became a pod. */
export interface FoundWorkload {
  readonly kind: string;
  /** The pod: `namespace/name` */
  readonly pod: string;
  readonly name: string;
  readonly location: Location;
}

/** A workload that became none, because the scenario says so. */
export interface LeftOutWorkload {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly location: Location;
}

export interface FoundService {
  readonly namespace: string;
  readonly name: string;
  /** Absent: it is served by others than the pods that a selector finds. */
  readonly selector?: Labels;
  readonly ports: readonly FoundServicePort[];
  /** It has no address of its own. */
  readonly headless?: true;
  /** What it says of families; absent: nothing. */
  readonly ipFamilies?: readonly Family[];
  readonly ipFamilyPolicy?: string;
  /** It has a port on every node; absent: it has none. */
  readonly type?: 'NodePort' | 'LoadBalancer';
  /** Absent: Cluster. */
  readonly externalTrafficPolicy?: 'Local';
  /** Who connects reaches only some of its pods: always the same one, or those of the own node. */
  readonly narrowed?: 'sessionAffinity: ClientIP' | 'internalTrafficPolicy: Local';
  readonly location: Location;
}

export interface FoundServicePort {
  readonly name?: string;
  readonly port: number;
  readonly protocol: string;
  /** The number or the name of a port of its pods. */
  readonly targetPort: number | string;
  /** Its port on every node; absent: it has none, or whichever is free. */
  readonly nodePort?: number;
  readonly location: Location;
}

/** A policy of another kind than NetworkPolicy, or a set that such policies speak of. */
export interface FoundForeignPolicy {
  readonly apiVersion: string;
  readonly kind: string;
  /** Absent for one of the whole cluster. */
  readonly namespace?: string;
  readonly name: string;
  /** Such as `CiliumNetworkPolicy shop/l7`. */
  readonly title: string;
  readonly policyKind: PolicyKind;
  /** The object as an API server reads it. */
  readonly object: Readonly<Record<string, unknown>>;
  /** As it is written. */
  readonly text: string;
  readonly location: Location;
}

/** An object that looks like a policy, of a kind that podreach does not know. */
export interface UnknownPolicy {
  readonly apiVersion: string;
  readonly kind: string;
  /** Where the object names one. */
  readonly namespace?: string;
  readonly name: string;
  readonly location: Location;
}

/** Objects of one kind that a scenario has no use for. */
export interface SkippedKind {
  readonly apiVersion: string;
  readonly kind: string;
  readonly count: number;
  /** Where they are, as messages show it. */
  readonly files: readonly string[];
}

/** Something about a manifest that is not as its author may think, and with which a run goes on. */
export interface ManifestDoubt {
  readonly code: 'left-out-port' | 'refused-workload' | 'unapplied-policy' | 'foreign-policy';
  /** The pod that it is about: `namespace/name` */
  readonly pod?: string;
  readonly message: string;
  readonly location: Location;
  readonly advice?: string;
}
