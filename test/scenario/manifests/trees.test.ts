/** Manifests in the shapes in which people have them, as they are. */
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { reviewPlan } from '../../../src/policy/review.ts';
import { loadPlans } from '../../../src/scenario/load-plans.ts';
import { testRenderer } from './renderer.ts';

const cwd = fileURLToPath(new URL('trees/', import.meta.url));

async function planOf(tree: string, renderer = testRenderer()) {
  const [plan] = await loadPlans([`${tree}/checks.yaml`], { cwd, renderer });
  if (plan === undefined) throw new Error('no plan');
  return plan;
}

test('a dozen services, each with its policy, and a deny-all beside a kustomization', async () => {
  const renderer = testRenderer();
  const plan = await planOf('storefront', renderer);
  const { manifests, pods, steps } = plan;
  expect(pods).toHaveLength(12);
  expect(new Set(pods.map(({ namespace }) => namespace))).toEqual(new Set(['storefront']));
  expect(steps[0].policies).toHaveLength(13);
  expect(manifests?.services).toHaveLength(12);
  expect(manifests?.skipped).toMatchObject([{ kind: 'ServiceAccount', apiVersion: 'v1', count: 12 }]);
  expect(manifests?.rendered.map(({ command }) => command)).toEqual(['kustomize build policies']);
  expect(renderer.requests).toEqual([
    { tool: 'kustomize', folder: `${cwd}storefront/policies`, shown: 'policies' },
  ]);
  expect(reviewPlan(plan).map(({ code }) => code)).toEqual([]);
  expect(steps[0].checks).toHaveLength(12 * 11);
});

test('policies for an operator that are applied with kubectl -n, and ports by their names', async () => {
  const plan = await planOf('operator');
  expect(plan.steps[0].policies.map(({ namespace, name }) => `${namespace}/${name}`)).toEqual([
    'metrics-system/allow-metrics-traffic',
    'metrics-system/allow-webhook-traffic',
  ]);
  expect(plan.pods[0]).toEqual({
    namespace: 'metrics-system',
    name: 'controller-manager',
    labels: { 'control-plane': 'controller-manager' },
    ports: [
      { name: 'webhook-server', port: 9443, protocol: 'TCP' },
      { name: 'healthz', port: 8081, protocol: 'TCP' },
      { name: 'https', port: 8443, protocol: 'TCP' },
    ],
  });
  expect(reviewPlan(plan)).toEqual([]);
});

test('a folder with everything in it', async () => {
  const plan = await planOf('mixed');
  expect(plan.namespaces).toEqual([
    { name: 'shop', labels: { team: 'shop' } },
    { name: 'data', labels: {} },
  ]);
  expect(plan.pods.map(({ namespace, name }) => `${namespace}/${name}`)).toEqual([
    'shop/web',
    'shop/report',
    'data/db',
  ]);
  expect(plan.manifests?.leftOut).toMatchObject([{ name: 'node-exporter' }]);
  expect(plan.manifests?.skipped.map(({ kind }) => kind)).toEqual(['ConfigMap', 'Role']);
  expect(reviewPlan(plan)).toEqual([]);
});
