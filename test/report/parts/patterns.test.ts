import { describe, expect, test } from 'vitest';
import type { ScenarioRecord } from '../../../src/record/schema.ts';
import { findPatterns, findRunPatterns, findStepPatterns } from '../../../src/report/parts/patterns.ts';
import { viewOf } from '../../../src/report/view/run.ts';
import {
  buildRecord,
  buildScenario,
  type CheckParts,
  changedChecks,
  everyVerdict,
  meshScenario,
  viewScenario,
} from '../fixture.ts';

const LEAK: CheckParts = { expected: 'unreachable', verdict: 'leaked' };
const SHUT: CheckParts = { expected: 'unreachable' };
const BROKEN: CheckParts = { verdict: 'broken' };

describe('checks that went wrong', () => {
  test('all on one node are told by that node', () => {
    // Pods 1, 3 and 5 run there.
    const leaks = new Set(['0-1', '4-1', '1-3', '5-3', '2-5', '3-5']);
    const scenario = meshScenario(6, (from, to) => (leaks.has(`${from}-${to}`) ? LEAK : SHUT));
    expect(findPatterns(viewScenario(scenario))).toEqual([
      'all 6 leaks end on node node-2 (6 of the 15 checks that do)',
    ]);
  });

  test('all inside one node are told by that node, and not by what follows from it', () => {
    const leaks = new Set(['0-2', '2-4', '4-0', '0-4']);
    const scenario = meshScenario(6, (from, to) => (leaks.has(`${from}-${to}`) ? LEAK : SHUT));
    expect(findPatterns(viewScenario(scenario))).toEqual([
      'all 4 leaks stay on node node-1 (4 of the 6 checks that do)',
    ]);
  });

  test('all into one port are told by that port, and not by what follows from it', () => {
    const scenario = meshScenario(10, (_, to) => (to === 4 ? BROKEN : {}));
    expect(findPatterns(viewScenario(scenario))).toEqual([
      'all 9 broken checks lead into team-4/service-4:8080/TCP (9 of the 9 checks that do)',
    ]);
  });

  test('all of one family are told by that', () => {
    const leaks = new Set(['0-1', '1-2', '2-3', '3-0', '0-2', '1-3']);
    const inFamily = (family: 'IPv4' | 'IPv6') =>
      meshScenario(4, (from, to) => ({
        ...(family === 'IPv6' && leaks.has(`${from}-${to}`) ? LEAK : SHUT),
        family,
      }));
    const scenarios = [inFamily('IPv4'), inFamily('IPv6')] as const;
    const checks = scenarios.flatMap(({ steps }) => steps.flatMap((step) => step.checks));
    expect(findPatterns(viewScenario({ ...scenarios[0], steps: [{ checks }] }))).toEqual([
      'all 6 leaks go over IPv6 (6 of the 12 checks that do)',
    ]);
  });

  test('all from one pod are told by that pod', () => {
    const scenario = meshScenario(30, (from, to) => (from === 7 && to > 10 ? LEAK : SHUT));
    expect(findPatterns(viewScenario(scenario))).toEqual([
      'all 19 leaks start at team-7/service-7 (19 of the 29 checks that do)',
    ]);
  });

  test('with nothing in common are told by the groups that they make up', () => {
    const scenario = meshScenario(10, (from, to) =>
      to === 2 || to === 5 || (from === 0 && to === 1) ? LEAK : SHUT,
    );
    expect(findPatterns(viewScenario(scenario))).toEqual([
      'every check into team-2/service-2:8080/TCP leaked (9 of 9)',
      'every check into team-5/service-5:8080/TCP leaked (9 of 9)',
    ]);
  });

  test('all of those that could are told as that', () => {
    const scenario = meshScenario(4, (from) => (from === 0 ? {} : LEAK));
    expect(findPatterns(viewScenario(scenario))).toEqual([
      'every check that must be unreachable leaked (9 of 9)',
    ]);
  });

  test('are compared with those that were to be the same', () => {
    // All checks into service-2 that must be unreachable leaked; the others into it are as they must be.
    const scenario = meshScenario(12, (from, to) => (to !== 2 ? SHUT : from < 6 ? LEAK : {}));
    expect(findPatterns(viewScenario(scenario))).toEqual([
      'all 5 leaks lead into team-2/service-2:8080/TCP (5 of the 5 checks that do)',
    ]);
  });
});

