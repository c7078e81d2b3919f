/** Readiness probes on a sandbox: real visits from the pods' nodes to real servers. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../src/kube/kube.ts';
import { podManifest, startTestbed, statusOf, type Testbed } from '../testbed.ts';
import { tracesBelow } from '../traces.ts';

const PORT = 8080;

/**
 * Writes down who visits it. Answers with the status in /tmp/status, else with that in its first argument, and not at all while there is a
 * file /tmp/silent.
 */
const SERVER = `
const { appendFileSync, existsSync, readFileSync } = require('node:fs');
require('node:http').createServer((request, response) => {
  const { remoteAddress, remotePort } = request.socket;
  const visit = { at: Date.now(), from: remoteAddress, port: remotePort, url: request.url, headers: request.headers };
  appendFileSync('/tmp/visits', JSON.stringify(visit) + '\\n');
  if (existsSync('/tmp/silent')) return;
  response.statusCode = Number(existsSync('/tmp/status') ? readFileSync('/tmp/status', 'utf8') : process.argv[1]);
  response.end('seen');
}).listen(${PORT}, '0.0.0.0');
process.on('SIGTERM', () => process.exit(0));
`;

interface Visit {
  readonly at: number;
  readonly from: string;
  readonly port: number;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
}

let bed: Testbed;
beforeAll(async () => {
  bed = await startTestbed();
});
afterAll(() => bed[Symbol.asyncDispose]());

/** A pod that is visited each second, and answers with `status` at first. */
function visitedPod(name: string, status: number, probe: object = {}, spec: object = {}): KubeObject {
  return podManifest('default', name, { app: name }, spec, {
    command: ['node', '-e', SERVER, String(status)],
    ports: [{ name: 'ready', containerPort: PORT }],
    readinessProbe: { httpGet: { port: 'ready' }, periodSeconds: 1, timeoutSeconds: 20, ...probe },
  });
}

interface Told {
  readonly phase: string | undefined;
  /** `True` or `False`: whether the pod is ready; it agrees with its only container. */
  readonly ready: string | undefined;
  readonly message: string | undefined;
}

async function told(name: string): Promise<Told> {
  const pod = statusOf(await bed.pod('default', name));
  const conditions = (pod.conditions ?? []) as readonly { type: string; status: string; message?: string }[]; // an answer of the API
  const [containers, ready] = ['ContainersReady', 'Ready'].map((type) =>
    conditions.find((condition) => condition.type === type),
  );
  expect(containers?.status).toBe(ready?.status);
  const [container] = (pod.containerStatuses ?? []) as readonly { ready?: boolean }[];
  if (ready !== undefined) expect(container?.ready).toBe(ready.status === 'True');
  return { phase: pod.phase, ready: ready?.status, message: ready?.message };
}

const isReady = async (name: string): Promise<boolean> => (await told(name)).ready === 'True';

async function shell(name: string, script: string): Promise<string> {
  const result = await bed.exec('default', name, 'sh', '-c', script);
  if (result.kind !== 'exited' || result.exitCode !== 0) throw new Error(JSON.stringify(result));
  return result.stdout;
}

async function visitsTo(name: string): Promise<readonly Visit[]> {
  const lines = (await shell(name, 'cat /tmp/visits 2>/dev/null || :')).split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line));
}

/** Waits for so many visits more. */
async function moreVisits(name: string, count: number): Promise<void> {
  const before = (await visitsTo(name)).length;
  await bed.until(
    `${name} is visited ${count} times`,
    async () => {
      // Looking costs a process.
      await delay(200);
      return (await visitsTo(name)).length >= before + count;
    },
    25_000,
  );
}

