/** Manifests that a program has printed: where they are, and how to see them. */
import { expect, test } from 'vitest';
import { createProject } from '../project.ts';
import { testRenderer } from './renderer.ts';

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
const COMMAND = 'helm template shop charts/shop';

test('an object stands in a line of what was printed, and is named with its template', async () => {
  await using project = await createProject({ 'shop.yaml': CHART });
  const [plan] = await project.load(undefined, { renderer: testRenderer(PRINTED) });
  expect(plan?.steps[0].policies.map(({ name, location }) => [name, location.file, location.line])).toEqual([
    ['deny', 'helm template charts/shop (shop/templates/deny.yaml)', 3],
    ['monitoring', 'helm template charts/shop (shop/templates/monitoring.yaml)', 11],
  ]);
});

test('what is printed and is no YAML has a line too', async () => {
  await using project = await createProject({ 'shop.yaml': CHART });
  const wrong = PRINTED.replace('metadata:\n  name: deny', 'metadata: {');
  expect(await project.failure(undefined, { renderer: testRenderer(wrong) })).toContain(
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
    'deploy/kustomization.yaml': 'resources: [all.yaml]\n',
    'deploy/all.yaml': text,
  });
  const [plan] = await project.load(['shop.yaml'], { renderer: testRenderer() });
  expect(plan?.steps[0].policies[0]?.location.file).toBe(`kustomize build deploy (${named})`);
});

test('the same folder or chart is rendered once, however scenarios name it', async () => {
  const renderer = testRenderer(PRINTED);
  await using project = await createProject({
    'one.yaml': CHART.replace('name: shop', 'name: one'),
    'below/two.yaml': CHART.replace('name: shop', 'name: two').replace('charts/shop', '../charts/shop'),
    'other.yaml': CHART.replace('name: shop', 'name: other').replace('release: shop', 'release: other'),
    'charts/shop/Chart.yaml': 'name: shop\n',
  });
  await project.load(['one.yaml', 'below/two.yaml', 'other.yaml'], { renderer });
  expect(renderer.requests.map((request) => request.tool === 'helm' && request.release)).toEqual([
    'shop',
    'other',
  ]);
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
  [
    '{ helm: ./other/shop, release: shop, namespace: shop }',
    'no such chart: ./other/shop',
    'Paths of charts are relative to the scenario file.',
  ],
  [
    '{ helm: website, release: shop, namespace: shop }',
    'no such chart: website',
    'Paths of charts are relative to the scenario file.',
  ],
])('what is not there is not rendered: %s', async (entry, message, hint) => {
  await using project = await createProject({
    'shop.yaml': `${SCENARIO}${entry}\n`,
    'charts/shop/Chart.yaml': 'name: shop\n',
  });
  const renderer = testRenderer(PRINTED);
  expect(await project.failure(['shop.yaml'], { renderer })).toBe(
    `shop.yaml:8:5: ${message}
  8 |   - ${entry}
    |     ^
  hint: ${hint}

scenario-invalid: 1 problem in shop.yaml`,
  );
  expect(renderer.requests).toEqual([]);
});

test('what is not here is for helm to find', async () => {
  const renderer = testRenderer(PRINTED);
  await using project = await createProject({
    'shop.yaml': CHART.replace('charts/shop', 'oci://registry.example.com/shop'),
    'kustomization.yaml': 'resources: []\n',
  });
  await project.load(['shop.yaml'], { renderer });
  expect(renderer.requests).toMatchObject([{ chart: 'oci://registry.example.com/shop' }]);
});
