/** `held`: what is to become of connections that are open when a step cuts their pairs off. */
import { describe, expect, test } from 'vitest';
import { describePlan } from '../../src/cli/describe-plan.ts';
import { describeConnection } from '../../src/pair.ts';
import { createProject } from './project.ts';

const HEAD = `apiVersion: podreach/v1
kind: Scenario
name: held
namespaces:
  shop: {}
  ops: {}
pods:
  shop/web: {}
  shop/api: { ports: [8080] }
  shop/db: { ports: [5432, 53/UDP] }
  shop/late: { ports: [80], created: later }
  ops/prometheus: {}
`;

const deny = (name: string) =>
  `{ apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: { name: ${name}, namespace: shop }, spec: { podSelector: {} } }`;

async function planOf(lines: string) {
  await using project = await createProject({ 'a.yaml': HEAD + lines.trimStart() });
  const [plan] = await project.load();
  if (plan === undefined) throw new Error('there is no plan');
  return plan;
}

async function problemsOf(lines: string): Promise<string> {
  await using project = await createProject({ 'a.yaml': HEAD + lines.trimStart() });
  return await project.failure();
}

/** Everything is open, and then a step closes it. */
const CLOSED = (rule: string, more = '') => `
policies: [${deny('first')}]
reachable: [{ from: shop/api, to: shop/db }]
steps:
  - name: opened
    delete: [networkpolicy/shop/first]
    otherwise: reachable
  - name: closed
    apply: [${deny('second')}]
    create: [shop/late]
${more === '' ? '' : `    ${more}\n`}    unreachable: [${rule}]
`;

test('is asked in the step whose rule says so, and not again where the pair only stays cut off', async () => {
  const { steps } = await planOf(`
policies: [${deny('first')}]
unreachable: [{ from: ops/prometheus, to: shop/api, held: either }]
steps:
  - name: opened
    delete: [networkpolicy/shop/first]
    create: [shop/late]
    reachable: [{ from: ops/prometheus, to: shop/api }, { from: shop/web, to: "shop/db:5432" }]
  - name: closed
    apply: [${deny('second')}]
    unreachable: [{ from: ops/prometheus, to: shop/api, held: cut }, { from: shop/web, to: "shop/db:5432", held: kept }]
  - name: still closed
    apply: [${deny('third')}]
`);
  expect(
    steps.map(({ checks }) => checks.map(({ from, expected, held }) => `${from} ${expected} ${held}`)),
  ).toEqual([
    ['ops/prometheus unreachable either'],
    ['shop/web reachable undefined', 'ops/prometheus reachable undefined'],
    ['shop/web unreachable kept', 'ops/prometheus unreachable cut'],
    ['shop/web unreachable undefined', 'ops/prometheus unreachable undefined'],
  ]);
});

test('is in the plan', async () => {
  const plan = describePlan(
    await planOf(
      CLOSED('{ from: shop/web, to: "shop/db:5432", held: cut }, { from: shop/web, to: shop/api }'),
    ),
  );
  expect(plan).toMatch(
    /unreachable +shop\/web +→ shop\/db:5432\/TCP +a\.yaml:\d+ +an open connection must be cut, was reachable\n/,
  );
  expect(plan).toMatch(/unreachable +shop\/web +→ shop\/api:8080\/TCP +a\.yaml:\d+ +was reachable\n/);
});

