/** Fetching Calico's manifest, from a real server on loopback. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { fetchPinned, loadManifest, pinnedManifest } from '../../../src/cluster/kind/calico-source.ts';
import { CALICO_PINS, DEFAULT_CALICO_VERSION } from '../../../src/cluster/kind/choices.ts';
import { MANIFEST_FILE, manifestText, sleepingClock } from './world.ts';

const TEXT = 'kind: Something\n';
const SHA256 = createHash('sha256').update(TEXT).digest('hex');

async function serve(listener: RequestListener): Promise<AsyncDisposable & { readonly url: string }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/calico.yaml`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

function useFolder(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'podreach-cache-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

function contextWith(told: string[] = [], signal?: AbortSignal): Parameters<typeof fetchPinned>[1] {
  return { fetch, clock: sleepingClock(), progress: (text) => told.push(text), signal };
}

test('is fetched once, and taken from the cache from then on', async () => {
  let requests = 0;
  await using server = await serve((_, response) => {
    requests += 1;
    response.end(TEXT);
  });
  using folder = useFolder();
  const pinned = { url: server.url, sha256: SHA256, cacheFile: join(folder.path, 'deep/calico.yaml') };
  expect(await fetchPinned(pinned, contextWith())).toBe(TEXT);
  expect(await fetchPinned(pinned, contextWith())).toBe(TEXT);
  expect(requests).toBe(1);
  expect(readdirSync(join(folder.path, 'deep'))).toEqual(['calico.yaml']);
});

test('is fetched again where the cache holds other bytes', async () => {
  await using server = await serve((_, response) => response.end(TEXT));
  using folder = useFolder();
  const cacheFile = join(folder.path, 'calico.yaml');
  writeFileSync(cacheFile, TEXT.slice(1));
  expect(await fetchPinned({ url: server.url, sha256: SHA256, cacheFile }, contextWith())).toBe(TEXT);
  expect(readFileSync(cacheFile, 'utf8')).toBe(TEXT);
});

test('with the wrong checksum is refused, and not kept', async () => {
  await using server = await serve((_, response) => response.end('<html>'));
  using folder = useFolder();
  const cacheFile = join(folder.path, 'calico.yaml');
  await expect(
    fetchPinned({ url: server.url, sha256: SHA256, cacheFile }, contextWith()),
  ).rejects.toMatchObject({
    code: 'cluster-unavailable',
    message: `${server.url} has the wrong checksum: SHA-256 ${createHash('sha256').update('<html>').digest('hex')}, expected ${SHA256}`,
    hint: expect.stringContaining('--calico-manifest FILE'),
  });
  expect(readdirSync(folder.path)).toEqual([]);
});

test('is asked for again while the server has a bad moment', async () => {
  const answers = [503, 429];
  await using server = await serve((_, response) => {
    const status = answers.shift();
    if (status === undefined) response.end(TEXT);
    else response.writeHead(status).end();
  });
  const told: string[] = [];
  const text = await loadManifest({ type: 'manifest', from: server.url }, '/nowhere', contextWith(told));
  expect(text).toBe(TEXT);
  expect(told).toEqual([
    'the server answered 503 Service Unavailable; trying again in 1 s',
    'the server answered 429 Too Many Requests; trying again in 2 s',
  ]);
});

test('is asked for four times where the connection is cut each time', async () => {
  let requests = 0;
  await using server = await serve((request) => {
    requests += 1;
    request.socket.destroy();
  });
  await expect(
    loadManifest({ type: 'manifest', from: server.url }, '/nowhere', contextWith()),
  ).rejects.toMatchObject({
    code: 'cluster-unavailable',
    message: expect.stringMatching(/^cannot fetch http:.*: /),
    hint: expect.stringContaining('NODE_USE_ENV_PROXY=1'),
  });
  expect(requests).toBe(4);
});

test('that is not there is not asked for again', async () => {
  let requests = 0;
  await using server = await serve((_, response) => {
    requests += 1;
    response.writeHead(404).end();
  });
  await expect(
    loadManifest({ type: 'manifest', from: server.url }, '/nowhere', contextWith()),
  ).rejects.toThrow(`cannot fetch ${server.url}: the server answered 404 Not Found`);
  expect(requests).toBe(1);
});

test('an abort ends the download with its reason', async () => {
  const controller = new AbortController();
  const reason = new Error('stop');
  await using server = await serve(() => controller.abort(reason));
  await expect(
    loadManifest({ type: 'manifest', from: server.url }, '/nowhere', contextWith([], controller.signal)),
  ).rejects.toBe(reason);
});

test('a file is read as it is, and said by name where there is none', async () => {
  expect(await loadManifest({ type: 'manifest', from: MANIFEST_FILE }, '/nowhere', contextWith())).toBe(
    manifestText(),
  );
  await expect(
    loadManifest({ type: 'manifest', from: '/no/such.yaml' }, '/nowhere', contextWith()),
  ).rejects.toMatchObject({ code: 'cluster-unavailable', message: expect.stringContaining('/no/such.yaml') });
});

test('a release without a known checksum is wrong usage', () => {
  expect(() => pinnedManifest('v3.0.0', '/cache')).toThrow(
    expect.objectContaining({
      code: 'usage',
      hint: 'Choose v3.32.1 or v3.31.7, or give its manifest with --calico-manifest.',
    }),
  );
});

test('the default release is among those that are pinned, each by a SHA-256', () => {
  expect(CALICO_PINS).toHaveProperty([DEFAULT_CALICO_VERSION]);
  for (const sha256 of Object.values(CALICO_PINS)) expect(sha256).toMatch(/^[0-9a-f]{64}$/);
});
