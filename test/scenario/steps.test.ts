/** Steps: what there is in each, what is expected of whom, and what cannot be. */
import { describe, expect, test } from 'vitest';
import type { PlannedStep } from '../../src/scenario/scenario.ts';
import { createProject, describeChecks } from './project.ts';

const HEAD = `apiVersion: podreach/v1
kind: Scenario
name: steps
namespaces:
  shop: { labels: { team: shop } }
  ops: {}
  staging: { labels: { team: shop }, created: later }
pods:
  shop/web: { labels: { app: web } }
  shop/api: { labels: { app: api }, ports: [8080] }
  shop/late: { labels: { app: late }, ports: [80], created: later }
  ops/prometheus: {}
  staging/web: { labels: { app: web }, created: later }
`;

function policy(name: string, spec = 'podSelector: {}', namespace = 'shop'): string {
  return `{ apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: { name: ${name}, namespace: ${namespace} }, spec: { ${spec} } }`;
}

async function stepsOf(lines: string): Promise<readonly [PlannedStep, ...PlannedStep[]]> {
  await using project = await createProject({ 'a.yaml': HEAD + lines.replace(/^\n/, '') });
  const [plan] = await project.load();
  if (plan === undefined) throw new Error('there is no plan');
  return plan.steps;
}

/** A scenario that creates what is declared for later, so that nothing else is wrong with it. */
const CREATED = `
  - name: all is there
    create: [shop/late, namespace/staging, staging/web]
`;

