import { describe, expect, expectTypeOf, test } from 'vitest';
import type { CheckRecord, RunRecord } from '../../../src/record/schema.ts';
import type { renderTap } from '../../../src/report/formats/tap.ts';
import { viewOf } from '../../../src/report/view/run.ts';
import type { CheckView } from '../../../src/report/view/view.ts';
import { buildRecord, buildScenario, everyVerdict } from '../fixture.ts';

describe('a view', () => {
  const record = everyVerdict();
  const view = viewOf(record);

  test('counts the checks of the run and of each scenario', () => {
    expect(view.checks).toHaveLength(17);
    expect(view.counts).toEqual({
      pass: 8,
      known: 0,
      leaked: 1,
      broken: 2,
      flapping: 1,
      late: 0,
      inconclusive: 5,
      unjudged: 0,
    });
    expect(view.scenarios.map(({ counts }) => counts.pass)).toEqual([2, 4, 2]);
  });

  test('has what is not as expected, the most dangerous first', () => {
    expect(view.mismatches.map(({ verdict, pair }) => `${verdict} ${pair}`)).toEqual([
      'leaked shop/web → shop/db:5432/TCP',
      'broken shop/api → shop/db:5432/TCP',
      expect.stringMatching(/^broken /),
      'flapping monitoring/prometheus → shop/api:9090/TCP (metrics)',
    ]);
    expect(view.scenarios.map(({ mismatches }) => mismatches.length)).toEqual([0, 4, 0]);
  });

  test('leads from a check to its pods, its scenario and its run', () => {
    const [leak] = view.mismatches;
    expect(leak?.source).toMatchObject({ key: 'shop/web', node: 'node-1' });
    expect(leak?.destination).toMatchObject({ key: 'shop/db', labels: { app: 'db' } });
    expect(leak?.scenario.name).toBe('three-tier');
    expect(leak?.scenario.run).toBe(view);
    expect(leak?.step.policyOf.get('shop/allow-api')?.location.line).toBe(12);
  });

  test('leaves the record as it is, and shares what needs no change', () => {
    expect(record).toEqual(everyVerdict());
    expect(view.environment).toBe(record.environment);
  });
});

test('a pod that the scenario does not hold is not known', () => {
  const scenario = buildScenario('x', { pods: { 'shop/db': [5432] }, checks: [{ from: 'shop/web' }] });
  const [check] = viewOf(buildRecord([scenario])).checks;
  expect(check?.source).toBeUndefined();
  expect(check?.destination?.key).toBe('shop/db');
});

test('of pods with one name the first is meant', () => {
  const scenario = buildScenario('x', { pods: { 'shop/db': [5432] }, checks: [{ from: 'shop/db' }] });
  const pods = scenario.pods.flatMap((pod) => [pod, { ...pod, ip: '10.64.9.9' }]);
  const [check] = viewOf(buildRecord([{ ...scenario, pods }])).checks;
  expect(check?.source?.ip).toBe('10.64.0.10');
});

test('a text that has not been made harmless is of another type', () => {
  expectTypeOf<CheckRecord['from']>().not.toExtend<CheckView['from']>();
  expectTypeOf<RunRecord>().not.toExtend<Parameters<typeof renderTap>[0]>();
});
