/** Finds the objects behind what a scenario names: files, folders, globs, kustomizations and charts. */
import { basename, dirname, relative, resolve } from 'node:path';
import type { Problem } from '../../errors.ts';
import { PodreachError } from '../../errors.ts';
import { hintForMissing, isGlob, isYaml, kindOf, listFiles, matchFiles } from '../files.ts';
import { problemAt } from '../mark.ts';
import type { Mark } from '../scenario.ts';
import { mayHoldSecret } from '../secrecy.ts';
import { parseSource, readSource, type SourceDocument, shownPath } from '../source.ts';
import {
  KUSTOMIZATION_FILES,
  type ManifestDocument,
  type ManifestOrigin,
  nameOrigin,
  readObjects,
  templateOf,
} from './document.ts';
import type { Renderer, RenderRequest } from './renderer.ts';

/** What one entry of a scenario names. */
export type ManifestSource =
  | { readonly kind: 'path'; readonly path: string; readonly namespace?: string }
  | { readonly kind: 'kustomize'; readonly path: string; readonly namespace?: string }
  | {
      readonly kind: 'helm';
      readonly path: string;
      readonly release: string;
      readonly namespace: string;
      readonly values: readonly string[];
      readonly set: Readonly<Record<string, unknown>>;
    }
  /** What came in at the standard input; `path` is how messages name it. */
  | { readonly kind: 'text'; readonly path: string; readonly text: string; readonly namespace?: string }
  /** What stands in the scenario itself. */
  | { readonly kind: 'inline'; readonly path: string; readonly document: ManifestDocument | Problem };

/** An entry, and where it is named. */
export interface ManifestEntry {
  readonly source: ManifestSource;
  readonly mark: Mark;
  /** How the same is named with a namespace for what names none, where that is not as in a scenario. */
  readonly inNamespace?: ((namespace: string) => string) | undefined;
}

/** What a list of entries is for: only policies, or all that is deployed. */
export type ListPurpose = 'policies' | 'all';

/** Where relative paths start. */
export interface StartFolder {
  readonly folder: string;
  /** The same, in words. */
  readonly start: 'the scenario file' | 'the topology file' | 'the working directory';
}

export interface FindContext extends StartFolder {
  readonly cwd: string;
  readonly renderer: Renderer | undefined;
  readonly wanted: ListPurpose;
}

export interface FoundManifests {
  readonly entry: ManifestEntry;
  readonly documents: readonly ManifestDocument[];
  readonly problems: readonly Problem[];
  /** Why there is no document, and what is easily forgotten of that. */
  readonly nothing?: { readonly why: string; readonly hint?: string };
  /** How to see in a shell what was rendered. */
  readonly rendered?: { readonly command: string; readonly warnings: readonly string[] };
}

/**
 * Mistakes are collected, not thrown.
 *
 * @throws PodreachError where what is to render cannot work here at all, such as `tool-missing`
 */
export async function findManifests(entry: ManifestEntry, context: FindContext): Promise<FoundManifests> {
  try {
    return await find(entry, context);
  } catch (thrown) {
    if (!(thrown instanceof PodreachError) || thrown.code === 'interrupted') throw thrown;
    if (thrown.code === 'usage' || thrown.code === 'scenario-invalid')
      return failed(entry, thrown.message, thrown.hint);
    const { code, message, hint, cause } = thrown;
    throw new PodreachError(code, message, { hint, cause, location: entry.mark.location });
  }
}

async function find(entry: ManifestEntry, context: FindContext): Promise<FoundManifests> {
  const { source } = entry;
  switch (source.kind) {
    case 'inline': {
      const { document } = source;
      return 'message' in document
        ? { entry, documents: [], problems: [document] }
        : { entry, documents: [document], problems: [] };
    }
    case 'text':
      return readRendered(entry, source.text, { rendered: 'input', of: source.path });
    case 'kustomize':
      return buildKustomization(entry, context);
    case 'helm':
      return renderChart(entry, source, context);
    case 'path':
      return findByPath(entry, context);
  }
}

async function buildKustomization(entry: ManifestEntry, context: FindContext): Promise<FoundManifests> {
  const { path: shown } = entry.source;
  const folder = resolve(context.folder, shown);
  return (await kindOf(folder)) === 'folder'
    ? render(entry, { tool: 'kustomize', folder, shown }, context)
    : failed(entry, `no such folder: ${shown}`, (await hintForMissing(folder)) ?? sayStart(context));
}

async function renderChart(
  entry: ManifestEntry,
  { path: shown, release, namespace, values, set }: Extract<ManifestSource, { kind: 'helm' }>,
  context: FindContext,
): Promise<FoundManifests> {
  const path = resolve(context.folder, shown);
  const isHere = (await kindOf(path)) !== undefined;
  // What is not here may be in a repository; what is spelt nearly like something here is not, nor what can only be a path.
  const near = isHere ? undefined : await hintForMissing(path);
  if (near !== undefined || (!isHere && !mayBeElsewhere(shown)))
    return failed(
      entry,
      `no such chart: ${shown}`,
      near ?? `Paths of charts are relative to ${context.start}.`,
    );
  const files = values.map((file) => resolve(context.folder, file));
  const chart = isHere ? path : shown;
  return render(entry, { tool: 'helm', chart, release, namespace, values: files, set, shown }, context);
}

/** `oci://…`, `https://…`, or a chart of a repository that helm knows: `repository/chart`. */
function mayBeElsewhere(chart: string): boolean {
  return /^[a-z]+:\/\//.test(chart) || /^[^./][^/]*\/[^/]+$/.test(chart);
}

