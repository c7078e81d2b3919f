/** From a scenario to its plan: names are looked up, steps are followed, and rules become checks. */
import type { Problem } from '../errors.ts';
import { objectKey } from '../keys.ts';
import { addressesAt } from '../model/endpoint.ts';
import { addressIn, type Family } from '../model/family.ts';
import { serviceKey } from '../model/service.ts';
import type { Action } from '../model/step.ts';
import type { ForeignPolicy, PolicyHost, PolicyPod } from '../policy/model.ts';
import { compile, type Oracle } from '../policy/oracle.ts';
import { checkHeld } from './check-held.ts';
import { checkCreated, checkTopology } from './check-topology.ts';
import { Connections, type ExpectedConnection, numberChecks } from './checks.ts';
import { arrangeExisting, existingEnds } from './existing-services.ts';
import type { StatedRule } from './expectations.ts';
import { type FollowedStep, followSteps } from './follow.ts';
import { problemAt } from './mark.ts';
import type { Plan, PlannedPod, PlannedStep, Scenario, ScenarioStep, WrittenAction } from './scenario.ts';
import { hostKey } from './select.ts';
import { arrangeServices } from './services.ts';
import { type ClusterState, type Declared, objectOf } from './state.ts';
import { quote } from './suggest.ts';
import { findUntried } from './untried.ts';

export interface PlannedChecks {
  readonly plan: Plan;
  /** Where there are any, the plan is not to be run. */
  readonly problems: readonly Problem[];
}

/**
 * Plans a scenario. Checks are ordered by source, destination and port, each in the order of the file, so that their
 * order does not depend on how rules are written.
 */
export function planScenario(scenario: Scenario): PlannedChecks {
  const declared = declaredBy(scenario);
  const services = arrangeServices(scenario.services ?? []);
  const {
    steps: followed,
    problems: found,
    idleExceptions,
    mayMissCreation,
  } = followSteps(scenario, declared, services);
  const existing = arrangeExisting((scenario.existingServices ?? []).map(({ value }) => value));
  const connections = new Connections(
    declared,
    services,
    existingEnds(scenario, existing),
    scenario.families?.value,
  );
  const checks = numberChecks(
    followed.map((one) => {
      const expected = connections.expected(one.expectations, one.state, one.firstInstants);
      return [one, heldOnce(expected, one)];
    }),
  );
  // One for steps in which the same is there, and so one oracle.
  const foreignPolicies = scenario.foreignPolicies.map(({ value }) => value);
  const deciding = foreignPolicies.filter(({ policyKind }) => policyKind.decides);
  const worldOf = (state: ClusterState): PlannedWorld => worldIn(state, declared, deciding);
  const worlds = new Map(followed.map(({ state }) => [state, worldOf(state)]));
  const planStep = (one: FollowedStep): PlannedStep => ({
    ...headOf(one.step, scenario),
    ...(worlds.get(one.state) ?? worldOf(one.state)),
    checks: checks.get(one) ?? [],
  });
  const [first, ...later] = followed;
  const steps: Plan['steps'] = [planStep(first), ...later.map(planStep)];
  const problems = [
    ...checkTopology(scenario),
    // With parts of the steps missing, it would look as if nothing ever came to be.
    ...(mayMissCreation ? [] : checkCreated(scenario)),
    ...found,
  ];
  if (scenario.complete && problems.length === 0)
    problems.push(...findIdle(scenario, steps), ...findUntried(followed, services, existing));
  // A connection that is never tried cannot be held either.
  if (scenario.complete && problems.length === 0) problems.push(...checkHeld(followed, services));
  return {
    plan: {
      scenario: scenario.head,
      namespaces: [...declared.namespaces.values()],
      ...existingNamespacesOf(scenario),
      pods: [...declared.pods.values()],
      ...(declared.hosts.size === 0 ? {} : { hosts: [...declared.hosts.values()] }),
      ...servicesOf(scenario),
      ...familiesOf(scenario),
      steps,
      idleExceptions,
      accepted: scenario.accepted,
      ...(scenario.manifests === undefined ? {} : { manifests: scenario.manifests }),
      ...(scenario.included === undefined ? {} : { included: scenario.included }),
    },
    problems,
  };
}

