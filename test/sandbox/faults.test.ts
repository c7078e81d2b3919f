/** A sandbox that is told to fail, with real packets: what passes, what does not, and that the rest of it goes on. */
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { ObjectAddress } from '../../src/kube/kube.ts';
import { pourWhile } from './pour.ts';
import { isReady, podManifest, startTestbed, statusOf, type Target, type Testbed } from './testbed.ts';

let bed: Testbed;
/** Each database by IPv4 and by IPv6. */
const targets = new Map<string, readonly Target[]>();

const on = (nodeName: string) => ({ nodeName });
const app = (name: string) => ({ matchLabels: { app: name } });

/** Answers every line at once, and stays connected. */
const ECHO = "require('node:net').createServer((socket) => socket.pipe(socket)).listen(7)";

beforeAll(async () => {
  bed = await startTestbed();
  await bed.start(
    podManifest('default', 'db-1', { app: 'db' }, on('node-1')),
    podManifest('default', 'db-2', { app: 'db' }, on('node-2')),
    podManifest('default', 'friend', { app: 'friend' }, on('node-2')),
    podManifest('default', 'stranger', {}, on('node-2')),
    podManifest('default', 'host', {}, { hostNetwork: true, nodeName: 'node-1' }),
  );
  for (const name of ['db-1', 'db-2']) {
    const hosts = await bed.addresses('default', name);
    targets.set(
      name,
      hosts.map((host) => ({ host, port: 80, protocol: 'TCP' })),
    );
  }
  await denyStrangers();
  await bed.inForce();
});
afterAll(() => bed[Symbol.asyncDispose]());

/** All as it was. */
afterEach(async () => {
  for (const key of ['enforcement', 'established', 'programming-delay', 'restarted-at'])
    await annotate({ [key]: null });
  await denyStrangers();
  await bed.inForce();
});

const NODE_1 = { resource: 'nodes', name: 'node-1' } as const;

async function annotate(
  annotations: Readonly<Record<string, string | null>>,
  address: ObjectAddress = NODE_1,
): Promise<void> {
  const own = Object.entries(annotations).map(([key, value]) => [`sandbox.podreach.dev/${key}`, value]);
  await bed.kube.patch(address, { metadata: { annotations: Object.fromEntries(own) } });
}

async function denyStrangers(): Promise<void> {
  await bed.policy('default', 'db', {
    podSelector: app('db'),
    ingress: [{ from: [{ podSelector: app('friend') }] }],
  });
}

/** Of a pod to both databases: the one on the node that fails, and the one on the node that does not. Both families must be alike. */
async function seenBy(pod: string, timeoutMs = 500): Promise<string[]> {
  const seen = await bed.attempts('default', pod, [...targets.values()].flat(), timeoutMs);
  return [seen.slice(0, 2), seen.slice(2)].map((both) => [...new Set(both)].join(' and '));
}

interface Condition {
  readonly type: string;
  readonly status: string;
  readonly reason: string;
}

interface Conditions {
  readonly conditions: readonly Condition[];
}

async function condition(node: string, type: string): Promise<Condition | undefined> {
  const object = await bed.kube.get({ resource: 'nodes', name: node });
  const { conditions } = (object?.['status'] ?? { conditions: [] }) as Conditions; // an answer of the API
  return conditions.find((one) => one.type === type);
}

async function failsWith(reason: string): Promise<void> {
  await bed.until(
    `node-1 tells ${reason}`,
    async () => (await condition('node-1', 'NetworkUnavailable'))?.reason === reason,
  );
}

test('a node fails open by itself, tells so, and enforces again', async () => {
  expect(await seenBy('stranger')).toEqual(['shut', 'shut']);
  await annotate({ enforcement: 'open' });
  await failsWith('EnforcementOpen');
  expect(await seenBy('stranger')).toEqual(['db-1', 'shut']);
  expect(await condition('node-1', 'PoliciesInForce')).toMatchObject({ status: 'False' });
  expect(await condition('node-2', 'NetworkUnavailable')).toBeUndefined();
  await annotate({ enforcement: null });
  await failsWith('EnforcementOn');
  expect(await seenBy('stranger')).toEqual(['shut', 'shut']);
  expect(await condition('node-1', 'NetworkUnavailable')).toMatchObject({ status: 'False' });
  expect(await condition('node-1', 'PoliciesInForce')).toMatchObject({ status: 'True' });
});

