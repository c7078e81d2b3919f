/** Any cluster of a kubeconfig; the sandbox of another process is the cluster here. */
import { chmodSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { checksOf, type RunRecord, runRecordSchema } from '../../src/record/schema.ts';
import { ApiServer } from '../kube/api-server.ts';
import { folderWith, ROOT, runCli, startCli } from '../support/cli.ts';

test.concurrent('shipped scenarios pass, as they do on a sandbox of the run itself', {
  // However slow the machine is.
  timeout: 300_000,
}, async () => {
  using folder = folderWith({});
  const kubeconfig = join(folder.path, 'kubeconfig');
  const sandbox = startCli(['sandbox', '--kubeconfig', kubeconfig]);
  await sandbox.until(/The sandbox is running/);
  const env = { KUBECONFIG: `${join(folder.path, 'missing')}:${kubeconfig}` };
  const report = ['--report', 'json'];
  // Those that let time pass run elsewhere: they take as long as all others together.
  const there = await runCli(
    ['run', 'scenarios/*.yaml', '--cluster', 'context=podreach-sandbox', ...report],
    {
      env,
    },
  );
  expect(there.stderr).toMatch(/context podreach-sandbox, server https:\/\/127\.0\.0\.1:\d+/);
  expect(there.exitCode).toBe(0);
  sandbox.child.kill('SIGINT');
  expect((await sandbox.ended).exitCode).toBe(0);
  const shipped = readdirSync(join(ROOT, 'scenarios')).filter((file) => file.endsWith('.yaml'));
  const { scenarios }: RunRecord = runRecordSchema.parse(JSON.parse(there.stdout));
  expect([...new Set(scenarios.map(({ location }) => location.file))].toSorted()).toEqual(
    shipped.map((file) => `scenarios/${file}`).toSorted(),
  );
  expect(
    scenarios.flatMap((scenario) => checksOf(scenario).filter(({ verdict }) => verdict !== 'pass')),
  ).toEqual([]);
});

test.concurrent('a context that does not exist is answered with those that do', async () => {
  using folder = folderWith({
    one: 'apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{ name: a, cluster: { server: "https://127.0.0.1:1" } }]\nusers: [{ name: a, user: {} }]\ncontexts: [{ name: a, context: { cluster: a, user: a } }]\n',
    two: 'apiVersion: v1\nkind: Config\ncurrent-context: b\nclusters: [{ name: a, cluster: { server: "https://127.0.0.1:2" } }]\nusers: []\ncontexts: [{ name: b, context: { cluster: a, user: a } }]\n',
  });
  const env = { KUBECONFIG: `${folder.path}/one:${folder.path}/two` };
  const unknown = await runCli(['run', 'scenarios/three-tier.yaml', '--cluster', 'context=c'], { env });
  expect(unknown.stdout).toContain('no context "c" in the kubeconfig');
  expect(unknown.stdout).toContain('--cluster context=NAME with one of: a, b.');
  expect(unknown.exitCode).toBe(3);

  // Of two clusters of one name the first counts, and so does the first current context.
  const unreachable = await runCli(['run', 'scenarios/three-tier.yaml', '--cluster', 'context'], { env });
  expect(unreachable.stderr).toContain('context a, server https://127.0.0.1:1');
  expect(unreachable.stdout).toContain('no API server answers at https://127.0.0.1:1');
  expect(unreachable.exitCode).toBe(3);
});

test.concurrent('without a kubeconfig nothing is guessed', async () => {
  using folder = folderWith({});
  const env = { KUBECONFIG: '', HOME: folder.path };
  const { exitCode, stdout } = await runCli(['run', 'scenarios/three-tier.yaml', '--cluster', 'context'], {
    env,
  });
  expect(stdout).toContain('there is no kubeconfig with a context');
  expect(exitCode).toBe(3);
});

test.concurrent('Ctrl-C does not wait for a credential plugin that does not answer', async () => {
  using folder = folderWith({
    config:
      'apiVersion: v1\nkind: Config\ncurrent-context: a\nclusters: [{ name: a, cluster: { server: "https://127.0.0.1:1" } }]\nusers: [{ name: a, user: { exec: { apiVersion: client.authentication.k8s.io/v1, command: ./plugin, interactiveMode: IfAvailable } } }]\ncontexts: [{ name: a, context: { cluster: a, user: a } }]\n',
    plugin: '#!/bin/sh\ntouch "$0.runs"\nexec sleep 600\n',
  });
  chmodSync(join(folder.path, 'plugin'), 0o755);
  const kubeconfig = join(folder.path, 'config');
  const args = ['--cluster', 'context', '--kubeconfig', kubeconfig];
  const run = startCli(['run', 'scenarios/three-tier.yaml', ...args]);
  await vi.waitFor(() => expect(existsSync(join(folder.path, 'plugin.runs'))).toBe(true), {
    timeout: 60_000,
  });
  run.child.kill('SIGINT');
  // The plugin takes longer than the test may.
  expect((await run.ended).exitCode).toBe(130);
});

test.concurrent('--print-role prints the role that is missing, and nothing else, so that it can be piped', async () => {
  const asked: string[] = [];
  await using server = await ApiServer.start({
    answer: ({ path: url, body }) => {
      asked.push(url);
      if (url.endsWith('/selfsubjectreviews'))
        return {
          status: 201,
          body: { kind: 'SelfSubjectReview', status: { userInfo: { username: 'jane' } } },
        };
      const { resource, subresource } = JSON.parse(body).spec.resourceAttributes;
      const allowed = `${resource}/${subresource}` !== 'pods/exec';
      return { status: 201, body: { kind: 'SelfSubjectAccessReview', status: { allowed } } };
    },
  });
  using folder = folderWith({ config: server.kubeconfig });
  const env = { KUBECONFIG: join(folder.path, 'config') };
  const { exitCode, stdout } = await runCli(['run', '--cluster', 'context', '--print-role'], { env });
  expect(exitCode).toBe(0);
  const [role, binding] = parseAllDocuments(stdout).map((document) => document.toJS());
  expect(role).toMatchObject({
    kind: 'ClusterRole',
    rules: [{ apiGroups: [''], resources: ['pods/exec'], verbs: ['create', 'get'] }],
  });
  expect(binding).toMatchObject({ kind: 'ClusterRoleBinding', subjects: [{ kind: 'User', name: 'jane' }] });
  expect(asked.every((url) => url.includes('selfsubject'))).toBe(true);
});

test.concurrent('--print-role with a scenario grants the kinds of policies that it has', async () => {
  await using server = await ApiServer.start({
    answer: ({ body }) => {
      const { group } = JSON.parse(body).spec.resourceAttributes ?? {};
      return {
        status: 201,
        body: { kind: 'SelfSubjectAccessReview', status: { allowed: group !== 'cilium.io' } },
      };
    },
  });
  using folder = folderWith({
    config: server.kubeconfig,
    'a.yaml': `apiVersion: podreach/v1
kind: Scenario
name: a
namespaces: { a: {} }
pods: { a/x: {}, a/y: { ports: [80] } }
policies:
  - { apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: { name: l7 } }
otherwise: reachable
`,
  });
  const env = { KUBECONFIG: join(folder.path, 'config') };
  const at = join(folder.path, 'a.yaml');
  const { stdout } = await runCli(['run', at, '--cluster', 'context', '--print-role'], { env });
  const [role] = parseAllDocuments(stdout).map((document) => document.toJS());
  expect(role.rules).toContainEqual({
    apiGroups: ['cilium.io'],
    resources: ['ciliumnetworkpolicies'],
    verbs: ['create', 'list', 'delete'],
  });
});

test.concurrent('--print-role has no use where podreach may do everything', async () => {
  const { exitCode, stderr } = await runCli(['run', '--print-role']);
  expect(stderr).toContain('--print-role has no use on --cluster sandbox');
  expect(exitCode).toBe(2);
});
