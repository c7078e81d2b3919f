/** `podreach clean` and `podreach images`, on the sandbox of another process. */

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { sandboxCluster } from '../../src/cluster/sandbox.ts';
import { connectKube } from '../../src/kube/connect.ts';
import { runRecordSchema } from '../../src/record/schema.ts';
import { failure, throughProxy } from '../support/api-proxy.ts';
import { folderWith, runCli, startCli } from '../support/cli.ts';

const SCENARIO = `apiVersion: podreach/v1
kind: Scenario
name: small
namespaces: { small-a: {}, small-b: {} }
pods:
  small-a/client: {}
  small-b/server: { ports: [8080] }
reachable: [{ from: small-a/client, to: small-b/server }]
`;

test.concurrent('what a run with --keep left is shown, is in the way, and is taken away by name', async () => {
  using folder = folderWith({ 'small.yaml': SCENARIO });
  const kubeconfig = join(folder.path, 'kubeconfig');
  const sandbox = startCli(['sandbox', '--kubeconfig', kubeconfig]);
  await sandbox.until(/The sandbox is running/);
  const at = ['--kubeconfig', kubeconfig];
  const podreach = (...args: string[]) => runCli([...args, ...at], { env: { KUBECONFIG: '/nowhere' } });
  const run = ['run', join(folder.path, 'small.yaml'), '--cluster', 'context'];

  const probe = ['--node-selector', 'kubernetes.io/os=linux', '--toleration', 'dedicated=probes:NoSchedule'];
  const labels = ['--namespace-label', 'istio-injection=disabled', '--probe-image', 'mirror.example/node:24'];
  const json = join(folder.path, 'run.json');
  const kept = await podreach(
    ...run,
    '--keep',
    ...probe,
    ...labels,
    '--report',
    `json=${json}`,
    '--report',
    'terminal',
  );
  expect(kept.exitCode).toBe(0);
  const {
    run: { id },
    environment,
  } = runRecordSchema.parse(JSON.parse(readFileSync(json, 'utf8')));
  expect(environment).toMatchObject({
    cluster: 'context',
    clusterName: 'podreach-sandbox',
    kubectl: ['--context', 'podreach-sandbox', '--kubeconfig', kubeconfig],
  });
  expect(kept.stderr).toContain(`kubectl --context podreach-sandbox --kubeconfig ${kubeconfig} get pods`);
  expect(kept.stderr).toContain(
    `podreach clean --run ${id} --cluster context=podreach-sandbox --kubeconfig ${kubeconfig}`,
  );

  const kube = await connectKube(readFileSync(kubeconfig, 'utf8'));
  const pods = await kube.list({ resource: 'pods', labelSelector: `podreach.dev/run=${id}` });
  expect(pods.map(({ spec }) => spec)).toEqual(
    [0, 1].map(() =>
      expect.objectContaining({
        nodeSelector: { 'kubernetes.io/os': 'linux' },
        tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'probes', effect: 'NoSchedule' }],
        containers: [expect.objectContaining({ image: 'mirror.example/node:24' })],
      }),
    ),
  );
  const foreign = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'somebody-elses' } };
  await kube.create(foreign);

  const second = await podreach(...run);
  expect(second.exitCode).toBe(3);
  expect(second.stdout).toContain('namespaces small-a, small-b exist already');
  expect(second.stdout.replaceAll(/\s+/g, ' ')).toContain(
    `podreach clean --run ${id} --cluster context=podreach-sandbox`,
  );

  const shown = await podreach('clean');
  expect(shown).toMatchObject({ exitCode: 0, stdout: `run ${id}  0 min old: small-a, small-b\n` });
  expect(shown.stderr).toContain('podreach clean --run ID');
  expect(JSON.parse((await podreach('clean', '--json')).stdout)).toMatchObject([
    { runId: id, namespaces: ['small-a', 'small-b'] },
  ]);

  expect(await podreach('clean', '--run', 'nobody')).toMatchObject({
    exitCode: 2,
    stderr: expect.stringContaining('run nobody has left nothing here'),
  });
  expect((await podreach('clean', '--all', '--yes')).stderr).toContain('may still be going on: left alone');
  const cleaned = await podreach('clean', '--run', id);
  expect(cleaned).toMatchObject({ exitCode: 0, stderr: expect.stringContaining(`run ${id}: gone`) });
  expect((await kube.list({ resource: 'namespaces' })).map(({ metadata }) => metadata.name)).toContain(
    'somebody-elses',
  );
  expect((await podreach('clean')).stdout).toBe('No run has left anything here.\n');
  expect((await podreach(...run)).exitCode).toBe(0);
  kube.close();
  sandbox.child.kill('SIGINT');
  await sandbox.ended;
});

