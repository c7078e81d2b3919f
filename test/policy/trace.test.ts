import { describe, expect, test } from 'vitest';
import type { ManifestPath, WrittenPolicy } from '../../src/policy/model.ts';
import { compile } from '../../src/policy/oracle.ts';
import { renderTrace } from '../../src/policy/render-trace.ts';
import type { Trace } from '../../src/policy/trace.ts';
import { flow, pod, policy } from './world.ts';

/** As if every policy stood in a file of its own, one step of a path per line. */
function inFile(file: string, written: WrittenPolicy): WrittenPolicy {
  const line = (path: ManifestPath): number =>
    path.reduce<number>((sum, step) => sum + (typeof step === 'number' ? step : 1), 1);
  return {
    ...written,
    location: { file, line: 1, column: 1 },
    locate: (path) => ({ file, line: line(path), column: 1 }),
  };
}

const oracle = compile({
  namespaces: [
    { name: 'shop', labels: { team: 'shop' } },
    { name: 'ops', labels: { team: 'ops' } },
  ],
  nodes: [
    { name: 'n1', address: '192.168.0.1' },
    { name: 'n2', address: '192.168.0.2' },
  ],
  pods: [
    pod('shop/web', { app: 'web' }, [80], { address: '10.64.0.1', node: 'n1' }),
    pod('shop/api', { app: 'api' }, [8080, '9090=metrics'], { address: '10.64.0.2', node: 'n1' }),
    pod('shop/db', { app: 'db', tier: '' }, [5432], { address: '10.64.1.3', node: 'n2' }),
    pod('ops/tool', {}, [22], { address: '10.64.1.5', node: 'n2' }),
    pod('ops/agent', { app: 'agent' }, [9100], { address: '192.168.0.1', node: 'n1', hostNetwork: true }),
    pod('ops/unborn', { app: 'unborn' }),
    pod('shop/later'),
    pod('myth/one'),
    pod('myth/two'),
  ],
  policies: [
    inFile('default-deny.yaml', policy('shop/default-deny', { policyTypes: ['Ingress'] })),
    inFile(
      'db.yaml',
      policy('shop/db', {
        podSelector: { matchLabels: { app: 'db' } },
        ingress: [
          { from: [{ podSelector: { matchLabels: { app: 'api' } } }], ports: [{ port: 5432 }] },
          {
            from: [
              {
                namespaceSelector: { matchLabels: { team: 'ops' } },
                podSelector: { matchExpressions: [{ key: 'app', operator: 'Exists' }] },
              },
              { ipBlock: { cidr: '10.64.1.0/24', except: ['10.64.1.128/25'] } },
              { ipBlock: { cidr: '203.0.113.0/24', except: ['203.0.113.8/29'] } },
            ],
            ports: [{ port: 'metrics' }, { port: 9000, endPort: 9100 }, { protocol: 'UDP' }, { port: 5432 }],
          },
        ],
      }),
    ),
    policy('shop/web-out', {
      podSelector: { matchExpressions: [{ key: 'app', operator: 'In', values: ['web', 'ui'] }] },
      policyTypes: ['Egress'],
      ingress: [{}],
      egress: [
        {
          to: [{ podSelector: { matchLabels: { app: 'api' } } }],
          ports: [{ port: 'metrics' }, { port: 8080 }],
        },
      ],
    }),
    policy('shop/api-metrics', {
      podSelector: { matchLabels: { app: 'api' } },
      ingress: [
        { ports: [{ port: 'metrics' }] },
        {
          from: [
            {
              podSelector: {
                matchExpressions: [
                  { key: 'app', operator: 'NotIn', values: ['db', 'web'] },
                  { key: 'tier', operator: 'DoesNotExist' },
                ],
              },
            },
          ],
        },
      ],
    }),
    policy('ops/tool-out', {
      podSelector: { matchExpressions: [{ key: 'app', operator: 'DoesNotExist' }] },
      policyTypes: ['Egress'],
      egress: [{ to: [{ ipBlock: { cidr: '10.96.0.0/16' } }] }],
    }),
    policy('myth/empty-egress', { egress: [] }),
    policy('myth/egress-rules', { policyTypes: [], egress: [{}] }),
  ],
});

