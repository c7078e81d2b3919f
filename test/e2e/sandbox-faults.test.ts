/** `podreach sandbox`, and `podreach sandbox enforcement` and its like on the sandbox of another process. */
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectKube } from '../../src/kube/connect.ts';
import type { Kube } from '../../src/kube/kube.ts';
import { findKubeconfig } from '../../src/kube/kubeconfig.ts';
import { type CliProcess, folderWith, runCli, startCli } from '../support/cli.ts';

const folder = folderWith({});
const kubeconfig = join(folder.path, 'kubeconfig');
let sandbox: CliProcess;
let kube: Kube;

beforeAll(async () => {
  sandbox = startCli(['sandbox', '--single-stack', '--kubeconfig', kubeconfig]);
  await sandbox.until(/The sandbox is running/);
  kube = await connectKube((await findKubeconfig(undefined, kubeconfig)).text);
});
afterAll(async () => {
  kube.close();
  sandbox.child.kill('SIGTERM');
  await sandbox.ended;
  folder[Symbol.dispose]();
});

const podreach = (...args: string[]) =>
  runCli(['sandbox', ...args, '--kubeconfig', kubeconfig], { env: { KUBECONFIG: '/nowhere' } });

async function annotationsOf(node: string): Promise<object> {
  const object = await kube.get({ resource: 'nodes', name: node });
  return { ...object?.metadata.annotations };
}

test('nodes have one family where one is asked for', async () => {
  const nodes = await kube.list({ resource: 'nodes' });
  expect(nodes.map(({ spec }) => spec)).toEqual([
    { podCIDR: '10.244.1.0/24', podCIDRs: ['10.244.1.0/24'] },
    { podCIDR: '10.244.2.0/24', podCIDRs: ['10.244.2.0/24'] },
  ]);
});

const LINE = /^(\S+Z) node\/node-1: (.*), in force within (\d+) ms$/;

test('a node fails for a while, and what was done when is told', async () => {
  const startedAtMs = Date.now();
  const { exitCode, stdout } = await podreach('enforcement', 'node-1', 'open', '--for', '700ms');
  const [open, on] = stdout
    .trim()
    .split('\n')
    .map((line) => LINE.exec(line) ?? []);
  expect(exitCode).toBe(0);
  expect([open?.[2], on?.[2]]).toEqual(['enforcement is open', 'enforcement is on']);
  const [openAtMs, onAtMs] = [Date.parse(open?.[1] ?? ''), Date.parse(on?.[1] ?? '')];
  expect(openAtMs).toBeGreaterThanOrEqual(startedAtMs);
  expect(onAtMs - openAtMs).toBeGreaterThanOrEqual(700);
  expect(open?.[1]).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  expect(await annotationsOf('node-1')).toEqual({});
});

test('what was so before is so again, and it is told as JSON', async () => {
  expect((await podreach('delay', 'node-1', '3s')).exitCode).toBe(0);
  const { stdout } = await podreach('delay', 'node-1', '1s', '--for', '1ms', '--json');
  const told = stdout
    .trim()
    .split('\n')
    .map((line): unknown => JSON.parse(line));
  const common = {
    askedAt: expect.stringMatching(/\.\d{3}Z$/),
    inForceAt: expect.stringMatching(/\.\d{3}Z$/),
    object: 'node/node-1',
    fault: 'programming-delay',
  };
  expect(told).toEqual([
    { ...common, value: '1000ms' },
    { ...common, value: '3000ms' },
  ]);
  expect(await annotationsOf('node-1')).toEqual({ 'sandbox.podreach.dev/programming-delay': '3000ms' });
  await podreach('delay', 'node-1', 'none');
  expect(await annotationsOf('node-1')).toEqual({});
});

test('a node cuts what is open, until it is to keep it again', async () => {
  const { stdout } = await podreach('established', 'node-1', 'cut');
  expect(LINE.exec(stdout.trim())?.[2]).toBe('connections that are open when a policy closes are cut');
  expect(await annotationsOf('node-1')).toEqual({ 'sandbox.podreach.dev/established': 'cut' });
  await podreach('established', 'node-1', 'kept');
  expect(await annotationsOf('node-1')).toEqual({});
});

test('Ctrl-C takes it back too', async () => {
  const held = startCli([
    'sandbox',
    'enforcement',
    'node-2',
    'closed',
    '--for',
    '10m',
    '--kubeconfig',
    kubeconfig,
  ]);
  await held.until(/enforcement is closed/);
  expect(await annotationsOf('node-2')).toEqual({ 'sandbox.podreach.dev/enforcement': 'closed' });
  held.child.kill('SIGINT');
  expect(await held.ended).toMatchObject({
    exitCode: 130,
    stdout: expect.stringMatching(/enforcement is on/),
  });
  expect(await annotationsOf('node-2')).toEqual({});
});

test('a node is restarted, and a pod is stalled', async () => {
  expect(await podreach('restart', 'node-2')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(/ node\/node-2: enforcement is restarted, /),
  });
  const containers = [{ name: 'main', image: 'none', command: ['sleep', '1000'] }];
  const metadata = { name: 'web', namespace: 'default' };
  await kube.create({ apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers } });
  expect(await podreach('stall', 'default/web', '--for', '1ms')).toMatchObject({
    exitCode: 0,
    stdout: expect.stringMatching(
      / pod\/default\/web: its processes are stopped, .*\n.* its processes go on, /,
    ),
  });
});

test.each([
  [
    ['enforcement', 'node-9', 'open'],
    'error: the sandbox has no node/node-9\nhint: See what there is: kubectl get nodes\n',
  ],
  [['stall', 'default/nobody'], 'error: the sandbox has no pod/default/nobody\n'],
  [['stall', 'web'], 'Write it with its namespace: shop/web.'],
  [['enforcement', 'node-1', 'shut'], 'Allowed choices are on, open, closed, stopped.'],
  [['delay', 'node-1', '3'], 'Write it with a unit: 500ms, 2s or 1m.'],
  [['enforcement', 'node-1', 'on', '--for', '1s'], 'hint: Leave --for out.'],
])('%j is refused, with what is possible', async (args, message) => {
  const { exitCode, stderr } = await podreach(...args);
  expect(stderr).toContain(message);
  expect(exitCode).toBe(2);
});

test('a cluster that is no sandbox is left alone', async () => {
  const requests: string[] = [];
  await using server = createServer((request, response) => {
    requests.push(`${request.method} ${request.url}`);
    response.setHeader('content-type', 'application/json').end('{"gitVersion":"v1.34.8"}');
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const { port } = server.address() as AddressInfo; // it listens on an address
  const foreign = join(folder.path, 'foreign.yaml');
  const cluster = {
    name: 'real',
    cluster: { server: `http://127.0.0.1:${port}`, 'insecure-skip-tls-verify': true },
  };
  const context = { name: 'real', context: { cluster: 'real', user: 'real' } };
  writeFileSync(
    foreign,
    JSON.stringify({
      ...{ apiVersion: 'v1', kind: 'Config', 'current-context': 'real' },
      ...{ clusters: [cluster], contexts: [context], users: [{ name: 'real', user: {} }] },
    }),
  );
  const { exitCode, stderr } = await runCli(
    ['sandbox', 'enforcement', 'node-1', 'open', '--kubeconfig', foreign],
    { env: { KUBECONFIG: '/nowhere' } },
  );
  expect(stderr).toMatch(/is no sandbox: it is Kubernetes v1\.34\.8, and was left alone\nhint: Start one/);
  expect(exitCode).toBe(2);
  expect(requests).toEqual(['GET /version']);
});
