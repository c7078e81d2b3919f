/**
 * The scenario language's nouns: what a file says (`Scenario`) and what follows from it (`Plan`).
 * `load.ts` makes the first from files, `plan.ts` the second from the first; `load-plans.ts` is the way in.
 */
import type { Location } from '../errors.ts';
import type { Check, Expectation } from '../model/check.ts';
import type { HostPlace } from '../model/endpoint.ts';
import type { Family } from '../model/family.ts';
import type { HeldWish } from '../model/held.ts';
import type { KnownIssue } from '../model/known-issue.ts';
import type { Labels } from '../model/labels.ts';
import type { ServicePath } from '../model/path.ts';
import type { Protocol } from '../model/protocol.ts';
import { type ExistingService, type PlannedService, serviceKey } from '../model/service.ts';
import type { Action } from '../model/step.ts';
import type { PolicyType } from '../policy/isolation.ts';
import type { Retyped } from '../policy/model.ts';
import type { Oracle } from '../policy/oracle.ts';
import type { Acceptance, IdleIssue } from '../policy/review.ts';
import type { LabelSelector } from '../policy/selectors.ts';
import type { FoundForeignPolicy, ManifestInventory } from './manifests/inventory.ts';

export interface Port {
  readonly name?: string;
  readonly port: number;
  readonly protocol: Protocol;
}

/** A place in a file that can show itself. Both are worked out when asked for. */
export interface Mark {
  readonly location: Location;
  /** The line with a caret under the place; absent where it must not be shown. */
  readonly frame?: string | undefined;
  /** Where the line is to be seen that is in no file. */
  readonly note?: string | undefined;
}

/** Something that a file says, and where. */
export interface Marked<T> {
  readonly value: T;
  readonly mark: Mark;
}

/** Pods, as a rule names them. */
export type PodSelection =
  | { readonly kind: 'pod'; readonly key: string }
  | { readonly kind: 'namespace'; readonly namespace: string }
  | { readonly kind: 'all' }
  | {
      readonly kind: 'labels';
      readonly namespaceSelector?: LabelSelector;
      readonly podSelector?: LabelSelector;
    };

/** One end of connections, as a rule names it. */
export type EndSelection =
  | PodSelection
  /** A host outside the cluster, by its key. */
  | { readonly kind: 'host'; readonly key: string };

/** Ports of a destination, as a rule names them. */
export type PortSelection =
  | { readonly kind: 'number'; readonly port: number; readonly protocol: Protocol }
  | { readonly kind: 'name'; readonly name: string };

/** A Service, as a rule names it. */
export interface ServiceSelection {
  readonly kind: 'service';
  /** `service/namespace/name` */
  readonly key: string;
  /** The ways to it; `plain`: the one that goes without saying. */
  readonly paths: readonly ServicePath[] | 'plain' | 'every';
}

export interface DestinationSelection {
  readonly end: EndSelection | ServiceSelection;
  /** Empty: every port that it declares. */
  readonly ports: readonly PortSelection[];
}

/** Pairs that a rule does not speak of: those that match both ends. An end left out matches everything. */
export interface Exception {
  readonly from?: readonly Marked<EndSelection>[];
  readonly to?: readonly Marked<DestinationSelection>[];
  readonly mark: Mark;
}

/** Every source paired with every destination, but for the exceptions. */
export interface Rule {
  readonly expected: Expectation;
  readonly from: readonly Marked<EndSelection>[];
  readonly to: readonly Marked<DestinationSelection>[];
  readonly except: readonly Exception[];
  readonly because?: string;
  /** See `Check`; only where `expected` is unreachable, and never without `because`. */
  readonly cutBy?: 'others';
  /** Where the rule says that its pairs are tried from the first instant of their sources; only rules of steps do. */
  readonly firstInstant?: Mark;
  /** See `Check`; only where `expected` is unreachable, and never beside `cutBy`. */
  readonly held?: HeldWish;
  /** Where the rule says by which ways it goes to Services. */
  readonly via?: Mark;
  /** Those that it speaks of; absent: all that the scenario tries. */
  readonly families?: Marked<readonly Family[]>;
  readonly mark: Mark;
}

