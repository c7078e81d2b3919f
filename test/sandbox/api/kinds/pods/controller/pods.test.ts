/** The life of pods on a sandbox: where they run, what they see, how they end. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../../../../src/kube/kube.ts';
import { runCommand } from '../../../../../support/run-command.ts';
import { podManifest, type SeenStatus, startTestbed, statusOf, type Testbed } from '../../../../testbed.ts';

let bed: Testbed;

beforeAll(async () => {
  bed = await startTestbed({ names: 'from the start' });
  await bed.start(podManifest('default', 'web', { app: 'web' }));
});
afterAll(() => bed[Symbol.asyncDispose]());

/** A pod that runs a shell script, once. */
function scriptPod(name: string, script: string, spec: object = {}, container: object = {}): KubeObject {
  const command = { command: ['sh', '-c', script], ...container };
  return podManifest('default', name, {}, { restartPolicy: 'Never', ...spec }, command);
}

/** Creates a pod and waits until its status is as wanted. */
async function settled(
  manifest: KubeObject,
  isSettled: (status: SeenStatus) => boolean,
): Promise<SeenStatus> {
  const { name } = manifest.metadata;
  await bed.kube.create(manifest);
  let status: SeenStatus = {};
  await bed.until(`${name} settles`, async () => {
    status = statusOf(await bed.pod('default', name));
    return isSettled(status);
  });
  return status;
}

const hasEnded = ({ phase }: SeenStatus): boolean => phase === 'Succeeded' || phase === 'Failed';
const isWaitingFor = (reason: string) => (status: SeenStatus) =>
  status.containerStatuses?.[0]?.state['waiting']?.['reason'] === reason;

async function shell(script: string, pod = 'web') {
  return bed.exec('default', pod, 'sh', '-c', script);
}

describe('a pod', () => {
  test('has its own address, host name, files and processes', async () => {
    const [first, second] = await bed.addresses('default', 'web');
    const script =
      'hostname; tail -2 /etc/hosts; cat /etc/resolv.conf; ls /tmp; pwd; head -c 4 /proc/1/cmdline; echo " $HOME $HOSTNAME"';
    expect(await shell(script)).toEqual({
      kind: 'exited',
      exitCode: 0,
      stderr: '',
      stdout: `web\n${first}\tweb\n${second}\tweb\nsearch default.svc.cluster.local svc.cluster.local cluster.local\nnameserver 10.96.0.10\noptions ndots:5\n/\nnode /tmp web\n`,
    });
  });

  test('keeps what it writes to /tmp to itself', async () => {
    await bed.start(podManifest('default', 'neighbour'));
    await shell('echo mine > /tmp/file');
    expect(await shell('cat /tmp/file', 'neighbour')).toMatchObject({ exitCode: 1 });
    expect(await shell('cat /tmp/file')).toMatchObject({ stdout: 'mine\n' });
  });

  test('may not change its network', async () => {
    expect(await shell('/usr/sbin/ip link set eth0 down || /sbin/ip link set eth0 down')).toMatchObject({
      stderr: expect.stringContaining('Operation not permitted'),
    });
  });

  test('is told at once that there is no such name', async () => {
    const script =
      "const began = performance.now(); require('node:dns').lookup('db.shop.svc', (error) => console.log(error.code, performance.now() - began < 900))";
    await bed.until('a name is none', async () => {
      const result = await bed.exec('default', 'web', 'node', '-e', script);
      return result.kind === 'exited' && result.stdout === 'ENOTFOUND true\n';
    });
  });

  test('is told at once when nothing is where it connects to', async () => {
    const targets = [
      { host: '10.96.0.200', port: 443, protocol: 'TCP' },
      { host: '203.0.113.9', port: 80, protocol: 'TCP' },
      { host: '10.244.2.250', port: 80, protocol: 'TCP' },
      { host: await bed.address('default', 'web'), port: 81, protocol: 'TCP' },
      { host: await bed.address('default', 'web'), port: 81, protocol: 'UDP' },
    ] as const;
    // Its own pod: kernels tell one address of only so many failures in a row.
    await bed.start(podManifest('default', 'knocker'));
    expect(await bed.attempts('default', 'knocker', targets)).toEqual([
      'ENETUNREACH',
      'ENETUNREACH',
      'EHOSTUNREACH',
      'ECONNREFUSED',
      'ECONNREFUSED',
    ]);
  });

  test('runs several containers on one network', async () => {
    const [first] = (podManifest('default', 'x').spec as { containers: object[] }).containers;
    const second = { name: 'second', image: 'none', command: ['sleep', '1000'] };
    await bed.start(podManifest('default', 'pair', {}, { containers: [first, second] }));
    const net = (container: string) =>
      runCommand(bed.kube, {
        namespace: 'default',
        pod: 'pair',
        container,
        command: ['readlink', '/proc/self/ns/net'],
        answerMs: 5000,
      });
    expect(await net('second')).toEqual(await net('main'));
  });
});

