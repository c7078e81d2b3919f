/** Which nodes are to show, after which steps, that they know who stands behind Services. */
import { expect, test } from 'vitest';
import type { RunningPod } from '../../src/run/provision.ts';
import { outdatedAt } from '../../src/run/service-markers.ts';
import { startScenario } from '../../src/run/start-record.ts';
import { createProject } from '../scenario/project.ts';

const SCENARIO = `apiVersion: podreach/v1
kind: Scenario
name: shop
namespaces: { shop: {} }
pods:
  shop/web: {}
  shop/job: {}
  shop/api: { labels: { app: api }, ports: [80] }
  shop/db: { labels: { app: db }, ports: [80] }
services:
  shop/api: { type: NodePort, selector: { app: api }, ports: [{ port: 80 }] }
  shop/db: { selector: { app: db }, ports: [{ port: 80 }] }
  shop/data: { clusterIP: None, selector: { app: db }, ports: [{ port: 80 }] }
reachable:
  - { from: shop/web, to: [service/shop/api, service/shop/db] }
  - { from: shop/job, to: service/shop/db }
  - { from: shop/web, to: service/shop/data, via: dns }
steps:
  - name: nobody else
    label: { shop/web: { is: friend } }
  - name: another db
    replace: [shop/db]
  - name: only what is expected
    unreachable: [{ from: shop/job, to: service/shop/db }]
  - name: db becomes api
    label: { shop/db: { app: api } }
    unreachable: [{ from: shop/web, to: service/shop/api, via: nodePort }]
`;

const podOn = (node: string, name: string, ip: string): readonly [string, RunningPod] => [
  `shop/${name}`,
  { namespace: 'shop', name, node, ip },
];
const ENDS = {
  pods: new Map([
    podOn('node-1', 'web', '10.244.1.2'),
    podOn('node-2', 'job', '10.244.2.2'),
    podOn('node-2', 'api', '10.244.2.3'),
    podOn('node-3', 'db', '10.244.3.2'),
  ]),
  services: new Map([
    ['service/shop/api', ['10.96.0.1']],
    ['service/shop/db', ['10.96.0.2']],
  ]),
  nodePorts: new Map([['service/shop/api:80/TCP', 30080]]),
  nodes: new Map([
    ['node-1', ['172.18.0.1']],
    ['node-3', ['172.18.0.3']],
  ]),
};

test('those that lead checks to Services behind which others stand than they were seen to know', async () => {
  await using project = await createProject({ 'x.yaml': SCENARIO });
  const [plan] = await project.load(['x.yaml']);
  if (plan === undefined) throw new Error('there is no scenario');
  const scenario = startScenario(plan);
  // What a run notes of its cluster.
  for (const { checks } of scenario.steps) for (const check of checks) check.family = 'IPv4';
  const outdated = (step: number) => outdatedAt(step, plan, scenario, ENDS);
  const [api, db] = ['service/shop/api', 'service/shop/db'];
  expect([0, 1].map(outdated)).toEqual([[], []]);
  // That of a headless one nobody leads anywhere.
  const behindDb = [
    { node: 'node-1', services: [db] },
    { node: 'node-2', services: [db] },
  ];
  expect(outdated(2)).toEqual(behindDb);
  if (scenario.steps[2] === undefined) throw new Error('there is no third step');
  scenario.steps[2].leading = [
    { node: 'node-1', services: [db], turnedMs: 40 },
    { node: 'node-2', services: [db] },
  ];
  expect(outdated(3)).toEqual([{ node: 'node-2', services: [db] }]);
  // By ports of nodes it is each that leads there. The other Service has no pods left, and no checks.
  expect(outdated(4)).toEqual([
    { node: 'node-1', services: [api] },
    { node: 'node-3', services: [api] },
  ]);
});