/** What is expected from a step on. */
export interface StatedExpectations {
  readonly rules: readonly Rule[];
  /**
   * What holds for every pair of different pods that no rule beside it speaks of. Absent: at the top level these are not tested, in a
   * step they keep what was expected of them.
   */
  readonly otherwise?: Marked<Expectation>;
}

/** What one document says, its names not yet looked up. */
export interface Scenario extends StatedExpectations {
  readonly head: ScenarioHead;
  readonly mark: Mark;
  /** False where parts of the document did not fit the grammar and are missing here. */
  readonly complete: boolean;
  /** What of the missing parts would change the cluster. */
  readonly holes: readonly Hole[];
  readonly namespaces: readonly Marked<ScenarioNamespace>[];
  /** The names of those that are there already; absent: it uses none. */
  readonly existingNamespaces?: readonly Marked<string>[];
  readonly pods: readonly ScenarioPod[];
  readonly hosts: readonly ScenarioHost[];
  /** Absent: there are none. */
  readonly services?: readonly ScenarioService[];
  /** Those that are there already; absent: it uses none. */
  readonly existingServices?: readonly Marked<ExistingService>[];
  /** In which every connection is tried; absent: the first of the cluster. */
  readonly families?: Marked<readonly Family[]>;
  /** Each where the document names it. */
  readonly policies: readonly Marked<PlannedPolicy>[];
  /** Policies of other kinds, each where it stands. */
  readonly foreignPolicies: readonly Marked<FoundForeignPolicy>[];
  /** The steps after the first. */
  readonly steps: readonly ScenarioStep[];
  /** Findings of the lints that are meant. */
  readonly accepted: readonly Acceptance[];
  readonly knownIssues: readonly WrittenIssue[];
  /** What was found in manifests, where it is more than policies. */
  readonly manifests?: ManifestInventory;
  /** Absent: it includes nothing. */
  readonly included?: readonly IncludedTopology[];
}

/** A topology that a scenario includes, and what it declares beside manifests and policies. */
export interface IncludedTopology {
  readonly location: Location;
  readonly namespaces: readonly { readonly name: string; readonly location: Location }[];
  readonly pods: readonly { readonly pod: string; readonly location: Location }[];
}

/** A known issue, as a file lists it. */
export interface WrittenIssue extends Pick<KnownIssue, 'reason' | 'owner' | 'expires' | 'link'> {
  readonly from: readonly Marked<EndSelection>[];
  readonly to: readonly Marked<DestinationSelection>[];
  /** Absent: all that the scenario tries. */
  readonly families?: readonly Family[];
  readonly is: Marked<KnownIssue['is']>;
  readonly step?: Marked<string>;
  readonly mark: Mark;
}

/** What a part of a document that cannot be read leaves unknown: which pods and namespaces or which policies there are, or their labels. */
export type Doubtful = 'pods' | 'policies' | 'labels';

/** A part of a document that changes the cluster, and cannot be read. */
export interface Hole {
  /** Absent: it is about the start. */
  readonly mark?: Mark;
  readonly doubtful: readonly Doubtful[];
}

export interface ScenarioNamespace extends PlannedNamespace {
  /** A step creates it; absent: it is there from the start. */
  readonly created?: 'later';
}

export interface ScenarioPod {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly ports: readonly Marked<Port>[];
  /** See `placement` of a planned pod. */
  readonly node?: Marked<number>;
  readonly hostNetwork?: true;
  /** As of a namespace. */
  readonly created?: 'later';
  readonly mark: Mark;
}

export interface ScenarioHost {
  readonly name: string;
  readonly place: Marked<HostPlace>;
  readonly ports: readonly Marked<Port>[];
  readonly mark: Mark;
}

/** A Service that is declared or found in manifests. */
export interface ScenarioService extends PlannedService {
  /** What keeps it from being dialled, as a clause. */
  readonly unfit?: { readonly why: string; readonly hint: string };
  readonly mark: Mark;
}

export interface ScenarioStep extends StatedExpectations {
  readonly name: Marked<string>;
  readonly description?: string;
  readonly mark: Mark;
  /** In the order in which they are done. */
  readonly actions: readonly WrittenAction[];
  readonly withinMs?: number;
}