/** Keeps one connection, and says something every 20 ms. Once a file is there, ends with 0 for answers, and with 3 for silence. */
const HOLD = `
  const { existsSync, writeFileSync } = require('node:fs');
  const socket = require('node:net').connect(7, process.argv[1]);
  let since = 0;
  let heardMs = 0;
  socket.on('connect', () => setInterval(() => {
    if (existsSync('/tmp/closed') && performance.now() - heardMs > 1000) process.exit(3);
    socket.write('.');
  }, 20));
  socket.on('data', () => {
    heardMs = performance.now();
    writeFileSync('/tmp/held', '');
    if (existsSync('/tmp/closed')) since += 1;
    if (since === 20) process.exit(0);
  });
  socket.on('close', () => process.exit(1));`;

test('a node fails closed: nothing new passes, but what is established, the kubelet and the node itself', async () => {
  await bed.start(podManifest('default', 'echo', {}, on('node-1')));
  const ready = bed.exec('default', 'echo', 'node', '-e', ECHO);
  const host = await bed.address('default', 'echo');
  const echo: Target = { host, port: 7, protocol: 'TCP' };
  await bed.until(
    'the echo listens',
    async () => (await bed.attempts('default', 'friend', [echo]))[0] !== 'ECONNREFUSED',
  );
  const held = bed.exec('default', 'friend', 'node', '-e', HOLD, host);
  await bed.until('a connection is held', async () => {
    const seen = await bed.exec('default', 'friend', 'ls', '/tmp/held');
    return seen.kind === 'exited' && seen.exitCode === 0;
  });
  expect(await seenBy('friend', 5000)).toEqual(['db-1', 'db-2']);

  await annotate({ enforcement: 'closed' });
  await failsWith('EnforcementClosed');
  await bed.exec('default', 'friend', 'touch', '/tmp/closed');
  expect(await held).toMatchObject({ kind: 'exited', exitCode: 0 });
  expect(await seenBy('friend')).toEqual(['shut', 'db-2']);
  // From a pod of the node to another node, and to another pod of its own.
  expect(await seenBy('echo')).toEqual(['shut', 'shut']);
  expect((await seenBy('host', 5000))[0]).toBe('db-1');
  await annotate({ enforcement: null });
  await failsWith('EnforcementOn');
  expect(await seenBy('friend', 5000)).toEqual(['db-1', 'db-2']);
  await bed.kube.delete({ resource: 'pods', namespace: 'default', name: 'echo' });
  await ready;
});

test.each([
  ['kept', 0],
  ['cut', 3],
] as const)(
  'what is established when a policy closes is %s, as the node is told',
  async (established, exitCode) => {
    const [echo, holder] = [`echo-${established}`, `holder-${established}`];
    await bed.start(
      podManifest('default', echo, { app: echo }, on('node-1')),
      podManifest('default', holder, {}, on('node-2')),
    );
    const ready = bed.exec('default', echo, 'node', '-e', ECHO);
    const host = await bed.address('default', echo);
    await bed.until(
      'the echo listens',
      async () =>
        (await bed.attempts('default', holder, [{ host, port: 7, protocol: 'TCP' }]))[0] !== 'ECONNREFUSED',
    );
    await annotate({ established });
    const held = bed.exec('default', holder, 'node', '-e', HOLD, host);
    await bed.until('a connection is held', async () => {
      const seen = await bed.exec('default', holder, 'ls', '/tmp/held');
      return seen.kind === 'exited' && seen.exitCode === 0;
    });
    await bed.policy('default', echo, { podSelector: app(echo) });
    await bed.inForce();
    await bed.exec('default', holder, 'touch', '/tmp/closed');
    expect(await held).toMatchObject({ kind: 'exited', exitCode });
    for (const name of [echo, holder])
      await bed.kube.delete({ resource: 'pods', namespace: 'default', name });
    await ready;
  },
);

