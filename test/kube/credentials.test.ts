/** Credentials that run out while podreach is at work, and how they are read again. */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { PodreachError } from '../../src/errors.ts';
import { connectKube } from '../../src/kube/connect.ts';
import { findKubeconfig } from '../../src/kube/kubeconfig.ts';
import { folderWith } from '../support/cli.ts';
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

const EXEC = { namespace: 'shop', pod: 'web', container: 'c', command: ['true'], timeoutMs: 5_000 };

test('a plugin is asked again when its token has run out, once for many requests, and for an exec', async () => {
  await using server = await ApiServer.start(guarded());
  using folder = folderWith({ tokens: 'stale\nfresh\n', runs: '' });
  const { command } = writePlugin(folder.path);
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command, interactiveMode: 'Never' };
  const kube = await connectKube(await kubeconfigWith(server, folder.path, { exec }));
  const get = () => kube.get({ resource: 'pods', namespace: 'shop', name: 'web' });
  expect(await Promise.all([get(), get(), get(), get()])).toEqual([POD, POD, POD, POD]);
  expect(readFileSync(join(folder.path, 'runs'), 'utf8')).toBe('ran\nran\n');
  expect(await kube.exec(EXEC)).toMatchObject({ kind: 'exited', exitCode: 0 });
  kube.close();
});

test('an exec that is not authorized is made again with new credentials', async () => {
  await using server = await ApiServer.start(guarded());
  using folder = folderWith({ tokens: 'stale\nfresh\n', runs: '' });
  const { command } = writePlugin(folder.path);
  const exec = { apiVersion: 'client.authentication.k8s.io/v1', command, interactiveMode: 'Never' };
  const kube = await connectKube(await kubeconfigWith(server, folder.path, { exec }));
  expect(await kube.exec(EXEC)).toMatchObject({ kind: 'exited', exitCode: 0 });
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
  expect(await kube.exec(EXEC)).toMatchObject({
    kind: 'broken',
    mayHeal: false,
    reason: 'the exec was refused: Unauthorized (401 Unauthorized)',
  });
  kube.close();
});