describe.concurrent('a pod is ready', () => {
  test('when a visit succeeds, and not before; it runs all the same', async () => {
    await bed.kube.create(visitedPod('late', 503));
    await bed.until('the reason is told', async () => (await told('late')).message?.includes('503') === true);
    expect(await told('late')).toEqual({
      phase: 'Running',
      ready: 'False',
      message:
        'containers with unready status: [main]; main: Readiness probe failed: HTTP probe failed with statuscode: 503',
    });
    await shell('late', 'echo 204 > /tmp/status');
    await bed.until('it is ready', () => isReady('late'));
    expect(await told('late')).toEqual({ phase: 'Running', ready: 'True', message: undefined });
  });

  test('long before a period has passed, and after as many successes as it takes', async () => {
    await bed.kube.create(visitedPod('early', 200, { periodSeconds: 3600 }));
    await bed.kube.create(visitedPod('doubtful', 200, { successThreshold: 3 }));
    await bed.until('it is ready', () => isReady('early'));
    await bed.until('it is ready', () => isReady('doubtful'));
    expect((await visitsTo('doubtful')).length).toBeGreaterThanOrEqual(3);
  });

  test.each([
    ['a pod', {}],
    ['its node, for a pod on the network of that', { hostNetwork: true }],
  ])('when something listens on the port of %s', async (_, spec) => {
    const name = 'hostNetwork' in spec ? 'listening-host' : 'listening';
    const pod = (at: string, port: number): KubeObject =>
      podManifest('default', at, {}, spec, { readinessProbe: { tcpSocket: { port }, periodSeconds: 1 } });
    await bed.kube.create(pod(name, 9001));
    await bed.until('it is ready', () => isReady(name));
    await bed.kube.delete({ resource: 'pods', namespace: 'default', name });

    await bed.kube.create(
      podManifest('default', `${name}-not`, {}, spec, {
        command: ['sleep', '1000'],
        readinessProbe: { tcpSocket: { port: 9999 }, periodSeconds: 1 },
      }),
    );
    await bed.until(
      'the reason is told',
      async () => (await told(`${name}-not`)).message?.includes('dial') === true,
    );
    const host = await bed.address('default', `${name}-not`);
    expect(await told(`${name}-not`)).toEqual({
      phase: 'Running',
      ready: 'False',
      message: `containers with unready status: [main]; main: Readiness probe failed: dial tcp ${host}:9999: connect: connection refused`,
    });
  });

  test.each([
    ['a command', { exec: { command: ['false'] } }],
    ['HTTPS', { httpGet: { port: PORT, scheme: 'HTTPS' } }],
  ])('when it runs, if its probe is one that is not played: %s', async (_, handler) => {
    const name = 'exec' in handler ? 'unplayed-exec' : 'unplayed-https';
    await bed.kube.create(podManifest('default', name, {}, {}, { readinessProbe: handler }));
    await bed.until('it is ready', () => isReady(name));
  });
});

describe.concurrent('a pod that was ready', () => {
  test('is unready after as many failures as it takes, and ready again later', async () => {
    await bed.kube.create(visitedPod('moody', 200, { failureThreshold: 3, timeoutSeconds: 1 }));
    await bed.until('it is ready', () => isReady('moody'));
    await shell('moody', 'touch /tmp/silent');
    const before = (await visitsTo('moody')).length;
    await bed.until('it is unready', async () => !(await isReady('moody')), 25_000);
    expect((await visitsTo('moody')).length).toBeGreaterThanOrEqual(before + 3);
    const address = await bed.address('default', 'moody');
    expect(await told('moody')).toEqual({
      phase: 'Running',
      ready: 'False',
      message: `containers with unready status: [main]; main: Readiness probe failed: Get "http://${address}:${PORT}/": context deadline exceeded (Client.Timeout exceeded while awaiting headers)`,
    });
    await shell('moody', 'rm /tmp/silent');
    await bed.until('it is ready again', () => isReady('moody'), 25_000);
  });

  test('begins anew when its container is started again', async () => {
    await bed.kube.create(visitedPod('reborn', 503));
    await bed.until('it runs', async () => (await told('reborn')).phase === 'Running');
    await shell('reborn', 'echo 200 > /tmp/status');
    await bed.until('it is ready', () => isReady('reborn'));
    await shell('reborn', 'kill 1');
    await bed.until('it runs again', async () => {
      const [container] = statusOf(await bed.pod('default', 'reborn')).containerStatuses ?? [];
      return container?.restartCount === 1 && container.state['running'] !== undefined;
    });
    await moreVisits('reborn', 3);
    expect(await told('reborn')).toMatchObject({ phase: 'Running', ready: 'False' });
  });
});

