/** Credentials that run out while podreach is at work, and how they are read again. */
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { Interruption, PodreachError } from '../../src/errors.ts';
import { connectKube } from '../../src/kube/connect.ts';
import { findKubeconfig } from '../../src/kube/kubeconfig.ts';
import { folderWith } from '../support/cli.ts';
import { runCommand } from '../support/run-command.ts';
import { ApiServer, type Behaviour, frame, status } from './api-server.ts';

const POD = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'web', namespace: 'shop' } };
const GOOD = 'Bearer fresh';

/** A server that takes one token, on requests and on execs. */
function guarded(): Behaviour {
  return {
    answer: ({ authorization }) =>
      authorization === GOOD ? { status: 200, body: POD } : status(401, 'Unauthorized', 'Unauthorized'),
    admit: ({ headers }) => headers.authorization === GOOD,
    exec: (socket) => socket.send(frame(3, { metadata: {}, status: 'Success' })),
  };
}

/** A kubeconfig for the server, as files in a folder would give it. */
async function kubeconfigWith(
  server: ApiServer,
  folder: string,
  user: Readonly<Record<string, unknown>>,
): Promise<string> {
  const config = { ...parse(server.kubeconfig), users: [{ name: 'test', user }] };
  writeFileSync(join(folder, 'config'), JSON.stringify(config));
  return (await findKubeconfig(undefined, undefined, { KUBECONFIG: join(folder, 'config') })).text;
}

/** A credential plugin that hands out what is in the file `tokens`, one line each time it runs. */
function writePlugin(folder: string): { command: string } {
  const command = join(folder, 'plugin.sh');
  writeFileSync(
    command,
    `#!/bin/sh
cd "${folder}"
token=$(head -n 1 tokens); sed -i 1d tokens; echo ran >> runs
echo '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"'"$token"'"}}'
`,
  );
  chmodSync(command, 0o755);
  return { command };
}

const EXEC = { namespace: 'shop', pod: 'web', container: 'c', command: ['true'], answerMs: 5_000 };

test('a plugin is asked again when its token has run out, once for many requests, and for an exec', async () => {
  await using server = await ApiServer.start(guarded());
  using folder = folderWith({ tokens: 'stale\nfresh\n', runs: '' });
  const { command } = writePlugin(folder.path);
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command, interactiveMode: 'Never' };
  const kube = await connectKube(await kubeconfigWith(server, folder.path, { exec }));
  const get = () => kube.get({ resource: 'pods', namespace: 'shop', name: 'web' });
  expect(await Promise.all([get(), get(), get(), get()])).toEqual([POD, POD, POD, POD]);
  expect(readFileSync(join(folder.path, 'runs'), 'utf8')).toBe('ran\nran\n');
  expect(await runCommand(kube, EXEC)).toMatchObject({ kind: 'exited', exitCode: 0 });
  kube.close();
});

test('an exec that is not authorized is made again with new credentials', async () => {
  await using server = await ApiServer.start(guarded());
  using folder = folderWith({ tokens: 'stale\nfresh\n', runs: '' });
  const { command } = writePlugin(folder.path);
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command, interactiveMode: 'Never' };
  const kube = await connectKube(await kubeconfigWith(server, folder.path, { exec }));
  expect(await runCommand(kube, EXEC)).toMatchObject({ kind: 'exited', exitCode: 0 });
  kube.close();
});

test('a file with a token is read again, goes before a token, and may end with a line break', async () => {
  await using server = await ApiServer.start(guarded());
  using folder = folderWith({ token: 'stale\n' });
  const kube = await connectKube(
    await kubeconfigWith(server, folder.path, { token: 'older', tokenFile: 'token' }),
  );
  const get = () => kube.get({ resource: 'pods', namespace: 'shop', name: 'web' });
  await expect(get()).rejects.toThrow('Unauthorized');
  expect(server.received.map(({ authorization }) => authorization)).toEqual(['Bearer stale', 'Bearer stale']);
  writeFileSync(join(folder.path, 'token'), 'fresh\n');
  expect(await get()).toEqual(POD);
  kube.close();
});

test('credentials that stay wrong are said to be, on requests and on execs', async () => {
  await using server = await ApiServer.start(guarded());
  using folder = folderWith({});
  const kube = await connectKube(await kubeconfigWith(server, folder.path, { token: 'wrong' }));
  const thrown: unknown = await kube.list({ resource: 'pods' }).catch((reason: unknown) => reason);
  expect(thrown).toBeInstanceOf(PodreachError);
  expect(thrown).toMatchObject({
    code: 'permission-denied',
    hint: 'The credentials of context "test" are missing, wrong or expired: log in again.',
  });
  expect(await runCommand(kube, EXEC)).toMatchObject({
    kind: 'broken',
    mayHeal: false,
    reason: 'the exec was refused: Unauthorized (401 Unauthorized)',
  });
  kube.close();
});

