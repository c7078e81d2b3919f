/** Namespaces that are there already: policies let them in, their Services are used, and nothing is put into them. */
import { describe, expect, test } from 'vitest';
import { describePlan, planAsData } from '../../src/cli/describe-plan.ts';
import { reviewPlan } from '../../src/policy/review.ts';
import { createProject } from './project.ts';

const HEAD = `apiVersion: podreach/v1
kind: Scenario
name: example
namespaces:
  shop: {}
  monitoring: existing
  kube-system: existing
pods:
  shop/web: {}
  shop/api: { labels: { app: api }, ports: [8080] }
services: { kube-system/kube-dns: existing }
`;
const RULES = 'reachable: [{ from: shop/web, to: shop/api }]\n';

async function planOf(lines: string, files: Readonly<Record<string, string>> = {}) {
  await using project = await createProject({ 'example.yaml': HEAD + lines, ...files });
  const [plan] = await project.load();
  if (plan === undefined) throw new Error('there is no plan');
  return plan;
}

async function failureOf(
  lines: string,
  head = HEAD,
  files: Readonly<Record<string, string>> = {},
): Promise<string> {
  await using project = await createProject({ 'example.yaml': head + lines, ...files });
  return await project.failure(['example.yaml']);
}

const policyIn = (namespace: string, spec = 'podSelector: {}'): string =>
  `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: deny${namespace === '' ? '' : `, namespace: ${namespace}`} }
spec: { ${spec} }
`;

test('none of them is made, and their Services are there already', async () => {
  const plan = await planOf(RULES);
  expect(plan.namespaces.map(({ name }) => name)).toEqual(['shop']);
  expect(plan.existingNamespaces).toEqual([
    { name: 'monitoring', location: expect.objectContaining({ line: 6 }) },
    { name: 'kube-system', location: expect.objectContaining({ line: 7 }) },
  ]);
  expect(describePlan(plan)).toMatch(/monitoring +there already\n +kube-system +there already\n/);
  expect(planAsData(plan)).toMatchObject({ existingNamespaces: plan.existingNamespaces });
});

test('a policy that names no namespace belongs to the one that is made', async () => {
  const plan = await planOf(`${RULES}policies: [deny.yaml]\n`, { 'deny.yaml': policyIn('') });
  expect(plan.steps[0].policies.map(({ namespace }) => namespace)).toEqual(['shop']);
});

test('one that manifests declare is not made either', async () => {
  const plan = await planOf(`${RULES}manifests: [deploy.yaml]\n`, {
    'deploy.yaml': `apiVersion: v1\nkind: Namespace\nmetadata: { name: monitoring }\n---\n${policyIn('shop')}`,
  });
  expect(plan.namespaces.map(({ name }) => name)).toEqual(['shop']);
});

describe('nothing is put into one', () => {
  const NOTHING = 'is in the namespace "monitoring", which is there already: a run puts nothing into it';
  test('no pod', async () => {
    const head = HEAD.replace('shop/web: {}', 'monitoring/web: {}');
    expect(await failureOf('reachable: [{ from: monitoring/web, to: shop/api }]\n', head)).toContain(
      `example.yaml:9:3: the pod "web" ${NOTHING}`,
    );
  });

  test('no Service', async () => {
    const services = 'services: { monitoring/web: { selector: { app: api }, ports: [{ port: 80 }] } }\n';
    expect(await failureOf(RULES, HEAD.replace(/^services: .*\n/m, services))).toContain(
      `example.yaml:11:13: the Service "web" ${NOTHING}`,
    );
  });

  test('no policy and no workload', async () => {
    const files = {
      'deny.yaml': policyIn('monitoring'),
      'job.yaml': 'apiVersion: v1\nkind: Pod\nmetadata: { name: job, namespace: monitoring }\nspec: {}\n',
    };
    expect(await failureOf(`${RULES}policies: [deny.yaml]\n`, HEAD, files)).toContain(
      `deny.yaml:3:36: this policy ${NOTHING}`,
    );
    expect(
      await failureOf(`${RULES}policies: [{ path: deny.yaml, namespace: monitoring }]\n`, HEAD, files),
    ).toContain(`example.yaml:13:12: what is named here ${NOTHING}`);
    expect(await failureOf(`${RULES}manifests: [job.yaml]\n`, HEAD, files)).toContain(
      `job.yaml:3:35: this Pod ${NOTHING}`,
    );
    const step = `${RULES}steps: [{ name: x, apply: [deny.yaml] }]\n`;
    expect(await failureOf(step, HEAD, files)).toContain(`deny.yaml:3:36: this policy ${NOTHING}`);
  });
});

