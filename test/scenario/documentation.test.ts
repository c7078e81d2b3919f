/** The language reference says what the code does: its examples are loaded, and its error output is the real one. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { reviewPlan } from '../../src/policy/review.ts';
import { createProject } from './project.ts';

const page = await readFile(new URL('../../docs/scenarios.md', import.meta.url), 'utf8');

function blocksOf(language: string): readonly string[] {
  return [...page.matchAll(/^```(\w+)\n(.*?)^```$/gms)].flatMap(([, name, text]) =>
    name === language && text !== undefined ? [text] : [],
  );
}

const [example = '', sharing = '', steps = '', mistakes = ''] = blocksOf('yaml').filter((block) =>
  block.includes('kind: Scenario'),
);

test('the first example is sound', async () => {
  await using project = await createProject({ 'example.yaml': example });
  expect((await project.load())[0]?.steps[0].checks).toHaveLength(3);
});

test('the topology that is shared is sound, and so is the scenario that includes it', async () => {
  const topology = blocksOf('yaml').find((block) => block.includes('kind: Topology')) ?? '';
  await using project = await createProject({
    'checks/monitoring.yaml': sharing,
    'checks/topology.yaml': topology,
    'deploy/base/shop.yaml': `apiVersion: v1
kind: Namespace
metadata: { name: shop }
---
apiVersion: v1
kind: Pod
metadata: { name: web, namespace: shop }
spec: { containers: [{ ports: [{ name: metrics, containerPort: 9090 }] }] }
`,
    'policies/default-deny/shop.yaml': `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: default-deny, namespace: shop }
spec: { podSelector: {} }
`,
  });
  const [plan] = await project.load(['checks']);
  expect(plan?.steps[0].checks).toHaveLength(1);
  expect(plan?.steps[0].policies).toHaveLength(1);
});

test('the example with steps is sound, and its policies do in every step what it says', async () => {
  await using project = await createProject({ 'steps.yaml': steps });
  const [plan] = await project.load();
  if (plan === undefined) return expect.unreachable('there is no plan');
  expect(
    plan.steps.map(({ checks }) => checks.filter(({ expected }) => expected === 'reachable').length),
  ).toEqual([1, 2, 2, 1, 3]);
  expect(reviewPlan(plan)).toEqual([]);
});

test('the output for the mistakes is the real one', async () => {
  await using project = await createProject({ 'mistakes.yaml': mistakes });
  const failure = (await project.failure()).replace(/scenario-invalid: /, 'error: ');
  expect(blocksOf('text')).toEqual([`${failure}\n`]);
});

test('the known issues that are shown are sound, in the scenario and in a file', async () => {
  const [own = '', list = ''] = blocksOf('yaml').filter((block) => block.includes('knownIssues:'));
  expect(list).toContain('kind: KnownIssues');
  const topology = `apiVersion: podreach/v1
kind: Scenario
name: payments
namespaces: { shop: {} }
pods: { shop/web: {}, shop/db: { ports: [5432] } }
unreachable: [{ from: shop/web, to: shop/db }]
`;
  await using project = await createProject({
    'own.yaml': topology + own,
    'payments.yaml': topology,
    'known.yaml': list,
  });
  const plans = [
    ...(await project.load(['own.yaml'])),
    ...(await project.load(['payments.yaml'], { knownIssues: ['known.yaml'] })),
  ];
  expect(plans.map(({ steps }) => steps[0].checks[0]?.knownIssues)).toEqual([[0], [0]]);
});

test('every part of a scenario that is shown fits', async () => {
  const pods = [
    'shop/web',
    'shop/worker',
    'shop/api',
    'shop/queue',
    'shop/db',
    'shop/cache',
    'monitoring/prometheus',
  ];
  const head = `apiVersion: podreach/v1
kind: Scenario
name: part
namespaces: { shop: {}, monitoring: { labels: { team: devops } } }
pods:
${pods.map((pod) => `  ${pod}: { ports: [8080, 5672, 5432, 53/UDP] }\n`).join('')}`;
  const rules = blocksOf('yaml').filter((block) => /^(reachable|unreachable|otherwise):/.test(block));
  expect(rules).toHaveLength(4);
  for (const rule of rules) {
    await using project = await createProject({ 'part.yaml': head + rule });
    expect((await project.load())[0]?.steps[0].checks.length).toBeGreaterThan(0);
  }
});

test('every key of the language is spoken of', async () => {
  const schema = JSON.parse(
    await readFile(new URL('../../schema/scenario.schema.json', import.meta.url), 'utf8'),
  );
  const keys = new Set<string>();
  JSON.stringify(schema, (name, value) => {
    if (name === 'properties') for (const key of Object.keys(value)) keys.add(key);
    return value;
  });
  // What NetworkPolicies have too is only named by its parts.
  for (const known of ['key', 'values', 'operator', 'policyTypes', 'ipBlock', 'cidr', 'endPort'])
    keys.delete(known);
  expect([...keys].filter((key) => !new RegExp(`\\b${key}\\b`).test(page))).toEqual([]);
});
