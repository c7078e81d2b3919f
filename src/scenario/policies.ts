/** The policies of a scenario: files, folders, globs and inline manifests, each with the text to apply. */
import type { Problem } from '../errors.ts';
import type { KnownNamespaces } from './existing-namespaces.ts';
import type { PolicyText } from './grammar/policies.ts';
import { hintForUnknownKey } from './hints.ts';
import { readInlineManifest } from './manifest.ts';
import { asObject } from './manifests/document.ts';
import {
  type FindContext,
  type FoundManifests,
  findManifests,
  type ManifestSource,
} from './manifests/find.ts';
import { type TakenManifests, takeManifests } from './manifests/take.ts';
import { problemAt } from './mark.ts';
import type { SourceDocument } from './source.ts';
import type { DocumentPath } from './walk.ts';

/** Where policies belong. */
export interface PolicyContext extends FindContext {
  /** The namespaces that there are; undefined where they are not known well enough to hold policies against. */
  readonly namespaces: KnownNamespaces | undefined;
}

export interface LoadedPolicies {
  readonly taken: TakenManifests;
  readonly found: readonly FoundManifests[];
}

/**
 * Loads policies that a scenario names, in the order in which it names them; the files of a folder are sorted by name.
 * @param list the path of the list that names them
 */
export async function loadPolicies(
  entries: readonly PolicyText[],
  list: DocumentPath,
  source: SourceDocument,
  context: PolicyContext,
): Promise<LoadedPolicies> {
  const found = await Promise.all(
    entries.map((entry, index) => {
      const path = [...list, index];
      return findManifests({ source: readEntry(entry, path, source), mark: source.at(path) }, context);
    }),
  );
  return { found, taken: takeManifests(found, 'policies', context.namespaces) };
}

function readEntry(entry: PolicyText, path: DocumentPath, source: SourceDocument): ManifestSource {
  if (typeof entry === 'string') return { kind: 'path', path: entry };
  if (isPath(entry)) return { kind: 'path', ...entry };
  const [misplaced] = ['path', 'helm', 'kustomize'].filter((key) => key in entry && !('kind' in entry));
  return {
    kind: 'inline',
    path: 'this entry',
    document:
      misplaced === undefined
        ? asObject(readInlineManifest(source, path), { file: source.at(path).location.file })
        : misreadPath(entry, misplaced, path, source),
  };
}

function isPath(entry: object): entry is { readonly path: string; readonly namespace?: string } {
  return (
    'path' in entry &&
    typeof entry.path === 'string' &&
    Object.keys(entry).every((key) => PATH_KEYS.includes(key)) &&
    (!('namespace' in entry) || typeof entry.namespace === 'string')
  );
}

const PATH_KEYS: readonly string[] = ['path', 'namespace'];

/** What is neither a policy nor quite a path is told as the path that it was meant to be. */
function misreadPath(entry: object, key: string, path: DocumentPath, source: SourceDocument): Problem {
  if (key !== 'path')
    return problemAt(source.keyAt([...path, key]), `"${key}" is not known under policies`, {
      hint: 'Move the entry to "manifests": its policies are applied from there, too.',
    });
  const unknown = Object.keys(entry).find((one) => !PATH_KEYS.includes(one));
  return unknown === undefined
    ? problemAt(source.at([...path, 'path']), 'a path and its namespace must be text')
    : problemAt(source.keyAt([...path, unknown]), `unknown key "${unknown}"`, {
        hint: hintForUnknownKey(unknown, path, PATH_KEYS),
      });
}