describe('exec', () => {
  test.each([
    ['exit 0', { exitCode: 0 }],
    ['echo out; echo err >&2; exit 3', { exitCode: 3, stdout: 'out\n', stderr: 'err\n' }],
    ['kill -TERM $$', { exitCode: 143 }],
    ['kill -KILL $$', { exitCode: 137 }],
  ])('of "%s" ends as the command does', async (script, ending) => {
    expect(await shell(script)).toMatchObject({ kind: 'exited', ...ending });
  });

  test('passes input and much output', async () => {
    const result = await runCommand(bed.kube, {
      namespace: 'default',
      pod: 'web',
      container: 'main',
      command: ['sh', '-c', 'read line; echo "got $line"; head -c 300000 /dev/zero | tr "\\0" x'],
      stdin: 'hello\n',
      answerMs: 10_000,
    });
    expect(result).toMatchObject({
      kind: 'exited',
      exitCode: 0,
      stdout: `got hello\n${'x'.repeat(300_000)}`,
    });
  });

  test.each([
    ['no-such-program', 'exec: "no-such-program": executable file not found in $PATH'],
    ['cd', 'exec: "cd": executable file not found in $PATH'],
    ['/no/such/program', 'exec: "/no/such/program": stat /no/such/program: no such file or directory'],
    ['/etc/passwd', 'exec: "/etc/passwd": permission denied'],
    ['/usr', 'exec: "/usr": is a directory'],
    ['', 'exec: "": executable file not found in $PATH'],
  ])('of %j, which cannot be executed, is no exit code', async (program, why) => {
    expect(await bed.exec('default', 'web', program)).toMatchObject({
      kind: 'broken',
      reason: `the exec failed: Internal error occurred: error executing command in container: ${why}`,
      stdout: '',
      stderr: '',
    });
  });

  test('of a command that ends with 127 is one', async () => {
    expect(await shell('echo "exec: not this" >&2; exit 127')).toMatchObject({
      kind: 'exited',
      exitCode: 127,
      stderr: 'exec: not this\n',
    });
  });

  test('runs in the working directory and environment of the container', async () => {
    const environment = {
      env: [
        { name: 'A', value: '1' },
        { name: 'B', value: '$(A)2' },
      ],
      workingDir: '/usr',
    };
    await bed.start(podManifest('default', 'placed', {}, {}, environment));
    expect(await shell('pwd; echo $A $B', 'placed')).toMatchObject({ stdout: '/usr\n1 12\n' });
  });
});

