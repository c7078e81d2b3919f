/** Makes a kind cluster with Calico: the stages in their order, and what becomes of it when one fails. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Interruption, PodreachError } from '../../errors.ts';
import { CommandError } from '../command-runner.ts';
import { adviseCreation, adviseLook } from './advice.ts';
import type { CalicoManifest } from './calico.ts';
import type { CalicoSource } from './choices.ts';
import { KIND_ENVIRONMENT, type KindContext } from './context.ts';
import { deleteNodes, deleteUnfinished } from './delete.ts';
import { digest } from './digest.ts';
import { findNodes, installCalico, loadAllImages, loadProbeImage, waitForAll } from './equip.ts';
import type { LedgerEntry } from './ledger.ts';
import { DEFAULT_CALICO, fetchCalico } from './manifest.ts';
import { listNodes } from './nodes.ts';
import { noteProcess } from './process.ts';
import { clusterInUse, ForeignClusterError, foreignCluster } from './refusals.ts';
import { retainCluster } from './retain.ts';
import { calicoKey, type KindCluster, type KindWork } from './work.ts';

/** Pulling a node image of 400 MB is a part of it. */
const CREATE_TIMEOUT_MS = 900_000;
/** What kind says that finds nodes of the name, before it makes any, and Docker where another kind makes them at this moment. */
const NAME_TAKEN = /node\(s\) already exist|container name .* is already in use/i;

/**
 * Makes the cluster, stage by stage. What was made is deleted again when a stage fails, unless `retain` asks for it.
 * @throws PodreachError `cluster-unavailable`, `tool-missing`, `usage`, `interrupted`
 */
export async function createKindCluster(work: KindWork): Promise<KindCluster> {
  const { options, context, sequence, ledger } = work;
  const source = options.calico ?? DEFAULT_CALICO;
  const manifest = await fetchCalico(source, options.encapsulation, work);
  const entry = await reserveName(work, source, manifest);
  const making: Making = { isPulling: false };
  try {
    const ids = await createNodes(work, entry, making);
    const noted: LedgerEntry = { ...entry, nodes: [...ids] };
    await ledger.update(noted);
    const { controlPlane, kubeconfig } = await findNodes(work);
    await loadAllImages(work, manifest.images);
    await installCalico(work, manifest, controlPlane);
    // While the nodes pull Calico's images.
    await loadProbeImage(work);
    await waitForAll(work, controlPlane);
    const { owner: _, ...kept } = noted;
    const ready: LedgerEntry = { ...(options.keep ? kept : noted), phase: 'ready' };
    await ledger.update(ready);
    return {
      name: options.name,
      kubeconfig,
      kubeconfigFile: ledger.kubeconfigFile,
      controlPlane,
      entry: ready,
      isNew: true,
    };
  } catch (thrown) {
    if (thrown instanceof ForeignClusterError) {
      // Somebody else was faster by a moment: there is nothing of podreach's to take back.
      await ledger.remove();
      throw thrown;
    }
    if (options.retain === true && !(thrown instanceof Interruption) && !context.signal.aborted) {
      throw await retain(work, entry, making, thrown);
    }
    await sequence.undo();
    throw thrown;
  }
}

async function reserveName(
  { options, context: { clock, pid }, config, ledger }: KindWork,
  source: CalicoSource,
  manifest: CalicoManifest,
): Promise<LedgerEntry> {
  const entry: LedgerEntry = {
    schemaVersion: 1,
    phase: 'creating',
    startedAt: clock.date().toISOString(),
    owner: noteProcess(pid),
    recipe: {
      config: digest(config.text),
      calico: calicoKey(source),
      manifest: manifest.digest,
      ...(options.nodeImage === undefined ? {} : { nodeImage: options.nodeImage }),
      ...(options.encapsulation === undefined ? {} : { encapsulation: options.encapsulation }),
    },
  };
  if (await ledger.claim(entry)) return entry;
  // Another process was faster by a moment.
  throw clusterInUse(options.name, (await ledger.read())?.owner);
}

/** What is known, at any moment, of the nodes that kind makes. */
interface Making {
  /** kind still fetches their image, and has made none. */
  isPulling: boolean;
  /** Of their containers, as soon as all of them are there. */
  ids?: readonly string[];
}

