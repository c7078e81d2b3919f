/** Steps: what there is in each, what is expected of whom, and what cannot be. */

import { describe, expect, test } from 'vitest';
import { renderTrace } from '../../src/policy/render-trace.ts';
import { startScenario } from '../../src/run/start-record.ts';
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

  test('is written into the record with what its steps say of themselves', async () => {
    await using project = await createProject({
      'a.yaml': `${HEAD}otherwise: reachable\nsteps:${CREATED}    description: |\n      Pods come late.\n`,
    });
    const [plan] = await project.load();
    expect(plan && startScenario(plan).steps.map(({ name, description }) => [name, description])).toEqual([
      [undefined, undefined],
      ['all is there', 'Pods come late.'],
    ]);
  });

  test('predicts that a policy keeps the policyTypes that were filled in for its earlier text, until it is made anew', async () => {
    const steps = await stepsOf(`
otherwise: reachable
steps:${CREATED}    apply: [${policy('p', 'podSelector: {}, egress: [{}], ingress: [{}]')}]
  - { name: ingress alone, apply: [${policy('p', 'podSelector: {}, ingress: [{}]')}] }
  - { name: gone, delete: [networkpolicy/shop/p] }
  - { name: made anew, apply: [${policy('p', 'podSelector: {}, ingress: [{}]')}] }
`);
    expect(steps.map(({ oracle }) => oracle().policiesIsolating('shop/web', 'egress').length)).toEqual([
      0, 1, 1, 0, 0,
    ]);
    const flow = { from: { kind: 'pod', pod: 'shop/web' }, to: { kind: 'pod', pod: 'shop/api' } } as const;
    const trace = steps[2]?.oracle().explain({ ...flow, port: 8080, protocol: 'TCP' });
    expect(trace && renderTrace(trace)).toContain(
      'It names no policyTypes and keeps those that its earlier text was given, so it isolates ingress and egress (D1).',
    );
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

  test('applies files and folders as they are, and what is there already is updated in its place', async () => {
    const file = (name: string, spec: string): string =>
      `# as it is\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: ${name}, namespace: shop }\nspec: { ${spec} }\n`;
    const files = {
      'first/one.yaml': file('one', 'podSelector: {}'),
      'first/two.yaml': file('two', 'podSelector: {}'),
      'second/one.yaml': file('one', 'podSelector: {}, ingress: [{}]'),
    };
    await using project = await createProject({
      'a.yaml': `${HEAD}policies: [first]\notherwise: reachable\nsteps:${CREATED}    apply: [second, first/two.yaml]\n`,
      ...files,
    });
    const [plan] = await project.load();
    const [first, second] = plan?.steps ?? [];
    expect(second?.applied.map(({ text, location: { file: path } }) => [path, text])).toEqual([
      ['second/one.yaml', files['second/one.yaml']],
      ['first/two.yaml', files['first/two.yaml']],
    ]);
    expect(second?.policies).toEqual(second?.applied);
    expect(first?.policies.map(({ text }) => text)).toEqual([
      files['first/one.yaml'],
      files['first/two.yaml'],
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
    // The record has one number for all steps.
    expect(plan && startScenario(plan).declaredChecks).toBe(10);
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

/** What is wrong with the steps of a scenario, without the frames: messages, where else to look, and hints. */
async function mistakesIn(lines: string): Promise<readonly string[]> {
  await using project = await createProject({ 'a.yaml': `${HEAD}otherwise: reachable\n${lines}` });
  const text = (await project.failure()).replace(/\n\nscenario-invalid: .*$/s, '');
  return text.split('\n').filter((line) => line !== '' && !/^ +\d* \|/.test(line));
}

const OVERRULED =
  '  hint: Something else is expected before both pods are there: move it to a step that has them, or leave it out.';
const APART =
  '  hint: Its pods are never there at the same time, from here on: move it to a step that has them, or leave it out.';

describe('a mistake in a step', () => {
  test('is shown at its place, and where what it needs came to be or ceased to', async () => {
    await using project = await createProject({
      'a.yaml': `${HEAD}otherwise: reachable
steps:${CREATED}  - name: the namespace goes
    remove: [namespace/staging]
  - name: too late
    label: { staging/web: { app: api } }
`,
    });
    expect(await project.failure()).toBe(`a.yaml:21:14: the pod "staging/web" does not exist any more
  21 |     label: { staging/web: { app: api } }
     |              ^
  a.yaml:19:14: removed here
  19 |     remove: [namespace/staging]
     |              ^

scenario-invalid: 1 problem in a.yaml`);
  });

  const ORDER =
    '  hint: Steps are done one after the other, and within a step in this order: apply, delete, label, create, remove, replace.';

  test.each<[string, string, readonly string[]]>([
    [
      'unknown keys',
      `steps:${CREATED}  - { name: x, lable: { shop/web: { a: b } }, whatever: 1 }\n`,
      [
        'a.yaml:18:16: unknown key "lable"',
        '  hint: Did you mean "label"?',
        'a.yaml:18:47: unknown key "whatever"',
        '  hint: The keys here are: name, description, apply, delete, label, create, remove, replace, reachable, unreachable, otherwise, within.',
      ],
    ],
    [
      'a step without a name, and names that are none',
      `steps:${CREATED}  - { replace: [shop/api] }
  - { name: "12", replace: [shop/api] }
  - { name: " x", replace: [shop/api] }
`,
      [
        'a.yaml:18:5: the key "name" is missing',
        '  hint: Say in a few words what happens, such as "monitoring is let in": reports call the step so.',
        ...['19:13: "12"', '20:13: " x"'].map(
          (place) =>
            `a.yaml:${place} is not the name of a step: write a few words on one line, at most 100 characters and not only digits`,
        ),
      ],
    ],
    [
      'keys of a step by the words of other tools, read as what they mean',
      `steps:${CREATED}  - name: a
    restart: [shop/wbe]
    policies: [missing.yaml]
    wait: soon
    expect: reachable
    add: [shop/late]
`,
      [
        'a.yaml:19:5: unknown key "restart"',
        '  hint: Did you mean "replace"?',
        'a.yaml:19:15: unknown pod "shop/wbe"',
        '  hint: Did you mean "shop/web"?',
        'a.yaml:20:5: unknown key "policies"',
        '  hint: Did you mean "apply"?',
        'a.yaml:20:16: no such policy file or folder: missing.yaml',
        '  hint: Paths of policies are relative to the scenario file.',
        'a.yaml:21:5: unknown key "wait"',
        '  hint: Did you mean "within"?',
        'a.yaml:21:11: "soon" is not a time: write a number with its unit, such as "5s", "500ms" or "1m"',
        'a.yaml:22:5: unknown key "expect"',
        '  hint: Did you mean "reachable", "unreachable" or "otherwise"?',
        'a.yaml:23:5: unknown key "add"',
        '  hint: Did you mean "apply" or "create"?',
      ],
    ],
    [
      'what only a step has, at the top level',
      `replace: [shop/api]
steps:${CREATED}`,
      [
        'a.yaml:15:1: unknown key "replace"',
        '  hint: Write it in an entry of "steps": what stands beside it is there from the start.',
      ],
    ],
    [
      'two steps of one name',
      `steps:${CREATED}  - { name: all is there, replace: [shop/api] }\n`,
      [
        'a.yaml:18:13: the step name "all is there" is there twice',
        '  a.yaml:16:11: first here',
        '  hint: Reports tell steps apart by their names: give each its own.',
      ],
    ],
    [
      'a step called as reports call the first',
      `steps:${CREATED}  - { name: first step, replace: [shop/api] }\n`,
      [
        'a.yaml:18:13: a step may not be called "first step"',
        '  hint: Reports call what stands at the top level so: give this step another name.',
      ],
    ],
    [
      'steps that are no list',
      'steps: { name: x }\n',
      [
        'a.yaml:15:8: expected a list, found a mapping',
        '  hint: Write it as a list: put "- " before each entry, also where there is only one.',
      ],
    ],
    [
      'a time that is none',
      `steps:${CREATED}  - { name: a, within: soon, replace: [shop/api] }
  - { name: b, within: 0s, replace: [shop/api] }
  - { name: c, within: 5, replace: [shop/api] }
`,
      [
        'a.yaml:18:24: "soon" is not a time: write a number with its unit, such as "5s", "500ms" or "1m"',
        'a.yaml:19:24: "0s" is not a time: write a number with its unit, such as "5s", "500ms" or "1m"',
        'a.yaml:20:24: expected text, found 5',
        '  hint: Write it with its unit: "5s".',
      ],
    ],
    [
      'objects that are named in another way',
      `steps:${CREATED}  - { name: a, delete: [shop/deny, deny], label: { web: { a: b } }, remove: [ops, late], replace: [namespace/shop] }\n`,
      [
        'a.yaml:18:25: "shop/deny" is not a policy: write "networkpolicy/namespace/name"; only policies are deleted',
        '  hint: Write "networkpolicy/shop/deny".',
        'a.yaml:18:36: "deny" is not a policy: write "networkpolicy/namespace/name"; only policies are deleted',
        '  hint: Write "networkpolicy/namespace/deny".',
        'a.yaml:18:52: "web" names neither a pod nor a namespace: write a pod as "shop/web", and a namespace as "namespace/shop"',
        '  hint: Write it with its namespace: "shop/web" or "staging/web".',
        'a.yaml:18:78: "ops" names neither a pod nor a namespace: write a pod as "shop/web", and a namespace as "namespace/shop"',
        '  hint: Write "namespace/ops" for the namespace.',
        'a.yaml:18:83: "late" names neither a pod nor a namespace: write a pod as "shop/web", and a namespace as "namespace/shop"',
        '  hint: Write it with its namespace: "shop/late".',
        'a.yaml:18:100: "namespace/shop" is not a pod: only pods are replaced, written as "shop/web"',
      ],
    ],
    [
      'policies without their namespace, and actions that are for something else',
      `policies: [${policy('deny')}, ${policy('allow')}, ${policy('allow', 'podSelector: {}', 'ops')}]
steps:${CREATED}  - name: a
    delete:
      - networkpolicy/deny
      - allow
      - denny
      - netpol/ops/allow
      - shop/api
      - web
      - namespace/ops
    label: { networkpolicy/shop/deny: { a: b } }
    create: [policy/shop/deny]
    remove: [networkpolicy/shop/deny, deny, shop/allow]
    replace: [networkpolicy/shop/deny, pod/shop/api]
`,
      [
        ['21:9', 'networkpolicy/deny', 'Write "networkpolicy/shop/deny".'],
        ['22:9', 'allow', 'Write "networkpolicy/shop/allow" or "networkpolicy/ops/allow".'],
        ['23:9', 'denny', 'Did you mean "networkpolicy/shop/deny"?'],
        ['24:9', 'netpol/ops/allow', 'Write "networkpolicy/ops/allow".'],
        ['25:9', 'shop/api', 'Pods are removed: write "shop/api" under "remove".'],
        ['26:9', 'web', 'Pods are removed: write "shop/web" or "staging/web" under "remove".'],
        ['27:9', 'namespace/ops', 'Namespaces are removed: write "namespace/ops" under "remove".'],
      ]
        .flatMap(([place, name, hint]) => [
          `a.yaml:${place}: "${name}" is not a policy: write "networkpolicy/namespace/name"; only policies are deleted`,
          `  hint: ${hint}`,
        ])
        .concat([
          'a.yaml:28:14: "networkpolicy/shop/deny" names neither a pod nor a namespace: write a pod as "shop/web", and a namespace as "namespace/shop"',
          'a.yaml:29:14: "policy/shop/deny" names neither a pod nor a namespace: write a pod as "shop/web", and a namespace as "namespace/shop"',
          '  hint: Policies are applied: write its file or its manifest under "apply".',
          'a.yaml:30:14: "networkpolicy/shop/deny" names neither a pod nor a namespace: write a pod as "shop/web", and a namespace as "namespace/shop"',
          '  hint: Policies are deleted: write "networkpolicy/shop/deny" under "delete".',
          'a.yaml:30:39: "deny" names neither a pod nor a namespace: write a pod as "shop/web", and a namespace as "namespace/shop"',
          '  hint: Policies are deleted: write "networkpolicy/shop/deny" under "delete".',
          'a.yaml:30:45: unknown pod "shop/allow"',
          '  hint: Policies are deleted: write "networkpolicy/shop/allow" under "delete".',
          'a.yaml:31:15: "networkpolicy/shop/deny" is not a pod: only pods are replaced, written as "shop/web"',
          '  hint: Policies are applied: write its file or its manifest under "apply".',
          'a.yaml:31:40: "pod/shop/api" is not a pod: only pods are replaced, written as "shop/web"',
          '  hint: Write "shop/api".',
        ]),
    ],
    [
      'labels that are written in another way',
      `steps:${CREATED}  - { name: a, label: { shop/web: app=web, shop/api: [app=api, tier-], namespace/ops: "role" } }
  - { name: b, label: [shop/web] }
`,
      [
        'a.yaml:18:35: expected a mapping, found "app=web"',
        '  hint: Write labels as a mapping: { app: web }.',
        'a.yaml:18:54: expected a mapping, found a list',
        '  hint: Write labels as a mapping: { app: api, tier: null }.',
        'a.yaml:18:87: expected a mapping, found "role"',
        '  hint: Write labels as a mapping, such as { app: web }.',
        'a.yaml:19:23: expected a mapping, found a list',
        '  hint: Write labels for each pod and namespace, such as { shop/web: { app: web } }.',
      ],
    ],
    [
      'what is created and not declared, told once',
      `steps:
  - { name: a, create: [shop/other], reachable: [{ from: [shop/other, shop/web], to: shop/api }] }
  - { name: b, label: { shop/other: { a: b }, shop/late: { a: b } }, replace: [shop/other] }
unreachable: [{ from: shop/other, to: shop/late }]
`,
      [
        'a.yaml:16:25: unknown pod "shop/other"',
        '  hint: What is created is declared as well: under "pods", with "created: later".',
      ],
    ],
    [
      'more than one, each for itself',
      `steps:
  - { name: a, replace: [shop/api], within: 5 }
  - name: b
    create: [late]
    label: { shop/wbe: { x: y } }
    reachable: [{ from: shop/wbe, to: shop/api }]
  - name: c
    delete: [networkpolicy/shop/deny]
    remove: [staging/web]
    replace: [shop/api, shop/api]
    unreachable: [{ from: { podSelector: { matchLabels: { x: y } } }, to: shop/api }]
  - { name: c, apply: [missing.yaml] }
  - { name: e, delete: [networkpolicy/shop/deny] }
`,
      [
        'a.yaml:16:45: expected text, found 5',
        '  hint: Write it with its unit: "5s".',
        'a.yaml:18:14: "late" names neither a pod nor a namespace: write a pod as "shop/web", and a namespace as "namespace/shop"',
        '  hint: Write it with its namespace: "shop/late".',
        'a.yaml:19:14: unknown pod "shop/wbe"',
        '  hint: Did you mean "shop/web"?',
        'a.yaml:20:25: unknown pod "shop/wbe"',
        '  hint: Did you mean "shop/web"?',
        'a.yaml:22:14: unknown policy "shop/deny"',
        '  hint: There are no policies.',
        'a.yaml:24:25: the pod "shop/api" is replaced twice in this step',
        '  a.yaml:24:15: first here',
        'a.yaml:26:13: the step name "c" is there twice',
        '  a.yaml:21:11: first here',
        '  hint: Reports tell steps apart by their names: give each its own.',
        'a.yaml:26:24: no such policy file or folder: missing.yaml',
        '  hint: Paths of policies are relative to the scenario file.',
      ],
    ],
    [
      'objects that there never are',
      `policies: [${policy('deny-all')}]
steps:${CREATED}  - { name: a, delete: [networkpolicy/shop/denyall], label: { shop/wbe: { a: b } }, create: [shop/lat], remove: [namespace/op] }\n`,
      [
        'a.yaml:19:25: unknown policy "shop/denyall"',
        '  hint: Did you mean "networkpolicy/shop/deny-all"?',
        'a.yaml:19:63: unknown pod "shop/wbe"',
        '  hint: Did you mean "shop/web"?',
        'a.yaml:19:94: unknown pod "shop/lat"',
        '  hint: Did you mean "shop/late"?',
        'a.yaml:19:114: unknown namespace "op"',
        '  hint: Did you mean "namespace/ops"?',
      ],
    ],
    [
      'objects that are not there yet',
      `steps:
  - { name: early, delete: [networkpolicy/shop/deny], label: { namespace/staging: { a: b } }, replace: [shop/late] }
  - { name: then, apply: [${policy('deny')}], create: [shop/late, namespace/staging, staging/web] }
`,
      [
        'a.yaml:16:29: the policy "shop/deny" does not exist yet',
        '  a.yaml:17:27: applied here',
        ORDER,
        'a.yaml:16:64: the namespace "staging" does not exist yet',
        '  a.yaml:17:177: created here',
        ORDER,
        'a.yaml:16:105: the pod "shop/late" does not exist yet',
        '  a.yaml:17:166: created here',
        ORDER,
      ],
    ],
    [
      'objects that are not there any more',
      `policies: [${policy('deny')}]
steps:${CREATED}  - { name: a, delete: [networkpolicy/shop/deny], remove: [shop/web, shop/web] }
  - { name: b, delete: [networkpolicy/shop/deny], replace: [shop/web] }
`,
      [
        'a.yaml:19:70: the pod "shop/web" does not exist any more',
        '  a.yaml:19:60: removed here',
        'a.yaml:20:25: the policy "shop/deny" does not exist any more',
        '  a.yaml:19:25: deleted here',
        'a.yaml:20:61: the pod "shop/web" does not exist any more',
        '  a.yaml:19:60: removed here',
      ],
    ],
    [
      'objects that are there already',
      `steps:${CREATED}  - { name: twice, create: [shop/late, shop/web, namespace/ops] }\n`,
      [
        'a.yaml:18:29: the pod "shop/late" exists already',
        '  a.yaml:17:14: created here',
        'a.yaml:18:40: the pod "shop/web" exists already',
        '  hint: Declare it with "created: later", so that it is not there from the start.',
        'a.yaml:18:50: the namespace "ops" exists already',
        '  hint: Declare it with "created: later", so that it is not there from the start.',
      ],
    ],
    [
      'what is to come later and never does',
      'steps: [{ name: x, create: [shop/late] }]\n',
      [
        'a.yaml:7:3: this namespace is created later, and no step creates it',
        '  hint: Name "namespace/staging" under "create" in a step, or leave "created" out.',
        'a.yaml:13:3: this pod is created later, and no step creates it',
        '  hint: Name "staging/web" under "create" in a step, or leave "created" out.',
      ],
    ],
    [
      'a pod or policy in a namespace that is not there',
      `policies: [${policy('deny', 'podSelector: {}', 'staging')}]
steps:
  - { name: early, apply: [${policy('other', 'podSelector: {}', 'staging')}], create: [staging/web, shop/late] }
  - { name: then, create: [namespace/staging] }
`,
      [
        'a.yaml:15:12: the namespace "staging" of this policy does not exist yet',
        '  a.yaml:18:28: created here',
        ORDER,
        'a.yaml:17:28: the namespace "staging" of this policy does not exist yet',
        '  a.yaml:18:28: created here',
        ORDER,
        'a.yaml:17:171: the namespace "staging" of this pod does not exist yet',
        '  a.yaml:18:28: created here',
        ORDER,
      ],
    ],
    [
      'a policy that is applied twice in one step, and one for a namespace that is not declared',
      `steps:${CREATED}  - name: twice
    apply:
      - ${policy('one')}
      - ${policy('one')}
      - ${policy('one', 'podSelector: {}', 'stagin')}
      - missing.yaml
`,
      [
        'a.yaml:21:9: the policy "shop/one" is there twice',
        '  a.yaml:20:9: first here',
        '  hint: Take one of them out, or give it another name: name only manifests that are deployed together.',
        'a.yaml:22:100: the scenario does not declare the namespace "stagin"',
        '  hint: Did you mean "staging"?',
        'a.yaml:23:9: no such policy file or folder: missing.yaml',
        '  hint: Paths of policies are relative to the scenario file.',
      ],
    ],
    [
      'a pod that is replaced twice',
      `steps:${CREATED}  - { name: x, replace: [shop/api, shop/api] }\n`,
      ['a.yaml:18:36: the pod "shop/api" is replaced twice in this step', '  a.yaml:18:26: first here'],
    ],
    [
      'labels that are none, reserved, or not to be taken away',
      `steps:${CREATED}  - name: x
    label:
      shop/web: { app: null, ap: null }
      shop/api: { podreach.dev/run: x }
      namespace/shop: { team: shop }
      namespace/ops: { kubernetes.io/metadata.name: x }
`,
      [
        'a.yaml:20:30: the pod "shop/web" has no label "ap" to take away',
        '  hint: Did you mean "app"?',
        "a.yaml:21:19: the label podreach.dev/run is for podreach's own use",
        '  hint: Choose another label.',
        'a.yaml:22:7: the namespace "shop" has these labels already: nothing changes',
        "a.yaml:23:24: the label kubernetes.io/metadata.name is Kubernetes' own, and always the name of the namespace",
        '  hint: Leave the label out.',
      ],
    ],
    [
      'values that are no labels',
      `steps:${CREATED}  - { name: x, label: { shop/web: { app: 2, "a b": c, d: "e f" } } }\n`,
      [
        'a.yaml:18:42: expected text, found 2',
        '  hint: Put it in quotes: "2"',
        'a.yaml:18:45: "a b" is not a label key: use letters, digits, "-", "_" and ".", at most 63 characters, after an optional "dns.prefix/"',
        'a.yaml:18:58: "e f" is not a label value: use letters, digits, "-", "_" and ".", at most 63 characters, beginning and ending with a letter or digit',
      ],
    ],
    [
      'a step that changes nothing',
      `steps:${CREATED}  - { name: idle }
  - { name: the same, reachable: [{ from: shop/web, to: shop/api }], otherwise: reachable }
`,
      ['18:5: the step "idle"', '19:5: the step "the same"'].flatMap((place) => [
        `a.yaml:${place} changes nothing`,
        '  hint: Give it an action, such as "apply" or "label", or say what is expected otherwise than before.',
      ]),
    ],
    [
      'a step whose actions leave all as it was',
      `steps:${CREATED}  - { name: it comes, apply: [${policy('deny')}] }
  - { name: again, apply: [${policy('deny')}] }
  - { name: comes and goes, apply: [${policy('other')}], delete: [networkpolicy/shop/other] }
  - { name: replaced, replace: [shop/web] }
`,
      ['19:5: the step "again"', '20:5: the step "comes and goes"'].flatMap((place) => [
        `a.yaml:${place} changes nothing`,
        '  hint: When its actions are done, all is as it was before them. Change something, or leave the step out.',
      ]),
    ],
    [
      'of a step whose policies cannot be read that, and not that it changes nothing',
      `steps:${CREATED}  - { name: unread, apply: [nowhere.yaml] }
`,
      [
        'a.yaml:18:29: no such policy file or folder: nowhere.yaml',
        '  hint: Paths of policies are relative to the scenario file.',
      ],
    ],
    [
      'a step that contradicts itself, and one that contradicts only the step before',
      `steps:${CREATED}  - { name: closed, unreachable: [{ from: shop/web, to: shop/api }] }
  - name: both
    reachable: [{ from: shop/web, to: shop/api }]
    unreachable: [{ from: "*", to: shop/api }]
`,
      [
        'a.yaml:21:19: shop/web to shop/api:8080/TCP is declared both reachable and unreachable',
        '  a.yaml:20:17: declared reachable here',
        '  hint: Take it out of one of the two rules, or out of the wider one with "except".',
      ],
    ],
    [
      'a rule that no step ever tries',
      `unreachable:
  - { from: staging/web, to: shop/late }
  - { from: shop/web, to: shop/late }
steps:
  - { name: one, create: [namespace/staging, staging/web] }
  - { name: open, remove: [staging/web], otherwise: reachable }
  - { name: late, create: [shop/late], unreachable: [{ from: staging/web, to: shop/* }] }
`,
      [
        'a.yaml:16:5: no connection of this rule is ever tried',
        '  a.yaml:20:42: something else is expected from here on',
        OVERRULED,
        'a.yaml:17:5: no connection of this rule is ever tried',
        '  a.yaml:20:42: something else is expected from here on',
        OVERRULED,
        'a.yaml:21:54: no connection of this rule is ever tried',
        APART,
      ],
    ],
    [
      'pods that a rule names, and that are never there together',
      `unreachable:
  - { from: [shop/web, staging/web], to: [shop/api, "shop/late:80"] }
  - { from: [staging/web, ops/prometheus], to: shop/* }
steps:
  - { name: one, create: [namespace/staging, staging/web] }
  - { name: two, remove: [staging/web, ops/prometheus] }
  - { name: three, create: [shop/late] }
`,
      ['a.yaml:16:53: staging/web → shop/late:80/TCP of this rule is never tried', APART],
    ],
    [
      'in a rule, as anywhere',
      `steps:${CREATED}  - name: x
    reachable: [{ from: web, to: shop/api, cutBy: others }, { from: shop/web, to: "shop/api:1" }]
    unreachable: [{ from: shop/wbe, to: shop/api }, { from: shop/web, to: shop/api, cutBy: others }]
`,
      [
        'a.yaml:19:25: "web" names no pods: write "namespace/pod", "namespace/*" or "*"; or a host, as "host/name"',
        '  hint: Write it with its namespace: "shop/web" or "staging/web".',
        'a.yaml:19:44: "cutBy" is only for rules under "unreachable"',
        '  hint: Leave it out, or move the rule to "unreachable".',
        'a.yaml:19:83: shop/api does not listen on port 1/TCP: a connection there would prove nothing',
        '  hint: The ports are: 8080/TCP.',
        'a.yaml:20:27: unknown pod "shop/wbe"',
        '  hint: Did you mean "shop/web"?',
        'a.yaml:20:92: a rule with "cutBy" must say why, and has no "because"',
        '  hint: Write "cutBy: others" and, under "because", what it is that cuts the pair.',
      ],
    ],
  ])('%s', async (_, lines, expected) => {
    expect(await mistakesIn(lines)).toEqual(expected);
  });

  test('does not make what follows from it one, too', async () => {
    expect(
      await mistakesIn(`steps:${CREATED}  - text
  - { name: y, delete: [networkpolicy/shop/unheard-of] }
unreachable: [{ from: shop/wbe, to: shop/api }]
`),
    ).toEqual([
      'a.yaml:18:5: expected a mapping, found "text"',
      'a.yaml:20:23: unknown pod "shop/wbe"',
      '  hint: Did you mean "shop/web"?',
    ]);
  });

  test('"later" misspelt is read as it', async () => {
    await using project = await createProject({
      'a.yaml': `${HEAD.replace('created: later', 'created: latter')}otherwise: reachable
steps:${CREATED}  - { name: x, replace: [shop/wbe] }
`,
    });
    expect(await project.failure()).toBe(`a.yaml:7:47: expected "later", found "latter"
  7 |   staging: { labels: { team: shop }, created: latter }
    |                                               ^
  hint: Did you mean "later"?

a.yaml:18:26: unknown pod "shop/wbe"
  18 |   - { name: x, replace: [shop/wbe] }
     |                          ^
  hint: Did you mean "shop/web"?

scenario-invalid: 2 problems in a.yaml`);
  });

  test('a rule may speak of pods that come later, also where it says the same again before they do', async () => {
    const steps = await stepsOf(`
unreachable: [{ from: [shop/web, shop/late], to: [shop/late, shop/api] }]
steps:
  - { name: early, replace: [shop/api], otherwise: unreachable, reachable: [{ from: ops/prometheus, to: shop/late }] }
${CREATED.trimStart().replace(/^/, '  ')}`);
    const checks = steps.map((step) => describeChecks(step.checks).filter((text) => text.includes('late')));
    expect(checks).toEqual([
      [],
      [],
      [
        'unreachable shop/web > shop/late:80/TCP',
        'unreachable shop/api > shop/late:80/TCP',
        'unreachable shop/late > shop/api:8080/TCP',
        'reachable ops/prometheus > shop/late:80/TCP',
        'unreachable staging/web > shop/late:80/TCP',
      ],
    ]);
  });

  test('a pod from the start in a namespace that comes later', async () => {
    await using project = await createProject({
      'a.yaml': `${HEAD.replace('staging/web: { labels: { app: web }, created: later }', 'staging/web:')}otherwise: reachable
steps: [{ name: x, create: [shop/late, namespace/staging] }]
`,
    });
    expect(
      await project.failure(),
    ).toContain(`a.yaml:13:3: the namespace "staging" is created later, and this pod is not
  13 |   staging/web:
     |   ^
  hint: Write "created: later" for the pod, too, and create it with its namespace.`);
  });

  test.each(['namespace', 'networkpolicy', 'service', 'host', 'workload'])(
    'a namespace called %s could not be told from what actions and rules name',
    async (name) => {
      await using project = await createProject({
        'a.yaml': `apiVersion: podreach/v1\nkind: Scenario\nname: x\nnamespaces: { ${name}: }\npods: { ${name}/a: , ${name}/b: { ports: [1] } }\notherwise: reachable\n`,
      });
      expect(await project.failure()).toContain(`a namespace may not be called "${name}"`);
    },
  );
});
