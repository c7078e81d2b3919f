/** The whole sandbox through the real kubectl, where that is installed. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Sandbox, startSandbox } from '../../src/sandbox/sandbox.ts';
import { hasKubectl, KUBECTL } from '../support/kubectl.ts';
import { podManifest } from './testbed.ts';

describe.runIf(hasKubectl())('kubectl', () => {
  let sandbox: Sandbox;
  let folder: string;

  beforeAll(async () => {
    sandbox = await startSandbox({ nodes: 2, enforcement: 'on', signal: new AbortController().signal });
    folder = mkdtempSync(join(tmpdir(), 'podreach-kubectl-'));
    writeFileSync(join(folder, 'kubeconfig'), sandbox.kubeconfig, { mode: 0o600 });
  });
  afterAll(async () => {
    rmSync(folder, { recursive: true });
    await sandbox.stop();
  });

  /** Runs kubectl, with a manifest as its input, and gives what it prints. Fails where it fails. */
  function kubectl(args: string, manifest?: object): Promise<string> {
    const all = [
      '--kubeconfig',
      join(folder, 'kubeconfig'),
      '--cache-dir',
      join(folder, 'cache'),
      ...args.split(' '),
    ];
    return new Promise((resolve, reject) => {
      const child = execFile(KUBECTL, all, { timeout: 90_000 }, (error, stdout, stderr) =>
        error === null ? resolve(stdout) : reject(new Error(`${stderr}${stdout}`, { cause: error })),
      );
      child.stdin?.end(manifest === undefined ? '' : JSON.stringify(manifest));
    });
  }

  const knock = (from: string, address: string): Promise<string> =>
    kubectl(
      `exec ${from} -- node -e require('net').connect(80,'${address}').on('data',d=>console.log(\`\${d}\`));setTimeout(process.exit,500)`,
    );

  test('applies, waits, execs, labels, isolates and deletes', async () => {
    expect(await kubectl('apply -f -', podManifest('default', 'web', { app: 'web' }))).toBe(
      'pod/web created\n',
    );
    expect(await kubectl('apply -f -', podManifest('default', 'db', { app: 'db' }))).toBe('pod/db created\n');
    expect(await kubectl('wait --for=condition=Ready pod/web pod/db --timeout=10s')).toBe(
      'pod/web condition met\npod/db condition met\n',
    );
    const address = await kubectl('get pod db -o jsonpath={.status.podIP}');
    expect(address).toMatch(/^10\.244\.[12]\.\d+$/);
    await expect.poll(() => knock('web', address), { timeout: 60_000 }).toBe('db\n');

    const spec = {
      podSelector: { matchLabels: { app: 'db' } },
      ingress: [{ from: [{ podSelector: { matchLabels: { role: 'reader' } } }] }],
    };
    const metadata = { name: 'db', namespace: 'default' };
    const policy = { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata, spec };
    expect(await kubectl('apply -f -', policy)).toBe('networkpolicy.networking.k8s.io/db created\n');
    await expect.poll(() => knock('web', address), { timeout: 60_000 }).toBe('');
    expect(await kubectl('label pod web role=reader')).toBe('pod/web labeled\n');
    await expect.poll(() => knock('web', address), { timeout: 60_000 }).toBe('db\n');

    expect(await kubectl('delete pod db')).toBe('pod "db" deleted\n');
    await expect(kubectl('get pod db')).rejects.toThrow('Error from server (NotFound): pods "db" not found');
  });

  test('shows which pods wait for their readiness probe', async () => {
    const script =
      "require('http').createServer((_, r) => { r.statusCode = require('fs').existsSync('/tmp/ready') ? 200 : 503; r.end(); }).listen(80)";
    const probed = {
      command: ['node', '-e', script],
      readinessProbe: { httpGet: { port: 80 }, periodSeconds: 1 },
    };
    await kubectl('apply -f -', podManifest('default', 'probed', {}, {}, probed));
    await kubectl('wait --for=jsonpath={.status.phase}=Running pod/probed --timeout=10s');
    expect(await kubectl('get pod probed --no-headers')).toMatch(/^probed +0\/1 +Running +0 /);
    await kubectl('exec probed -- touch /tmp/ready');
    await kubectl('wait --for=condition=Ready pod/probed --timeout=10s');
    expect(await kubectl('get pod probed --no-headers')).toMatch(/^probed +1\/1 +Running +0 /);
  });

  test('waits until a policy is in force, as docs/sandbox.md shows it', async () => {
    const docs = readFileSync(new URL('../../docs/sandbox.md', import.meta.url), 'utf8');
    const [, script = ''] = /```sh\n(version=.*?)```/s.exec(docs) ?? [];
    const policy = {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: 'deny', namespace: 'default' },
      spec: { podSelector: {} },
    };
    writeFileSync(join(folder, 'deny.yaml'), JSON.stringify(policy));
    const env = { ...process.env, KUBECONFIG: join(folder, 'kubeconfig') };
    execFileSync('sh', ['-euc', script], { cwd: folder, env, timeout: 90_000 });
    const version = await kubectl('get netpol deny -o jsonpath={.metadata.resourceVersion}');
    const messages = '{.items[*].status.conditions[?(@.type=="PoliciesInForce")].message}';
    expect(await kubectl(`get nodes -o jsonpath=${messages}`)).toBe(
      `resourceVersion ${version} resourceVersion ${version}`,
    );
  });

  test('shows what a container has printed, and why it ended', async () => {
    const command = ['sh', '-c', 'echo one; echo two >&2; exit 3'];
    const manifest = podManifest('default', 'job', {}, { restartPolicy: 'Never' }, { command });
    await kubectl('apply -f -', manifest);
    await kubectl('wait --for=jsonpath={.status.phase}=Failed pod/job --timeout=10s');
    expect(await kubectl('logs job')).toBe('one\ntwo\n');
    const reason = '{.status.containerStatuses[0].state.terminated.exitCode}';
    expect(await kubectl(`get pod job -o jsonpath=${reason}`)).toBe('3');
  });
});