test.concurrent('what one run left, and cannot be deleted, keeps nobody from deleting the rest', async () => {
  using folder = folderWith({});
  const cluster = await throughProxy(sandboxCluster({ nodes: 1, enforcement: 'on' }), {
    answer: ({ method, path }) =>
      method === 'DELETE' && /\/namespaces\/(first|third)\b/.test(path)
        ? failure(403, 'Forbidden', 'frozen until Monday')
        : undefined,
    // Old enough to be nobody's any more.
    changeAnswer: ({ body }) =>
      body.replaceAll(/"creationTimestamp":"[^"]*"/g, '"creationTimestamp":"2020-01-01T00:00:00Z"'),
  }).start({ clock: systemClock, signal: new AbortController().signal });
  const kubeconfig = join(folder.path, 'kubeconfig');
  writeFileSync(kubeconfig, cluster.kubeconfig);
  const kube = await connectKube(cluster.kubeconfig);
  for (const name of ['first', 'second', 'third']) {
    const metadata = { name, labels: { 'podreach.dev/run': `run-${name}` } };
    await kube.create({ apiVersion: 'v1', kind: 'Namespace', metadata });
  }
  const { exitCode, stderr } = await runCli(['clean', '--all', '--yes', '--kubeconfig', kubeconfig]);
  expect(exitCode).toBe(3);
  expect(stderr).toContain('run run-second: gone');
  expect(stderr).toMatch(
    /error: what 2 of 3 runs left is still there: run run-first: cannot delete namespace first: frozen .*; run run-third: cannot delete/,
  );
  const left = await kube.list({ resource: 'namespaces', labelSelector: 'podreach.dev/run' });
  expect(left.map(({ metadata }) => metadata.name)).toEqual(['first', 'third']);
  kube.close();
  await cluster.stop();
});

test.concurrent.each([
  [['clean', '--run', 'a', '--all'], '--run and --all cannot go together'],
  [['clean', '--cluster', 'sandbox'], "nothing outlives a run on 'sandbox'"],
  [['run', '--node-selector', 'pool=a'], '--node-selector is for --cluster context or kind'],
  [['run', '--cluster', 'context', '--node-selector', 'pool'], 'Write a label as key=value'],
  [
    ['run', '--cluster', 'context', '--toleration', 'a=b:Sometimes'],
    'NoSchedule, PreferNoSchedule, NoExecute',
  ],
  [['run', '--cluster', 'context', '--image-pull-secret', 'a/b/c'], 'namespace/name to have it copied'],
  [['run', '--kubeconfig', 'x'], '--kubeconfig is for --cluster context'],
  [
    ['run', 'scenarios/three-tier.yaml', '--cluster', 'context', '--namespace-label', 'team=x'],
    'gives the namespace shop the value "shop"',
  ],
  [['run', '--cluster', 'kind', '--nodes', '2'], '--nodes is for --cluster sandbox'],
  [['run', '--cluster', 'context', '--nodes', '3'], '--nodes is for --cluster sandbox'],
  [['clean', '--cluster', 'kind', '--kubeconfig', 'x'], '--kubeconfig is for --cluster context'],
  [
    ['images', '--node-image', 'x', '--kind-config', 'x'],
    '--kind-config, --node-image are for --cluster kind',
  ],
  [['images', '--cluster', 'kind', '--retain'], "unknown option '--retain'"],
  [
    ['images', '--cluster', 'sandbox', '--probe-image', 'x'],
    '--probe-image is for --cluster context or kind',
  ],
  [['images', '--cluster', 'nope'], "unknown cluster 'nope'"],
])('%j is wrong usage', async (args, words) => {
  const { exitCode, stderr } = await runCli(args);
  expect(stderr).toContain(words);
  expect(exitCode).toBe(2);
});

test.concurrent('a label that a policy selects namespaces by is refused', async () => {
  using folder = folderWith({
    'small.yaml': `${SCENARIO}policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: by-team, namespace: small-b }
    spec: { podSelector: {}, ingress: [{ from: [{ namespaceSelector: { matchExpressions: [{ key: team, operator: Exists }] } }] }] }
`,
  });
  const args = [
    'run',
    join(folder.path, 'small.yaml'),
    '--cluster',
    'context',
    '--namespace-label',
    'team=x',
  ];
  const { exitCode, stderr } = await runCli(args);
  expect(stderr).toContain('the policy small-b/by-team selects namespaces by this label');
  expect(exitCode).toBe(2);
});

test.concurrent('the images of a run are listed one a line, and nothing else', async () => {
  const image = 'mirror.example/node:24';
  const manifest = ['--calico-manifest', 'test/cluster/kind/fixtures/calico.yaml'];
  expect(await runCli(['images', '--probe-image', image])).toMatchObject({
    exitCode: 0,
    stdout: `${image}\n`,
  });
  expect(await runCli(['images', '--cluster', 'sandbox'])).toMatchObject({ exitCode: 0, stdout: '' });
  const { stdout } = await runCli([
    ...['images', '--cluster', 'kind', '--probe-image', image, '--node-image', 'kindest/node:v1.36.1'],
    ...manifest,
  ]);
  expect(stdout).toBe(`kindest/node:v1.36.1
mirror.example/node:24
registry.example/calico/cni:v0.0.1
registry.example/calico/kube-controllers:v0.0.1
registry.example/calico/node:v0.0.1
`);
  expect(JSON.parse((await runCli(['images', '--json', ...['--probe-image', image]])).stdout)).toEqual([
    image,
  ]);
});
