/** The record of a run that has not begun: everything planned, nothing seen, incomplete. */
import { isDeepStrictEqual } from 'node:util';
import type { Check } from '../model/check.ts';
import { addressesAt, type HostPlace, isHost } from '../model/endpoint.ts';
import { dayOf, hasExpired } from '../model/known-issue.ts';
import { reviewPlan } from '../policy/review.ts';
import type { CheckDraft, RunDraft, ScenarioDraft, StepDraft } from '../record/draft.ts';
import { RECORD_SCHEMA_VERSION } from '../record/schema.ts';
import {
  dialledExisting,
  dialledServices,
  foreignPoliciesOf,
  type Plan,
  type PlannedStep,
} from '../scenario/scenario.ts';
import { predictSteps } from './predict.ts';

export interface StartOptions {
  readonly runId: string;
  readonly version: string;
  readonly startedAt: Date;
  readonly cluster: string;
  readonly options: RunDraft['run']['options'];
  readonly origin?: RunOrigin | undefined;
}

/** Who runs it, and from what. */
export interface RunOrigin {
  /** A person and a machine, or what a CI server says of itself. */
  readonly by?: string | undefined;
  /** What is checked out where the scenarios are. */
  readonly commit?: string | undefined;
}

/** Known issues that have expired when the run begins are marked as such: they excuse nothing, however long it takes. */
export function startRecord(scenarios: readonly ScenarioDraft[], start: StartOptions): RunDraft {
  const day = dayOf(start.startedAt);
  for (const issue of scenarios.flatMap(({ knownIssues = [] }) => knownIssues))
    if (hasExpired(issue, day)) issue.expired = true;
  return {
    schemaVersion: RECORD_SCHEMA_VERSION,
    podreach: { version: start.version },
    run: {
      id: start.runId,
      startedAt: start.startedAt.toISOString(),
      ...(start.origin?.by === undefined ? {} : { by: start.origin.by }),
      ...(start.origin?.commit === undefined ? {} : { commit: start.origin.commit }),
      incomplete: true,
      options: start.options,
    },
    environment: { cluster: start.cluster, nodes: [], node: process.version },
    scenarios,
  };
}

export function startScenario(plan: Plan): ScenarioDraft {
  const [first, ...later] = plan.steps;
  const { predicted, grounds } = predictSteps(plan.steps.map(({ oracle, checks }) => ({ oracle, checks })));
  return {
    ...plan.scenario,
    tags: [...plan.scenario.tags],
    ...declaredIn(plan.steps),
    status: 'waiting',
    phases: [],
    ...stateOf(first),
    ...hostsIn(plan),
    ...foreignIn(plan),
    ...servicesIn(plan),
    ...existingIn(plan),
    ...workloadsIn(plan),
    grounds,
    ...knownIn(plan),
    warnings: reviewPlan(plan).map((warning) => ({ ...warning })),
    steps: [
      { checks: startChecks(first, predicted[0]) },
      ...later.map((step, index) => startStep(step, plan.steps[index] ?? first, predicted[index + 1])),
    ],
  };
}

/** How many checks all steps have, where only some of them were chosen. */
function declaredIn(steps: Plan['steps']): Pick<ScenarioDraft, 'declaredChecks'> {
  if (steps.every(({ declaredChecks }) => declaredChecks === undefined)) return {};
  return {
    declaredChecks: steps.reduce(
      (sum, { checks, declaredChecks }) => sum + (declaredChecks ?? checks).length,
      0,
    ),
  };
}

function knownIn({ knownIssues }: Plan): Pick<ScenarioDraft, 'knownIssues'> {
  return knownIssues === undefined ? {} : { knownIssues: knownIssues.map((issue) => ({ ...issue })) };
}

type RecordedHost = NonNullable<ScenarioDraft['hosts']>[number];

function hostsIn({ hosts }: Plan): Pick<ScenarioDraft, 'hosts'> {
  if (hosts === undefined) return {};
  return {
    hosts: hosts.map(({ name, place, ports }) => ({
      name,
      ...placeIn(place),
      ports: [...ports],
    })),
  };
}

function placeIn(place: HostPlace): Pick<RecordedHost, 'address' | 'otherAddress' | 'dnsName'> {
  const [address, otherAddress] = addressesAt(place);
  return {
    ...(address === undefined ? {} : { address }),
    ...(otherAddress === undefined ? {} : { otherAddress }),
    ...(place.kind === 'name' ? { dnsName: place.name } : {}),
  };
}