describe.concurrent('visits', () => {
  test('are those of a kubelet, each over a connection of its own', async () => {
    const httpGet = {
      port: 'ready',
      path: '/ready?deep=1',
      httpHeaders: [{ name: 'X-Probe', value: 'yes' }],
    };
    await bed.kube.create(visitedPod('seen', 200, { httpGet }));
    await bed.until('it is ready', () => isReady('seen'));
    await moreVisits('seen', 2);
    const visits = await visitsTo('seen');
    const [address, node] = [
      await bed.address('default', 'seen'),
      statusOf(await bed.pod('default', 'seen')).hostIP,
    ];
    for (const { from, url, headers } of visits) {
      expect({ from, url, headers }).toEqual({
        from: node,
        url: '/ready?deep=1',
        headers: {
          host: `${address}:${PORT}`,
          'user-agent': 'kube-probe/1.36',
          accept: '*/*',
          connection: 'close',
          'x-probe': 'yes',
        },
      });
    }
    expect(new Set(visits.map(({ port }) => port)).size).toBe(visits.length);
  });

  test('come each second, in no hurry and without a change of the pod', async () => {
    await bed.kube.create(visitedPod('steady', 200));
    await bed.until('it is ready', () => isReady('steady'));
    await moreVisits('steady', 1);
    const before = await bed.pod('default', 'steady');
    await moreVisits('steady', 6);
    const times = (await visitsTo('steady')).map(({ at }) => at);
    const [first = 0, last = 0] = [times.at(-7), times.at(-1)];
    // A busy machine makes visits late and leaves some out; nothing makes them come more often.
    expect(last - first).toBeGreaterThan(4000);
    expect(await bed.pod('default', 'steady')).toEqual(before);
  });

  test('are stopped by no policy', async () => {
    await bed.kube.create(visitedPod('walled', 200));
    await bed.start(podManifest('default', 'outsider'));
    await bed.until('it is ready', () => isReady('walled'));
    await bed.policy('default', 'deny', {
      podSelector: { matchLabels: { app: 'walled' } },
      policyTypes: ['Ingress', 'Egress'],
    });
    const target = { host: await bed.address('default', 'walled'), port: PORT, protocol: 'TCP' } as const;
    await bed.inForce();
    expect(await bed.attempts('default', 'outsider', [target])).toEqual(['shut']);
    await moreVisits('walled', 5);
    expect(await isReady('walled')).toBe(true);
  });

  test.each([
    ['its pod leaves', 'leaver'],
    ['its container ends', 'ender'],
  ])('end when %s', async (_, name) => {
    await bed.kube.create(visitedPod(`${name}-host`, 200));
    await bed.until('it is ready', () => isReady(`${name}-host`));
    const httpGet = { port: PORT, host: await bed.address('default', `${name}-host`), path: `/${name}` };
    const readinessProbe = { httpGet, periodSeconds: 1 };
    const command = ['sh', '-c', 'until [ -e /tmp/end ]; do sleep 0.1; done'];
    await bed.kube.create(
      podManifest('default', name, {}, { restartPolicy: 'Never' }, { command, readinessProbe }),
    );
    await bed.until('it is ready', () => isReady(name));
    if (name === 'leaver') {
      await bed.kube.delete({ resource: 'pods', namespace: 'default', name });
      await bed.until('it is gone', async () => (await bed.pod('default', name)) === undefined);
    } else {
      await shell(name, 'touch /tmp/end');
      await bed.until('it has ended', async () => (await told(name)).phase === 'Succeeded');
    }
    const own = async (): Promise<number> =>
      (await visitsTo(`${name}-host`)).filter(({ url }) => url === `/${name}`).length;
    // One that has begun by then may still arrive.
    await moreVisits(`${name}-host`, 2);
    const before = await own();
    // The host's own visits go on meanwhile.
    await moreVisits(`${name}-host`, 3);
    expect(await own()).toBe(before);
  });
});

/** The processes of this test's sandboxes that visit pods. */
function visitors(): number[] {
  const own = [...tracesBelow(process.pid).processes].map((entry) => entry.split(' ')[0] ?? '');
  return own.filter((id) => commandOf(id).includes('/probes/visitor')).map(Number);
}

function commandOf(id: string): string {
  try {
    return readFileSync(`/proc/${id}/cmdline`, 'utf8');
  } catch {
    return ''; // it has ended
  }
}

test('a node has a process that visits once it has a pod to visit, and the sandbox ends with it', async () => {
  const before = new Set(visitors());
  const newVisitors = (): number[] => visitors().filter((pid) => !before.has(pid));
  await using other = await startTestbed();
  await other.start(podManifest('default', 'plain', {}, { nodeName: 'node-2' }));
  expect(newVisitors()).toEqual([]);
  for (const name of ['one', 'two']) {
    const readinessProbe = { tcpSocket: { port: 80 } };
    await other.start(podManifest('default', name, {}, { nodeName: 'node-2' }, { readinessProbe }));
  }
  const [visitor = 0, ...others] = newVisitors();
  expect(others).toEqual([]);
  process.kill(visitor, 'SIGKILL');
  expect(await other.sandbox.exited).toEqual({
    kind: 'lost',
    reason:
      'the sandbox has ended: its supervisor ended with exit code 1: Error: the process that visits the pods of node-2 was killed by SIGKILL',
  });
});