describe('nothing is made of', () => {
  test('two checks', () => {
    expect(findPatterns(viewScenario(meshScenario(5, (_, to) => (to === 1 ? {} : SHUT))))).toEqual([]);
    expect(
      findPatterns(viewScenario(meshScenario(5, (from, to) => (to === 1 && from < 3 ? LEAK : SHUT)))),
    ).toEqual([]);
  });

  test('what half of all checks have in common', () => {
    const [, threeTier] = everyVerdict().scenarios;
    expect(threeTier && findPatterns(viewScenario(threeTier))).toEqual([]);
  });

  test('checks that were not judged', () => {
    const scenario = meshScenario(5, () => SHUT);
    expect(
      findPatterns(
        viewScenario({ ...scenario, steps: changedChecks(scenario, ({ verdict, ...check }) => check) }),
      ),
    ).toEqual([]);
  });
});

describe('over several scenarios', () => {
  const leaking = (...pairs: string[]): ScenarioRecord =>
    meshScenario(4, (from, to) => (pairs.includes(`${from}-${to}`) ? LEAK : SHUT));

  test('what none shows by itself is told with their number', () => {
    const scenarios = [leaking('0-1', '1-3'), leaking('0-1', '1-3'), leaking(), leaking('0-1', '1-3')];
    expect(scenarios.flatMap((scenario) => findPatterns(viewScenario(scenario)))).toEqual([]);
    expect(findRunPatterns(viewOf(buildRecord(scenarios)))).toEqual([
      'all 6 leaks, in 3 scenarios, end on node node-2 (6 of the 24 checks that do)',
    ]);
  });

  test('a pod of the same name is told, with its namespace and port', () => {
    expect(
      findRunPatterns(
        viewOf(buildRecord([leaking('0-1', '3-1'), leaking('0-1', '3-1'), leaking('0-1', '3-1')])),
      ),
    ).toEqual([
      'all 6 leaks, in 3 scenarios, lead into team-1/service-1:8080/TCP (6 of the 9 checks that do)',
    ]);
  });

  test('a node is told beside the pod where the pod was elsewhere too, and did not leak there', () => {
    const placed = (node: string, ...pairs: string[]): ScenarioRecord => {
      const scenario = leaking(...pairs);
      const pods = scenario.pods.map((pod) => ({ ...pod, node: pod.name === 'service-1' ? node : 'node-1' }));
      return { ...scenario, pods };
    };
    const leaky = () => placed('node-2', '0-1', '3-1');
    expect(findRunPatterns(viewOf(buildRecord([leaky(), leaky(), leaky(), placed('node-1')])))).toEqual([
      'all 6 leaks, in 3 scenarios, lead into team-1/service-1:8080/TCP (6 of the 12 checks that do)',
      'all 6 leaks, in 3 scenarios, end on node node-2 (6 of the 9 checks that do)',
      'all 6 leaks, in 3 scenarios, cross nodes (6 of the 18 checks that do)',
    ]);
  });

  test('all of those that could are told as that', () => {
    const wholly = () => meshScenario(3, (from) => (from === 0 ? LEAK : {}));
    expect(findPatterns(viewScenario(wholly()))).toEqual([]);
    expect(findRunPatterns(viewOf(buildRecord([wholly(), wholly()])))).toEqual([
      'every check that must be unreachable leaked, in 2 scenarios (4 of 4)',
    ]);
  });

  test('groups of single scenarios do not crowd out one that they make up together', () => {
    // All checks into pod 0 leak in each scenario, and two into the pod on node-9.
    const scenarios = ['a', 'b', 'c', 'd'].map((namespace) => {
      const key = (number: number) => `${namespace}/p${number}`;
      const numbers = Array.from({ length: 10 }, (_, number) => number);
      const { pods, ...scenario } = buildScenario(namespace, {
        pods: Object.fromEntries(numbers.map((number) => [key(number), [8080]])),
        checks: numbers.flatMap((from) =>
          numbers
            .filter((to) => to !== from)
            .map((to) => ({
              from: key(from),
              to: key(to),
              port: 8080,
              ...(to === 0 || (to === 9 && from < 2) ? LEAK : to === 9 ? {} : SHUT),
            })),
        ),
      });
      return { ...scenario, pods: pods.map((pod) => (pod.name === 'p9' ? { ...pod, node: 'node-9' } : pod)) };
    });
    expect(findRunPatterns(viewOf(buildRecord(scenarios)))).toEqual([
      'every check to a pod on node node-9 leaked, in 4 scenarios (8 of 8)',
    ]);
  });

  test('what each shows by itself is not told again, unless one does not', () => {
    const clear = () => meshScenario(5, (_, to) => (to === 1 ? LEAK : SHUT));
    const few = meshScenario(5, (from, to) => (to === 1 && from < 3 ? LEAK : to === 1 ? {} : SHUT));
    expect(findPatterns(viewScenario(few))).toEqual([]);
    expect(findRunPatterns(viewOf(buildRecord([clear(), clear()])))).toEqual([]);
    expect(findRunPatterns(viewOf(buildRecord([clear(), few])))).toEqual([
      'all 6 leaks, in 2 scenarios, lead into team-1/service-1:8080/TCP (6 of the 6 checks that do)',
    ]);
  });

  test('one scenario is no several, whatever the others are like', () => {
    const leaky = leaking('0-1', '1-3', '2-3');
    const calm = leaking();
    const elsewhere = { ...calm, pods: calm.pods.map((pod) => ({ ...pod, node: 'node-1' })) };
    expect(findPatterns(viewScenario(leaky))).toEqual([]);
    expect(findRunPatterns(viewOf(buildRecord([leaky, elsewhere])))).toEqual([]);
  });
});