function foreignIn(plan: Plan): Pick<ScenarioDraft, 'foreignPolicies'> {
  const foreignPolicies = foreignPoliciesOf(plan).map(({ policyKind: _, object: __, ...policy }) => policy);
  return foreignPolicies.length === 0 ? {} : { foreignPolicies };
}

function servicesIn(plan: Plan): Pick<ScenarioDraft, 'services'> {
  const services = dialledServices(plan);
  if (services.length === 0) return {};
  return {
    services: services.map(({ ipFamilies, ...service }) => ({
      ...service,
      selector: { ...service.selector },
      ports: service.ports.map((port) => ({ ...port })),
      ...(ipFamilies === undefined ? {} : { ipFamilies: [...ipFamilies] }),
    })),
  };
}

function existingIn(plan: Plan): Pick<ScenarioDraft, 'existingServices'> {
  const existing = dialledExisting(plan);
  return existing.length === 0 ? {} : { existingServices: existing.map((service) => ({ ...service })) };
}

/** Which pods stand for workloads of manifests. */
function workloadsIn({ manifests }: Plan): Pick<ScenarioDraft, 'workloads'> {
  const { workloads = [] } = manifests ?? {};
  return workloads.length === 0 ? {} : { workloads: workloads.map((workload) => ({ ...workload })) };
}

type StepPredictions = readonly CheckDraft['predicted'][];

function startStep(
  step: PlannedStep,
  before: PlannedStep,
  predicted: StepPredictions | undefined,
): StepDraft {
  const { name, description, actions, withinMs } = step;
  return {
    ...(name === undefined ? {} : { name }),
    ...(description === undefined ? {} : { description }),
    actions: actions.map(({ kind, object, labels }) => ({
      kind,
      object,
      ...(labels === undefined ? {} : { labels: { ...labels } }),
    })),
    ...(withinMs === undefined ? {} : { withinMs }),
    ...changedSince(before, step),
    checks: startChecks(step, predicted),
  };
}

/** What there is in a step, where that is not what there was before. A pod that is replaced is another, where it runs as well. */
function changedSince(before: PlannedStep, step: PlannedStep): Partial<Inventory> {
  const [old, { namespaces, pods, policies }] = [stateOf(before), stateOf(step)];
  const isReplacing = step.actions.some(({ kind }) => kind === 'replace');
  return {
    ...(isDeepStrictEqual(old.namespaces, namespaces) ? {} : { namespaces }),
    ...(isDeepStrictEqual(old.pods, pods) && !isReplacing ? {} : { pods }),
    ...(isDeepStrictEqual(old.policies, policies) ? {} : { policies }),
  };
}

type Inventory = Pick<ScenarioDraft, 'namespaces' | 'pods' | 'policies'>;

function stateOf({ namespaces, pods, policies }: PlannedStep): Inventory {
  return {
    namespaces: namespaces.map(({ name, labels }) => ({ name, labels: { ...labels } })),
    pods: pods.map((pod) => ({ ...pod, labels: { ...pod.labels }, ports: [...pod.ports] })),
    policies: policies.map(({ namespace, name, location, text }) => ({ namespace, name, location, text })),
  };
}

function startChecks({ checks }: PlannedStep, predicted: StepPredictions = []): CheckDraft[] {
  return checks.map((check, index) => startCheck(check, predicted[index]));
}

function startCheck(check: Check, predicted: CheckDraft['predicted']): CheckDraft {
  const { knownIssues, firstInstant, held, family, meantFamilies: _, path, backends, ...rest } = check;
  return {
    ...rest,
    // Of those that are not asked for, the cluster says which it is: see `meetFamilies`.
    family: family ?? 'IPv4',
    path: path ?? (isHost(check.to) ? 'host' : 'podIP'),
    ...(backends === undefined ? {} : { backends: backends.map((backend) => ({ ...backend })) }),
    ...(knownIssues === undefined ? {} : { knownIssues: [...knownIssues] }),
    ...(held === undefined ? {} : { held: { wish: held } }),
    ...(predicted === undefined ? {} : { predicted }),
    ...(firstInstant === undefined ? {} : { firstInstant: { attempts: 0, endMs: 0, windows: [] } }),
  };
}
