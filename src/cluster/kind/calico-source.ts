/** Where Calico's manifest comes from: a pinned release, checked and cached, or what the user names. */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../clock.ts';
import { messageOf, PodreachError } from '../../errors.ts';
import { CALICO_PINS, type CalicoSource } from './choices.ts';
import { digest } from './digest.ts';

const ATTEMPTS = 4;
const FIRST_PAUSE_MS = 1000;
const ANSWER_TIMEOUT_MS = 60_000;

export interface DownloadContext {
  readonly fetch: typeof fetch;
  readonly clock: Clock;
  readonly signal?: AbortSignal | undefined;
  readonly progress: (text: string) => void;
}

export interface PinnedManifest {
  readonly url: string;
  readonly sha256: string;
  readonly cacheFile: string;
}

/** Where a pinned release lies, and where it is kept once it has been fetched. */
export function pinnedManifest(version: string, cacheFolder: string): PinnedManifest {
  const sha256 = CALICO_PINS[version];
  if (sha256 === undefined) {
    throw new PodreachError('usage', `no checksum of Calico ${version} is known`, {
      hint: `Choose ${Object.keys(CALICO_PINS).join(' or ')}, or give its manifest with --calico-manifest.`,
    });
  }
  return {
    url: `https://raw.githubusercontent.com/projectcalico/calico/${version}/manifests/calico.yaml`,
    sha256,
    cacheFile: join(cacheFolder, `calico-${version}.yaml`),
  };
}

/** What is told of a source. */
export function describeSource(source: CalicoSource): string {
  return source.type === 'version' ? `Calico ${source.version}` : source.from;
}

/**
 * The text of the manifest that the user asked for.
 * @throws PodreachError `usage` for a version without a pin, `cluster-unavailable` where it cannot be had
 */
export async function loadManifest(
  source: CalicoSource,
  cacheFolder: string,
  context: DownloadContext,
): Promise<string> {
  if (source.type === 'version') return fetchPinned(pinnedManifest(source.version, cacheFolder), context);
  if (/^https?:\/\//.test(source.from)) return (await download(source.from, context)).toString('utf8');
  try {
    return await readFile(source.from, 'utf8');
  } catch (thrown) {
    throw new PodreachError('cluster-unavailable', `Calico's manifest cannot be read: ${messageOf(thrown)}`, {
      hint: 'Name a file or a URL with --calico-manifest.',
      cause: thrown,
    });
  }
}

/** From the cache where that holds the right bytes, else from its URL; nothing else is ever given back. */
export async function fetchPinned(pinned: PinnedManifest, context: DownloadContext): Promise<string> {
  const cached = await readFile(pinned.cacheFile).catch(() => undefined);
  if (cached !== undefined && digest(cached) === pinned.sha256) return cached.toString('utf8');
  const bytes = await download(pinned.url, context);
  const found = digest(bytes);
  if (found !== pinned.sha256) {
    throw new PodreachError(
      'cluster-unavailable',
      `${pinned.url} has the wrong checksum: SHA-256 ${found}, expected ${pinned.sha256}`,
      {
        hint: "Something on the way changed the file (a proxy's page?). Fetch it yourself, look at it, and give it with --calico-manifest FILE.",
      },
    );
  }
  await keep(pinned.cacheFile, bytes).catch((thrown: unknown) => {
    context.progress(`cannot keep it for next time: ${messageOf(thrown)}`);
  });
  return bytes.toString('utf8');
}

/** Another process may write the same file: it is never seen half written. */
async function keep(file: string, bytes: Buffer): Promise<void> {
  await mkdir(join(file, '..'), { recursive: true });
  const draft = `${file}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, bytes);
  await rename(draft, file);
}

async function download(url: string, context: DownloadContext): Promise<Buffer> {
  let pauseMs = FIRST_PAUSE_MS;
  for (let attempt = 1; ; attempt += 1) {
    const answer = await fetchOnce(url, context);
    if (answer.type === 'bytes') return answer.bytes;
    context.signal?.throwIfAborted();
    if (!answer.mayHeal || attempt === ATTEMPTS) {
      throw new PodreachError('cluster-unavailable', `cannot fetch ${url}: ${answer.reason}`, {
        hint: 'Fetch it where there is a way out and give it with --calico-manifest FILE; behind a proxy set HTTPS_PROXY and NODE_USE_ENV_PROXY=1, with Node.js 22.21 or newer.',
      });
    }
    context.progress(`${answer.reason}; trying again in ${pauseMs / 1000} s`);
    await context.clock.sleep(pauseMs, context.signal);
    pauseMs *= 2;
  }
}

type Download =
  | { readonly type: 'bytes'; readonly bytes: Buffer }
  | { readonly type: 'failure'; readonly reason: string; readonly mayHeal: boolean };

async function fetchOnce(url: string, { fetch: send, signal }: DownloadContext): Promise<Download> {
  const timeout = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  try {
    const response = await send(url, {
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    if (response.ok) return { type: 'bytes', bytes: Buffer.from(await response.arrayBuffer()) };
    return {
      type: 'failure',
      reason: `the server answered ${response.status} ${response.statusText}`.trim(),
      mayHeal: response.status >= 500 || response.status === 429 || response.status === 408,
    };
  } catch (thrown) {
    // fetch says only "fetch failed"; what failed is its cause.
    const cause = thrown instanceof Error && thrown.cause !== undefined ? thrown.cause : thrown;
    return {
      type: 'failure',
      reason: messageOf(cause) || String(cause),
      mayHeal: !(thrown instanceof TypeError && cause === thrown),
    };
  }
}
