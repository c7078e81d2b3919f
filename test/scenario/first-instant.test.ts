/** Rules whose pairs are tried from the first instant of their sources. */
import { describe, expect, test } from 'vitest';
import { createProject } from './project.ts';

const HEAD = `apiVersion: podreach/v1
kind: Scenario
name: early
namespaces: { shop: {} }
pods:
  shop/web: {}
  shop/db: { ports: [5432, 9090] }
  shop/late: { ports: [80], created: later }
  shop/later: { ports: [80], created: later }
otherwise: reachable
`;

async function failureOf(lines: string): Promise<string> {
  await using project = await createProject({ 'a.yaml': HEAD + lines });
  return await project.failure();
}

/** What is tried from the first instant, by step. */
async function earlyIn(lines: string): Promise<readonly (readonly string[])[]> {
  await using project = await createProject({ 'a.yaml': HEAD + lines });
  const [plan] = await project.load();
  return (plan?.steps ?? []).map(({ checks }) =>
    checks
      .filter(({ firstInstant }) => firstInstant === true)
      .map(({ from, to, port, expected }) => `${from} → ${to}:${port} ${expected}`),
  );
}

describe('a rule with "firstInstant"', () => {
  test('is about its own step alone; what it expects holds from then on', async () => {
    expect(
      await earlyIn(`steps:
  - name: it comes
    create: [shop/late, shop/later]
    unreachable: [{ from: shop/late, to: shop/db, firstInstant: true }]
    reachable: [{ from: shop/later, to: "shop/db:5432", firstInstant: true }]
  - name: another takes its place
    replace: [shop/late]
`),
    ).toEqual([
      [],
      [
        'shop/late → shop/db:5432 unreachable',
        'shop/late → shop/db:9090 unreachable',
        'shop/later → shop/db:5432 reachable',
      ],
      [],
    ]);
  });

  test('is about a pod that is replaced as well, and may have a wider rule beside it', async () => {
    expect(
      await earlyIn(`steps:
  - name: it comes
    create: [shop/late, shop/later]
  - name: another takes its place
    replace: [shop/web]
    reachable:
      - { from: "*", to: shop/db }
      - { from: shop/web, to: shop/*, except: { to: shop/db:9090 }, firstInstant: true }
`),
    ).toEqual([
      [],
      [],
      [
        'shop/web → shop/db:5432 reachable',
        'shop/web → shop/late:80 reachable',
        'shop/web → shop/later:80 reachable',
      ],
    ]);
  });

  test.each([
    [
      'on the top level',
      `reachable: [{ from: shop/web, to: shop/db, firstInstant: true }]
steps: [{ name: they come, create: [shop/late, shop/later] }]
`,
      `a.yaml:11:44: "firstInstant" is only for rules of steps
  11 | reachable: [{ from: shop/web, to: shop/db, firstInstant: true }]
     |                                            ^
  hint: Write the rule in the step that makes its sources with "create" or "replace".`,
    ],
    [
      'beside an action',
      `steps:
  - { name: they come, create: [shop/late, shop/later], firstInstant: true }
`,
      `a.yaml:12:57: "firstInstant" is only for rules of steps
  12 |   - { name: they come, create: [shop/late, shop/later], firstInstant: true }
     |                                                         ^
  hint: Write it beside "from" and "to" of a rule; nothing else can have it.`,
    ],
    [
      'with another value than true',
      `steps:
  - name: they come
    create: [shop/late, shop/later]
    reachable: [{ from: shop/late, to: shop/db, firstInstant: 3s }]
`,
      `a.yaml:14:63: expected true, found "3s"
  14 |     reachable: [{ from: shop/late, to: shop/db, firstInstant: 3s }]
     |                                                               ^
  hint: Write "firstInstant: true", or leave it out.`,
    ],
    [
      'about a pod that was there before',
      `steps:
  - name: they come
    create: [shop/late, shop/later]
    reachable: [{ from: shop/web, to: shop/db, firstInstant: true }]
`,
      `a.yaml:14:48: this step does not make shop/web, so there is no first instant to tell of
  14 |     reachable: [{ from: shop/web, to: shop/db, firstInstant: true }]
     |                                                ^
  hint: Make it in this step with "create" or "replace", or leave "firstInstant" out.`,
    ],
    [
      'that selects such pods as well',
      `steps:
  - name: they come
    create: [shop/late, shop/later]
    reachable: [{ from: "*", to: shop/db, firstInstant: true }]
`,
      `a.yaml:14:43: this step does not make shop/web, so there is no first instant to tell of
  14 |     reachable: [{ from: "*", to: shop/db, firstInstant: true }]
     |                                           ^
  hint: Of this rule, only shop/late and shop/later are made in this step: write another rule for the rest.`,
    ],
    [
      'to a pod that comes in the same step',
      `steps:
  - name: they come
    create: [shop/late, shop/later]
    reachable: [{ from: shop/late, to: shop/later, firstInstant: true }]
`,
      `a.yaml:14:52: shop/later is made in this step too: its address is not known when the first instant of another pod begins
  14 |     reachable: [{ from: shop/late, to: shop/later, firstInstant: true }]
     |                                                    ^
  hint: Make the destinations in a step before, or take them out with "except: { to: … }".`,
    ],
    [
      'to a pod that is not there',
      `steps:
  - name: it comes
    create: [shop/late]
    reachable: [{ from: shop/late, to: shop/*, firstInstant: true }]
  - { name: the other comes, create: [shop/later] }
`,
      `a.yaml:14:48: shop/later is not there in this step
  14 |     reachable: [{ from: shop/late, to: shop/*, firstInstant: true }]
     |                                                ^
  hint: Move the rule to a step that has both ends, or take them out with "except: { to: … }".`,
    ],
    [
      'in a step that changes labels',
      `steps:
  - name: they come
    label: { shop/web: { app: web } }
    create: [shop/late, shop/later]
    reachable: [{ from: shop/late, to: shop/db, firstInstant: true }]
`,
      `a.yaml:15:49: the first instant of a pod is told under policies and labels that stand
  15 |     reachable: [{ from: shop/late, to: shop/db, firstInstant: true }]
     |                                                 ^
  a.yaml:13:14: this step changes them here
  13 |     label: { shop/web: { app: web } }
     |              ^
  hint: Change them in a step before, which settles by itself; then make the pod.`,
    ],
  ])('is refused %s', async (_, lines, problem) => {
    expect(await failureOf(lines)).toBe(`${problem}\n\nscenario-invalid: 1 problem in a.yaml`);
  });
});

