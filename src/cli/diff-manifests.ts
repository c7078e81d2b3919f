/** What `podreach diff --manifests` compares: two paths, or paths in two revisions. */
import { resolve } from 'node:path';
import type { ManifestComparison } from '../compare/manifests/schema.ts';
import { PodreachError } from '../errors.ts';
import type { RevisionRange } from '../revisions/range.ts';
import type { DeployedSource } from '../scenario/manifests/deployed.ts';
import { createCommandRenderer } from './load.ts';
import { listenToSignals } from './signals.ts';

/**
 * @param words before `--`
 * @param paths after it; undefined: there is none
 * @throws PodreachError for what cannot be read or rendered, and `Interruption`
 */
export async function compareNamedManifests(
  words: readonly string[],
  paths: readonly string[] | undefined,
): Promise<ManifestComparison> {
  const { compareManifests } = await import('../compare/manifests/compare.ts');
  const { loadDeployed } = await import('../scenario/manifests/deployed.ts');
  using signals = listenToSignals(
    () => undefined,
    () => undefined,
  );
  const { signal } = signals;
  const named = await readWords(words, paths);
  if (named.kind === 'paths') {
    const { before, after } = named;
    const states = await loadDeployed(
      { ...(await sourceIn(process.cwd(), signal)), place: 'OLD', name: before, paths: [before] },
      { ...(await sourceIn(process.cwd(), signal)), place: 'NEW', name: after, paths: [after] },
    );
    signal.throwIfAborted();
    return compareManifests(...states);
  }
  const { checkOut } = await import('../revisions/checkout.ts');
  const { findPaths } = await import('../revisions/paths.ts');
  await using checkouts = await checkOut(named.range, { cwd: process.cwd(), signal });
  const found = await findPaths(named.paths, checkouts);
  const sourceOf = async (which: 'old' | 'new'): Promise<DeployedSource> => {
    const { folder, ...revision } = checkouts[which];
    const { there, missing } = found[which];
    return { ...(await sourceIn(folder, signal)), place: revision.name, ...revision, paths: there, missing };
  };
  const states = await loadDeployed(await sourceOf('old'), await sourceOf('new'));
  signal.throwIfAborted();
  return compareManifests(...states);
}

async function sourceIn(
  cwd: string,
  signal: AbortSignal,
): Promise<Pick<DeployedSource, 'cwd' | 'renderer' | 'input'>> {
  const { readStandardInput } = await import('./read-input.ts');
  const note = (text: string): void => void process.stderr.write(`${text}\n`);
  return {
    cwd,
    renderer: createCommandRenderer(cwd, signal),
    input: () => readStandardInput(process.stdin, signal, note),
  };
}

const HINT = 'Write podreach diff --manifests OLD NEW, or podreach diff --manifests main..HEAD -- PATH.';

type NamedManifests =
  | { readonly kind: 'paths'; readonly before: string; readonly after: string }
  | { readonly kind: 'revisions'; readonly range: RevisionRange; readonly paths: readonly string[] };

/** As git reads them: what `--` stands behind, or has dots and is no path, is a revision. */
async function readWords(
  words: readonly string[],
  paths: readonly string[] | undefined,
): Promise<NamedManifests> {
  const { kindOf } = await import('../scenario/files.ts');
  const { readRange, readRevisions } = await import('../revisions/range.ts');
  const [first, second] = words;
  if (paths !== undefined)
    return { kind: 'revisions', range: readRevisions(first, second), paths: refuseNone(paths) };
  if (first === undefined) throw misused('them');
  const range = (await kindOf(resolve(first))) === undefined ? readRange(first) : undefined;
  if (range !== undefined) return { kind: 'revisions', range, paths: refuseNone(words.slice(1)) };
  if (second === undefined) throw misused(first);
  return { kind: 'paths', before: first, after: second };
}

function misused(what: string): PodreachError {
  return new PodreachError('usage', `there is nothing to compare ${what} with`, { hint: HINT });
}

function refuseNone(paths: readonly string[]): readonly string[] {
  if (paths.length > 0) return paths;
  throw new PodreachError('usage', 'it is not said which manifests of the revisions are compared', {
    hint: 'Name files, folders, patterns or kustomizations: podreach diff --manifests main..HEAD -- deploy.',
  });
}
