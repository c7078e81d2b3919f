import { expect, test } from 'vitest';
import { predictAll, renderPredictions } from '../../src/report/prediction.ts';
import { createPaint } from '../../src/report/text/paint.ts';
import { loadPlans } from '../../src/scenario/load-plans.ts';
import { folderWith } from '../support/cli.ts';

const canvas = { width: 80, paint: createPaint(false) };

async function predict(cutBy: string) {
  using folder = folderWith({
    'shop.yaml': `
apiVersion: podreach/v1
kind: Scenario
name: shop
namespaces: { shop: {} }
pods:
  shop/web: {}
  shop/db: { ports: [5432] }
unreachable: [{ from: shop/web, to: shop/db, because: the firewall${cutBy} }]
`,
  });
  const [plan] = await loadPlans(['shop.yaml'], { cwd: folder.path });
  if (plan === undefined) throw new Error('no plan');
  const [step] = plan.steps;
  const predictions = predictAll(step);
  return { predictions, lines: renderPredictions({ ...plan, ...step }, predictions, canvas) };
}

test('a pair that others are to cut contradicts nothing, whatever the policies mean for it', async () => {
  const contradicted = await predict('');
  expect(contradicted.lines).toContain('  shop/web  L');
  expect(contradicted.predictions[0]).not.toHaveProperty('cutBy');
  const { predictions, lines } = await predict(', cutBy: others');
  expect(lines).toContain('  shop/web  +');
  expect(lines.at(-1)).toBe('  + allowed');
  expect(predictions[0]).toEqual({
    from: 'shop/web',
    to: 'shop/db',
    port: 5432,
    protocol: 'TCP',
    verdict: 'allowed',
    declared: 'unreachable',
    cutBy: 'others',
  });
});

test('each family is predicted by itself where a scenario tries several', async () => {
  using folder = folderWith({
    'shop.yaml': `apiVersion: podreach/v1
kind: Scenario
name: shop
families: [IPv4, IPv6]
namespaces: { shop: {} }
pods:
  shop/web: {}
  shop/db: { ports: [5432] }
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: db, namespace: shop }
    spec: { podSelector: {}, ingress: [{ from: [{ ipBlock: { cidr: "::/0" } }] }] }
otherwise: unreachable
`,
  });
  const [plan] = await loadPlans(['shop.yaml'], { cwd: folder.path });
  if (plan === undefined) throw new Error('no plan');
  const [step] = plan.steps;
  const predictions = predictAll({ ...step, families: plan.triedFamilies?.listed });
  expect(predictions.filter(({ from }) => from === 'shop/web')).toMatchObject([
    { family: 'IPv4', verdict: 'denied', declared: 'unreachable' },
    { family: 'IPv6', verdict: 'undefined', declared: 'unreachable' },
  ]);
  expect(renderPredictions({ ...plan, ...step }, predictions, canvas).join('\n')).toContain(
    'shop/db:5432/TCP over IPv6',
  );
});