test('a node whose enforcement has stopped keeps its rules, starts no pods, and catches up when it goes on', async () => {
  await annotate({ enforcement: 'stopped' });
  await failsWith('EnforcementStopped');
  await bed.policy('default', 'db', { podSelector: app('db'), ingress: [{}] });
  await bed.until('node-2 has taken it up', async () => (await seenBy('stranger'))[1] === 'db-2');
  expect((await seenBy('stranger'))[0]).toBe('shut');

  await bed.kube.create(podManifest('default', 'new-1', {}, on('node-1')));
  await bed.kube.create(podManifest('default', 'gone-1', {}, on('node-1')));
  await bed.start(podManifest('default', 'new-2', {}, on('node-2')));
  await bed.kube.delete({ resource: 'pods', namespace: 'default', name: 'gone-1' });
  await bed.until('a pod that waits can go', async () => (await bed.pod('default', 'gone-1')) === undefined);
  expect(statusOf(await bed.pod('default', 'new-1')).phase).toBe('Pending');

  await annotate({ enforcement: 'on' });
  await failsWith('EnforcementOn');
  expect(await seenBy('stranger', 5000)).toEqual(['db-1', 'db-2']);
  await bed.until(
    'the pod runs',
    async () => statusOf(await bed.pod('default', 'new-1')).phase === 'Running',
  );
  for (const name of ['new-1', 'new-2'])
    await bed.kube.delete({ resource: 'pods', namespace: 'default', name });
});

test('a node that is late takes up changes that much later, and all at once when it is late no more', async () => {
  await annotate({ 'programming-delay': '2s' });
  const appliedAtMs = performance.now();
  await bed.policy('default', 'db', { podSelector: app('db'), ingress: [{}] });
  await bed.until('node-2 has taken it up', async () => (await seenBy('stranger'))[1] === 'db-2');
  await bed.until('node-1 has taken it up', async () => (await seenBy('stranger'))[0] === 'db-1');
  expect(performance.now() - appliedAtMs).toBeGreaterThan(2000);

  await annotate({ 'programming-delay': '1m' });
  await denyStrangers();
  await bed.until('node-2 denies', async () => (await seenBy('stranger'))[1] === 'shut');
  expect((await seenBy('stranger', 5000))[0]).toBe('db-1');
  await annotate({ 'programming-delay': null });
  await bed.until('node-1 denies', async () => (await seenBy('stranger'))[0] === 'shut', 20_000);
});

test('a restart that changes nothing is noticed by no packet', async () => {
  const pod = (name: string) => ({ namespace: 'default', name });
  const restart = async (): Promise<void> => {
    for (let turn = 0; turn < 60; turn += 1) await annotate({ 'restarted-at': `${performance.now()}` });
  };
  const allowed = await pourWhile(bed, pod('friend'), pod('db-1'), restart);
  expect(allowed.sent).toBeGreaterThan(1000);
  expect(allowed.arrived).toBe(allowed.sent);
  const denied = await pourWhile(bed, pod('stranger'), pod('db-1'), restart);
  expect(denied.sent).toBeGreaterThan(1000);
  expect(denied.arrived).toBe(0);
  const connections = Promise.all(Array.from({ length: 5 }, () => seenBy('friend', 10_000)));
  await restart();
  expect(new Set((await connections).flat())).toEqual(new Set(['db-1', 'db-2']));
});

const SERVER = "require('node:http').createServer((_, response) => response.end('ok')).listen(8080)";
const readinessProbe = {
  httpGet: { path: '/', port: 8080 },
  periodSeconds: 1,
  timeoutSeconds: 1,
  failureThreshold: 1,
};

/** Says that it has begun, and ends when it has once not been let do anything for two seconds. */
const TICK = `
  let last = Date.now();
  require('node:fs').writeFileSync('/tmp/ticks', '');
  setInterval(() => {
    if (Date.now() - last > 2000) process.exit(0);
    last = Date.now();
  }, 10);`;

