/** Follows the steps of a scenario: what there is after each, and what is expected in it. */
import type { Location, Problem } from '../errors.ts';
import { objectKey } from '../keys.ts';
import { FIRST_STEP } from '../model/step.ts';
import { checkAction, checkNamespaceOf } from './check-actions.ts';
import { Declarations, type DeclaredRule, declareRule } from './declarations.ts';
import { carryOver, type Expectations, NOTHING_EXPECTED } from './expectations.ts';
import { problemAt } from './mark.ts';
import type { Mark, Scenario, ScenarioStep, StatedExpectations, WrittenAction } from './scenario.ts';
import { arrangeTopology, type Topology } from './select.ts';
import { act, type ClusterState, type Declared } from './state.ts';
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
}

export interface Followed {
  readonly steps: readonly [FollowedStep, ...FollowedStep[]];
  readonly problems: readonly Problem[];
  /** The places of exceptions that match no pair of their rule. */
  readonly idleExceptions: readonly Location[];
}

export function followSteps(scenario: Scenario, declared: Declared): Followed {
  const problems: Problem[] = [];
  const idleExceptions: Location[] = [];
  const expect = (
    { rules, otherwise }: StatedExpectations,
    state: ClusterState,
    before: Expectations,
  ): Pick<FollowedStep, 'expectations' | 'declared'> => {
    const declarations = new Declarations();
    const topology = topologyIn(state, declared);
    for (const rule of rules) problems.push(...declareRule(rule, topology, declarations));
    problems.push(...declarations.contradictions());
    idleExceptions.push(...declarations.idleExceptions);
    return { expectations: carryOver(before, declarations, otherwise), declared: declarations.declared };
  };

  const start = stateAtStart(scenario, declared);
  const coming = scenario.steps.flatMap(({ actions }) => actions);
  // Without its steps, it would look as if nothing ever came to be.
  if (scenario.complete) {
    const atStart = { state: start, declared, done: [], coming };
    for (const { value, mark } of scenario.policies)
      problems.push(...checkNamespaceOf(value.namespace, mark, 'this policy', atStart));
  }
  const first: FollowedStep = { state: start, ...expect(scenario, start, NOTHING_EXPECTED) };

  const done: WrittenAction[] = [];
  const later: FollowedStep[] = [];
  let { state, expectations } = first;
  for (const step of scenario.steps) {
    for (const action of step.actions) {
      coming.shift();
      const wrong = checkAction(action, { state, declared, done, coming });
      problems.push(...wrong);
      if (wrong.length > 0) continue;
      state = act(action, state, declared);
      done.push(action);
    }
    problems.push(...checkReplaced(step), ...checkName(step, scenario.steps));
    const expected = expect(step, state, expectations);
    expectations = expected.expectations;
    later.push({ step, state, ...expected });
  }
  return { steps: [first, ...later], problems, idleExceptions };
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
function topologyIn(state: ClusterState, declared: Declared): Topology {
  return arrangeTopology(
    [...declared.namespaces].map(([name, namespace]) => state.namespaces.get(name) ?? namespace),
    [...declared.pods].map(([key, pod]) => state.pods.get(key) ?? pod),
  );
}
