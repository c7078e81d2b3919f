/** Manifests that a program has printed: where they are, and how to see them. */
import { expect, test } from 'vitest';
import { PodreachError } from '../../../src/errors.ts';
import type { Renderer, RenderRequest } from '../../../src/scenario/manifests/renderer.ts';
import { createProject } from '../project.ts';

const SCENARIO = `apiVersion: podreach/v1
kind: Scenario
name: shop
namespaces: { shop: {}, ops: {} }
pods: { shop/web: { ports: [80] }, ops/prometheus: {} }
reachable: [{ from: ops/prometheus, to: shop/web }]
manifests:
  - `;
const CHART = `${SCENARIO}{ helm: charts/shop, release: shop, namespace: shop }\n`;

const PRINTED = `---
# Source: shop/templates/deny.yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: deny
spec:
  podSelector: {}
---
# Source: shop/templates/monitoring.yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: monitoring
spec:
  podSelector: {}
`;
const COMMAND = 'helm template shop charts/shop --namespace shop --skip-tests';

/** A renderer that prints the same for everything, and notes what it was asked. */
function printing(text: string, asked: RenderRequest[] = []): Renderer {
  return {
    async render(request) {
      asked.push(request);
      return { text, command: COMMAND, warnings: [] };
    },
  };
}

test('an object stands in a line of what was printed, and is named with its template', async () => {
  await using project = await createProject({ 'shop.yaml': CHART });
  const [plan] = await project.load(undefined, { renderer: printing(PRINTED) });
  expect(plan?.steps[0].policies.map(({ name, location }) => [name, location.file, location.line])).toEqual([
    ['deny', 'helm template charts/shop (shop/templates/deny.yaml)', 3],
    ['monitoring', 'helm template charts/shop (shop/templates/monitoring.yaml)', 11],
  ]);
});

test('what is wrong with an object is shown with its line, and with the command that prints it', async () => {
  await using project = await createProject({ 'shop.yaml': CHART });
  const wrong = PRINTED.replace('name: monitoring', 'name: monitoring\n  namespace: shopp');
  expect(await project.failure(undefined, { renderer: printing(wrong) })).toBe(
    `helm template charts/shop (shop/templates/monitoring.yaml):15:14: the scenario does not declare the namespace "shopp"
  15 |   namespace: shopp
     |              ^
  note: this is line 15 of what is printed by: ${COMMAND}
  hint: Did you mean "shop"?

scenario-invalid: 1 problem in helm template charts/shop (shop/templates/monitoring.yaml)`,
  );
});

test('what is printed and is no YAML has a line too', async () => {
  await using project = await createProject({ 'shop.yaml': CHART });
  const wrong = PRINTED.replace('metadata:\n  name: deny', 'metadata: {');
  expect(await project.failure(undefined, { renderer: printing(wrong) })).toContain(
    `note: this is line 6 of what is printed by: ${COMMAND}`,
  );
});

test.each([
  ['path: ../base/deny.yaml', '../base/deny.yaml'],
  ['repo: https://example.com/base\n      ref: v1\n      path: deny.yaml', 'deny.yaml'],
])('a file that kustomize notes is named (%#)', async (noted, named) => {
  const text = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  annotations:
    config.kubernetes.io/origin: |
      ${noted}
  name: deny
  namespace: shop
spec:
  podSelector: {}
`;
  await using project = await createProject({
    'shop.yaml': `${SCENARIO}{ kustomize: deploy }\n`,
    'deploy/kustomization.yaml': 'resources: []\n',
  });
  const [plan] = await project.load(['shop.yaml'], { renderer: printing(text) });
  expect(plan?.steps[0].policies[0]?.location.file).toBe(`kustomize build deploy (${named})`);
});

test('the same folder or chart is rendered once, however scenarios name it', async () => {
  const asked: RenderRequest[] = [];
  await using project = await createProject({
    'one.yaml': CHART.replace('name: shop', 'name: one'),
    'below/two.yaml': CHART.replace('name: shop', 'name: two').replace('charts/shop', '../charts/shop'),
    'other.yaml': CHART.replace('name: shop', 'name: other').replace('release: shop', 'release: other'),
    'charts/shop/Chart.yaml': 'name: shop\n',
  });
  await project.load(['one.yaml', 'below/two.yaml', 'other.yaml'], { renderer: printing(PRINTED, asked) });
  expect(asked.map((request) => request.tool === 'helm' && request.release)).toEqual(['shop', 'other']);
});

test.each([
  [
    '{ helm: charts/shp, release: shop, namespace: shop }',
    'no such chart: charts/shp',
    'Did you mean "shop"?',
  ],
  ['{ kustomize: charts/shp }', 'no such folder: charts/shp', 'Did you mean "shop"?'],
  [
    '{ kustomize: other/base }',
    'no such folder: other/base',
    'Paths of manifests are relative to the scenario file.',
  ],
])('what is not there is not rendered: %s', async (entry, message, hint) => {
  await using project = await createProject({
    'shop.yaml': `${SCENARIO}${entry}\n`,
    'charts/shop/Chart.yaml': 'name: shop\n',
  });
  const asked: RenderRequest[] = [];
  expect(await project.failure(['shop.yaml'], { renderer: printing(PRINTED, asked) })).toBe(
    `shop.yaml:8:5: ${message}
  8 |   - ${entry}
    |     ^
  hint: ${hint}

scenario-invalid: 1 problem in shop.yaml`,
  );
  expect(asked).toEqual([]);
});

test('what is not here is for helm to find', async () => {
  const asked: RenderRequest[] = [];
  await using project = await createProject({
    'shop.yaml': CHART.replace('charts/shop', 'oci://registry.example.com/shop'),
    'kustomization.yaml': 'resources: []\n',
  });
  await project.load(['shop.yaml'], { renderer: printing(PRINTED, asked) });
  expect(asked).toMatchObject([{ chart: 'oci://registry.example.com/shop' }]);
});

test('a program that is missing ends all, with its code', async () => {
  await using project = await createProject({ 'shop.yaml': CHART });
  const renderer: Renderer = {
    render: async () => {
      throw new PodreachError('tool-missing', 'there is no `helm` in the PATH', { hint: 'Install helm.' });
    },
  };
  expect(await project.failure(undefined, { renderer })).toBe(
    'tool-missing: there is no `helm` in the PATH\nhint: Install helm.',
  );
});