/** A plugin that never answers, nor does the program that it has started; both write their process ids into `pids`. */
function hangingPlugin(folder: string): { command: string } {
  const command = join(folder, 'hangs.sh');
  writeFileSync(command, `#!/bin/sh\nsleep 400 &\necho $! $$ >"${folder}/pids"\nwait\n`);
  chmodSync(command, 0o755);
  return { command };
}

function isRunning(pid: string): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const NEVER = { apiVersion: 'client.authentication.k8s.io/v1', interactiveMode: 'Never' };

test('a plugin that does not answer is ended with all that it started, on requests and on execs', async () => {
  await using server = await ApiServer.start(guarded());
  using folder = folderWith({});
  const { command } = hangingPlugin(folder.path);
  const kubeconfig = await kubeconfigWith(server, folder.path, {
    exec: { ...NEVER, command, args: ['--secret', 'of-mine'] },
  });
  const kube = await connectKube(kubeconfig, { patience: { credentialsMs: 1_000 } });
  const words = `the credentials of context "test" cannot be used: the credential plugin ${command} gave no answer within 1 s`;
  await expect(kube.list({ resource: 'pods' })).rejects.toMatchObject({
    code: 'cluster-unavailable',
    message: words,
    hint: 'Interactive logins are not supported: kubectl --context test version must work without a prompt.',
  });
  expect(await runCommand(kube, EXEC)).toMatchObject({ kind: 'broken', reason: words });
  const pids = readFileSync(join(folder.path, 'pids'), 'utf8').trim().split(' ');
  expect(pids).toHaveLength(2);
  await expect.poll(() => pids.filter(isRunning)).toEqual([]);
  kube.close();
});

test('an interruption does not wait for a plugin, and closing ends it', async () => {
  await using server = await ApiServer.start(guarded());
  using folder = folderWith({});
  const exec = { ...NEVER, ...hangingPlugin(folder.path) };
  const kube = await connectKube(await kubeconfigWith(server, folder.path, { exec }));
  const interruption = new AbortController();
  const { signal } = interruption;
  const calls = [kube.list({ resource: 'pods' }, { signal }), runCommand(kube, { ...EXEC, signal })];
  await expect.poll(() => existsSync(join(folder.path, 'pids'))).toBe(true);
  interruption.abort(new Interruption('SIGINT'));
  expect(await Promise.allSettled(calls)).toMatchObject([
    { status: 'rejected', reason: { code: 'interrupted' } },
    { status: 'fulfilled', value: { kind: 'broken', reason: 'interrupted' } },
  ]);
  kube.close();
  const started = readFileSync(join(folder.path, 'pids'), 'utf8').trim().split(' ');
  await expect.poll(() => started.filter(isRunning)).toEqual([]);
});

test('a plugin is told of the cluster where it asks, and that nobody can be asked', async () => {
  await using server = await ApiServer.start(guarded());
  using folder = folderWith({ tokens: 'fresh\nfresh\n' });
  const { command } = writePlugin(folder.path);
  writeFileSync(
    command,
    readFileSync(command, 'utf8').replace('token=', 'echo "$KUBERNETES_EXEC_INFO" >info; token='),
  );
  const infoFor = async (more: object): Promise<unknown> => {
    const exec = { ...NEVER, command: './plugin.sh', ...more };
    const kube = await connectKube(await kubeconfigWith(server, folder.path, { exec }));
    expect(await kube.get({ resource: 'pods', namespace: 'shop', name: 'web' })).toEqual(POD);
    kube.close();
    return JSON.parse(readFileSync(join(folder.path, 'info'), 'utf8'));
  };
  const told = { apiVersion: NEVER.apiVersion, kind: 'ExecCredential' };
  expect(await infoFor({})).toEqual({ ...told, spec: { interactive: false } });
  const { clusters } = parse(server.kubeconfig);
  expect(await infoFor({ provideClusterInfo: true })).toEqual({
    ...told,
    spec: {
      interactive: false,
      cluster: { ...clusters[0].cluster, 'insecure-skip-tls-verify': false },
    },
  });
});