/** @returns the ids of their containers */
async function createNodes(work: KindWork, entry: LedgerEntry, making: Making): Promise<readonly string[]> {
  const { options, context, sequence, ledger, config } = work;
  const { runner, clock, signal } = context;
  const { name } = options;
  const image = options.nodeImage === undefined ? [] : ['--image', options.nodeImage];
  const args = [
    ...['create', 'cluster', '--name', name, '--config', config.file],
    // Always: where kind fails, it would delete all nodes of the name, also those that somebody else has made meanwhile.
    ...['--kubeconfig', ledger.kubeconfigFile, '--retain', ...image],
  ];
  const listIds = async (): Promise<readonly string[]> =>
    (await listNodes(runner, name, signal)).map(({ id }) => id);
  return await sequence.perform({
    name: 'creating the nodes',
    async run(progress) {
      // It may be long since the name was looked up. What is there from now on is what kind makes here.
      if ((await listIds()).length > 0) throw foreignCluster(name);
      await mkdir(dirname(ledger.kubeconfigFile), { recursive: true, mode: 0o700 });
      let noting = Promise.resolve();
      const onErrorLine = (line: string): void => {
        const doing = readStatusLine(line);
        if (doing !== undefined) {
          progress(doing);
          making.isPulling = doing.startsWith('Ensuring node image');
        }
        // At once, so that they are known as podreach's own should it be killed while kind goes on.
        if (/^\s*✓\s+Preparing nodes/u.test(line)) noting = noteNodes().catch(() => undefined);
      };
      const noteNodes = async (): Promise<void> => {
        making.ids = await listIds();
        await ledger.update({ ...entry, nodes: [...making.ids] });
      };
      try {
        await runner.run('kind', args, {
          processMs: CREATE_TIMEOUT_MS,
          signal,
          env: KIND_ENVIRONMENT,
          onErrorLine,
        });
      } catch (thrown) {
        const isTaken = thrown instanceof CommandError && NAME_TAKEN.test(thrown.stderr);
        throw isTaken ? foreignCluster(name) : thrown;
      } finally {
        await noting;
      }
      making.ids ??= await listIds();
      return making.ids;
    },
    undo: {
      name: 'deleting the nodes again',
      run() {
        if (making.isPulling) return ledger.remove();
        if (making.ids === undefined) return deleteUnfinished({ runner, ledger, cluster: name }, clock);
        return deleteNodes({ runner, ledger, cluster: name, ids: making.ids });
      },
    },
    advise: (thrown) => adviseCreation(thrown, work),
  });
}

/** The status lines that kind writes where there is no terminal: ` • Preparing nodes 📦 📦  ...` */
function readStatusLine(line: string): string | undefined {
  const [, text] = /^\s*•\s+(.*?)\s*\.\.\.\s*$/u.exec(line) ?? [];
  return text?.replaceAll(/[^\x20-\x7e]/gu, '').trim();
}

/** Keeps the nodes, collects their logs and says where. @returns the error to throw in place of the first */
async function retain(work: KindWork, entry: LedgerEntry, making: Making, thrown: unknown): Promise<unknown> {
  const { options, context, ledger } = work;
  const ids = await nodesOf(making, options.name, context);
  // kind may have failed before it made any; where Docker does not answer, nothing is known and nothing is forgotten.
  if (ids?.length === 0) {
    await ledger.remove();
    return withoutLogs(thrown, work);
  }
  await retainCluster({ ...entry, ...(ids === undefined ? {} : { nodes: [...ids] }) }, work);
  return thrown;
}

/** The ids of the nodes that kind has made, all or some of them; undefined where they cannot be found out. */
async function nodesOf(
  { isPulling, ids }: Making,
  name: string,
  { runner }: KindContext,
): Promise<readonly string[] | undefined> {
  if (isPulling) return [];
  if (ids !== undefined) return ids;
  return listNodes(runner, name).then(
    (nodes) => nodes.map(({ id }) => id),
    () => undefined,
  );
}

function withoutLogs(thrown: unknown, work: KindWork): unknown {
  if (!(thrown instanceof PodreachError) || thrown.hint !== adviseLook(work)) return thrown;
  return new PodreachError(thrown.code, thrown.message, {
    hint: 'kind made no nodes, so there are no logs: correct what it says, and try again.',
    cause: thrown,
  });
}