describe('no connection can be held', () => {
  test.each([
    [
      'over UDP',
      '{ from: shop/web, to: shop/db, held: cut }',
      '',
      'shop/web → shop/db:53/UDP',
      'UDP has none',
      'Name TCP ports only',
    ],
    [
      'to a pod that only comes',
      '{ from: shop/web, to: shop/late, held: cut }',
      '',
      'shop/web → shop/late:80/TCP',
      'shop/late was not there before',
      'A connection ends with its pods: let them be until a later step',
    ],
    [
      'to a pod that is replaced',
      '{ from: "*", to: shop/api, except: shop/late, held: kept }',
      'replace: [shop/api]',
      'shop/web → shop/api:8080/TCP',
      'this step replaces shop/api (and 2 more of this rule)',
      'A connection ends with its pods: let them be until a later step',
    ],
    [
      'from a pod that goes with its namespace',
      '{ from: [ops/*, shop/web], to: shop/api, held: kept }',
      'remove: [namespace/ops]',
      'ops/prometheus → shop/api:8080/TCP',
      'this step removes ops/prometheus',
      'A connection ends with its pods: let them be until a later step',
    ],
  ])('%s', async (_, rule, more, pair, why, hint) => {
    const text = await problemsOf(CLOSED(rule, more));
    expect(text).toContain(`: no connection of ${pair} can be held: ${why}\n`);
    expect(text).toContain(
      `  hint: ${hint}, or take it out with "except" and write a rule of its own without "held".\n`,
    );
    expect(text).toContain('scenario-invalid: 1 problem in a.yaml');
  });

  test('where the pair was cut off before, or nothing was expected of it', async () => {
    const text = await problemsOf(`
policies: [${deny('first')}]
unreachable: [{ from: shop/web, to: shop/api }]
steps:
  - name: closed
    apply: [${deny('second')}]
    create: [shop/late]
    unreachable: [{ from: [shop/web, ops/prometheus], to: shop/api, held: either }]
`);
    expect(
      text,
    ).toBe(`a.yaml:19:19: no connection of shop/web → shop/api:8080/TCP can be held: it was not to be reachable in the step before (and 1 more of this rule)
  19 |     unreachable: [{ from: [shop/web, ops/prometheus], to: shop/api, held: either }]
     |                   ^
  hint: Say in an earlier step that it is reachable, or take it out with "except" and write a rule of its own without "held".

scenario-invalid: 1 problem in a.yaml`);
  });
});

test.each([
  ['held: kept', 'held: cut', 'both with "held: kept" and with "held: cut"', 'with "held: kept"'],
  ['held: kept', '', 'both with "held: kept" and without "held"', 'with "held: kept"'],
  ['', 'held: cut', 'both without "held" and with "held: cut"', 'without "held"'],
])('two rules must want the same of a pair: %s, %s', async (first, second, conflict, said) => {
  const rule = (held: string) => `{ from: shop/web, to: shop/api${held === '' ? '' : `, ${held}`} }`;
  const text = await problemsOf(CLOSED(`${rule(first)}, ${rule(second)}`));
  expect(text).toContain(`shop/web to shop/api:8080/TCP is declared unreachable ${conflict}\n`);
  expect(text).toContain(`: declared ${said} here\n`);
});

test('what is to be kept can be known to be broken', async () => {
  const known = (held: string) => `${CLOSED(`{ from: shop/web, to: shop/api${held} }`)}
knownIssues:
  - { from: shop/web, to: shop/api, step: closed, is: broken, reason: it forgets, owner: me, expires: 2999-01-01 }
`;
  expect(
    (await planOf(known(', held: kept'))).steps[2]?.checks.flatMap(({ knownIssues }) => knownIssues ?? []),
  ).toEqual([0]);
  expect(await problemsOf(known(', held: cut'))).toContain(
    'no check of this known issue can be broken: it is expected to be unreachable',
  );
});

/** Two pods behind a Service with an address, a name and ports of nodes, and behind one with its name alone; and a host. */
const BEYOND_PODS = `apiVersion: podreach/v1
kind: Scenario
name: held
namespaces: { shop: {} }
pods:
  shop/web: {}
  shop/api: { labels: { tier: api }, ports: [8080] }
  shop/api-too: { labels: { tier: api }, ports: [8080] }
  shop/late: { labels: { tier: api }, ports: [8080], created: later }
services:
  shop/api: { type: NodePort, selector: { tier: api }, ports: [{ port: 80, targetPort: 8080 }] }
  shop/direct: { clusterIP: None, selector: { tier: api }, ports: [{ port: 8080 }] }
  shop/later: { selector: { name: late }, ports: [{ port: 8080 }] }
  default/kubernetes: existing
hosts: { bank: { address: 203.0.113.10, ports: [443] } }
`;
const EVERY_PAIR = (held: string) => `
      - { from: shop/web, to: "service/shop/api:80", via: [clusterIP, dns, nodePort]${held} }
      - { from: shop/web, to: ["service/shop/direct:8080"], via: dns${held} }
      - { from: shop/web, to: "host/bank:443"${held} }
      - { from: host/bank, to: "service/shop/api:80", via: nodePort${held} }
      - { from: host/bank, to: shop/api${held} }
`;
const BEYOND_STEPS = (lines: string) => `${BEYOND_PODS}policies: [${deny('first')}]
unreachable: [{ from: shop/web, to: shop/api }]
steps:
  - name: opened
    delete: [networkpolicy/shop/first]
    reachable:
      - { from: shop/web, to: "service/default/kubernetes:443" }${EVERY_PAIR('')}
  - name: closed
    apply: [${deny('second')}]
    create: [shop/late]
${lines}`;