test.each([
  [
    { command: 'no-such-plugin', installHint: 'Get it from example.com.' },
    'is not there',
    'Get it from example.com.',
  ],
  [
    { command: 'sh', args: ['-c', 'echo you are logged out >&2; exit 3'] },
    'failed: you are logged out',
    'Log in again',
  ],
  // Arguments may be secrets.
  [{ command: 'sh', args: ['-c', 'exit 3', '--secret=of-mine'] }, 'failed: exit code 3', 'Log in again'],
  [{ command: 'sh', args: ['-c', 'kill $$', '--secret=of-mine'] }, 'failed: SIGTERM', 'Log in again'],
  [{ command: '/', args: ['--secret=of-mine'] }, 'cannot be run: EACCES', 'Log in again'],
  [{ command: 'echo', args: ['hello'] }, 'did not answer with an ExecCredential', 'Log in again'],
])('a plugin like %j says what is wrong', async (plugin, words, hint) => {
  await using server = await ApiServer.start(guarded());
  using folder = folderWith({});
  const kube = await connectKube(
    await kubeconfigWith(server, folder.path, { exec: { ...NEVER, ...plugin } }),
  );
  await expect(kube.list({ resource: 'pods' })).rejects.toMatchObject({
    message: `the credentials of context "test" cannot be used: the credential plugin ${plugin.command} ${words}`,
    hint: expect.stringContaining(hint),
  });
  kube.close();
});

test('a plugin is heard as soon as it ends, whatever it leaves running, and may leave out with a null', async () => {
  await using server = await ApiServer.start(guarded());
  using folder = folderWith({});
  const command = join(folder.path, 'daemon.sh');
  writeFileSync(
    command,
    `#!/bin/sh
sleep 400 &
echo $! >"${folder.path}/pid"
echo '{"kind":"ExecCredential","status":{"token":"fresh","expirationTimestamp":null,"clientKeyData":null}}'
`,
  );
  chmodSync(command, 0o755);
  const kubeconfig = await kubeconfigWith(server, folder.path, { exec: { ...NEVER, command } });
  const kube = await connectKube(kubeconfig, { patience: { credentialsMs: 10_000 } });
  expect(await kube.get({ resource: 'pods', namespace: 'shop', name: 'web' })).toEqual(POD);
  kube.close();
  const pid = readFileSync(join(folder.path, 'pid'), 'utf8').trim();
  // It is the plugin's own, and not ours to end.
  expect(isRunning(pid)).toBe(true);
  process.kill(Number(pid));
});

test('a plugin that must ask on a terminal is refused', async () => {
  await using server = await ApiServer.start(guarded());
  using folder = folderWith({});
  const exec = { ...NEVER, command: 'ask', interactiveMode: 'Always' };
  await expect(connectKube(await kubeconfigWith(server, folder.path, { exec }))).rejects.toThrow(
    'the credential plugin ask wants to ask on a terminal',
  );
});

test('whom a user acts as is asked for in full, on requests and on execs', async () => {
  const asked: IncomingHttpHeaders[] = [];
  const note = ({ headers }: IncomingMessage): void => {
    asked.push(
      Object.fromEntries(Object.entries(headers).filter(([name]) => name.startsWith('impersonate-'))),
    );
  };
  await using server = await ApiServer.start({
    answer: () => (response, request) => {
      note(request);
      response.end(JSON.stringify(POD));
    },
    exec: (socket, request) => {
      note(request);
      socket.send(frame(3, { metadata: {}, status: 'Success' }));
    },
  });
  using folder = folderWith({});
  const user = {
    token: 'fresh',
    as: 'jane',
    'as-uid': '7',
    'as-groups': ['ops', 'night'],
    'as-user-extra': { 'example.com/reason': ['drill'] },
  };
  const kube = await connectKube(await kubeconfigWith(server, folder.path, user));
  expect(await kube.get({ resource: 'pods', namespace: 'shop', name: 'web' })).toEqual(POD);
  expect(await runCommand(kube, EXEC)).toMatchObject({ kind: 'exited', exitCode: 0 });
  kube.close();
  const expected = {
    'impersonate-user': 'jane',
    'impersonate-uid': '7',
    'impersonate-group': 'ops, night',
    'impersonate-extra-example.com%2freason': 'drill',
  };
  expect(asked).toEqual([expected, expected]);
});

test('groups without a user to act as are refused, as kubectl does', async () => {
  await using server = await ApiServer.start(guarded());
  using folder = folderWith({});
  const kubeconfig = await kubeconfigWith(server, folder.path, { token: 'fresh', 'as-groups': ['ops'] });
  await expect(connectKube(kubeconfig)).rejects.toThrow('and not as whom');
});
