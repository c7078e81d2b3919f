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

test('Services are columns, each pod behind one included, and what only a cluster knows is left open', async () => {
  const policy = (name: string, spec: string) =>
    `  - { apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: { name: ${name} }, spec: ${spec} }\n`;
  using folder = folderWith({
    'shop.yaml': `
apiVersion: podreach/v1
kind: Scenario
name: shop
namespaces: { shop: {} }
pods:
  shop/web: { labels: { app: web } }
  shop/job: { labels: { app: job } }
  shop/api-1: { labels: { app: api }, ports: [8080] }
  shop/api-2: { labels: { app: api, old: "yes" }, ports: [8080] }
services:
  shop/api: { selector: { app: api }, ports: [{ port: 80, targetPort: 8080 }] }
  default/kubernetes: existing
policies:
${policy('old', '{ podSelector: { matchLabels: { old: "yes" } }, ingress: [] }')}${policy(
  'job',
  '{ podSelector: { matchLabels: { app: job } }, policyTypes: [Egress], egress: [{ to: [{ ipBlock: { cidr: 0.0.0.0/0 } }] }] }',
)}${policy('api', '{ podSelector: { matchLabels: { app: api } }, policyTypes: [Egress] }')}
reachable: [{ from: shop/web, to: "service/shop/api:80", via: dns }]
unreachable: [{ from: [shop/api-1, shop/job], to: "service/default/kubernetes:443" }]
`,
  });
  const [plan] = await loadPlans(['shop.yaml'], { cwd: folder.path });
  if (plan === undefined) throw new Error('no plan');
  const [step] = plan.steps;
  const predictions = predictAll({ ...step, services: plan.services });
  expect(renderPredictions({ ...plan, ...step }, predictions, canvas).join('\n')).toMatchInlineSnapshot(`
    "shop

              to  shop/api-1:8080/TCP
                  │ shop/api-2:8080/TCP
                  │ │ service/shop/api:80/TCP
                  │ │ │ service/default/kubernetes:443/TCP
      from        │ │ │ │
      shop/web    + - B +
      shop/job    ? - ? ?
      shop/api-1  + - ? -
      shop/api-2  - + ? -

      + allowed   - denied
      ? left open by the specification, or known only on a cluster
      B denied, and the scenario says reachable, of a Service perhaps in part"
  `);
  expect(predictions.find(({ from, to }) => from === 'shop/web' && to === 'service/shop/api')).toEqual({
    from: 'shop/web',
    to: 'service/shop/api',
    port: 80,
    protocol: 'TCP',
    verdict: 'partial',
    declared: 'reachable',
  });
});
