/** Laws of selection and planning, held against random topologies and rules. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { objectKey } from '../../src/keys.ts';
import type { Check, Expectation } from '../../src/model/check.ts';
import { planScenario } from '../../src/scenario/plan.ts';
import type {
  DestinationSelection,
  Mark,
  PodSelection,
  Port,
  Rule,
  Scenario,
  ScenarioPod,
} from '../../src/scenario/scenario.ts';
import { arrangeTopology, selectPods } from '../../src/scenario/select.ts';

function markAt(line: number): Mark {
  return { location: { file: 'a.yaml', line, column: 1 }, frame: '' };
}

const labels = fc.dictionary(fc.constantFrom('app', 'tier'), fc.constantFrom('a', 'b'));
const port: fc.Arbitrary<Port> = fc.constantFrom(
  { port: 80, protocol: 'TCP' } as const,
  { port: 80, protocol: 'UDP' } as const,
  { name: 'http', port: 8080, protocol: 'TCP' } as const,
);
const pod: fc.Arbitrary<ScenarioPod> = fc.record({
  namespace: fc.constantFrom('n0', 'n1', 'n2'),
  name: fc.constantFrom('p0', 'p1', 'p2'),
  labels,
  ports: fc
    .uniqueArray(port, { selector: JSON.stringify })
    .map((ports) => ports.map((value) => ({ value, mark: markAt(1) }))),
  mark: fc.constant(markAt(1)),
});
const topology = fc.record({
  namespaces: fc
    .tuple(labels, labels, labels)
    .map((all) =>
      all.map((given, index) => ({ value: { name: `n${index}`, labels: given }, mark: markAt(1) })),
    ),
  pods: fc.uniqueArray(pod, { selector: objectKey, minLength: 2, maxLength: 9 }),
});
const selector = fc.record({ matchLabels: labels }, { requiredKeys: [] });
const selection: fc.Arbitrary<PodSelection> = fc.oneof(
  fc.record({ kind: fc.constant('all' as const) }),
  fc.record({ kind: fc.constant('namespace' as const), namespace: fc.constantFrom('n0', 'n1', 'n2') }),
  fc.record({ kind: fc.constant('pod' as const), key: fc.constantFrom('n0/p0', 'n0/p1', 'n1/p0', 'n2/p2') }),
  fc.record(
    { kind: fc.constant('labels' as const), namespaceSelector: selector, podSelector: selector },
    { requiredKeys: ['kind'] },
  ),
);
const destination: fc.Arbitrary<DestinationSelection> = fc.record({
  end: selection,
  ports: fc.oneof(
    fc.constant([]),
    fc.constantFrom(
      [{ kind: 'number', port: 80, protocol: 'TCP' } as const],
      [{ kind: 'name', name: 'http' } as const],
    ),
  ),
});

interface Ends {
  readonly from: readonly PodSelection[];
  readonly to: readonly DestinationSelection[];
}
const ends: fc.Arbitrary<Ends> = fc.record({
  from: fc.array(selection, { minLength: 1, maxLength: 2 }),
  to: fc.array(destination, { minLength: 1, maxLength: 2 }),
});

function ruleOf({ from, to }: Ends, expected: Expectation, line = 1, except: Rule['except'] = []): Rule {
  const mark = markAt(line);
  return {
    expected,
    from: from.map((value) => ({ value, mark })),
    to: to.map((value) => ({ value, mark })),
    except,
    mark,
  };
}

function scenarioOf(
  { namespaces, pods }: Pick<Scenario, 'namespaces' | 'pods'>,
  rules: readonly Rule[],
  otherwise?: Expectation,
): Scenario {
  const mark = markAt(1);
  return {
    head: { name: 'random', tags: [], location: mark.location },
    mark,
    complete: true,
    holes: [],
    namespaces,
    pods,
    hosts: [],
    policies: [],
    foreignPolicies: [],
    steps: [],
    accepted: [],
    knownIssues: [],
    rules,
    ...(otherwise === undefined ? {} : { otherwise: { value: otherwise, mark: markAt(99) } }),
  };
}

/** The checks of a scenario, or undefined where it is a mistake. */
function checksOf(scenario: Scenario): readonly Check[] | undefined {
  const { plan, problems } = planScenario(scenario);
  return problems.length === 0 ? plan.steps[0].checks : undefined;
}

function keyOf({ from, to, port: number, protocol }: Check): string {
  return `${from} ${to} ${number}/${protocol}`;
}

function keysOf(checks: readonly Check[]): readonly string[] {
  return checks.map(keyOf);
}

