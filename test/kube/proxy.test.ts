/** Which servers are reached through the proxy of the environment, as kubectl reaches them. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { Duplex } from 'node:stream';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { systemClock } from '../../src/clock.ts';
import { readAccess } from '../../src/kube/access.ts';
import { EXEC_LIMITS, Session } from '../../src/kube/exec.ts';
import type { ExecRequest } from '../../src/kube/kube.ts';
import { proxyFor } from '../../src/kube/proxy.ts';
import { send } from '../../src/kube/request.ts';
import { runCommand } from '../support/run-command.ts';
import { ApiServer, frame } from './api-server.ts';

const PROXY = 'http://proxy.example:3128';

test.each<[string, NodeJS.ProcessEnv, string | undefined]>([
  ['https://api.example:6443', {}, undefined],
  ['https://api.example:6443', { HTTPS_PROXY: PROXY }, PROXY],
  ['https://api.example:6443', { https_proxy: PROXY }, PROXY],
  ['https://api.example:6443', { HTTPS_PROXY: 'proxy.example:3128' }, PROXY],
  ['https://api.example:6443', { HTTPS_PROXY: 'socks5://proxy.example' }, 'socks5://proxy.example'],
  ['https://api.example:6443', { HTTP_PROXY: PROXY }, undefined],
  ['http://api.example:8080', { HTTP_PROXY: PROXY }, PROXY],
  // Servers on this machine are never behind a proxy: the sandbox's and kind's are.
  ['https://127.0.0.1:6443', { HTTPS_PROXY: PROXY }, undefined],
  ['https://localhost:6443', { HTTPS_PROXY: PROXY }, undefined],
  ['https://[::1]:6443', { HTTPS_PROXY: PROXY }, undefined],
  ...[
    ['*', true],
    ['api.example', true],
    ['example', true],
    ['.example', true],
    ['*.example', true],
    ['other.test, API.EXAMPLE:6443', true],
    ['api.example:443', false],
    ['pi.example', false],
    ['.api.example', false],
    ['10.0.0.0/8', false],
    ['', false],
  ].map(([NO_PROXY, isExempt]): [string, NodeJS.ProcessEnv, string | undefined] => [
    'https://api.example:6443',
    { HTTPS_PROXY: PROXY, NO_PROXY: String(NO_PROXY) },
    isExempt ? undefined : PROXY,
  ]),
  ['https://10.1.2.3', { HTTPS_PROXY: PROXY, no_proxy: '192.168.0.0/16,10.0.0.0/8' }, undefined],
  ['https://10.1.2.3', { HTTPS_PROXY: PROXY, no_proxy: '10.1.2.3:443' }, undefined],
  ['https://10.1.2.3', { HTTPS_PROXY: PROXY, no_proxy: '3' }, PROXY],
  ['https://[fd00::1]', { HTTPS_PROXY: PROXY, no_proxy: 'fd00::/8' }, undefined],
  ['https://[fd00::1]', { HTTPS_PROXY: PROXY, no_proxy: '[fd00:0::1]:443' }, undefined],
  ['https://[fd00::1]', { HTTPS_PROXY: PROXY, no_proxy: 'fd00::2' }, PROXY],
  ['10.0.0.5:6443', { HTTPS_PROXY: PROXY }, undefined],
])('%s with %j', (server, env, proxy) => {
  expect(proxyFor(server, env)).toBe(proxy);
});

test('requests and execs go through the proxy of the environment', async () => {
  await using server = await ApiServer.start({
    answer: () => ({ status: 200, body: { gitVersion: 'v1' } }),
    exec: (socket) => socket.send(frame(3, { metadata: {}, status: 'Success' })),
  });
  const asked: (string | undefined)[] = [];
  const proxy = createServer();
  proxy.on('connect', ({ url }, socket: Duplex) => {
    asked.push(url);
    const onward = connect(Number(new URL(server.address).port), '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection Established\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    for (const end of [socket, onward]) end.on('error', () => socket.destroy());
  });
  proxy.listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const { port } = proxy.address() as AddressInfo;
  const config = parse(server.kubeconfig);
  Object.assign(config.clusters[0].cluster, {
    server: 'https://api.example:6443',
    'tls-server-name': 'localhost',
  });
  const access = await readAccess(JSON.stringify(config), 5_000, { HTTPS_PROXY: `127.0.0.1:${port}` });
  const request = { method: 'GET', path: '/version', purpose: { action: 'ask' } } as const;
  const patience = { clock: systemClock, random: Math.random, answerMs: 5_000 };
  expect(await send(access, request, {}, patience)).toBe('{"gitVersion":"v1"}');
  const limits = { ...EXEC_LIMITS, handshakeMs: 5_000, silenceMs: 5_000 };
  const command = { namespace: 'a', pod: 'b', container: 'c', command: ['true'], answerMs: 5_000 };
  const exec = (request: ExecRequest) => new Session(access, request, limits);
  expect(await runCommand({ exec }, command)).toMatchObject({ kind: 'exited', exitCode: 0 });
  expect(asked).toEqual(['api.example:6443', 'api.example:6443']);
  access.close();
  proxy.close();
  proxy.closeAllConnections();
});

test('a proxy that does not answer is named, without what logs in at it', async () => {
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'here',
    contexts: [{ name: 'here', context: { cluster: 'here', user: 'me' } }],
    users: [{ name: 'me', user: { token: 'mine' } }],
    clusters: [
      // Somebody else's, and in nobody's way.
      { name: 'there', cluster: { server: '10.0.0.5:6443' } },
      { name: 'here', cluster: { server: 'https://api.example:6443' } },
    ],
  };
  const access = await readAccess(JSON.stringify(config), 5_000, {
    HTTPS_PROXY: 'http://jane:of-mine@127.0.0.1:9',
  });
  const request = { method: 'GET', path: '/version', purpose: { action: 'ask' } } as const;
  const patience = { clock: systemClock, random: Math.random, answerMs: 60_000 };
  await expect(send(access, request, { outageMs: 0 }, patience)).rejects.toThrow(
    /https:\/\/api\.example:6443, through the proxy 127\.0\.0\.1:9(?!.*of-mine)/,
  );
  access.close();
});
