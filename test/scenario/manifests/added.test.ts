/** Manifests that the command line adds, and what comes in at standard input. */
import { expect, test } from 'vitest';
import type { Plan } from '../../../src/scenario/scenario.ts';
import { createProject } from '../project.ts';

const SCENARIO = `apiVersion: podreach/v1
kind: Scenario
name: checks
namespaces: { shop: {}, ops: {} }
pods: { ops/prometheus: {} }
unreachable: [{ from: ops/prometheus, to: shop/web }]
`;
const SHOP = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web, image: web, ports: [{ containerPort: 80 }] }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: deny }
spec: { podSelector: {} }
`;
const FILES = { 'checks.yaml': SCENARIO, 'deploy/shop.yaml': SHOP };

function outlineOf(plans: readonly Plan[]): readonly string[] {
  return plans.flatMap(({ scenario, pods, steps: [first] }) => [
    `${scenario.name}: ${pods.map(({ namespace, name }) => `${namespace}/${name}`).join(', ')}`,
    ...first.policies.map(
      ({ namespace, name, location: { file, line } }) => `${namespace}/${name} ${file}:${line}`,
    ),
  ]);
}

const SHOP_IN_PLACE = ['checks: shop/web, ops/prometheus', 'shop/deny deploy/shop.yaml:10'];

test.each([['shop=deploy'], ['shop=deploy/shop.yaml'], ['shop=deploy/*.yaml']])(
  'a file, a folder and a pattern, with the namespace of what names none: %s',
  async (argument) => {
    await using project = await createProject(FILES);
    expect(outlineOf(await project.load(undefined, { manifests: [argument] }))).toEqual(SHOP_IN_PLACE);
  },
);

test('each scenario gets them, beside those that it names', async () => {
  await using project = await createProject({
    ...FILES,
    'below/other.yaml': SCENARIO.replace('checks', 'other').concat('manifests: [own.yaml]\n'),
    'below/own.yaml': SHOP.split('---\n')[1]?.replace('name: deny', 'name: own, namespace: ops') ?? '',
  });
  const plans = await project.load(['checks.yaml', 'below/other.yaml'], { manifests: ['shop=deploy'] });
  expect(outlineOf(plans)).toEqual([
    ...SHOP_IN_PLACE,
    'other: shop/web, ops/prometheus',
    'ops/own below/own.yaml:1',
    'shop/deny deploy/shop.yaml:10',
  ]);
});

test('a scenario need not say what there is where manifests do', async () => {
  const topology = 'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n---\n';
  await using project = await createProject({
    'checks.yaml': SCENARIO.replace(/^(namespaces|pods).*\n/gm, '').replace('ops/prometheus', 'shop/web'),
    'deploy/shop.yaml': `${topology}${SHOP}`,
  });
  expect(outlineOf(await project.load(['checks.yaml'], { manifests: ['deploy'] }))).toEqual([
    'checks: shop/web',
    'shop/deny deploy/shop.yaml:14',
  ]);
});

test('a path that only looks as if it named a namespace begins with ./', async () => {
  await using project = await createProject({
    ...FILES,
    'shop=web.yaml': SHOP.replaceAll('metadata: { name', 'metadata: { namespace: shop, name'),
  });
  expect(outlineOf(await project.load(undefined, { manifests: ['./shop=web.yaml'] }))).toEqual([
    'checks: shop/web, ops/prometheus',
    'shop/deny shop=web.yaml:10',
  ]);
});

test('- is standard input, which is read once for all scenarios', async () => {
  let reads = 0;
  const input = async (): Promise<string> => {
    reads += 1;
    return SHOP.replace('---\n', '---\n# Source: shop/templates/deny.yaml\n');
  };
  await using project = await createProject({
    ...FILES,
    'other.yaml': SCENARIO.replace('name: checks', 'name: other'),
  });
  const plans = await project.load(['checks.yaml', 'other.yaml'], { manifests: ['shop=-'], input });
  expect(outlineOf(plans)).toEqual([
    'checks: shop/web, ops/prometheus',
    'shop/deny <stdin> (shop/templates/deny.yaml):11',
    'other: shop/web, ops/prometheus',
    'shop/deny <stdin> (shop/templates/deny.yaml):11',
  ]);
  expect(reads).toBe(1);
});

test.each([
  ['it', ['-', '-'], []],
  ['it, and manifests from it', ['-'], ['shop=-']],
  ['manifests from it', ['checks.yaml'], ['-', 'shop=-']],
])('standard input cannot be read twice: %s', async (_, paths, manifests) => {
  await using project = await createProject(FILES);
  expect(await project.failure(paths, { manifests, input: async () => SCENARIO })).toBe(
    `usage: standard input is named twice, and can be read only once
hint: Write - once, and name files for the rest.`,
  );
});

test.each([
  [['-'], []],
  [['checks.yaml'], ['-']],
])('where nobody hands it over, there is no standard input: %j %j', async (paths, manifests) => {
  await using project = await createProject(FILES);
  expect(await project.failure(paths, { manifests })).toBe(
    'usage: there is no standard input to read\nhint: Name files or folders.',
  );
});

test('nobody is waited for where there is no scenario to add to', async () => {
  await using project = await createProject(FILES);
  const input = () => Promise.reject(new Error('somebody was waited for'));
  expect(await project.failure(['cheks.yaml'], { manifests: ['-'], input })).toBe(
    'usage: no such file or folder: cheks.yaml\nhint: Did you mean "checks.yaml"?',
  );
});

test('what is wrong with an argument is shown at the argument', async () => {
  await using project = await createProject(FILES);
  expect(await project.failure(undefined, { manifests: ['shop=deploy', 'ops=deply'] })).toBe(
    `--manifests:2:1: no such file or folder: deply
  2 | ops=deply
    | ^
  hint: Did you mean "deploy"?

scenario-invalid: 1 problem in --manifests`,
  );
  expect(await project.failure(undefined, { manifests: ['nothing/*.yaml', 'shop=deploy'] })).toContain(
    'hint: Patterns are relative to the working directory.',
  );
});

test('how to name a namespace is said as the command line has it', async () => {
  await using project = await createProject(FILES);
  expect(await project.failure(undefined, { manifests: ['-'], input: async () => SHOP })).toContain(
    `<stdin>:3:11: this Deployment does not say which namespace it belongs to
  3 | metadata: { name: web }
    |           ^
  hint: Write metadata.namespace, or give it as kubectl apply -n does: --manifests shop=-. There are 2 namespaces.`,
  );
});