test('a pod may try 500 ports from its first instant', async () => {
  const ports = Array.from({ length: 501 }, (_, index) => 1_000 + index);
  const lines = `steps:
  - name: they come
    create: [shop/late, shop/later]
    reachable: [{ from: shop/late, to: shop/db, firstInstant: true }]
`;
  const text = (HEAD + lines).replace('[5432, 9090]', `[${ports.join(', ')}]`);
  await using project = await createProject({ 'a.yaml': text });
  expect(await project.failure()).toContain(
    'a.yaml:14:49: shop/late is to try 501 ports from its first instant, and may try 500\n',
  );
});

/** A Service with an address, a name and ports of nodes, one that is there already, and a host. */
const BEYOND_PODS = HEAD.replace(
  'otherwise: reachable',
  `  shop/db-too: { labels: { app: db }, ports: [5432] }
  shop/spare: { labels: { app: spare }, ports: [5432], created: later }
services:
  shop/db: { type: NodePort, selector: { app: db }, ports: [{ port: 80, targetPort: 5432 }] }
  shop/spare: { selector: { app: spare }, ports: [{ port: 5432 }] }
  default/kubernetes: existing
hosts: { bank: { address: 203.0.113.10, ports: [443] } }
otherwise: reachable`,
).replace('shop/db: { ports', 'shop/db: { labels: { app: db }, ports');

describe('a Service or a host', () => {
  const beyond = (lines: string, more = '') => `${BEYOND_PODS}steps:
  - name: it comes
    create: [shop/late]${more}
    reachable: [{ from: shop/late, firstInstant: true, ${lines} }]
  - { name: others come, create: [shop/later${more.includes('spare') ? '' : ', shop/spare'}] }
`;

  test('can be tried by its address and its name', async () => {
    await using project = await createProject({
      'a.yaml': beyond('to: ["service/shop/db:80", "host/bank:443"], via: [clusterIP, dns]'),
    });
    const [plan] = await project.load();
    const early = plan?.steps[1]?.checks.filter(({ firstInstant }) => firstInstant);
    expect(early?.map(({ to, path }) => `${to} ${path}`)).toEqual([
      'host/bank undefined',
      'service/shop/db clusterIP',
      'service/shop/db dns',
    ]);
  });

  test.each([
    [
      'that is there already',
      beyond('to: "service/default/kubernetes:443"'),
      "service/default/kubernetes is there already, and only podreach's own probes tell at each moment whether they listen",
      'Write a rule of its own for that, without "firstInstant".',
    ],
    [
      'by ports of nodes',
      beyond('to: "service/shop/db:80", via: nodePort'),
      'by ports of nodes a pod comes to service/shop/db in a way that depends on its own node, and that of a new pod is not known before',
      'Leave "nodePort" out of "via", or write a rule of its own for it, without "firstInstant".',
    ],
    [
      'of which a pod is replaced',
      beyond('to: "service/shop/db:80"', '\n    replace: [shop/db-too]'),
      'this step changes who stands behind service/shop/db: the first instant of a pod is told of Services that stand',
      'Make, replace or remove their pods in a step before, which settles by itself; or take them out with "except: { to: … }".',
    ],
    [
      'to which a pod comes',
      beyond('to: service/shop/spare', '\n    create: [shop/late, shop/spare]').replace(
        '    create: [shop/late]\n',
        '',
      ),
      'this step changes who stands behind service/shop/spare: the first instant of a pod is told of Services that stand',
      'Make, replace or remove their pods in a step before, which settles by itself; or take them out with "except: { to: … }".',
    ],
    [
      'with nobody behind it',
      beyond('to: service/shop/spare'),
      'nobody stands behind service/shop/spare in this step',
      'Move the rule to a step in which somebody does, or take them out with "except: { to: … }".',
    ],
  ])('cannot be tried %s', async (_, text, message, hint) => {
    await using project = await createProject({ 'a.yaml': text });
    const failure = await project.failure();
    expect(failure).toContain(`: ${message}\n`);
    expect(failure).toContain(`\n  hint: ${hint}\n`);
    expect(failure).toContain('scenario-invalid: 1 problem in a.yaml');
  });

  test('counts once for each pod behind it', async () => {
    const ports = Array.from(
      { length: 251 },
      (_, index) => `{ name: p${index}, port: ${80 + index}, targetPort: 5432 }`,
    );
    await using project = await createProject({
      'a.yaml': beyond('to: service/shop/db').replace('{ port: 80, targetPort: 5432 }', ports.join(', ')),
    });
    expect(await project.failure()).toContain(
      ': shop/late is to try 502 ports (of a Service, of each pod behind it) from its first instant, and may try 500\n',
    );
  });
});
