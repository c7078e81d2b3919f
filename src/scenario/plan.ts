/** From a scenario to its plan: names are looked up, and rules become checks. */
import type { Problem } from '../errors.ts';
import type { Check, Expectation } from '../model/check.ts';
import { endpointKey } from '../model/endpoint.ts';
import type { World } from '../policy/model.ts';
import { compile, type Oracle } from '../policy/oracle.ts';
import { checkTopology } from './check-topology.ts';
import { Declarations, declareRule, targetKey } from './declarations.ts';
import { problemAt } from './mark.ts';
import type { Marked, Plan, PlannedPod, Port, Rule, Scenario } from './scenario.ts';
import { arrangeTopology } from './select.ts';
import { quote } from './suggest.ts';

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
  const namespaces = scenario.namespaces.map(({ value }) => value);
  const pods = scenario.pods.map(
    ({ namespace, name, labels, ports }): PlannedPod => ({
      namespace,
      name,
      labels,
      ports: ports.map(({ value }) => value),
    }),
  );
  const topology = arrangeTopology(namespaces, pods);
  const declarations = new Declarations();
  const problems = [...checkTopology(scenario)];
  for (const rule of scenario.rules) problems.push(...declareRule(rule, topology, declarations));
  problems.push(...declarations.contradictions());
  const checks = listChecks(pods, declarations, scenario.otherwise);
  if (scenario.complete && checks.length === 0 && problems.length === 0)
    problems.push(testsNothing(scenario));
  return {
    plan: {
      scenario: scenario.head,
      namespaces,
      pods,
      steps: [
        {
          location: scenario.head.location,
          actions: [],
          applied: scenario.policies,
          namespaces,
          pods,
          policies: scenario.policies,
          oracle: compiledOnce({ namespaces, pods, policies: scenario.policies }),
          checks,
        },
      ],
      idleExceptions: declarations.idleExceptions,
      accepted: scenario.accepted,
    },
    problems,
  };
}

function compiledOnce(world: World): () => Oracle {
  let oracle: Oracle | undefined;
  return () => {
    oracle ??= compile(world);
    return oracle;
  };
}

function testsNothing(scenario: Scenario): Problem {
  return problemAt(scenario.mark, `the scenario ${quote(scenario.head.name)} tests nothing`, {
    hint: 'List connections under "reachable" or "unreachable", or say what holds "otherwise".',
  });
}

function listChecks(
  pods: readonly PlannedPod[],
  declarations: Declarations,
  otherwise: Marked<Expectation> | undefined,
): readonly Check[] {
  const targets = pods.flatMap((pod) => {
    const to = podKey(pod);
    return pod.ports.map((port) => ({ to, port, key: targetKey(to, port) }));
  });
  const checks: Check[] = [];
  for (const from of pods.map(podKey)) {
    const rules = declarations.rulesFrom(from);
    // Thousands of pods have millions of pairs: those of which nothing is said are not looked up one by one.
    if (rules === undefined && otherwise === undefined) continue;
    for (const { to, port, key } of targets) {
      const rule = rules?.get(key);
      const statement = rule ?? (from === to || otherwise === undefined ? undefined : asStatement(otherwise));
      if (statement === undefined) continue;
      checks.push({
        id: checks.length,
        from,
        to,
        ...portOf(port),
        family: 'IPv4',
        ...statedBy(statement),
      });
    }
  }
  return checks;
}

function podKey({ namespace, name }: PlannedPod): string {
  return endpointKey({ kind: 'pod', namespace, name });
}

function portOf({ name, port, protocol }: Port): Pick<Check, 'port' | 'portName' | 'protocol'> {
  return { port, ...(name === undefined ? {} : { portName: name }), protocol };
}

function statedBy({
  expected,
  mark,
  because,
  cutBy,
}: StatedRule): Pick<Check, 'expected' | 'declared' | 'because' | 'cutBy'> {
  return {
    expected,
    declared: mark.location,
    ...(because === undefined ? {} : { because }),
    ...(cutBy === undefined ? {} : { cutBy }),
  };
}

/** What the file says of a connection, and where. */
type StatedRule = Pick<Rule, 'expected' | 'mark' | 'because' | 'cutBy'>;

function asStatement(otherwise: Marked<Expectation>): StatedRule {
  return { expected: otherwise.value, mark: otherwise.mark };
}
