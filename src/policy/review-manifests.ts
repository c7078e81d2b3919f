/** What is doubtful about the manifests that a scenario is made of: workloads and Services held against policies and pods. */

import type { Location } from '../errors.ts';
import { namespaceOf, objectKey } from '../keys.ts';
import type { Labels } from '../model/labels.ts';
import type { LintCode } from './lint/codes.ts';
import { listLabels } from './lint/selects-nothing.ts';
import { listNames } from './list-names.ts';
import type { PodPort } from './model.ts';
import type { Oracle } from './oracle.ts';
import { selectorMatches } from './selectors.ts';

export interface ReviewedManifests {
  readonly workloads: readonly {
    readonly kind: string;
    /** `namespace/name` */
    readonly pod: string;
    readonly location: Location;
  }[];
  /** Workloads that are no pods of the scenario: a Service may select them all the same. */
  readonly leftOut: readonly { readonly namespace: string; readonly labels: Labels }[];
  readonly services: readonly ReviewedService[];
  readonly foreignPolicies: readonly {
    readonly namespace?: string;
    readonly policyKind: { readonly decides: boolean };
  }[];
  readonly doubts: readonly ManifestFinding[];
}

interface ReviewedService {
  readonly namespace: string;
  readonly name: string;
  /** Absent: it is served by others than the pods that a selector finds. */
  readonly selector?: Labels;
  readonly ports: readonly {
    readonly port: number;
    readonly protocol: string;
    readonly targetPort: number | string;
    readonly location: Location;
  }[];
  readonly location: Location;
}

export interface ManifestFinding {
  readonly code: LintCode | 'refused-workload' | 'unapplied-policy';
  readonly rule?: string;
  /** What it is about, as an acceptance names it: the pod of a workload, or a Service. */
  readonly pod?: string;
  readonly service?: string;
  readonly message: string;
  readonly location: Location;
  readonly advice?: string;
}

/** @param oracles of all steps: what is missing in one may be there in another */
export function reviewManifests(
  manifests: ReviewedManifests,
  oracles: readonly Oracle[],
): readonly ManifestFinding[] {
  return [
    ...manifests.doubts,
    ...unrestricted(manifests, oracles),
    ...manifests.services.flatMap((service) => reviewService(service, manifests, oracles)),
  ];
}

function unrestricted(
  { workloads, foreignPolicies }: ReviewedManifests,
  oracles: readonly Oracle[],
): readonly ManifestFinding[] {
  const selected = new Set(
    oracles.flatMap((oracle) =>
      oracle.policies.flatMap((policy) => oracle.subjectsOf(policy).map(({ name }) => name)),
    ),
  );
  // By policies of other kinds.
  const mayBeSelected = (pod: string): boolean =>
    foreignPolicies.some(
      ({ namespace = namespaceOf(pod), policyKind }) => policyKind.decides && namespace === namespaceOf(pod),
    );
  // What a policy would not isolate needs none.
  const onHost = new Set(
    oracles.flatMap(({ parties }) =>
      parties.pods.flatMap(({ name, hostNetwork }) => (hostNetwork ? [name] : [])),
    ),
  );
  return workloads
    .filter(({ pod }) => !selected.has(pod) && !mayBeSelected(pod) && !onHost.has(pod))
    .map(({ kind, pod, location }) => ({
      code: 'workload-without-policy',
      rule: 'D4',
      pod,
      message: `no policy selects ${kind} ${pod}: it is isolated neither for ingress nor for egress`,
      location,
      advice: 'Write a policy that selects it, such as a default deny of its namespace.',
    }));
}

interface SelectedPod {
  readonly labels: Labels;
  readonly ports: readonly PodPort[];
}

function reviewService(
  service: ReviewedService,
  { leftOut }: ReviewedManifests,
  oracles: readonly Oracle[],
): readonly ManifestFinding[] {
  const { namespace, selector, location } = service;
  if (selector === undefined) return [];
  const key = objectKey(service);
  const isSelected = (pod: { readonly namespace: string; readonly labels: Labels }): boolean =>
    pod.namespace === namespace && selectorMatches({ matchLabels: selector }, pod.labels);
  const pods = oracles.flatMap(({ parties }) => parties.pods.filter(isSelected));
  // Which ports pods have that are left out is not looked at.
  if (leftOut.some(isSelected)) return [];
  if (pods.length > 0) return unknownTargets(service, pods);
  const neighbours = oracles.flatMap(({ parties }) =>
    parties.pods.filter((pod) => pod.namespace === namespace),
  );
  const required = Object.entries(selector).map(([label, value]) => `${label}=${value}`);
  return [
    {
      code: 'service-selects-none',
      service: key,
      message: `Service ${key} selects nobody: namespace ${namespace} has no pod with ${listNames(required)}`,
      location,
      advice:
        neighbours.length === 0
          ? `Put the Service into the namespace of its pods: ${namespace} has none here.`
          : `Select by labels that the pods carry: those of ${namespace} carry ${listLabels(neighbours.map(({ labels }) => labels))}.`,
    },
  ];
}

function unknownTargets(service: ReviewedService, pods: readonly SelectedPod[]): readonly ManifestFinding[] {
  const key = objectKey(service);
  const declared = pods.flatMap(({ ports }) => ports);
  return service.ports
    .filter(
      ({ targetPort, protocol }) =>
        !declared.some(
          (port) =>
            port.protocol === protocol &&
            (typeof targetPort === 'string' ? port.name === targetPort : port.port === targetPort),
        ),
    )
    .map(({ port, protocol, targetPort, location }): ManifestFinding => {
      const names = declared.map((one) => `${one.port}/${one.protocol}${one.name ? ` (${one.name})` : ''}`);
      const known = names.length === 0 ? 'none' : listNames([...new Set(names)]);
      return {
        code: 'unknown-target-port',
        service: key,
        message: `port ${port} of Service ${key} leads to port ${targetPort}/${protocol}, which no pod that it selects declares`,
        location,
        advice: `Correct targetPort, or declare the port in the workload: its pods declare ${known}.`,
      };
    });
}