test.each([
  ['label: { namespace/monitoring: { team: ops } }', 'labels'],
  ['create: [namespace/monitoring]', 'creates'],
  ['remove: [namespace/monitoring]', 'removes'],
])('no step changes it: %s', async (action, word) => {
  expect(await failureOf(`${RULES}steps: [{ name: x, ${action} }]\n`)).toContain(
    `the namespace "monitoring" is there already: no step ${word} it`,
  );
});

test('a rule about its pods speaks of none of the scenario', async () => {
  expect(await failureOf('reachable: [{ from: monitoring/*, to: shop/api }]\n')).toContain(
    'example.yaml:12:21: the namespace "monitoring" is there already, and the scenario has no pods in it',
  );
});

test('it cannot be made as well', async () => {
  const files = {
    'shared.yaml': 'apiVersion: podreach/v1\nkind: Topology\nnamespaces: { monitoring: {} }\npods: {}\n',
  };
  expect(await failureOf(`${RULES}include: [shared.yaml]\n`, HEAD, files)).toContain(
    'example.yaml:6:3: the namespace "monitoring" is there already here, and is made elsewhere',
  );
});

test('another word says what may stand there', async () => {
  expect(await failureOf(RULES, HEAD.replace('monitoring: existing', 'monitoring: exsting'))).toContain(
    '"exsting" is not a namespace: write its labels, such as { labels: { team: shop } }, or "existing"',
  );
});

test('Kubernetes has namespaces that no run makes, and the mistake says what to write', async () => {
  expect(await failureOf(RULES, HEAD.replace('kube-system: existing', 'kube-system: {}'))).toContain(
    'Where policies only let it in, write kube-system: existing.',
  );
});

describe('a peer that may be in one is no slip', () => {
  const codesOf = async (peer: string, head = HEAD): Promise<readonly string[]> => {
    await using project = await createProject({
      'example.yaml': `${head}unreachable: [{ from: shop/web, to: shop/api }]\npolicies: [api.yaml]\n`,
      'api.yaml': policyIn(
        'shop',
        `podSelector: { matchLabels: { app: api } }, ingress: [{ from: [${peer}], ports: [{ port: 8080 }] }]`,
      ),
    });
    const [plan] = await project.load();
    return (plan === undefined ? [] : reviewPlan(plan)).map(({ code }) => code);
  };
  const named = (name: string): string =>
    `{ namespaceSelector: { matchLabels: { kubernetes.io/metadata.name: ${name} } } }`;
  test.each([
    ['by its name', named('monitoring')],
    ['by labels that only a cluster knows', '{ namespaceSelector: { matchLabels: { team: ops } } }'],
    [
      'by pods that only a cluster knows',
      '{ namespaceSelector: { matchExpressions: [{ key: team, operator: Exists }] }, podSelector: { matchLabels: { app: prometheus } } }',
    ],
  ])('%s', async (_, peer) => {
    expect(await codesOf(peer)).toEqual([]);
    const without = HEAD.replace('  monitoring: existing\n  kube-system: existing\n', '');
    expect(await codesOf(peer, without)).toEqual(['peer-matches-no-pod']);
  });

  test('and may listen on whatever ports', async () => {
    const shop = '{ podSelector: { matchLabels: { app: api } } }';
    const spec = `podSelector: {}, policyTypes: [Egress], egress: [{ to: [${shop}, ${named('monitoring')}], ports: [{ port: 9090 }, { port: metrics }] }]`;
    const reviewed = async (head: string): Promise<readonly string[]> => {
      await using project = await createProject({
        'example.yaml': `${head}${RULES}policies: [web.yaml]\n`,
        'web.yaml': policyIn('shop', spec),
      });
      const [plan] = await project.load();
      const codes = plan === undefined ? [] : reviewPlan(plan).map(({ code }) => code);
      return codes.filter((code) => code === 'unused-port' || code === 'unknown-port-name');
    };
    expect(await reviewed(HEAD)).toEqual([]);
    expect(await reviewed(HEAD.replace('  monitoring: existing\n', ''))).toEqual([
      'unknown-port-name',
      'unused-port',
    ]);
  });

  test('but by the name of another it is', async () => {
    expect(await codesOf(named('monitring'))).toEqual(['peer-matches-no-pod']);
  });

  test('and so it is of pods beside the policy', async () => {
    expect(await codesOf('{ podSelector: { matchLabels: { app: prometheus } } }')).toEqual([
      'peer-matches-no-pod',
    ]);
  });
});
