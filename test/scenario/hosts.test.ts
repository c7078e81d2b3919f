/** Hosts outside the cluster in the language: what may be written, what rules mean by them, and what is a mistake. */
import { describe, expect, test } from 'vitest';
import { describeConnection } from '../../src/pair.ts';
import { createProject } from './project.ts';

const HEAD = `apiVersion: podreach/v1
kind: Scenario
name: example
namespaces: { shop: {} }
pods:
  shop/web: { labels: { app: web }, ports: [80] }
  shop/api: { labels: { app: api }, ports: [8080] }
`;
const HOSTS = `hosts:
  bank: { address: 203.0.113.10, ports: [443, { name: dns, port: 53, protocol: UDP }] }
  registry: { name: registry.example.com, ports: [443] }
  office: { name: office.example.com, address: 203.0.113.200 }
`;

async function checksOf(lines: string, hosts = HOSTS): Promise<readonly string[]> {
  await using project = await createProject({ 'a.yaml': `${HEAD}${hosts}${lines}` });
  const [plan] = await project.load();
  return (plan?.steps ?? []).flatMap(({ checks }) =>
    checks.map((check) => `${check.expected} ${describeConnection(check)}`),
  );
}

async function failureOf(lines: string, hosts = HOSTS): Promise<string> {
  await using project = await createProject({ 'a.yaml': `${HEAD}${hosts}${lines}` });
  return await project.failure();
}

describe('rules', () => {
  test('name hosts at both ends, with and without ports', async () => {
    expect(
      await checksOf(`reachable:
  - { from: shop/web, to: host/bank }
  - { from: shop/api, to: "host/bank:dns" }
  - { from: [host/office, shop/web], to: "shop/api:8080", except: [{ from: shop/web }] }
unreachable: [{ from: "*", to: "host/registry:443" }]
`),
    ).toEqual([
      'reachable shop/web → host/bank:443/TCP',
      'reachable shop/web → host/bank:53/UDP',
      'unreachable shop/web → host/registry:443/TCP',
      'reachable shop/api → host/bank:53/UDP',
      'unreachable shop/api → host/registry:443/TCP',
      'reachable host/office → shop/api:8080/TCP',
    ]);
  });

  test('mean pods alone by "*", by labels and by "otherwise"', async () => {
    expect(
      await checksOf(`reachable:
  - { from: "*", to: { podSelector: {} }, except: [shop/web] }
  - { from: host/office, to: shop/web }
otherwise: unreachable
`),
    ).toEqual([
      'unreachable shop/web → shop/api:8080/TCP',
      'reachable shop/api → shop/web:80/TCP',
      'reachable host/office → shop/web:80/TCP',
    ]);
  });

  test('of a later step say something else of a host, and an "otherwise" leaves it as it was', async () => {
    expect(
      await checksOf(`reachable: [{ from: "*", to: "host/bank:443" }]
steps:
  - name: closed
    otherwise: unreachable
    unreachable: [{ from: shop/web, to: "host/bank:443" }]
`),
    ).toEqual([
      'reachable shop/web → host/bank:443/TCP',
      'reachable shop/api → host/bank:443/TCP',
      'unreachable shop/web → shop/api:8080/TCP',
      'unreachable shop/web → host/bank:443/TCP',
      'unreachable shop/api → shop/web:80/TCP',
      'reachable shop/api → host/bank:443/TCP',
    ]);
  });
});

test('a topology may declare them for several scenarios', async () => {
  await using project = await createProject({
    'a.yaml': `${HEAD.replace('name: example', 'name: example\ninclude: [hosts.yaml]')}reachable: [{ from: shop/web, to: host/bank }]\n`,
    'hosts.yaml': `apiVersion: podreach/v1\nkind: Topology\n${HOSTS}`,
  });
  const [plan] = await project.load();
  expect(plan?.hosts?.map(({ name, place }) => [name, place])).toEqual([
    ['bank', { kind: 'address', addresses: ['203.0.113.10'] }],
    ['registry', { kind: 'name', name: 'registry.example.com' }],
    ['office', { kind: 'name', name: 'office.example.com', addresses: ['203.0.113.200'] }],
  ]);
  expect(plan?.steps[0].checks).toHaveLength(2);
});

describe('it is a mistake', () => {
  const RULE = 'reachable: [{ from: shop/web, to: host/bank }]\n';

  test.each([
    ['to name a host that is not declared', 'reachable: [{ from: shop/web, to: host/bnak }]\n', HOSTS],
    ['to name one where there are none', RULE, ''],
    ['to connect to one without ports', 'reachable: [{ from: shop/web, to: host/office }]\n', HOSTS],
    ['to connect to another port', 'reachable: [{ from: shop/web, to: "host/bank:444" }]\n', HOSTS],
    ['to pair hosts with each other', 'reachable: [{ from: host/office, to: host/bank }]\n', HOSTS],
    [
      'to let one connect to a Service',
      'reachable: [{ from: [shop/web, host/office], to: service/shop/api }]\n',
      `${HOSTS}services: { shop/api: { selector: { app: api }, ports: [{ port: 80, targetPort: 8080 }] } }\n`,
    ],
    [
      'to give one no place',
      RULE,
      'hosts:\n  bank: { address: 203.0.113.10, name: bank.example.com, ports: [443] }\n  other: { ports: [1] }\n',
    ],
    [
      'to give two one address',
      RULE,
      'hosts:\n  bank: { address: 203.0.113.10, ports: [443] }\n  other: { address: 203.0.113.10 }\n',
    ],
    [
      'to give one an address of the machine itself',
      RULE,
      'hosts: { bank: { address: 127.0.0.1, ports: [443] } }\n',
    ],
    [
      'to write another address or name, or the prefix',
      RULE,
      'hosts:\n  bank: { address: "2001:db8::1::2", ports: [443] }\n  vault: { name: 203.0.113.7 }\n  host/x: { address: 203.0.113.8 }\n',
    ],
    ['to declare a port twice', RULE, 'hosts: { bank: { address: 203.0.113.10, ports: [443, 443/TCP] } }\n'],
  ])('%s', async (_, lines, hosts) => {
    expect(await failureOf(lines, hosts)).toMatchSnapshot();
  });
});