describe('a connection to a Service of the scenario, and one with a host at an end', () => {
  test('can be held by every way, also from the start, and where another pod only comes', async () => {
    const heldIn = async (text: string) => {
      await using project = await createProject({ 'a.yaml': text });
      const [plan] = await project.load();
      return plan?.steps
        .at(-1)
        ?.checks.filter(({ held }) => held !== undefined)
        .map((check) => describeConnection({ ...check, family: 'IPv4' }));
    };
    const pairs = [
      'shop/web → host/bank:443/TCP',
      'shop/web → service/shop/api:80/TCP',
      'shop/web → service/shop/api:80/TCP via dns',
      'shop/web → service/shop/api:80/TCP via nodePort',
      'shop/web → service/shop/direct:8080/TCP via dns',
      'host/bank → shop/api:8080/TCP',
      'host/bank → service/shop/api:80/TCP via nodePort',
    ];
    expect(await heldIn(BEYOND_STEPS(`    unreachable:${EVERY_PAIR(', held: cut')}`))).toEqual(pairs);
    const started = BEYOND_PODS.replace(', created: later', '').replace('name: late', 'tier: api');
    expect(await heldIn(`${started}unreachable:${EVERY_PAIR(', held: kept')}`)).toEqual(pairs);
  });

  test.each([
    [
      'a pod behind it is replaced',
      '    replace: [shop/api-too]\n    unreachable: [{ from: shop/web, to: "service/shop/api:80", held: cut }]\n',
      'shop/web → service/shop/api:80/TCP can be held: this step replaces shop/api-too',
      'A connection ends with its pods: let them be until a later step',
    ],
    [
      'a pod behind it goes',
      '    remove: [shop/api]\n    unreachable: [{ from: shop/web, to: service/shop/direct, via: dns, held: cut }]\n',
      'shop/web → service/shop/direct:8080/TCP can be held: this step removes shop/api',
      'A connection ends with its pods: let them be until a later step',
    ],
    [
      'a label takes a pod from it',
      '    label: { shop/api-too: { tier: old } }\n    unreachable: [{ from: host/bank, to: "service/shop/api:80", via: nodePort, held: kept }]\n',
      'host/bank → service/shop/api:80/TCP can be held: this step takes shop/api-too from service/shop/api',
      'A connection stays with the pod that it is open to: let that be until a later step',
    ],
    [
      'it is there already',
      '    unreachable: [{ from: shop/web, to: "service/default/kubernetes:443", held: either }]\n',
      "shop/web → service/default/kubernetes:443/TCP can be held: service/default/kubernetes is there already, and only podreach's own probes send heartbeats back",
      'Name pods, hosts and Services of the scenario only',
    ],
    [
      'its source was not there before',
      '    unreachable: [{ from: shop/late, to: "host/bank:443", held: either }]\n',
      'shop/late → host/bank:443/TCP can be held: shop/late was not there before',
      'A connection ends with its pods: let them be until a later step',
    ],
    [
      'nobody was behind it before',
      '    label: { shop/api-too: { name: late } }\n    unreachable: [{ from: shop/web, to: service/shop/later, held: either }]\n',
      'shop/web → service/shop/later:8080/TCP can be held: nobody stood behind service/shop/later before',
      'Let a pod stand there in an earlier step',
    ],
  ])('cannot where %s', async (_, lines, message, hint) => {
    await using project = await createProject({ 'a.yaml': BEYOND_STEPS(lines) });
    const text = await project.failure();
    expect(text).toContain(`: no connection of ${message}\n`);
    expect(text).toContain(
      `  hint: ${hint}, or take it out with "except" and write a rule of its own without "held".\n`,
    );
    expect(text).toContain('scenario-invalid: 1 problem in a.yaml');
  });
});
