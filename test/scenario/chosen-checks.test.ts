import { describe, expect, test } from 'vitest';
import { startScenario } from '../../src/run/start-record.ts';
import type { Plan } from '../../src/scenario/scenario.ts';
import { createProject } from './project.ts';

const RULES = `
reachable:
  - { from: shop/web, to: shop/api }
  - { from: ops/prometheus, to: "shop/api:metrics" }
unreachable:
  - { from: shop/web, to: shop/db }
`;

/** All checks of the project are these. */
const ALL = [
  'shop/web → shop/api:8080/TCP',
  'shop/web → shop/api:9090/TCP',
  'shop/web → shop/db:5432/TCP',
  'ops/prometheus → shop/api:9090/TCP',
];

const TOPOLOGY = `apiVersion: podreach/v1
kind: Scenario
name: NAME
namespaces: { shop: {}, ops: {} }
pods:
  shop/web: {}
  shop/api: { ports: [8080, { name: metrics, port: 9090 }] }
  shop/db: { ports: [5432] }
  ops/prometheus: {}
`;

const files = {
  'a.yaml': TOPOLOGY.replace('NAME', 'a') + RULES,
  'b.yaml': `${TOPOLOGY.replace('NAME', 'b')}reachable: [{ from: ops/prometheus, to: "shop/api:9090" }]\n`,
};

function pairsOf(plan: Plan | undefined): string[] {
  return (plan?.steps[0].checks ?? []).map(
    ({ from, to, port, protocol }) => `${from} → ${to}:${port}/${protocol}`,
  );
}

describe('checks chosen by their ends', () => {
  test.each([
    ['shop/web → shop/db:5432', ['shop/web → shop/db:5432/TCP']],
    ['shop/web -> shop/db:5432/TCP', ['shop/web → shop/db:5432/TCP']],
    ['shop/web->shop/db', ['shop/web → shop/db:5432/TCP']],
    // As a report shows it.
    ['shop/web → shop/api:9090/TCP (metrics)', ['shop/web → shop/api:9090/TCP']],
    ['* → shop/api:metrics', ['shop/web → shop/api:9090/TCP', 'ops/prometheus → shop/api:9090/TCP']],
    ['shop/* -> *', ALL.slice(0, 3)],
  ])('%s', async (text, expected) => {
    await using project = await createProject(files);
    const [plan, ...others] = await project.load(['a.yaml'], { checks: [text] });
    expect(others).toEqual([]);
    expect(pairsOf(plan)).toEqual(expected);
  });

  test('leave pods, policies and the numbers of checks as they are, and tell how many there are in all', async () => {
    await using project = await createProject(files);
    const [whole] = await project.load(['a.yaml']);
    const [plan] = await project.load(['a.yaml'], { checks: ['shop/web → shop/db', 'ops/* → shop/api'] });
    expect(plan?.pods).toEqual(whole?.pods);
    expect(plan?.steps[0].checks).toEqual([whole?.steps[0].checks[2], whole?.steps[0].checks[3]]);
    expect(plan?.steps[0].declaredChecks).toEqual(whole?.steps[0].checks);
    expect(pairsOf(whole)).toEqual(ALL);
  });

  test('are told beside those of all steps', async () => {
    await using project = await createProject({
      'a.yaml': `${TOPOLOGY.replace('NAME', 'a') + RULES}steps: [{ name: one goes, remove: [shop/db] }]\n`,
    });
    const [plan] = await project.load(['a.yaml'], { checks: ['shop/web → shop/api:8080'] });
    if (plan === undefined) throw new Error('there is no scenario');
    const { declaredChecks, steps } = startScenario(plan);
    expect(steps.map(({ checks }) => checks.length)).toEqual([1, 1]);
    expect(declaredChecks).toBe(ALL.length + ALL.length - 1);
  });

  test('leave out scenarios without any', async () => {
    await using project = await createProject(files);
    const named = async (check: string): Promise<string[]> =>
      (await project.load(['a.yaml', 'b.yaml'], { checks: [check] })).map(({ scenario }) => scenario.name);
    expect(await named('shop/web -> shop/db')).toEqual(['a']);
    expect(await named('ops/prometheus -> shop/api:9090')).toEqual(['a', 'b']);
  });
});

describe('a check that there is not', () => {
  const FORM =
    'Write FROM → TO:PORT with pods and hosts as the scenario names them, such as "shop/web -> shop/db:5432".';
  test.each([
    ['shop/web', `--check "shop/web" names no two ends\nhint: ${FORM}`],
    [
      'web -> shop/db',
      `--check "web -> shop/db": "web" names no pods: write "namespace/pod", "namespace/*" or "*"; or a host, as "host/name"\nhint: ${FORM}`,
    ],
    [
      'shop/wbe -> shop/db',
      '--check "shop/wbe -> shop/db": unknown pod "shop/wbe"\nhint: Did you mean "shop/web"?',
    ],
    [
      'shop/web -> shop/db:5433',
      '--check "shop/web -> shop/db:5433": shop/db does not listen on port 5433/TCP: a connection there would prove nothing\nhint: Did you mean "5432/TCP"?',
    ],
    [
      'ops/prometheus → shop/api:8080',
      'no check is "ops/prometheus → shop/api:8080": nothing is said about it\nhint: The nearest there are: ops/prometheus → shop/api:9090/TCP.',
    ],
    [
      'ops/prometheus → shop/db',
      'no check is "ops/prometheus → shop/db": nothing is said about it\nhint: The nearest there are: shop/web → shop/db:5432/TCP.',
    ],
  ])('%s is told with the nearest', async (text, expected) => {
    await using project = await createProject(files);
    expect(await project.failure(['a.yaml', 'b.yaml'], { checks: [text] })).toBe(`usage: ${expected}`);
  });
});
