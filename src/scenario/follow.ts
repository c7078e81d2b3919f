/** Follows the steps of a scenario: what there is after each, and what is expected in it. */
import type { Location, Problem } from '../errors.ts';
import { objectKey } from '../keys.ts';
import { FIRST_STEP, parseObject } from '../model/step.ts';
import { checkAction, checkNamespaceOf } from './check-actions.ts';
import { Declarations, type DeclaredRule, declareRule } from './declarations.ts';
import { Doubt } from './doubt.ts';
import { carryOver, type Expectations, NOTHING_EXPECTED } from './expectations.ts';
import { type ConnectionSet, checkFirstInstants, firstInstantsOf } from './first-instant.ts';
import { problemAt } from './mark.ts';
import type {
  DestinationSelection,
  Mark,
  Rule,
  Scenario,
  ScenarioStep,
  StatedExpectations,
  WrittenAction,
} from './scenario.ts';
import { arrangeTopology, type Topology } from './select.ts';
import type { Services } from './services.ts';
import { act, type ClusterState, type Declared, find, objectOf } from './state.ts';
import { quote } from './suggest.ts';

/** A step that has been followed. */
export interface FollowedStep {
  /** Absent for what stands at the top level. */
  readonly step?: ScenarioStep;
  /** What there is when its actions are done. */
  readonly state: ClusterState;
  readonly expectations: Expectations;
  /** What its own rules speak of. */
  readonly declared: readonly DeclaredRule[];
  /** What is tried from the first instant of its source. */
  readonly firstInstants: ConnectionSet;
}

export interface Followed {
  readonly steps: readonly [FollowedStep, ...FollowedStep[]];
  readonly problems: readonly Problem[];
  /** The places of exceptions that match no pair of their rule. */
  readonly idleExceptions: readonly Location[];
  /** Whether something may be created that does not look so. */
  readonly mayMissCreation: boolean;
}

/** @param services of the scenario */
export function followSteps(scenario: Scenario, declared: Declared, services: Services): Followed {
  const problems: Problem[] = [];
  const idleExceptions: Location[] = [];
  const doubt = new Doubt(scenario.holes);
  const undeclared = undeclaredIn(scenario, declared);
  const expect = (
    { rules, otherwise }: StatedExpectations,
    state: ClusterState,
    before: Expectations,
  ): Pick<FollowedStep, 'expectations' | 'declared'> => {
    const declarations = new Declarations();
    const topology = topologyIn(state, declared, scenario);
    for (const rule of rules) {
      const known = withoutUnknown(rule, undeclared, doubt);
      if (known !== undefined) problems.push(...declareRule(known, topology, declarations));
    }
    problems.push(...declarations.contradictions());
    idleExceptions.push(...declarations.idleExceptions);
    return { expectations: carryOver(before, declarations, otherwise), declared: declarations.declared };
  };

  const start = stateAtStart(scenario, declared);
  const coming = scenario.steps.flatMap(({ actions }) => actions);
  const atStart = { state: start, declared, done: [], coming, doubt, undeclared };
  for (const { value, mark } of scenario.policies)
    problems.push(...checkNamespaceOf(value.namespace, mark, 'this policy', atStart));
  for (const { value, mark } of scenario.foreignPolicies)
    if (value.namespace !== undefined)
      problems.push(...checkNamespaceOf(value.namespace, mark, 'this policy', atStart));
  const first: FollowedStep = {
    state: start,
    ...expect(scenario, start, NOTHING_EXPECTED),
    firstInstants: new Map(),
  };

  const done: WrittenAction[] = [];
  const later: FollowedStep[] = [];
  let { state, expectations } = first;
  for (const [index, step] of scenario.steps.entries()) {
    doubt.reach(scenario.steps[index + 1]?.mark.location);
    const before = state;
    for (const action of step.actions) {
      coming.shift();
      const wrong = checkAction(action, { state, declared, done, coming, doubt, undeclared });
      problems.push(...wrong);
      if (wrong.length > 0) doubt.raise(action, declared);
      // In a namespace that is not there, it is told once, and not again for all that is done to it.
      if (wrong.length > 0 && !isNew(action, state, declared)) continue;
      state = act(action, state, declared);
      done.push(action);
    }
    problems.push(...checkReplaced(step), ...checkName(step, scenario.steps));
    const expected = expect(step, state, expectations);
    expectations = expected.expectations;
    const transition = { step, before, state, services };
    if (!doubt.has('pods')) problems.push(...checkFirstInstants(expected.declared, transition));
    later.push({ step, state, ...expected, firstInstants: firstInstantsOf(expected.declared) });
  }
  doubt.reach();
  return { steps: [first, ...later], problems, idleExceptions, mayMissCreation: doubt.has('pods') };
}