async function findByPath(entry: ManifestEntry, context: FindContext): Promise<FoundManifests> {
  const { path: shown } = entry.source;
  const path = resolve(context.folder, shown);
  const kind = await kindOf(path);
  if (kind === 'file') return readFiles(entry, [path], context);
  if (kind === 'folder') return findInFolder(entry, path, context);
  return isGlob(shown)
    ? findByPattern(entry, context)
    : failed(
        entry,
        `no such ${context.wanted === 'policies' ? 'policy ' : ''}file or folder: ${shown}`,
        (await hintForMissing(path)) ?? sayStart(context),
      );
}

function sayStart({ wanted, start }: FindContext): string {
  return `Paths of ${wanted === 'policies' ? 'policies' : 'manifests'} are relative to ${start}.`;
}

async function findByPattern(entry: ManifestEntry, context: FindContext): Promise<FoundManifests> {
  const { path } = entry.source;
  const files = await matchFiles(path, context.folder, isManifestFile);
  return files.length === 0
    ? failed(entry, `no YAML or JSON file matches ${path}`, `Patterns are relative to ${context.start}.`)
    : readFiles(entry, files, context);
}

/** What kubectl reads. */
function isManifestFile(path: string): boolean {
  return isYaml(path) || /\.json$/i.test(path);
}

/** A kustomization is built; one that is only somewhere below may or may not be meant, and so may a chart. */
async function findInFolder(
  entry: ManifestEntry,
  folder: string,
  context: FindContext,
): Promise<FoundManifests> {
  const { path } = entry.source;
  const heads = await listFiles(folder, (file) => isHead(basename(file)));
  const own = heads.find((file) => dirname(file) === folder);
  if (own !== undefined && KUSTOMIZATION_FILES.has(basename(own)))
    return render(entry, { tool: 'kustomize', folder, shown: path }, context);
  const [head = own] = heads;
  if (head !== undefined) {
    const where = relative(context.folder, dirname(head)) || '.';
    return KUSTOMIZATION_FILES.has(basename(head))
      ? failed(
          entry,
          `${path} is no kustomization itself, but there is one below it: ${where}`,
          `Name the folder of the kustomization that is deployed, such as ${where}. To read its files as they stand, write a pattern: "${where}/*.yaml".`,
        )
      : failed(
          entry,
          `there is a chart in ${where}, and its templates are no manifests`,
          context.start !== 'the working directory'
            ? `Have it rendered, under "manifests": { helm: ${where}, release: ${basename(dirname(head))}, namespace: … }.`
            : `Have helm render it, and name what comes out: helm template ${basename(dirname(head))} ${where} --namespace … --skip-tests > rendered.yaml`,
        );
  }
  // Policies were YAML before there was anything else.
  const [isMeant, endings] =
    context.wanted === 'policies' ? [isYaml, '.yaml or .yml'] : [isManifestFile, '.yaml, .yml or .json'];
  const files = await listFiles(folder, isMeant);
  if (files.length > 0) return readFiles(entry, files, context);
  const isEmpty = (await listFiles(folder, () => true)).length === 0;
  const nothing = isEmpty
    ? { why: 'the folder is empty', hint: 'Hidden files and node_modules are passed over.' }
    : { why: `none of its files ends in ${endings}` };
  return { entry, documents: [], problems: [], nothing };
}

/** A file that says that others are not meant as they stand. */
function isHead(name: string): boolean {
  return KUSTOMIZATION_FILES.has(name) || name === 'Chart.yaml';
}

async function readFiles(
  entry: ManifestEntry,
  files: readonly string[],
  { cwd }: FindContext,
): Promise<FoundManifests> {
  const documents: ManifestDocument[] = [];
  const problems: Problem[] = [];
  for (const file of files) {
    const origin = { file: shownPath(file, cwd) };
    for (const source of await readSource(file, cwd, { isSecret: mayHoldSecret })) {
      const found = readObjects(source, origin);
      documents.push(...found.documents);
      problems.push(...found.problems);
    }
  }
  const { length } = files;
  return documents.length > 0 || problems.length > 0
    ? { entry, documents, problems }
    : {
        entry,
        documents,
        problems,
        nothing: { why: length === 1 ? 'the file is empty' : 'all of its files are empty' },
      };
}

async function render(
  entry: ManifestEntry,
  request: RenderRequest,
  { renderer }: FindContext,
): Promise<FoundManifests> {
  const { tool, shown } = request;
  if (renderer === undefined)
    return failed(
      entry,
      `${shown} needs ${tool} to render it, and nothing here does`,
      'Whoever loads scenarios passes a renderer: see LoadOptions.',
    );
  const { text, command, warnings } = await renderer.render(request);
  return {
    ...readRendered(entry, text, { rendered: tool, of: shown }, command),
    rendered: { command, warnings },
  };
}

function readRendered(
  entry: ManifestEntry,
  text: string,
  from: Exclude<ManifestOrigin, { readonly file: string }>,
  command?: string,
): FoundManifests {
  const originOf = (document: string): ManifestOrigin => {
    const template = templateOf(document);
    return template === undefined ? from : { ...from, template };
  };
  const name = (document: string): string => nameOrigin(originOf(document));
  const read = parseSource(text, name, { command, isSecret: mayHoldSecret }).map((source: SourceDocument) =>
    readObjects(source, originOf(source.text)),
  );
  return {
    entry,
    documents: read.flatMap(({ documents }) => documents),
    problems: read.flatMap(({ problems }) => problems),
  };
}

function failed(entry: ManifestEntry, message: string, hint: string | undefined): FoundManifests {
  return { entry, documents: [], problems: [problemAt(entry.mark, message, { hint })] };
}
