/** A folder of manifests as it is: shown, checked, and run on the sandbox. */
import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderWith, ROOT, runCli } from '../support/cli.ts';

const TREES = join(ROOT, 'test/scenario/manifests/trees');
const TREE = join(TREES, 'mixed');

async function copyOfTree() {
  const folder = folderWith({});
  await cp(TREE, folder.path, { recursive: true });
  return folder;
}

test('plan shows what was found where', async () => {
  expect((await runCli(['plan', 'checks.yaml'], { cwd: TREE })).stdout).toBe(`mixed  (checks.yaml:1)
  namespaces (2)
    shop  team=shop
    data
  pods (3)
    shop/web     http:8080/TCP  app=web,tier=front  Deployment manifests/apps.yaml:8
    shop/report  no ports       app=report          CronJob manifests/apps.yaml:19
    data/db      sql:5432/TCP   app=db              StatefulSet manifests/data/database.json:5
  policies (2)
    data/db      manifests/data/policies.yaml:1
    shop/closed  manifests/data/policies.yaml:12
  services (1)
    data/db  5432/TCP → sql  app=db  manifests/data/database.json:20
  left out (1)
    shop/node-exporter  DaemonSet  manifests/nodes.yaml:1  absent in the scenario
  skipped (2)
    1  ConfigMap (v1)                       manifests/apps.yaml
    1  Role (rbac.authorization.k8s.io/v1)  manifests/apps.yaml
  checks (4)
    reachable    shop/web     → data/db:5432/TCP (sql)    checks.yaml:9
    unreachable  shop/report  → shop/web:8080/TCP (http)  checks.yaml:10
    unreachable  shop/report  → data/db:5432/TCP (sql)    checks.yaml:10
    unreachable  data/db      → shop/web:8080/TCP (http)  checks.yaml:10
`);
});

test('plan --json has all of it', async () => {
  const { stdout } = await runCli(['plan', '--json', 'checks.yaml'], { cwd: TREE });
  const [{ manifests }] = JSON.parse(stdout);
  expect(manifests).toMatchObject({
    objects: 11,
    namespaces: [{ name: 'shop' }, { name: 'data' }],
    workloads: [
      { kind: 'Deployment', pod: 'shop/web', location: { file: 'manifests/apps.yaml', line: 8 } },
      { kind: 'CronJob', pod: 'shop/report' },
      { kind: 'StatefulSet', pod: 'data/db' },
    ],
    leftOut: [{ kind: 'DaemonSet', name: 'node-exporter' }],
    services: [{ name: 'db', selector: { app: 'db' }, ports: [{ port: 5432, targetPort: 'sql' }] }],
    skipped: [
      { apiVersion: 'v1', kind: 'ConfigMap', count: 1, files: ['manifests/apps.yaml'] },
      { kind: 'Role', count: 1 },
    ],
  });
});

test.concurrent.each([
  ['a folder of workloads, Services and policies', 'mixed', '4 passed'],
  ['an operator, with policies for kubectl -n', 'operator', '6 passed'],
])('%s runs on the sandbox as it is', async (_, tree, passed) => {
  const { exitCode, stdout, stderr } = await runCli(['run', 'checks.yaml', '--nodes', '1'], {
    cwd: join(TREES, tree),
  });
  expect(stderr).not.toContain('warning');
  expect(stdout).toContain(passed);
  expect(exitCode).toBe(0);
});

test('a label that is misspelt in the template of a Deployment is found', async () => {
  using folder = await copyOfTree();
  const file = join(folder.path, 'manifests/apps.yaml');
  await writeFile(file, (await readFile(file, 'utf8')).replace('tier: front }', 'tier: frnot }'));
  const validated = await runCli(['validate', 'checks.yaml'], { cwd: folder.path });
  expect(validated.stdout).toContain(
    'checks.yaml:9:5: warning: shop/web → data/db:5432/TCP is to be reachable, but the policies deny it',
  );
  const { exitCode, stdout } = await runCli(['run', 'checks.yaml', '--nodes', '1'], { cwd: folder.path });
  expect(exitCode).toBe(1);
  expect(stdout).toContain('1 broken');
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
    'workloads shop/web is a Deployment (manifests/apps.yaml:8), data/db is a StatefulSet (manifests/data/database.json:5)',
  );
});
