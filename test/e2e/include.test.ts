/** Two scenarios that share a topology, through the built command line. */
import { expect, test } from 'vitest';
import { createProject } from '../scenario/project.ts';
import { runCli } from '../support/cli.ts';

const TOPOLOGY = `apiVersion: podreach/v1
kind: Topology
namespaces: { shop: , ops: { labels: { team: ops } } }
pods:
  shop/db: { labels: { app: db }, ports: [5432] }
  ops/prometheus:
manifests: [deploy]
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: db, namespace: shop }
    spec:
      podSelector: { matchLabels: { app: db } }
      ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }] }]
`;
const WEB = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec:
  template:
    metadata: { labels: { app: web } }
    spec: { containers: [{ name: web }] }
`;

function scenario(name: string, rules: string): string {
  return `apiVersion: podreach/v1\nkind: Scenario\nname: ${name}\ninclude: [../shared/topology.yaml]\n${rules}`;
}

const FILES = {
  'checks/shop.yaml': scenario('shop', 'reachable: [{ from: shop/web, to: shop/db }]\n'),
  'checks/monitoring.yaml': scenario(
    'monitoring',
    'pods: { shop/job: }\nunreachable: [{ from: [ops/prometheus, shop/job], to: shop/db }]\n',
  ),
  'shared/topology.yaml': TOPOLOGY,
  'shared/deploy/web.yaml': WEB,
};

test('both are planned, and say what is from where', async () => {
  await using project = await createProject(FILES);
  const plan = (...args: readonly string[]) => runCli(['plan', ...args], { cwd: project.folder });
  const { stdout, exitCode } = await plan('checks');
  expect(stdout).toBe(`monitoring  (checks/monitoring.yaml:1)
  included (1)
    shared/topology.yaml  2 namespaces  2 pods
  namespaces (2)
    shop
    ops   team=ops
  pods (4)
    shop/web        no ports  app=web  Deployment shared/deploy/web.yaml:1
    shop/db         5432/TCP  app=db   shared/topology.yaml:5
    ops/prometheus  no ports           shared/topology.yaml:6
    shop/job        no ports           in the scenario
  policies (1)
    shop/db  shared/topology.yaml:9
  checks (2)
    unreachable  ops/prometheus  → shop/db:5432/TCP  checks/monitoring.yaml:6
    unreachable  shop/job        → shop/db:5432/TCP  checks/monitoring.yaml:6

shop  (checks/shop.yaml:1)
  included (1)
    shared/topology.yaml  2 namespaces  2 pods
  namespaces (2)
    shop
    ops   team=ops
  pods (3)
    shop/web        no ports  app=web  Deployment shared/deploy/web.yaml:1
    shop/db         5432/TCP  app=db   shared/topology.yaml:5
    ops/prometheus  no ports           shared/topology.yaml:6
  policies (1)
    shop/db  shared/topology.yaml:9
  checks (1)
    reachable  shop/web  → shop/db:5432/TCP  checks/shop.yaml:5
`);
  expect(exitCode).toBe(0);
  const [, shop] = JSON.parse((await plan('checks', '--json')).stdout);
  expect(shop.included).toEqual([
    {
      location: { file: 'shared/topology.yaml', line: 1, column: 1 },
      namespaces: [
        { name: 'shop', location: { file: 'shared/topology.yaml', line: 3, column: 15 } },
        { name: 'ops', location: { file: 'shared/topology.yaml', line: 3, column: 23 } },
      ],
      pods: [
        { pod: 'shop/db', location: { file: 'shared/topology.yaml', line: 5, column: 3 } },
        { pod: 'ops/prometheus', location: { file: 'shared/topology.yaml', line: 6, column: 3 } },
      ],
    },
  ]);
});

test('both are validated, and a mistake in the topology is said once', async () => {
  await using sound = await createProject(FILES);
  const { exitCode } = await runCli(['validate', 'checks', 'shared'], { cwd: sound.folder });
  // The folder of the topology has no scenario.
  expect(exitCode).toBe(2);
  expect((await runCli(['validate', '.'], { cwd: sound.folder })).exitCode).toBe(0);

  await using project = await createProject({
    ...FILES,
    'shared/topology.yaml': TOPOLOGY.replace('ports', 'prots'),
  });
  const { stderr, exitCode: wrong } = await runCli(['validate', 'checks'], { cwd: project.folder });
  expect(stderr).toBe(`shared/topology.yaml:5:35: unknown key "prots"
  5 |   shop/db: { labels: { app: db }, prots: [5432] }
    |                                   ^
  hint: Did you mean "ports"?

error: 1 problem in shared/topology.yaml
`);
  expect(wrong).toBe(2);
});

test('schema prints that of a topology', async () => {
  const { stdout } = await runCli(['schema', 'topology']);
  expect(JSON.parse(stdout)).toMatchObject({
    title: 'podreach topology',
    required: ['apiVersion', 'kind'],
  });
});