describe('a scenario with steps', () => {
  test('follows what each action makes of the cluster', async () => {
    const steps = await stepsOf(`
policies: [${policy('deny')}]
otherwise: unreachable
steps:
  - name: one of everything
    description: |
      All kinds of actions.
    apply: [${policy('allow', 'podSelector: {}, ingress: [{}]')}]
    delete: [networkpolicy/shop/deny]
    label: { shop/web: { app: null, role: admin }, namespace/ops: { team: ops } }
    create: [staging/web, namespace/staging, shop/late]
    remove: [ops/prometheus]
    replace: [shop/api]
    otherwise: reachable
    within: 1.5s
  - name: the namespace goes
    apply: [${policy('deny', 'podSelector: {}', 'staging')}, ${policy('allow')}]
    remove: [namespace/staging]
`);
    const [first, second, third] = steps;
    expect(first).toMatchObject({ actions: [], location: { file: 'a.yaml', line: 1 } });
    expect(first).not.toHaveProperty('name');
    expect(describeState(first)).toEqual({
      namespaces: ['shop team=shop', 'ops'],
      pods: ['shop/web app=web', 'shop/api app=api', 'ops/prometheus'],
      policies: ['shop/deny'],
    });
    expect(second).toMatchObject({
      name: 'one of everything',
      description: 'All kinds of actions.',
      location: { file: 'a.yaml', line: 17 },
      withinMs: 1500,
      applied: [{ name: 'allow' }],
    });
    expect(second?.actions).toEqual([
      { kind: 'apply', object: 'networkpolicy/shop/allow' },
      { kind: 'delete', object: 'networkpolicy/shop/deny' },
      { kind: 'label', object: 'shop/web', labels: { app: null, role: 'admin' } },
      { kind: 'label', object: 'namespace/ops', labels: { team: 'ops' } },
      { kind: 'create', object: 'namespace/staging' },
      { kind: 'create', object: 'staging/web' },
      { kind: 'create', object: 'shop/late' },
      { kind: 'remove', object: 'ops/prometheus' },
      { kind: 'replace', object: 'shop/api' },
    ]);
    expect(second && describeState(second)).toEqual({
      namespaces: ['shop team=shop', 'ops team=ops', 'staging team=shop'],
      pods: ['shop/web role=admin', 'shop/api app=api', 'shop/late app=late', 'staging/web app=web'],
      policies: ['shop/allow'],
    });
    expect(third && describeState(third)).toEqual({
      namespaces: ['shop team=shop', 'ops team=ops'],
      pods: ['shop/web role=admin', 'shop/api app=api', 'shop/late app=late'],
      policies: ['shop/allow'],
    });
    expect(third?.policies).toEqual([third?.applied[1]]);
    expect(third?.policies).not.toEqual(second?.policies);
  });

  test('tries in each step every pair of which both pods are there, with the expectation that it had', async () => {
    const steps = await stepsOf(`
reachable: [{ from: ops/prometheus, to: "shop/*" }]
unreachable: [{ from: shop/web, to: [shop/api, shop/late], because: not yet }]
steps:
  - name: the web is let in
    apply: [${policy('allow')}]
    reachable: [{ from: shop/web, to: shop/api }]
  - name: a late one comes
    create: [shop/late, namespace/staging, staging/web]
  - name: the API goes
    remove: [shop/api]
`);
    expect(steps.map(({ checks }) => describeChecks(checks))).toEqual([
      ['unreachable shop/web > shop/api:8080/TCP', 'reachable ops/prometheus > shop/api:8080/TCP'],
      ['reachable shop/web > shop/api:8080/TCP', 'reachable ops/prometheus > shop/api:8080/TCP'],
      [
        'reachable shop/web > shop/api:8080/TCP',
        'unreachable shop/web > shop/late:80/TCP',
        'reachable ops/prometheus > shop/api:8080/TCP',
        'reachable ops/prometheus > shop/late:80/TCP',
      ],
      ['unreachable shop/web > shop/late:80/TCP', 'reachable ops/prometheus > shop/late:80/TCP'],
    ]);
    expect(steps.map(({ checks }) => checks.map(({ id }) => id))).toEqual([
      [0, 2],
      [0, 2],
      [0, 1, 2, 3],
      [1, 3],
    ]);
    expect(steps[3]?.checks[0]).toMatchObject({ because: 'not yet', declared: { line: 15 } });
  });

  test('"otherwise" of a step holds for all that its own rules do not speak of, but not for a pod and itself', async () => {
    const steps = await stepsOf(`
reachable: [{ from: shop/api, to: shop/api }, { from: shop/web, to: shop/api }]
otherwise: unreachable
steps:
  - name: closed
    apply: [${policy('deny')}]
    create: [shop/late, namespace/staging, staging/web]
    reachable: [{ from: staging/web, to: shop/api }]
    otherwise: unreachable
  - name: back to open
    delete: [networkpolicy/shop/deny]
    otherwise: reachable
`);
    const unreachable = steps.map(({ checks }) =>
      checks.flatMap(({ expected, from, to }) => (expected === 'unreachable' ? [`${from} > ${to}`] : [])),
    );
    expect(unreachable).toEqual([
      ['ops/prometheus > shop/api'],
      [
        'shop/web > shop/api',
        'shop/web > shop/late',
        'shop/api > shop/late',
        'shop/late > shop/api',
        'ops/prometheus > shop/api',
        'ops/prometheus > shop/late',
        'staging/web > shop/late',
      ],
      [],
    ]);
    expect(
      steps.map(({ checks }) => describeChecks(checks).includes('reachable shop/api > shop/api:8080/TCP')),
    ).toEqual([true, true, true]);
  });

  test('rules select by the labels of their own step', async () => {
    const steps = await stepsOf(`
unreachable: [{ from: { podSelector: { matchLabels: { app: web } } }, to: shop/api }]
steps:${CREATED}
  - name: relabelled
    label: { ops/prometheus: { app: web }, shop/web: { app: other }, namespace/ops: { door: open } }
    reachable:
      - { from: { podSelector: { matchLabels: { app: web } } }, to: shop/api }
      - { from: { namespaceSelector: { matchLabels: { door: open } } }, to: shop/late }
`);
    expect(describeChecks(steps[2]?.checks ?? [])).toEqual([
      'unreachable shop/web > shop/api:8080/TCP',
      'reachable ops/prometheus > shop/api:8080/TCP',
      'reachable ops/prometheus > shop/late:80/TCP',
      'reachable staging/web > shop/api:8080/TCP',
    ]);
  });

  test('asks an oracle for each step, and only one for steps in which the same is there', async () => {
    const steps = await stepsOf(`
otherwise: reachable
steps:${CREATED}
  - name: replaced
    replace: [shop/api]
  - name: denied
    apply: [${policy('deny')}]
    unreachable: [{ from: ops/prometheus, to: shop/api }]
`);
    const verdicts = steps.map(
      ({ oracle }) =>
        oracle().evaluate({
          from: { kind: 'pod', pod: 'ops/prometheus' },
          to: { kind: 'pod', pod: 'shop/api' },
          port: 8080,
          protocol: 'TCP',
        }).verdict,
    );
    expect(verdicts).toEqual(['allowed', 'allowed', 'allowed', 'denied']);
    expect(steps[2]?.oracle()).toBe(steps[1]?.oracle());
    expect(steps[3]?.oracle()).not.toBe(steps[2]?.oracle());
  });

  test('--check chooses a pair in every step', async () => {
    await using project = await createProject({
      'a.yaml': `${HEAD}otherwise: reachable\nsteps:${CREATED}`,
    });
    const [plan] = await project.load(undefined, {
      checks: ['ops/prometheus -> shop/api', 'shop/web -> shop/late'],
    });
    expect(plan?.steps.map(({ checks }) => describeChecks(checks))).toEqual([
      ['reachable ops/prometheus > shop/api:8080/TCP'],
      ['reachable shop/web > shop/late:80/TCP', 'reachable ops/prometheus > shop/api:8080/TCP'],
    ]);
    expect(plan?.steps.map(({ declaredChecks }) => declaredChecks?.length)).toEqual([2, 8]);
  });
});

function describeState({ namespaces, pods, policies }: PlannedStep) {
  const described = (name: string, labels: Readonly<Record<string, string>>) =>
    [name, ...Object.entries(labels).map(([key, value]) => `${key}=${value}`)].join(' ');
  return {
    namespaces: namespaces.map(({ name, labels }) => described(name, labels)),
    pods: pods.map(({ namespace, name, labels }) => described(`${namespace}/${name}`, labels)),
    policies: policies.map(({ namespace, name }) => `${namespace}/${name}`),
  };
}
