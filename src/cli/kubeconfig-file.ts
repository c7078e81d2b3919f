/** A kubeconfig for people's own tools: a file that only its owner can read, gone when the cluster is. */
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { hostname, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { isRunning } from '../cluster/kind/process.ts';
import { messageOf, PodreachError } from '../errors.ts';

/** Temporary folders are named for the process that made them: who was killed could not take his away. Machines may share them. */
const OWN_FOLDERS = `podreach-${encodeURIComponent(hostname())}-`;

export interface KubeconfigFile extends Disposable {
  readonly path: string;
}

/**
 * @param path where to write it; absent: a new folder of the system's temporary one. A file that a sandbox left there is replaced,
 * unless that sandbox still runs
 * @throws PodreachError `usage` where another file is there already, or it cannot be written
 */
export async function writeKubeconfig(text: string, path?: string): Promise<KubeconfigFile> {
  if (path === undefined) removeLeftKubeconfigs();
  const file = path ?? join(mkdtempSync(join(tmpdir(), `${OWN_FOLDERS}${process.pid}-`)), 'kubeconfig');
  if (path !== undefined && (await isLeftOver(path))) rmSync(path);
  try {
    writeFileSync(file, text, { mode: 0o600, flag: 'wx' });
  } catch (thrown) {
    throw new PodreachError('usage', `cannot write the kubeconfig ${file}: ${messageOf(thrown)}`, {
      hint: 'Name a file that does not exist yet, in a folder that does.',
      cause: thrown,
    });
  }
  return {
    path: file,
    [Symbol.dispose]() {
      rmSync(path === undefined ? dirname(file) : file, { recursive: true, force: true });
    },
  };
}

/** Takes away the temporary kubeconfigs of processes that are gone: they hold credentials. */
export function removeLeftKubeconfigs(): void {
  for (const name of readdirSync(tmpdir())) {
    if (!name.startsWith(OWN_FOLDERS)) continue;
    const [, pid] = /^(\d+)-[^-]+$/.exec(name.slice(OWN_FOLDERS.length)) ?? [];
    if (pid === undefined || isRunning({ host: hostname(), pid: Number(pid) }) !== false) continue;
    try {
      rmSync(join(tmpdir(), name), { recursive: true, force: true });
    } catch {
      // Somebody else's, who will do so.
    }
  }
}

/** Whether a file is the kubeconfig of a sandbox that is gone: who was killed could not take it away. */
async function isLeftOver(file: string): Promise<boolean> {
  const port = sandboxPort(file);
  if (port === undefined) return false;
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return false;
  } catch {
    return true;
  } finally {
    socket.destroy();
  }
}

/** The port of the sandbox that a kubeconfig is of; undefined for any other file. */
function sandboxPort(file: string): number | undefined {
  try {
    const { 'current-context': context, clusters } = parse(readFileSync(file, 'utf8'));
    return context === 'podreach-sandbox' ? Number(new URL(clusters[0].cluster.server).port) : undefined;
  } catch {
    return undefined;
  }
}
