/** The Kubernetes client as it is built, in one file and without what podreach never calls, beside the package itself. */
import { once } from 'node:events';
import { get } from 'node:http';
import type { RequestOptions } from 'node:https';
import { createServer } from 'node:net';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import * as whole from '../../src/kube/client.ts';

type Client = typeof whole;

const built: Client = await import(new URL('../../dist/kube/client.js', import.meta.url).href);

type Fields = Readonly<Record<string, unknown>>;
interface Case {
  readonly server?: string;
  readonly cluster?: Fields;
  readonly user?: Fields;
}

function load({ KubeConfig }: Client, { server = 'https://api.example:6443', cluster, user }: Case) {
  const config = new KubeConfig();
  config.loadFromString(
    JSON.stringify({
      clusters: [{ name: 'there', cluster: { server, ...cluster } }],
      users: [{ name: 'me', user: user ?? {} }],
      contexts: [{ name: 'it', context: { cluster: 'there', user: 'me' } }],
      'current-context': 'it',
    }),
  );
  return config;
}

/** What a request is made with, or why it cannot be. */
async function optionsBy(client: Client, one: Case): Promise<unknown> {
  const options: Omit<RequestOptions, 'headers'> & { headers: Record<string, string> } = { headers: {} };
  try {
    const config = load(client, one);
    await config.applyToHTTPSOptions(options);
    return {
      ...options,
      agent: options.agent?.constructor.name,
      exported: JSON.parse(config.exportConfig()),
    };
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : thrown;
  }
}

const base64 = (content: string): string => Buffer.from(content).toString('base64');
const tokenUntil = (exp: number): string => `${base64('{}')}.${base64(JSON.stringify({ exp }))}.c2ln`;
const oidc = (config: Fields): Fields => ({
  'auth-provider': {
    name: 'oidc',
    config: {
      'client-id': 'podreach',
      'refresh-token': 'again',
      'idp-issuer-url': 'https://127.0.0.1:1',
      ...config,
    },
  },
});
const printing = (output: Fields): Fields => ({
  'cmd-path': 'echo',
  'cmd-args': `'${JSON.stringify(output)}'`,
  'token-key': '{.credential.token}',
  'expiry-key': '{.credential.until}',
});
const credential = { token: 'printed', until: '2999-01-01T00:00:00Z' };

test.for<[what: string, one: Case, shown: Fields | string]>([
  ['a token', { user: { token: 'secret' } }, { headers: { Authorization: 'Bearer secret' } }],
  ['a password', { user: { username: 'me', password: 'pass' } }, { auth: 'me:pass' }],
  [
    'a client certificate and the authority',
    {
      cluster: { 'certificate-authority-data': base64('ca'), 'tls-server-name': 'other' },
      user: { 'client-certificate-data': base64('cert'), 'client-key-data': base64('key') },
    },
    { ca: Buffer.from('ca'), cert: Buffer.from('cert'), key: Buffer.from('key'), servername: 'other' },
  ],
  ['no authority', { cluster: { 'insecure-skip-tls-verify': true } }, { rejectUnauthorized: false }],
  [
    'no TLS',
    { server: 'http://api.example' },
    'HTTP protocol is not allowed when skipTLSVerify is not set or false',
  ],
  ['a proxy', { cluster: { 'proxy-url': 'http://proxy.example:3128' } }, { agent: 'HttpsProxyAgent' }],
  ['a SOCKS proxy', { cluster: { 'proxy-url': 'socks5://proxy.example' } }, { agent: 'SocksProxyAgent' }],
  [
    'a command of Google',
    { user: { 'auth-provider': { name: 'gcp', config: printing({ credential }) } } },
    { headers: { Authorization: 'Bearer printed' } },
  ],
  [
    'a command of Azure',
    { user: { 'auth-provider': { name: 'azure', config: printing({ credential }) } } },
    { headers: { Authorization: 'Bearer printed' } },
  ],
  [
    'an identity provider whose token holds',
    { user: oidc({ 'id-token': tokenUntil(32_503_680_000) }) },
    { headers: { Authorization: expect.stringMatching(/^Bearer e30/) } },
  ],
  [
    'an identity provider that cannot be asked again',
    { user: oidc({ 'id-token': tokenUntil(1) }) },
    '"server" must be an instance of URL',
  ],
])('%s', async ([, one, shown]) => {
  const expected = await optionsBy(whole, one);
  expect(expected).toEqual(typeof shown === 'string' ? shown : expect.objectContaining(shown));
  expect(await optionsBy(built, one)).toEqual(expected);
});

test('a request goes through a SOCKS proxy', async () => {
  await using proxy = createServer((socket) => {
    socket.once('data', () => {
      socket.write(Buffer.from([5, 0]));
      socket.once('data', () => {
        socket.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 80]));
        socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nthrough'));
      });
    });
  }).listen(0, '127.0.0.1');
  await once(proxy, 'listening');
  const address = proxy.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const config = load(built, {
    server: 'http://127.0.0.1',
    cluster: { 'insecure-skip-tls-verify': true, 'proxy-url': `socks5://127.0.0.1:${port}` },
  });
  const options: RequestOptions = { headers: {} };
  await config.applyToHTTPSOptions(options);
  const [response] = await once(
    get('http://127.0.0.1/version', { agent: options.agent ?? false }),
    'response',
  );
  expect(await text(response)).toBe('through');
});
