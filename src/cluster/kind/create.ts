/** Makes a kind cluster with Calico: the stages in their order, and what becomes of it when one fails. */
import { mkdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { Interruption, messageOf } from '../../errors.ts';
import { adviseCreation } from './advice.ts';
import { type CalicoManifest, readManifest } from './calico.ts';
import { type DownloadContext, describeSource, loadManifest } from './calico-source.ts';
import { type CalicoSource, DEFAULT_CALICO_VERSION } from './choices.ts';
import { KIND_ENVIRONMENT } from './context.ts';
import { clusterInUse, deleteUnfinished } from './delete.ts';
import { findNodes, installCalico, loadAllImages, loadProbeImage, waitForAll } from './equip.ts';
import type { Entry } from './ledger.ts';
import { listNodes } from './nodes.ts';
import { calicoKey, digest, type KindCluster, type Work } from './work.ts';

/** Pulling a node image of 400 MB is a part of it. */
const CREATE_TIMEOUT_MS = 900_000;
const LOGS_TIMEOUT_MS = 300_000;
const DEFAULT_CALICO: CalicoSource = { type: 'version', version: DEFAULT_CALICO_VERSION };

/**
 * Makes the cluster, stage by stage. What was made is deleted again when a stage fails, unless `retain` asks for it.
 * @throws PodreachError `cluster-unavailable`, `tool-missing`, `usage`, `interrupted`
 */
export async function createKindCluster(work: Work): Promise<KindCluster> {
  const { options, context, sequence, ledger } = work;
  const source = options.calico ?? DEFAULT_CALICO;
  const manifest = await fetchCalico(work, source);
  const entry = await reserveName(work, source);
  try {
    await createNodes(work);
    const { nodes, controlPlane, kubeconfig } = await findNodes(work);
    const noted: Entry = { ...entry, nodes: nodes.map(({ id }) => id) };
    await ledger.update(noted);
    await loadAllImages(work, manifest.images);
    await installCalico(work, manifest, controlPlane);
    // While the nodes pull Calico's images.
    await loadProbeImage(work);
    await waitForAll(work, controlPlane);
    const { owner: _, ...kept } = noted;
    await ledger.update({ ...(options.keep ? kept : noted), phase: 'ready' });
    return {
      name: options.name,
      kubeconfig,
      kubeconfigFile: ledger.kubeconfigFile,
      controlPlane,
      isNew: true,
    };
  } catch (thrown) {
    if (options.retain === true && !(thrown instanceof Interruption) && !context.signal.aborted) {
      throw await retain(work, entry, thrown);
    }
    await sequence.undo();
    throw thrown;
  }
}

function fetchCalico({ options, context, sequence }: Work, source: CalicoSource): Promise<CalicoManifest> {
  return sequence.perform({
    name: `fetching the manifest of ${describeSource(source)}`,
    async run(progress) {
      const { fetch, clock, signal, folders } = context;
      const text = await loadManifest(source, folders.cache, { fetch, clock, signal, progress });
      return readManifest(text, describeSource(source), options.encapsulation);
    },
  });
}

/** The images of a Calico, read out of its manifest. @throws PodreachError as {@link loadManifest} */
export async function calicoImages(
  wanted: CalicoSource | undefined,
  cacheFolder: string,
  context: DownloadContext,
): Promise<readonly string[]> {
  const source = wanted ?? DEFAULT_CALICO;
  const text = await loadManifest(source, cacheFolder, context);
  return readManifest(text, describeSource(source)).images;
}

async function reserveName(
  { options, context: { clock, pid }, config, ledger }: Work,
  source: CalicoSource,
): Promise<Entry> {
  const entry: Entry = {
    schemaVersion: 1,
    phase: 'creating',
    startedAt: clock.date().toISOString(),
    owner: { host: hostname(), pid },
    recipe: {
      config: digest(config.text),
      calico: calicoKey(source),
      ...(options.nodeImage === undefined ? {} : { nodeImage: options.nodeImage }),
      ...(options.encapsulation === undefined ? {} : { encapsulation: options.encapsulation }),
    },
  };
  if (await ledger.claim(entry)) return entry;
  // Another process was faster by a moment.
  throw clusterInUse(options.name, (await ledger.read())?.owner);
}

async function createNodes({ options, context, sequence, ledger, config, machine }: Work): Promise<void> {
  const { runner, clock, signal } = context;
  const image = options.nodeImage === undefined ? [] : ['--image', options.nodeImage];
  const args = [
    ...['create', 'cluster', '--name', options.name, '--config', config.file],
    ...['--kubeconfig', ledger.kubeconfigFile, ...image],
    ...(options.retain === true ? ['--retain'] : []),
  ];
  await sequence.perform({
    name: 'creating the nodes',
    async run(progress) {
      await mkdir(dirname(ledger.kubeconfigFile), { recursive: true, mode: 0o700 });
      const onErrorLine = (line: string): void => {
        const doing = readStatusLine(line);
        if (doing !== undefined) progress(doing);
      };
      await runner.run('kind', args, {
        timeoutMs: CREATE_TIMEOUT_MS,
        signal,
        env: KIND_ENVIRONMENT,
        onErrorLine,
      });
    },
    undo: {
      name: 'deleting the nodes again',
      run: () => deleteUnfinished({ runner, ledger, cluster: options.name }, clock),
    },
    advise: (thrown) => adviseCreation(thrown, options, machine),
  });
}

/** The status lines that kind writes where there is no terminal: ` • Preparing nodes 📦 📦  ...` */
function readStatusLine(line: string): string | undefined {
  const [, text] = /^\s*•\s+(.*?)\s*\.\.\.\s*$/u.exec(line) ?? [];
  return text?.replaceAll(/[^\x20-\x7e]/gu, '').trim();
}

/** Keeps the nodes, collects their logs and says where. @returns the error to throw in place of the first */
async function retain(
  { options, context, sequence, ledger }: Work,
  entry: Entry,
  thrown: unknown,
): Promise<unknown> {
  const { runner, tell } = context;
  // kind may have failed before it made any; where Docker does not answer, nothing is known and nothing is forgotten.
  const nodes = await listNodes(runner, options.name).catch(() => undefined);
  if (nodes?.length === 0) {
    await ledger.remove();
    return thrown;
  }
  const { owner: _, ...rest } = entry;
  await ledger.update({ ...rest, phase: 'retained' });
  const folder = ledger.logsFolder(entry.startedAt);
  await sequence
    .perform({
      name: 'collecting the logs of the nodes',
      async run() {
        await mkdir(folder, { recursive: true });
        await runner.run('kind', ['export', 'logs', folder, '--name', options.name], {
          timeoutMs: LOGS_TIMEOUT_MS,
          env: KIND_ENVIRONMENT,
        });
      },
    })
    .catch((failure: unknown) => tell({ type: 'warning', text: messageOf(failure) }));
  tell({ type: 'warning', text: `the nodes are kept; their logs are in ${folder}` });
  return thrown;
}
