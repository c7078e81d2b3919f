/** The ways that checks take, as witnesses can take them, too. */
import { expect, test } from 'vitest';
import type { CheckDraft } from '../../src/record/draft.ts';
import { OUTSIDE, type RunningPod } from '../../src/run/provision.ts';
import { waysOf } from '../../src/run/ways.ts';

const pod = (name: string, ip: string, node: string): readonly [string, RunningPod] => [
  `shop/${name}`,
  { namespace: 'shop', name, ip, node },
];
const office: RunningPod = {
  namespace: 'x',
  name: 'office',
  ip: '203.0.113.7',
  node: OUTSIDE,
  host: 'host/office',
};
const ends = {
  pods: new Map([
    ['host/office', office],
    pod('web', '10.244.3.2', 'node-3'),
    pod('api-1', '10.244.1.2', 'node-1'),
    pod('api-2', '10.244.2.2', 'node-2'),
  ]),
  nodes: new Map([
    ['node-1', ['172.18.0.2', 'fd00::2']],
    ['node-2', ['172.18.0.3']],
  ]),
  nodePorts: new Map([['service/shop/api:80/TCP', 30080]]),
};
const check: CheckDraft = {
  id: 0,
  from: 'host/office',
  to: 'service/shop/api',
  port: 80,
  protocol: 'TCP',
  path: 'nodePort',
  backends: [
    { pod: 'shop/api-1', port: 8080 },
    { pod: 'shop/api-2', port: 8080 },
  ],
  family: 'IPv4',
  expected: 'unreachable',
  declared: { file: 'x.yaml', line: 1, column: 1 },
};

const keysOf = (more: Partial<CheckDraft>): readonly string[] =>
  waysOf([{ ...check, ...more }], ends).map(({ kind, key }) => `${kind}: ${key}`);

test('of one by ports of nodes lead to each node, and from there to the pods that must answer', () => {
  expect(keysOf({})).toEqual([
    'from-host: host/office node-1 TCP IPv4',
    'nodes: node-1 node-1 TCP IPv4',
    'nodes: node-1 node-2 TCP IPv4',
    'from-host: host/office node-2 TCP IPv4',
    'nodes: node-2 node-2 TCP IPv4',
  ]);
  expect(keysOf({ from: 'shop/web', externalTrafficPolicy: 'Local' })).toEqual([
    'nodes: node-1 node-3 TCP IPv4',
    'nodes: node-1 node-1 TCP IPv4',
    'nodes: node-2 node-3 TCP IPv4',
    'nodes: node-2 node-2 TCP IPv4',
  ]);
});

test('of one to a pod leads to its node alone', () => {
  const { backends: _, ...toPod } = check;
  const direct: CheckDraft = { ...toPod, to: 'shop/api-1', path: 'podIP' };
  expect(waysOf([direct], ends).map(({ key }) => key)).toEqual(['host/office node-1 TCP IPv4']);
});
