/** A kubeconfig for people's own tools: a file that only its owner can read, gone when the cluster is. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { messageOf, PodreachError } from '../errors.ts';

export interface KubeconfigFile extends Disposable {
  readonly path: string;
}

/**
 * @param path where to write it; absent: a new folder of the system's temporary one
 * @throws PodreachError `usage` where the file exists already or cannot be written
 */
export function writeKubeconfig(text: string, path?: string): KubeconfigFile {
  const file = path ?? join(mkdtempSync(join(tmpdir(), 'podreach-')), 'kubeconfig');
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