describe('for every topology and every rule', () => {
  test('a check has ends that exist, a port that is listened on, and is there once', () =>
    fc.assert(
      fc.property(topology, fc.array(ends, { minLength: 1, maxLength: 3 }), (given, all) => {
        const checks = checksOf(
          scenarioOf(
            given,
            all.map((one) => ruleOf(one, 'reachable')),
          ),
        );
        fc.pre(checks !== undefined);
        const pods = new Map(given.pods.map((each) => [objectKey(each), each]));
        for (const { from, to, port: number, protocol } of checks) {
          expect(pods.has(from)).toBe(true);
          expect(pods.get(to)?.ports.map(({ value }) => `${value.port}/${value.protocol}`)).toContain(
            `${number}/${protocol}`,
          );
        }
        expect(new Set(keysOf(checks)).size).toBe(checks.length);
        expect(checks.map(({ id }) => id)).toEqual(checks.map((_, index) => index));
      }),
    ));

  test('a pod is paired with itself only where both ends of a rule are that one pod', () =>
    fc.assert(
      fc.property(topology, ends, (given, one) => {
        const checks = checksOf(scenarioOf(given, [ruleOf(one, 'reachable')], 'unreachable'));
        fc.pre(checks !== undefined);
        const [from] = one.from;
        const [to] = one.to;
        const named =
          one.from.length === 1 &&
          one.to.length === 1 &&
          from?.kind === 'pod' &&
          to?.end.kind === 'pod' &&
          from.key === to.end.key
            ? [from.key]
            : [];
        expect([
          ...new Set(checks.filter((check) => check.from === check.to).map((check) => check.from)),
        ]).toEqual(named);
      }),
    ));

  test('an exception takes out exactly the checks of its sources', () =>
    fc.assert(
      fc.property(topology, ends, selection, (given, one, excepted) => {
        const all = checksOf(scenarioOf(given, [ruleOf(one, 'reachable')]));
        const arranged = arrangeTopology({
          namespaces: given.namespaces.map(({ value }) => value),
          pods: given.pods.map((each) => ({ ...each, ports: [] })),
        });
        const selected = selectPods(excepted, arranged);
        fc.pre(all !== undefined && selected.kind === 'found');
        const sources = new Set(selected.found.map(objectKey));
        const left = all.filter((check) => !sources.has(check.from));
        const rule = ruleOf(one, 'reachable', 1, [
          { from: [{ value: excepted, mark: markAt(1) }], mark: markAt(1) },
        ]);
        const { plan, problems } = planScenario(scenarioOf(given, [rule]));
        expect(keysOf(plan.steps[0].checks)).toEqual(keysOf(left));
        expect(problems.length === 0).toBe(left.length > 0);
      }),
    ));

  test('an exception with both ends takes out exactly what a rule with these ends speaks of', () =>
    fc.assert(
      fc.property(topology, ends, ends, (given, one, excepted) => {
        const all = checksOf(scenarioOf(given, [ruleOf(one, 'reachable')]));
        const out = checksOf(scenarioOf(given, [ruleOf(excepted, 'reachable')]));
        fc.pre(all !== undefined && out !== undefined);
        const except = [
          {
            from: excepted.from.map((value) => ({ value, mark: markAt(1) })),
            to: excepted.to.map((value) => ({ value, mark: markAt(1) })),
            mark: markAt(1),
          },
        ];
        const { plan } = planScenario(scenarioOf(given, [ruleOf(one, 'reachable', 1, except)]));
        const taken = new Set(keysOf(out));
        // A pair of a pod with itself is only in `all` where it was named; then the exception names it by its ends.
        const expected = keysOf(all.filter((check) => check.from !== check.to && !taken.has(keyOf(check))));
        expect(keysOf(plan.steps[0].checks.filter((check) => check.from !== check.to))).toEqual(expected);
      }),
    ));

  test('"otherwise" and the rules share all pairs of different pods among them', () =>
    fc.assert(
      fc.property(topology, ends, (given, one) => {
        const listed = checksOf(scenarioOf(given, [ruleOf(one, 'reachable')]));
        const all = checksOf(scenarioOf(given, [ruleOf(one, 'reachable')], 'unreachable'));
        fc.pre(listed !== undefined && all !== undefined);
        expect(keysOf(all.filter(({ expected }) => expected === 'reachable'))).toEqual(keysOf(listed));
        expect(
          all.every(({ expected, declared }) => declared.line === (expected === 'reachable' ? 1 : 99)),
        ).toBe(true);
        const pairs = given.pods.flatMap((from) =>
          given.pods.flatMap((to) =>
            from === to
              ? []
              : to.ports.map(
                  ({ value }) => `${objectKey(from)} ${objectKey(to)} ${value.port}/${value.protocol}`,
                ),
          ),
        );
        expect(new Set(keysOf(all.filter((check) => check.from !== check.to)))).toEqual(new Set(pairs));
      }),
    ));

  test('the order of rules decides nothing but which of them is said to have declared a check', () =>
    fc.assert(
      fc.property(topology, fc.array(ends, { minLength: 2, maxLength: 4 }), (given, all) => {
        const rules = all.map((one, index) => ruleOf(one, 'reachable', index + 1));
        const forwards = planScenario(scenarioOf(given, rules)).plan.steps[0].checks;
        const backwards = planScenario(scenarioOf(given, rules.toReversed())).plan.steps[0].checks;
        expect(keysOf(backwards)).toEqual(keysOf(forwards));
      }),
    ));

  test('two rules contradict each other exactly where they share a check', () =>
    fc.assert(
      fc.property(topology, ends, ends, (given, one, other) => {
        const reachable = checksOf(scenarioOf(given, [ruleOf(one, 'reachable')]));
        const unreachable = checksOf(scenarioOf(given, [ruleOf(other, 'unreachable')]));
        fc.pre(reachable !== undefined && unreachable !== undefined);
        const shared = keysOf(reachable).filter((key) => keysOf(unreachable).includes(key));
        const { problems } = planScenario(
          scenarioOf(given, [ruleOf(one, 'reachable', 1), ruleOf(other, 'unreachable', 2)]),
        );
        expect(problems.map(({ location, related }) => [location.line, related?.[0]?.location.line])).toEqual(
          shared.length === 0 ? [] : [[2, 1]],
        );
      }),
    ));
});