/** The Services that can be dialled. */
function servicesOf({
  services = [],
  existingServices = [],
}: Scenario): Pick<Plan, 'services' | 'existingServices'> {
  const fit = services.flatMap(({ unfit, mark: _, ...service }) => (unfit === undefined ? [service] : []));
  const existing = new Map(existingServices.map(({ value }) => [serviceKey(value), value]));
  return {
    ...(fit.length === 0 ? {} : { services: fit }),
    ...(existing.size === 0 ? {} : { existingServices: [...existing.values()] }),
  };
}

function existingNamespacesOf({ existingNamespaces = [] }: Scenario): Pick<Plan, 'existingNamespaces'> {
  const places = new Map(existingNamespaces.map(({ value, mark }) => [value, mark.location]));
  return places.size === 0
    ? {}
    : { existingNamespaces: [...places].map(([name, location]) => ({ name, location })) };
}

function familiesOf({ families }: Scenario): Pick<Plan, 'triedFamilies'> {
  return families === undefined
    ? {}
    : { triedFamilies: { listed: families.value, location: families.mark.location } };
}

function declaredBy({ namespaces, existingNamespaces = [], pods, hosts }: Scenario): Declared {
  return {
    existingNamespaces: new Set(existingNamespaces.map(({ value }) => value)),
    namespaces: new Map(namespaces.map(({ value: { name, labels } }) => [name, { name, labels }])),
    pods: new Map(
      pods.map((pod) => {
        const { namespace, name, labels, ports, node, hostNetwork } = pod;
        return [
          objectKey(pod),
          {
            namespace,
            name,
            labels,
            ports: ports.map(({ value }) => value),
            ...(node === undefined ? {} : { placement: node.value }),
            ...(hostNetwork === undefined ? {} : { hostNetwork }),
          },
        ];
      }),
    ),
    hosts: new Map(
      hosts.map((host) => {
        const { name, place, ports, mark } = host;
        const declared = { name, place: place.value, ports: ports.map(({ value }) => value) };
        return [hostKey(host), { ...declared, location: mark.location }];
      }),
    ),
  };
}

/** What a step is called, where it stands, and what it does. */
function headOf(
  step: ScenarioStep | undefined,
  { head, policies, foreignPolicies }: Scenario,
): Omit<PlannedStep, keyof PlannedWorld | 'checks'> {
  if (step === undefined) {
    return {
      location: head.location,
      actions: [],
      applied: policies.map(({ value }) => value),
      ...(foreignPolicies.length === 0 ? {} : { foreignPolicies: foreignPolicies.map(({ value }) => value) }),
    };
  }
  const { name, description, mark, actions, withinMs } = step;
  return {
    name: name.value,
    ...(description === undefined ? {} : { description }),
    location: mark.location,
    actions: actions.map(asAction),
    applied: actions.flatMap((action) => (action.kind === 'apply' ? [action.policy] : [])),
    ...(withinMs === undefined ? {} : { withinMs }),
  };
}

/** An action as a run performs it. */
export function asAction(action: WrittenAction): Action {
  const { kind } = action;
  const object = objectOf(action);
  return kind === 'label'
    ? { kind, object, labels: Object.fromEntries(action.labels.map(({ key, value }) => [key, value])) }
    : { kind, object };
}

/** What becomes of open connections is asked in the step whose rule says so, though what is expected of the pair carries over. */
function heldOnce(
  connections: readonly ExpectedConnection[],
  { declared }: FollowedStep,
): readonly ExpectedConnection[] {
  const own = new Set<StatedRule>(declared.map(({ rule }) => rule));
  return connections.map((connection) => {
    const { held, ...statement } = connection.statement;
    return held === undefined || own.has(connection.statement) ? connection : { ...connection, statement };
  });
}