describe('a container that ends', () => {
  test.each([
    ['well', 'echo bye', 'Succeeded', { exitCode: 0, reason: 'Completed' }],
    [
      'badly',
      'echo one; echo two >&2; exit 5',
      'Failed',
      { exitCode: 5, reason: 'Error', message: 'one\ntwo\n' },
    ],
    ['by a signal', 'sleep 100 & kill -KILL $!; wait $!', 'Failed', { exitCode: 137, reason: 'Error' }],
  ])('%s decides the phase of its pod', async (how, script, phase, terminated) => {
    const manifest = scriptPod(
      `ends-${how.replaceAll(' ', '-')}`,
      script,
      {},
      { terminationMessagePolicy: 'FallbackToLogsOnError' },
    );
    const status = await settled(manifest, hasEnded);
    expect(status.phase).toBe(phase);
    expect(status.containerStatuses?.[0]?.state['terminated']).toMatchObject(terminated);
  });

  test('is started again after a while, and says so meanwhile', async () => {
    const manifest = scriptPod('restless', 'exit 4', { restartPolicy: 'Always' });
    const waitsAgain = (seen: SeenStatus): boolean =>
      isWaitingFor('CrashLoopBackOff')(seen) && seen.containerStatuses?.[0]?.restartCount === 1;
    const { phase, containerStatuses } = await settled(manifest, waitsAgain);
    expect(phase).toBe('Running');
    expect(containerStatuses?.[0]?.lastState?.['terminated']).toMatchObject({ exitCode: 4 });
    expect(containerStatuses?.[0]?.state['waiting']?.['message']).toMatch(
      /^back-off 2s restarting failed container=main pod=restless_default\(/,
    );
  });

  test('is not started again by OnFailure when it succeeded', async () => {
    expect((await settled(scriptPod('once', 'true', { restartPolicy: 'OnFailure' }), hasEnded)).phase).toBe(
      'Succeeded',
    );
  });
});

describe('a container that cannot be started', () => {
  test('because its program is not there, says so', async () => {
    const status = await settled(scriptPod('lost', '', {}, { command: ['no-such-program'] }), hasEnded);
    expect(status.containerStatuses?.[0]?.state['terminated']).toMatchObject({
      exitCode: 128,
      reason: 'StartError',
      message: 'exec: "no-such-program": executable file not found in $PATH',
    });
  });

  test('because its working directory is not there, says so', async () => {
    const status = await settled(scriptPod('adrift', 'true', {}, { workingDir: '/nowhere' }), hasEnded);
    expect(status.containerStatuses?.[0]?.state['terminated']?.['message']).toContain('/nowhere');
  });

  test('because it names an image only, says so', async () => {
    const manifest = scriptPod('image', '', {}, { command: undefined, image: 'nginx' });
    const status = await settled(manifest, isWaitingFor('CreateContainerConfigError'));
    expect(status.containerStatuses?.[0]?.state['waiting']?.['message']).toBe(
      'the sandbox runs no images: give the container a command',
    );
    expect(status.phase).toBe('Pending');
  });

  test('because its environment is too large for the kernel, says so', async () => {
    const environment = { env: [{ name: 'LARGE', value: 'x'.repeat(200_000) }] };
    const status = await settled(
      scriptPod('large', 'true', {}, environment),
      isWaitingFor('CreateContainerError'),
    );
    expect(status.containerStatuses?.[0]?.state['waiting']?.['message']).toBe('spawn E2BIG');
  });

  test('because of init containers, says so', async () => {
    const init = { initContainers: [{ name: 'init', image: 'none', command: ['true'] }] };
    const status = await settled(scriptPod('init', 'true', init), isWaitingFor('CreateContainerConfigError'));
    expect(status.containerStatuses?.[0]?.state['waiting']?.['message']).toBe(
      'the sandbox runs no init containers',
    );
  });
});

describe('scheduling', () => {
  test('spreads pods over the nodes', async () => {
    const names = ['s1', 's2', 's3', 's4', 's5', 's6'];
    await bed.start(...names.map((name) => podManifest('default', name)));
    const pods = await bed.kube.list({ resource: 'pods', namespace: 'default' });
    const counts = ['node-1', 'node-2'].map(
      (node) => pods.filter(({ spec }) => (spec as { nodeName?: string }).nodeName === node).length,
    );
    expect(Math.abs((counts[0] ?? 0) - (counts[1] ?? 0))).toBeLessThanOrEqual(1);
  });

  test('waits for a node with the wanted label', async () => {
    const manifest = scriptPod('picky', 'sleep 1000', { nodeSelector: { disk: 'fast' } });
    const status = await settled(manifest, ({ conditions }) => conditions !== undefined);
    expect(status).toMatchObject({
      phase: 'Pending',
      conditions: [
        {
          type: 'PodScheduled',
          reason: 'Unschedulable',
          message: "0/2 nodes are available: 2 node(s) didn't match Pod's node affinity/selector.",
        },
      ],
    });
    const label = { apiVersion: 'v1', kind: 'Node', metadata: { name: 'node-2', labels: { disk: 'fast' } } };
    await bed.kube.apply({ resource: 'nodes', name: 'node-2' }, JSON.stringify(label));
    await bed.until(
      'picky runs',
      async () => statusOf(await bed.pod('default', 'picky')).phase === 'Running',
    );
    expect((await bed.pod('default', 'picky'))?.['spec']).toMatchObject({ nodeName: 'node-2' });
  });
});

describe('deleting a pod', () => {
  test('takes its processes first, and its name is free then', async () => {
    await bed.start(podManifest('default', 'gone'));
    const address = await bed.address('default', 'gone');
    await bed.kube.delete({ resource: 'pods', namespace: 'default', name: 'gone' });
    await bed.until('gone is gone', async () => (await bed.pod('default', 'gone')) === undefined);
    const target = { host: address, port: 80, protocol: 'TCP' } as const;
    const [outcome] = await bed.attempts('default', 'web', [target]);
    // Its link goes a moment later.
    expect(outcome).toMatch(/^(EHOSTUNREACH|shut)$/);
    await bed.start(podManifest('default', 'gone'));
    expect(await bed.address('default', 'gone')).not.toBe(address);
  });

  test('works while it starts and while it waits to be started again', async () => {
    for (const [name, script] of [
      ['early', 'sleep 1000'],
      ['broken', 'exit 1'],
    ] as const) {
      await bed.kube.create(scriptPod(name, script, { restartPolicy: 'Always' }));
      if (name === 'broken') {
        await bed.until('it has failed', async () =>
          isWaitingFor('CrashLoopBackOff')(statusOf(await bed.pod('default', name))),
        );
      }
      await bed.kube.delete({ resource: 'pods', namespace: 'default', name });
      await bed.until(`${name} is gone`, async () => (await bed.pod('default', name)) === undefined);
    }
  });

  test('comes with its namespace', async () => {
    await bed.namespace('short');
    await bed.start(podManifest('short', 'one'), podManifest('short', 'two'));
    await bed.kube.delete({ resource: 'namespaces', name: 'short' });
    await bed.until('the namespace is gone', async () => {
      return (await bed.kube.get({ resource: 'namespaces', name: 'short' })) === undefined;
    });
    expect(await bed.kube.list({ resource: 'pods', namespace: 'short' })).toEqual([]);
  });
});