async function isPodReady(name: string): Promise<boolean> {
  return isReady(await bed.pod('default', name));
}

test('a pod that is stalled does nothing until it goes on: no answers, no readiness, no exec', async () => {
  const pod = { resource: 'pods', namespace: 'default', name: 'web' } as const;
  const container = { command: ['node', '-e', SERVER], readinessProbe };
  await bed.kube.create(podManifest('default', 'web', {}, on('node-1'), container));
  await bed.until('it is ready', () => isPodReady('web'));
  const ticking = bed.exec('default', 'web', 'node', '-e', TICK);
  await bed.until('it ticks', async () => {
    const seen = await bed.exec('default', 'web', 'ls', '/tmp/ticks');
    return seen.kind === 'exited' && seen.exitCode === 0;
  });
  const stalledAtMs = performance.now();
  await annotate({ stalled: 'true' }, pod);
  await bed.until('it is not ready', async () => !(await isPodReady('web')));
  let isAnswered = false;
  const asked = bed.exec('default', 'web', 'echo', 'here').then((answer) => {
    isAnswered = true;
    return answer;
  });
  await delay(Math.max(500, 3000 - (performance.now() - stalledAtMs)));
  expect(isAnswered).toBe(false);
  await annotate({ stalled: null }, pod);
  expect(await asked).toMatchObject({ kind: 'exited', exitCode: 0, stdout: 'here\n' });
  expect(await ticking).toMatchObject({ kind: 'exited', exitCode: 0 });
  await bed.until('it is ready again', () => isPodReady('web'));

  const left = bed.exec('default', 'web', 'node', '-e', TICK);
  await annotate({ stalled: 'true' }, pod);
  await bed.kube.delete(pod);
  await bed.until('it can go all the same', async () => (await bed.pod('default', 'web')) === undefined);
  expect(await left).toMatchObject({ kind: expect.stringMatching(/^(exited|broken)$/) });
});

test('a pod may be stalled from its first moment', async () => {
  const manifest = podManifest('default', 'frozen', {}, on('node-1'), {
    command: ['node', '-e', SERVER],
    readinessProbe,
  });
  const metadata = { ...manifest.metadata, annotations: { 'sandbox.podreach.dev/stalled': 'true' } };
  await bed.kube.create({ ...manifest, metadata });
  await bed.until('it runs', async () => statusOf(await bed.pod('default', 'frozen')).phase === 'Running');
  await delay(1500);
  expect(await isPodReady('frozen')).toBe(false);
  await annotate({ stalled: 'false' }, { resource: 'pods', namespace: 'default', name: 'frozen' });
  await bed.until('it is ready', () => isPodReady('frozen'));
});

test.each([
  [
    { enforcement: 'shut' },
    'metadata.annotations[sandbox.podreach.dev/enforcement]: Unsupported value: "shut": supported values: "on", "open", "closed", "stopped"',
  ],
  [
    { 'programming-delay': 'soon' },
    'metadata.annotations[sandbox.podreach.dev/programming-delay]: Invalid value: "soon": must be a duration of at most an hour, such as 500ms, 3s or 1m',
  ],
  [
    { established: 'lost' },
    'metadata.annotations[sandbox.podreach.dev/established]: Unsupported value: "lost": supported values: "kept", "cut"',
  ],
  [
    { enforcment: 'open' },
    'metadata.annotations: Unsupported value: "sandbox.podreach.dev/enforcment": supported values: "sandbox.podreach.dev/enforcement", "sandbox.podreach.dev/established", "sandbox.podreach.dev/programming-delay", "sandbox.podreach.dev/restarted-at"',
  ],
])('of a node, %o is refused with what is possible', async (annotations, message) => {
  await expect(annotate(annotations)).rejects.toThrow(message);
});

test('of a pod, what is not true or false is refused', async () => {
  const pod = { resource: 'pods', namespace: 'default', name: 'friend' } as const;
  await expect(annotate({ stalled: 'yes' }, pod)).rejects.toThrow(
    'metadata.annotations[sandbox.podreach.dev/stalled]: Unsupported value: "yes": supported values: "true", "false"',
  );
});