type PlannedWorld = Pick<PlannedStep, 'namespaces' | 'pods' | 'policies' | 'oracle'>;

/** What there is, in the order of the file, and what its policies mean. */
function worldIn(
  state: ClusterState,
  declared: Declared,
  foreignPolicies: readonly ForeignPolicy[],
): PlannedWorld {
  const world = {
    namespaces: [...declared.namespaces.keys()].flatMap((name) => state.namespaces.get(name) ?? []),
    pods: [...declared.pods.keys()].flatMap((key) => state.pods.get(key) ?? []),
    policies: [...state.policies.values()],
  };
  const hostsIn = (family: Family | undefined): readonly PolicyHost[] =>
    [...declared.hosts].map(([key, { place }]) => {
      const addresses = addressesAt(place);
      const [sole, ...others] = family === undefined ? addresses : [addressIn(family, addresses)];
      return sole === undefined || others.length > 0 ? { key } : { key, address: sole };
    });
  const oracles = new Map<Family | undefined, Oracle>();
  return {
    ...world,
    oracle(family) {
      const known = oracles.get(family);
      if (known !== undefined) return known;
      const hosts = hostsIn(family);
      const pods = world.pods.map(asPlaced);
      const compiled = compile({
        ...world,
        pods,
        hosts,
        foreignPolicies,
        ...(family === undefined ? {} : { family }),
      });
      oracles.set(family, compiled);
      return compiled;
    },
  };
}

/** Pods with the same number are on one node, whichever that will be. */
function asPlaced(pod: PlannedPod): PolicyPod {
  return pod.placement === undefined ? pod : { ...pod, node: `number ${pod.placement}` };
}

/** What is missing where nothing is tested. */
function adviseOnNothing(pods: Scenario['pods']): string {
  const [pod] = pods;
  return pod === undefined || pods.some(({ ports }) => ports.length > 0)
    ? 'List connections under "reachable" or "unreachable", or say what holds "otherwise".'
    : `No pod has a port to connect to. Give some, under "pods": ${objectKey(pod)}: { ports: [80] }.`;
}

/** A scenario that tests nothing, and steps in which nothing is other than before. */
function* findIdle(
  { mark, head, pods, steps, holes }: Scenario,
  planned: readonly PlannedStep[],
): Generator<Problem> {
  if (planned.every(({ checks }) => checks.length === 0)) {
    yield problemAt(mark, `the scenario ${quote(head.name)} tests nothing`, {
      hint: adviseOnNothing(pods),
    });
  }
  // What is missing may have been the change.
  if (holes.length > 0) return;
  for (const [index, step] of steps.entries()) {
    const [before, after] = [planned[index], planned[index + 1]];
    if (before === undefined || after === undefined) continue;
    if (!isSameState(before, after) || !isSameExpectation(before, after)) continue;
    yield problemAt(step.mark, `the step ${quote(step.name.value)} changes nothing`, {
      hint:
        after.actions.length === 0
          ? 'Give it an action, such as "apply" or "label", or say what is expected otherwise than before.'
          : 'When its actions are done, all is as it was before them. Change something, or leave the step out.',
    });
  }
}

/** Whether there is the same after a step as before it: a pod that was replaced is another, though it looks the same. */
function isSameState(before: PlannedStep, after: PlannedStep): boolean {
  if (after.actions.some(({ kind }) => kind === 'replace')) return false;
  const stateOf = ({ namespaces, pods, policies }: PlannedStep): string =>
    JSON.stringify([
      namespaces,
      pods,
      policies.map(({ namespace, name, object }) => [namespace, name, object]),
    ]);
  return after.actions.length === 0 || stateOf(before) === stateOf(after);
}

function isSameExpectation(before: PlannedStep, after: PlannedStep): boolean {
  const known = new Map(before.checks.map((check) => [check.id, check]));
  return after.checks.every(({ id, expected, cutBy }) => {
    const check = known.get(id);
    return check?.expected === expected && check.cutBy === cutBy;
  });
}