describe('a scenario that goes on in steps', () => {
  /** Leaks in the first step, and the same ones again in a second one. */
  const twice = (...leaks: readonly string[]): ScenarioRecord => {
    const scenario = meshScenario(6, (from, to) => (leaks.includes(`${from}-${to}`) ? LEAK : SHUT));
    return {
      ...scenario,
      steps: scenario.steps.flatMap((step) => [
        step,
        { ...step, name: 'again', actions: [], atMs: 0, actedMs: 0 },
      ]),
    };
  };

  test('has the patterns of each step, which say of which', () => {
    const pattern = 'all 3 leaks lead into team-1/service-1:8080/TCP (3 of the 5 checks that do)';
    expect(findStepPatterns(viewScenario(twice('0-1', '2-1', '4-1')))).toEqual([
      `in step 1 ${pattern}`,
      `in step 2 (again) ${pattern}`,
    ]);
  });

  test('makes no pattern of one pair that leaks in every step', () => {
    const scenario = twice('0-1', '2-1');
    expect(findStepPatterns(viewScenario(scenario))).toEqual([]);
    expect(findRunPatterns(viewOf(buildRecord([scenario, { ...twice(), name: 'calm' }])))).toEqual([]);
    // Two pairs are told as two, however often they are seen.
    const [pattern] = findRunPatterns(viewOf(buildRecord([scenario, { ...twice('4-1'), name: 'other' }])));
    expect(pattern).toContain('all 3 leaks, in 2 scenarios,');
  });
});

test('ten thousand checks make one sentence', () => {
  const scenario = meshScenario(100, (from, to) => ((from + to) % 2 === 0 ? SHUT : LEAK));
  expect(findPatterns(viewScenario(scenario))).toEqual([
    'all 5,000 leaks cross nodes (5,000 of the 5,000 checks that do)',
  ]);
});