/** An action of a step, as the document says it; objects are named as in `Action`. */
export type WrittenAction =
  | { readonly kind: 'apply'; readonly policy: PlannedPolicy; readonly mark: Mark }
  | {
      readonly kind: 'label';
      readonly object: string;
      readonly labels: readonly LabelChange[];
      readonly mark: Mark;
    }
  | {
      readonly kind: 'delete' | 'create' | 'remove' | 'replace';
      readonly object: string;
      readonly mark: Mark;
    };

export interface LabelChange {
  readonly key: string;
  /** null takes the label away. */
  readonly value: string | null;
  readonly mark: Mark;
}

/** A namespace that is there already, and where the scenario says so. */
export interface ExistingNamespace {
  readonly name: string;
  readonly location: Location;
}

/** A namespace that the run creates. */
export interface PlannedNamespace {
  readonly name: string;
  readonly labels: Labels;
}

/** A probe pod: it listens on its ports and starts connections. */
export interface PlannedPod {
  readonly namespace: string;
  readonly name: string;
  readonly labels: Labels;
  readonly ports: readonly Port[];
  /** The number of its node: pods with the same are on one node, those with others on others. Absent: any node. */
  readonly placement?: number;
  /** It is on the network of its node, and has its address. */
  readonly hostNetwork?: true;
}

/** Something outside the cluster. Where it is simulated it listens on its ports and starts connections, as a probe pod does. */
export interface PlannedHost {
  readonly name: string;
  readonly place: HostPlace;
  readonly ports: readonly Port[];
  readonly location: Location;
}

/** A NetworkPolicy to apply exactly as the user wrote it. */
export interface PlannedPolicy {
  readonly namespace: string;
  readonly name: string;
  /** The YAML text of the one object, as written: it is sent to the API server byte for byte. */
  readonly text: string;
  /** The same, as an API server reads it, for selection and explanation only. */
  readonly object: NetworkPolicyObject;
  readonly location: Location;
  /** The policyTypes that it keeps from the text that it is applied over; see `keptPolicyTypes`. */
  readonly keptTypes?: readonly PolicyType[];
  /** What in it is something else to an API server than to a person. */
  readonly retyped?: readonly Retyped[];
  /** The place of a part of it, such as `['spec', 'ingress', 0]`, or of the nearest thing around that. */
  readonly locate?: (path: readonly (string | number)[]) => Location;
}

/** As much of `networking.k8s.io/v1` NetworkPolicy as podreach reads; unknown to be valid until the API server says so. */
export interface NetworkPolicyObject {
  readonly apiVersion: string;
  readonly kind: 'NetworkPolicy';
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly spec?: {
    readonly podSelector?: LabelSelector | null;
    readonly policyTypes?: readonly string[] | null;
    readonly ingress?: readonly unknown[] | null;
    readonly egress?: readonly unknown[] | null;
  };
}

/** What a document says of itself, carried into every report. */
interface ScenarioHead {
  readonly name: string;
  readonly description?: string;
  readonly owner?: string;
  readonly purpose?: string;
  /** Where to read what to do when a check fails: an address or a path. */
  readonly runbook?: string;
  /** ISO date, `YYYY-MM-DD`. */
  readonly reviewBy?: string;
  readonly tags: readonly string[];
  /** Where the document begins. */
  readonly location: Location;
  /** SHA-256 of the document's text, in UTF-8, behind those of the topologies that it includes. */
  readonly fingerprint?: string;
}

/** The families that a scenario asks for. */
export interface TriedFamilies {
  readonly listed: readonly Family[];
  readonly location: Location;
}

