import { describe, expect, test } from 'vitest';
import type { CheckRecord } from '../../../src/record.ts';
import { findPatterns } from '../../../src/report/parts/patterns.ts';
import { startProcessorClock } from '../../support/processor-time.ts';
import { everyVerdict, meshScenario } from '../fixture.ts';

const LEAK: Partial<CheckRecord> = { expected: 'unreachable', verdict: 'leaked' };
const SHUT: Partial<CheckRecord> = { expected: 'unreachable' };
const BROKEN: Partial<CheckRecord> = { verdict: 'broken' };

describe('checks that went wrong', () => {
  test('all on one node are told by that node', () => {
    // Pods 1, 3 and 5 run there.
    const leaks = new Set(['0-1', '4-1', '1-3', '5-3', '2-5', '3-5']);
    const scenario = meshScenario(6, (from, to) => (leaks.has(`${from}-${to}`) ? LEAK : SHUT));
    expect(findPatterns(scenario)).toEqual(['all 6 leaks end on node node-2 (6 of the 15 checks that do)']);
  });

  test('all into one port are told by that port, and not by what follows from it', () => {
    const scenario = meshScenario(10, (_, to) => (to === 4 ? BROKEN : {}));
    expect(findPatterns(scenario)).toEqual([
      'all 9 broken checks lead into team-4/service-4:8080/TCP (9 of the 9 checks that do)',
    ]);
  });

  test('all from one pod are told by that pod', () => {
    const scenario = meshScenario(30, (from, to) => (from === 7 && to > 10 ? LEAK : SHUT));
    expect(findPatterns(scenario)).toEqual([
      'all 19 leaks start at team-7/service-7 (19 of the 29 checks that do)',
    ]);
  });

  test('with nothing in common are told by the groups that they make up', () => {
    const scenario = meshScenario(10, (from, to) =>
      to === 2 || to === 5 || (from === 0 && to === 1) ? LEAK : SHUT,
    );
    expect(findPatterns(scenario)).toEqual([
      'every check into team-2/service-2:8080/TCP leaked (9 of 9)',
      'every check into team-5/service-5:8080/TCP leaked (9 of 9)',
    ]);
  });

  test('all of those that could are told as that', () => {
    const scenario = meshScenario(4, (from) => (from === 0 ? {} : LEAK));
    expect(findPatterns(scenario)).toEqual(['every check that must be unreachable leaked (9 of 9)']);
  });

  test('are compared with those that were to be the same', () => {
    // All checks into service-2 that must be unreachable leaked; the others into it are as they must be.
    const scenario = meshScenario(12, (from, to) => (to !== 2 ? SHUT : from < 6 ? LEAK : {}));
    expect(findPatterns(scenario)).toEqual([
      'all 5 leaks lead into team-2/service-2:8080/TCP (5 of the 5 checks that do)',
    ]);
  });
});

describe('nothing is made of', () => {
  test('two checks', () => {
    expect(findPatterns(meshScenario(5, (_, to) => (to === 1 ? {} : SHUT)))).toEqual([]);
    expect(findPatterns(meshScenario(5, (from, to) => (to === 1 && from < 3 ? LEAK : SHUT)))).toEqual([]);
  });

  test('what half of all checks have in common', () => {
    const [, threeTier] = everyVerdict().scenarios;
    expect(threeTier && findPatterns(threeTier)).toEqual([]);
  });

  test('checks that were not judged', () => {
    const scenario = meshScenario(5, () => SHUT);
    expect(
      findPatterns({ ...scenario, checks: scenario.checks.map(({ verdict, ...check }) => check) }),
    ).toEqual([]);
  });
});

test('ten thousand checks are looked through at once', () => {
  const scenario = meshScenario(100, (from, to) => ((from + to) % 2 === 0 ? SHUT : LEAK));
  const spentMs = startProcessorClock();
  expect(findPatterns(scenario)).toEqual([
    'all 5,000 leaks go from one node to another (5,000 of the 5,000 checks that do)',
  ]);
  expect(spentMs()).toBeLessThan(500);
});