describe('a trace as text', () => {
  test.for([
    ['denied-at-both-ends', 'shop/web > shop/db:5432'],
    ['allowed-by-a-rule', 'shop/api > shop/db:5432'],
    ['allowed-at-both-ends', 'shop/web > shop/api:9090'],
    ['nothing-isolates', 'ops/unborn > ops/tool:22'],
    ['requirements-that-are-not-met', 'shop/db > shop/api:8080'],
    ['from-an-outside-address', '203.0.113.9 > shop/db:5432'],
    ['to-an-outside-address', 'shop/web > [2001:db8::1]:443'],
    ['other-protocol', '203.0.113.1 > shop/db:5432/SCTP'],
    ['block-with-a-pod', 'ops/tool > shop/db:5432'],
    ['address-not-known', 'shop/later > shop/db:5432'],
    ['pod-of-another-namespace', 'ops/unborn > shop/api:8080'],
    ['host-network-pod', 'ops/agent > shop/db:5432'],
    ['host-network-pod-without-a-say', 'ops/agent > ops/unborn:1'],
    ['itself', 'shop/db > shop/db:5432'],
    ['itself-through-a-service', 'shop/api > svc(10.96.0.2):shop/api:8080'],
    ['through-a-service', 'ops/tool > svc(10.96.0.1):shop/api:9090'],
    ['from-its-node', 'node:n2 > shop/db:5432'],
    ['to-its-node', 'shop/web > node:n1:22'],
    ['types-by-default', 'myth/one > myth/two:80'],
    ['perhaps-from-its-node', 'node:n1 > shop/later:80'],
  ])('%s', async ([name = '', text = '']) => {
    await expect(`${renderTrace(oracle.explain(flow(text)))}\n`).toMatchFileSnapshot(`golden/${name}.txt`);
  });
});

test('a trace as data', () => {
  const small = compile({
    pods: [pod('shop/web', { app: 'web' }), pod('shop/db', { app: 'db' }, [5432])],
    policies: [
      inFile(
        'db.yaml',
        policy('shop/db', {
          podSelector: { matchLabels: { app: 'db' } },
          ingress: [
            { from: [{ podSelector: { matchLabels: { app: 'api' } } }], ports: [{ port: 'sql' }] },
            { ports: [{ port: 5432 }] },
          ],
        }),
      ),
      policy('shop/ignored', { policyTypes: ['Ingress'], egress: [{}] }),
    ],
  });
  const location = (line: number) => ({ file: 'db.yaml', line, column: 1 });
  const trace: Trace = {
    flow: {
      from: { kind: 'pod', pod: 'shop/web' },
      to: { kind: 'pod', pod: 'shop/db' },
      port: 5432,
      protocol: 'TCP',
    },
    from: 'shop/web',
    to: 'shop/db',
    answer: { verdict: 'allowed' },
    responsible: [{ direction: 'ingress', policy: 'shop/db', rule: 1, location: location(4) }],
    walks: [
      {
        match: 'yes',
        egress: {
          kind: 'not-isolated',
          end: 'shop/web',
          others: [{ policy: 'shop/ignored', ignoredRules: 1 }],
        },
        ingress: {
          kind: 'isolated',
          end: 'shop/db',
          match: 'yes',
          others: [],
          policies: [
            {
              policy: 'shop/db',
              location: location(1),
              defaultTypes: ['Ingress'],
              match: 'yes',
              rules: [
                {
                  index: 0,
                  location: location(3),
                  match: 'no',
                  peers: [
                    {
                      index: 0,
                      location: location(4),
                      meaning: 'pods with app=api in namespace shop',
                      match: 'no',
                      miss: {
                        kind: 'pod-labels',
                        unmet: { key: 'app', operator: 'Equals', values: ['api'], actual: 'web' },
                      },
                    },
                  ],
                  ports: [
                    {
                      index: 0,
                      location: location(4),
                      meaning: 'TCP port "sql"',
                      match: 'no',
                      miss: { kind: 'name-undeclared' },
                    },
                  ],
                },
                {
                  index: 1,
                  location: location(4),
                  match: 'yes',
                  peers: [],
                  ports: [{ index: 0, location: location(5), meaning: 'TCP 5432', match: 'yes' }],
                },
              ],
            },
            { policy: 'shop/ignored', match: 'no', rules: [] },
          ],
        },
      },
    ],
  };
  expect(small.explain(flow('shop/web > shop/db:5432'))).toEqual(trace);
});