/** What steps create, and what is not declared. */
function undeclaredIn({ steps }: Scenario, declared: Declared): ReadonlySet<string> {
  const created = steps.flatMap(({ actions }) =>
    actions.flatMap((action) => (action.kind === 'create' ? [action.object] : [])),
  );
  return new Set(created.filter((object) => find(declared, parseObject(object)) === undefined));
}

/** Whether an action brings something that is not there, and of which it is known what it is. */
function isNew(action: WrittenAction, state: ClusterState, declared: Declared): boolean {
  const object = parseObject(objectOf(action));
  if (action.kind === 'apply') return true;
  return (
    action.kind === 'create' && find(state, object) === undefined && find(declared, object) !== undefined
  );
}

/** A rule without the pods that are missed elsewhere; undefined where nothing is left of it, or where it is not known what it selects. */
function withoutUnknown(rule: Rule, undeclared: ReadonlySet<string>, doubt: Doubt): Rule | undefined {
  const isKnown = (end: DestinationSelection['end']): boolean =>
    end.kind !== 'pod' || !undeclared.has(end.key);
  const from = rule.from.filter(({ value }) => isKnown(value));
  const to = rule.to.filter(({ value }) => isKnown(value.end));
  const except = rule.except.filter(
    (one) =>
      (one.from?.every(({ value }) => isKnown(value)) ?? true) &&
      (one.to?.every(({ value }) => isKnown(value.end)) ?? true),
  );
  const selections = [...from.map(({ value }) => value), ...to.map(({ value }) => value.end)];
  const isInDoubt =
    doubt.isAboutLabels && selections.some(({ kind }) => kind === 'labels' || kind === 'service');
  if (from.length === 0 || to.length === 0 || isInDoubt) return undefined;
  return undeclared.size === 0 ? rule : { ...rule, from, to, except };
}

function stateAtStart(scenario: Scenario, { namespaces, pods }: Declared): ClusterState {
  const late = new Set([
    ...scenario.namespaces.flatMap(({ value }) => (value.created === undefined ? [] : [value.name])),
    ...scenario.pods.flatMap((pod) => (pod.created === undefined ? [] : [objectKey(pod)])),
  ]);
  const isThere = ([name]: readonly [string, unknown]): boolean => !late.has(name);
  return {
    namespaces: late.size === 0 ? namespaces : new Map([...namespaces].filter(isThere)),
    pods: late.size === 0 ? pods : new Map([...pods].filter(isThere)),
    policies: new Map(scenario.policies.map(({ value }) => [objectKey(value), value])),
  };
}

function* checkName({ name }: ScenarioStep, steps: readonly ScenarioStep[]): Generator<Problem> {
  if (name.value === FIRST_STEP) {
    yield problemAt(name.mark, `a step may not be called ${quote(FIRST_STEP)}`, {
      hint: 'Reports call what stands at the top level so: give this step another name.',
    });
  }
  const first = steps.find((step) => step.name.value === name.value);
  if (first === undefined || first.name === name) return;
  yield problemAt(name.mark, `the step name ${quote(name.value)} is there twice`, {
    hint: 'Reports tell steps apart by their names: give each its own.',
    related: [{ message: 'first here', mark: first.name.mark }],
  });
}

function* checkReplaced({ actions }: ScenarioStep): Generator<Problem> {
  const first = new Map<string, Mark>();
  for (const action of actions) {
    if (action.kind !== 'replace') continue;
    const earlier = first.get(action.object);
    if (earlier === undefined) first.set(action.object, action.mark);
    else {
      yield problemAt(action.mark, `the pod ${quote(action.object)} is replaced twice in this step`, {
        related: [{ message: 'first here', mark: earlier }],
      });
    }
  }
}

/** What rules of a step select among: all that is declared, with the labels of that time. */
function topologyIn(
  state: ClusterState,
  declared: Declared,
  { existingNamespaces, services, existingServices, families, manifests }: Scenario,
): Topology {
  return arrangeTopology({
    namespaces: [...declared.namespaces].map(([name, namespace]) => state.namespaces.get(name) ?? namespace),
    existingNamespaces: existingNamespaces?.map(({ value }) => ({ name: value })),
    pods: [...declared.pods].map(([key, pod]) => state.pods.get(key) ?? pod),
    hosts: [...declared.hosts.values()],
    services,
    existingServices: existingServices?.map(({ value }) => value),
    families: families?.value,
    leftOut: manifests?.leftOut,
  });
}
