/** What a view knows of steps: their state, what changes in them, and what is known of a pair in other steps. */
import { expect, test } from 'vitest';
import { viewOf } from '../../../src/report/view/run.ts';
import { buildRecord, calmScenario } from '../fixture.ts';
import { fiveSteps } from '../steps.ts';

const view = viewOf(fiveSteps());
const [scenario] = view.scenarios;
const steps = scenario?.steps ?? [];
const checkIn = (number: number, id: number) => steps[number - 1]?.checks.find((check) => check.id === id);

test('a step has what the step before had, but for what it says itself', () => {
  expect(steps.map(({ pods }) => pods.length)).toEqual([4, 4, 4, 5, 4]);
  expect(steps.map(({ policies }) => policies.length)).toEqual([4, 4, 4, 3, 0]);
  const labels = steps.map(({ namespaces }) => namespaces.find(({ name }) => name === 'monitoring')?.labels);
  expect(labels).toEqual([{}, ...Array.from({ length: 4 }, () => ({ team: 'devops' }))]);
  expect(steps.map(({ policyOf }) => policyOf.get('shop/allow-web')?.location.line)).toEqual([
    9,
    9,
    9,
    40,
    undefined,
  ]);
});

test('a scenario has all that there was at any time, and a policy in each of its forms', () => {
  expect(scenario?.pods.map(({ key }) => key)).toEqual([
    'shop/web',
    'shop/api',
    'shop/db',
    'monitoring/prometheus',
    'shop/batch',
  ]);
  expect(scenario?.policies.filter(({ key }) => key === 'shop/allow-web')).toHaveLength(2);
  expect(scenario?.policies).toHaveLength(5);
});

test('the pods of a check are those of its step', () => {
  expect(checkIn(2, 0)?.destination?.ip).toBe('10.64.0.11');
  expect(checkIn(3, 0)?.destination?.ip).toBe('10.64.0.40');
  expect(checkIn(1, 0)?.source?.labels).toEqual({ app: 'web' });
  expect(checkIn(2, 0)?.source?.labels).toEqual({ app: 'web', version: 'v2' });
});

test('the node of the pods behind a Service is told where all are on one', () => {
  const calm = calmScenario('pair');
  const [step] = calm.steps;
  const [check] = step?.checks ?? [];
  if (step === undefined || check === undefined) throw new Error('the scenario has a check');
  const nodeWith = (...nodes: readonly string[]): string | undefined => {
    const pods = nodes.map((node, index) => ({
      namespace: 'x',
      name: `p${index}`,
      labels: {},
      ports: [],
      node,
    }));
    const backends = pods.map(({ name }) => ({ pod: `x/${name}`, port: 80 }));
    const own = { ...check, to: 'service/x/s', path: 'clusterIP' as const, backends };
    const record = buildRecord([{ ...calm, pods, steps: [{ ...step, checks: [own] }] }]);
    return viewOf(record).checks[0]?.toNode;
  };
  expect(nodeWith('node-2', 'node-2')).toBe('node-2');
  expect(nodeWith('node-1', 'node-2')).toBeUndefined();
});

test('a check says what is expected of it that was not in the step before', () => {
  expect(steps.map(({ checks }) => checks.filter(({ change }) => change !== undefined).length)).toEqual([
    0, 1, 0, 2, 5,
  ]);
  expect([checkIn(2, 3), checkIn(4, 3), checkIn(4, 7), checkIn(5, 3)].map((check) => check?.change)).toEqual([
    'opens',
    'closes',
    'new',
    'opens',
  ]);
  expect(steps.map(({ gone }) => gone)).toEqual([0, 0, 0, 0, 1]);
});

test('a pair that is cut off is known to connect later, unless one of its pods is another by then', () => {
  expect(checkIn(1, 1)?.connectedLater).toBe(4);
  expect(checkIn(1, 3)?.connectedLater).toBe(2);
  expect(checkIn(2, 6)?.connectedLater).toBeUndefined();
  expect(checkIn(3, 6)?.connectedLater).toBe(5);
  expect(checkIn(5, 0)?.connectedLater).toBeUndefined();
});

test('a step is called by its number and its name; only its label stays when a step is put before it', () => {
  expect(steps.map(({ title }) => title).slice(0, 2)).toEqual(['step 1', 'step 2 (monitoring is let in)']);
  expect(steps.map(({ label }) => label).slice(0, 2)).toEqual(['first step', 'monitoring is let in']);
  expect(checkIn(2, 0)?.title).toBe('shop/web → shop/api:8080/TCP in step 2 (monitoring is let in)');
});

test('a scenario with a single step says nothing of steps', () => {
  const [calm] = viewOf(buildRecord([calmScenario('calm')])).scenarios;
  expect(calm?.hasSteps).toBe(false);
  expect(calm?.checks.map(({ title, pair }) => title === pair)).toEqual([true, true]);
});
