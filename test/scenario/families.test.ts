/** Families of addresses in the language: which checks follow from them, and what is a mistake. */
import { describe, expect, test } from 'vitest';
import { describeConnection } from '../../src/pair.ts';
import { ruleCheck } from '../../src/policy/through-service.ts';
import { chooseChecks } from '../../src/scenario/chosen-checks.ts';
import type { Plan } from '../../src/scenario/scenario.ts';
import { createProject } from './project.ts';

const HEAD = `apiVersion: podreach/v1
kind: Scenario
name: example
namespaces: { shop: {} }
pods:
  shop/web: { labels: { app: web }, ports: [80] }
  shop/api: { labels: { app: api } }
hosts:
  bank: { address: ["2001:DB8:0::10", 203.0.113.10], ports: [443] }
  old: { address: 203.0.113.11, ports: [443] }
  new: { address: "2001:db8::12", ports: [443] }
`;
const SERVICES = `services:
  shop/both: { selector: { app: web }, ports: [{ port: 80 }] }
  shop/one: { selector: { app: web }, ports: [{ port: 80 }], ipFamilies: [IPv4] }
`;

async function planOf(lines: string): Promise<Plan> {
  await using project = await createProject({ 'a.yaml': `${HEAD}${lines}` });
  const [plan] = await project.load();
  if (plan === undefined) throw new Error('there is no plan');
  return plan;
}

function checksIn({ steps }: Plan): readonly string[] {
  return steps.flatMap(({ checks }) =>
    checks.map((check) => `${check.expected} ${describeConnection(check)}`),
  );
}

async function failureOf(lines: string): Promise<string> {
  await using project = await createProject({ 'a.yaml': `${HEAD}${lines}` });
  return await project.failure();
}

const BOTH = 'families: [IPv6, IPv4]\n';

describe('each connection is tried in each family', () => {
  test('in whichever order they are listed', async () => {
    const plan = await planOf(`${BOTH}otherwise: unreachable\n`);
    expect(checksIn(plan)).toEqual([
      'unreachable shop/api → shop/web:80/TCP',
      'unreachable shop/api → shop/web:80/TCP over IPv6',
    ]);
    expect(plan.steps[0].checks.map(({ id, family }) => [id, family])).toEqual([
      [0, 'IPv4'],
      [1, 'IPv6'],
    ]);
  });

  test('without any, it is for the cluster to say which', async () => {
    const plan = await planOf('otherwise: unreachable\n');
    expect(plan.steps[0].checks.map(({ id, family }) => [id, family])).toEqual([[0, undefined]]);
  });

  test('that a rule speaks of: in the other, another may say otherwise', async () => {
    const plan = await planOf(`${BOTH}reachable: [{ from: shop/api, to: shop/web, families: [IPv4] }]
otherwise: unreachable
steps:
  - { name: later, reachable: [{ from: shop/api, to: shop/web, families: [IPv6] }] }
`);
    expect(checksIn(plan)).toEqual([
      'reachable shop/api → shop/web:80/TCP',
      'unreachable shop/api → shop/web:80/TCP over IPv6',
      'reachable shop/api → shop/web:80/TCP',
      'reachable shop/api → shop/web:80/TCP over IPv6',
    ]);
  });

  test('that both ends have: a host as far as it has an address, a Service as far as it says so', async () => {
    const plan = await planOf(`${BOTH}${SERVICES}reachable:
  - { from: shop/api, to: [host/bank, host/old, host/new, service/shop/both, service/shop/one] }
  - { from: host/new, to: shop/web }
`);
    expect(checksIn(plan)).toEqual([
      'reachable shop/api → host/bank:443/TCP',
      'reachable shop/api → host/bank:443/TCP over IPv6',
      'reachable shop/api → host/old:443/TCP',
      'reachable shop/api → host/new:443/TCP over IPv6',
      'reachable shop/api → service/shop/both:80/TCP',
      'reachable shop/api → service/shop/both:80/TCP over IPv6',
      'reachable shop/api → service/shop/one:80/TCP',
      'reachable host/new → shop/web:80/TCP over IPv6',
    ]);
    expect(plan.hosts?.map(({ place }) => place)).toMatchObject([
      { addresses: ['2001:db8::10', '203.0.113.10'] },
      { addresses: ['203.0.113.11'] },
      { addresses: ['2001:db8::12'] },
    ]);
    expect(plan.services?.map(({ ipFamilies, ipFamilyPolicy }) => [ipFamilies, ipFamilyPolicy])).toEqual([
      [undefined, 'PreferDualStack'],
      [['IPv4'], undefined],
    ]);
  });

  test('where none is asked for, a host with one address needs its family, at either end', async () => {
    const plan = await planOf(`reachable:
  - { from: shop/api, to: [host/bank, host/old, host/new] }
  - { from: host/new, to: shop/web }
`);
    expect(plan.steps[0].checks.map(({ family }) => family)).toEqual([undefined, 'IPv4', 'IPv6', 'IPv6']);
  });
});

describe('policies, before any address is known', () => {
  test('of one family let nobody in over the other', async () => {
    const { steps } = await planOf(`${BOTH}policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: door, namespace: shop }
    spec:
      podSelector: { matchLabels: { app: web } }
      ingress: [{ from: [{ ipBlock: { cidr: 0.0.0.0/0 } }] }]
otherwise: unreachable
reachable: [{ from: [host/bank], to: shop/web }]
`);
    const [{ checks, oracle }] = steps;
    expect(checks.map((check) => ruleCheck(oracle(check.family), check).answer.verdict)).toEqual([
      'undefined',
      'denied',
      'allowed',
      'denied',
    ]);
  });
});

test('some checks are chosen with their family or without it', async () => {
  const plan = await planOf(`${BOTH}otherwise: unreachable\n`);
  const chosen = (text: string) => chooseChecks([plan], [text]).flatMap(checksIn);
  expect(chosen('shop/api → shop/web:80/TCP')).toHaveLength(2);
  expect(chosen('shop/api → shop/web:80/TCP over IPv6')).toEqual([
    'unreachable shop/api → shop/web:80/TCP over IPv6',
  ]);
});

test('a known issue may be about one family', async () => {
  const plan = await planOf(`${BOTH}otherwise: unreachable
knownIssues:
  - { from: shop/api, to: shop/web, families: [IPv6], is: leaked, reason: r, owner: o, expires: 2999-01-01 }
`);
  expect(plan.steps[0].checks.map(({ knownIssues }) => knownIssues)).toEqual([undefined, [0]]);
});

test('mistakes are told with their places', async () => {
  const RULE = 'reachable: [{ from: shop/api, to: shop/web, families: [IPv6] }]\n';
  const failures = await Promise.all(
    [
      `families: [IPv4, IPv4]\notherwise: reachable\n`,
      `families: [IPv5]\notherwise: reachable\n`,
      `families: [IPv4]\n${RULE}`,
      RULE,
      `${BOTH}reachable: [{ from: shop/api, to: host/old, families: [IPv6] }]\n`,
      'families: [IPv4]\nreachable: [{ from: shop/api, to: host/new }]\n',
    ].map((lines) => failureOf(lines)),
  );
  expect(failures.join('\n\n---\n')).toMatchSnapshot();
});