/** Everything that a run of one scenario creates and tries. A pure function of the files. */
export interface Plan {
  readonly scenario: ScenarioHead;
  /** All that there are at any time. */
  readonly namespaces: readonly PlannedNamespace[];
  /** Those that are there already; absent: it uses none. */
  readonly existingNamespaces?: readonly ExistingNamespace[];
  /** All that there are at any time, as they are declared. */
  readonly pods: readonly PlannedPod[];
  /** Outside the cluster; absent: none. */
  readonly hosts?: readonly PlannedHost[];
  /** The Services that can be dialled; absent: there are none. */
  readonly services?: readonly PlannedService[];
  /** Those that are there already; absent: it uses none. */
  readonly existingServices?: readonly ExistingService[];
  /** In which every connection is tried, and where the scenario says so; absent: the first of the cluster. */
  readonly triedFamilies?: TriedFamilies;
  /** In their order; the first is what stands at the top level of the document. */
  readonly steps: readonly [PlannedStep, ...PlannedStep[]];
  /** The places of exceptions that match no pair of their rule. */
  readonly idleExceptions: readonly Location[];
  /** Findings of the lints that are meant. */
  readonly accepted: readonly Acceptance[];
  /** Mismatches that somebody answers for; absent: none. Checks name them by their place. */
  readonly knownIssues?: readonly KnownIssue[];
  /** Entries of files with known issues that speak of no check of any scenario that was loaded, and why; absent: none. */
  readonly idleIssues?: readonly IdleIssue[];
  /** What was found in manifests; absent: nothing but policies. */
  readonly manifests?: ManifestInventory;
  /** The topologies that the scenario includes, each before those that include it; absent: none. */
  readonly included?: readonly IncludedTopology[];
}

/** A state of the cluster, how it is reached from the one before, and what is tried in it. */
export interface PlannedStep {
  /** Absent for the first. */
  readonly name?: string;
  readonly description?: string;
  readonly location: Location;
  /** In their order; the first step has none. */
  readonly actions: readonly Action[];
  /** The policies that it applies: those of its `apply` actions, and in the first step all that there are. */
  readonly applied: readonly PlannedPolicy[];
  /** Policies of other kinds that it creates: they stand through all steps, so that only the first has any. */
  readonly foreignPolicies?: readonly FoundForeignPolicy[];
  /** The budget: what comes to show what is expected only later is late. */
  readonly withinMs?: number;
  /** What there is when the actions are done. */
  readonly namespaces: readonly PlannedNamespace[];
  readonly pods: readonly PlannedPod[];
  readonly policies: readonly PlannedPolicy[];
  /**
   * What the policies mean for the pods: one oracle for a step and a family, compiled when it is first asked for. Without a family, nothing
   * is known of addresses.
   */
  readonly oracle: (family?: Family) => Oracle;
  readonly checks: readonly Check[];
  /** All checks of the step, where only some of them were chosen; absent: `checks` are all. */
  readonly declaredChecks?: readonly Check[];
}

/** Every policy that is applied at any time, in the order of the steps. */
export function policiesOf({ steps }: Plan): readonly PlannedPolicy[] {
  return steps.flatMap(({ applied }) => applied);
}

/** Every policy of another kind that it creates. */
export function foreignPoliciesOf({ steps }: Pick<Plan, 'steps'>): readonly FoundForeignPolicy[] {
  return steps.flatMap(({ foreignPolicies = [] }) => foreignPolicies);
}

/** The Services that checks go to, in any step; those that none reaches at the nodes take no port of these. */
export function dialledServices({
  services = [],
  steps,
}: Pick<Plan, 'services' | 'steps'>): readonly PlannedService[] {
  if (services.length === 0) return [];
  const checks = steps.flatMap((step) => step.checks);
  const dialled = new Set(checks.map(({ to }) => to));
  const onNodes = new Set(checks.flatMap(({ to, path }) => (path === 'nodePort' ? to : [])));
  return services
    .filter((service) => dialled.has(serviceKey(service)))
    .map((service) => (onNodes.has(serviceKey(service)) ? service : withinCluster(service)));
}

function withinCluster({ type: _, externalTrafficPolicy: __, ports, ...service }: PlannedService) {
  return { ...service, ports: ports.map(({ nodePort: ___, ...port }) => port) };
}

/** The Services that are there already and that checks go to, in any step. */
export function dialledExisting({ existingServices = [], steps }: Plan): readonly ExistingService[] {
  if (existingServices.length === 0) return [];
  const dialled = new Set(steps.flatMap(({ checks }) => checks.map(({ to }) => to)));
  return existingServices.filter((service) => dialled.has(serviceKey(service)));
}
