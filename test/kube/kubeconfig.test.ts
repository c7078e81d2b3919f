/** Which kubeconfig counts, and what is said of one that does not hold. The rules are kubectl's. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { connectKube } from '../../src/kube/connect.ts';
import { findKubeconfig } from '../../src/kube/kubeconfig.ts';
import { folderWith } from '../support/cli.ts';
import { ApiServer } from './api-server.ts';

const GOOD = `apiVersion: v1
kind: Config
current-context: good
contexts: [{ name: good, context: { cluster: good, user: good } }]
clusters: [{ name: good, cluster: { server: "https://good.example" } }]
users: [{ name: good, user: { token: secret } }]
`;
/** Beside what is complete, entries that lack what they are for. */
const PARTIAL = `kind: Config
current-context: good
contexts: [{ name: good, context: { cluster: good } }, { name: bad, context: { cluster: bad } }, { name: worse }]
clusters: [{ name: bad, cluster: {} }, { name: good, cluster: { server: "https://good.example" } }, { name: worse }]
users: [{ user: { token: x } }]
`;

afterEach(() => vi.unstubAllEnvs());

/** What is found, or the error that it ends with, without the folder in it. */
async function find(
  files: Readonly<Record<string, string>>,
  { use, file, wanted }: { use?: readonly string[]; file?: string; wanted?: string },
): Promise<object> {
  using folder = folderWith(files);
  const place = (name: string): string => join(folder.path, name);
  const env = { KUBECONFIG: (use ?? []).map(place).join(':'), HOME: folder.path };
  try {
    const { context, server } = await findKubeconfig(wanted, file && place(file), env);
    return { context, server };
  } catch (thrown) {
    const { code, message, hint } = thrown as { code?: string; message: string; hint?: string };
    return { code, message: message.replaceAll(folder.path, ''), hint: hint?.replaceAll(folder.path, '') };
  }
}

const FOUND = { context: 'good', server: 'https://good.example' };

describe('a kubeconfig is passed over where it is', () => {
  test.each([
    ['not there', { good: GOOD }, ['missing', 'good']],
    ['empty', { empty: '', good: GOOD }, ['empty', 'good']],
    ['nothing but a comment', { good: GOOD, comment: '# nothing yet\n---\n' }, ['good', 'comment']],
  ])('%s', async (_, files, use) => {
    expect(await find(files, { use })).toEqual(FOUND);
  });
});

test('what the chosen context does not use need not be complete', async () => {
  expect(await find({ partial: PARTIAL }, { use: ['partial'] })).toEqual(FOUND);
  expect(await find({ partial: PARTIAL }, { use: ['partial'], wanted: 'worse' })).toEqual({
    code: 'cluster-unavailable',
    message: 'no context "worse" in the kubeconfig',
    hint: 'Write --cluster context=NAME with one of: good, bad.',
  });
});

test('a context without a user is that of nobody, who trusts the authority of the cluster all the same', async () => {
  await using server = await ApiServer.start({
    answer: () => ({ status: 200, body: { gitVersion: 'v1.36.0' } }),
  });
  const { users: _, contexts: __, ...rest } = JSON.parse(server.kubeconfig);
  using folder = folderWith({
    config: JSON.stringify({ ...rest, contexts: [{ name: 'test', context: { cluster: 'test' } }] }),
  });
  const { text } = await findKubeconfig(undefined, join(folder.path, 'config'));
  const kube = await connectKube(text);
  expect(await kube.version()).toBe('v1.36.0');
  expect(server.received.map(({ authorization }) => authorization)).toEqual([undefined]);
  kube.close();
});

describe('the file of --kubeconfig is named where it', () => {
  test.each([
    ['is not there', {}, 'there is no kubeconfig /it', 'Check the name after --kubeconfig.'],
    [
      'is something else',
      { it: 'apiVersion: podreach/v1\nkind: Scenario\nname: small\n' },
      'the kubeconfig /it cannot be read: it is of the kind Scenario',
      'Check it with: kubectl --kubeconfig /it config view',
    ],
    [
      'is no object',
      { it: 'hello' },
      'the kubeconfig /it cannot be read: ✖ Invalid input: expected object, received string',
      'Check it with: kubectl --kubeconfig /it config view',
    ],
    [
      'is empty',
      { it: '' },
      'the kubeconfig /it has no context',
      'See what it has: kubectl --kubeconfig /it config view',
    ],
  ])('%s', async (_, files, message, hint) => {
    expect(await find(files, { file: 'it' })).toEqual({ code: 'cluster-unavailable', message, hint });
  });
});

describe('in a pod', () => {
  const account = 'var/run/secrets/kubernetes.io/serviceaccount';

  /** A server, and the files and variables that a kubelet would give a pod of its cluster. */
  async function inPod(kubeconfig?: string) {
    const server = await ApiServer.start({
      answer: () => ({ status: 200, body: { gitVersion: 'v1.36.0' } }),
    });
    const authority: string = JSON.parse(server.kubeconfig).clusters[0].cluster['certificate-authority-data'];
    const folder = folderWith(kubeconfig === undefined ? {} : { config: kubeconfig });
    mkdirSync(join(folder.path, account), { recursive: true });
    const write = (name: string, text: string): void => writeFileSync(join(folder.path, account, name), text);
    write('ca.crt', Buffer.from(authority, 'base64').toString());
    write('token', 'first\n');
    write('namespace', 'ci');
    const { hostname, port } = new URL(server.address);
    // The client reads them itself.
    vi.stubEnv('KUBERNETES_SERVICE_HOST', hostname);
    vi.stubEnv('KUBERNETES_SERVICE_PORT', port);
    const env = {
      KUBECONFIG: join(folder.path, 'config'),
      KUBERNETES_SERVICE_HOST: hostname,
      KUBERNETES_SERVICE_PORT: port,
    };
    return {
      server,
      env,
      write,
      root: folder.path,
      async [Symbol.asyncDispose]() {
        folder[Symbol.dispose]();
        await server[Symbol.asyncDispose]();
      },
    };
  }

  test.each([
    ['without a kubeconfig', undefined],
    ['with an empty one', ''],
  ])('%s, its service account counts, with the token as it is now', async (_, kubeconfig) => {
    await using pod = await inPod(kubeconfig);
    const found = await findKubeconfig(undefined, undefined, pod.env, pod.root);
    expect(found).toMatchObject({ context: 'inClusterContext', server: pod.server.address });
    for (const token of ['first', 'second']) {
      pod.write('token', `${token}\n`);
      const kube = await connectKube(found.text);
      expect(await kube.version()).toBe('v1.36.0');
      kube.close();
    }
    expect(pod.server.received.map(({ authorization }) => authorization)).toEqual([
      'Bearer first',
      'Bearer second',
    ]);
  });

  test('a kubeconfig goes before the service account', async () => {
    await using pod = await inPod(GOOD);
    expect(await findKubeconfig(undefined, undefined, pod.env, pod.root)).toMatchObject(FOUND);
  });

  test('a service account counts only where the address of the API server is given', async () => {
    await using pod = await inPod();
    const env = { HOME: pod.root };
    await expect(findKubeconfig(undefined, undefined, env, pod.root)).rejects.toThrow(
      'there is no kubeconfig with a context',
    );
  });
});
