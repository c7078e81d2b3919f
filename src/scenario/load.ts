/** From paths to scenarios: finds the files, reads their documents and collects everything that is wrong with them. */
import { basename, dirname } from 'node:path';
import type { Problem } from '../errors.ts';
import { PodreachError } from '../errors.ts';
import { STANDARD_INPUT } from '../standard-input.ts';
import { type FoundFiles, findScenarioFiles } from './files.ts';
import { besideScenarios, describeHead, headOf, isOwn, saysScenario, textAt } from './heads.ts';
import { loadDocument } from './load-document.ts';
import { type AddedContext, findAdded, noInput } from './manifests/added.ts';
import type { StartFolder } from './manifests/find.ts';
import { problemAt } from './mark.ts';
import type { Mark, Scenario } from './scenario.ts';
import { HEAD_HINT, ISSUES_KIND, TOPOLOGY_KIND } from './schema.ts';
import { parseSource, readSource, type SourceDocument, shownPath } from './source.ts';
import { quote } from './suggest.ts';

export interface Loaded {
  /** In the order of the paths, of the files' names and of the documents. Where there are problems, some may be incomplete. */
  readonly scenarios: readonly Scenario[];
  readonly problems: readonly Problem[];
}

export interface ScenariosContext extends Omit<AddedContext, 'place' | 'prefix'> {
  /** Arguments: what every scenario has beside the manifests that it names. */
  readonly manifests: readonly string[];
}

const OPTION = { place: '--manifests', prefix: '--manifests ' };

/** A file with what was found in it. */
interface ReadFile {
  readonly path: string;
  readonly documents: readonly SourceDocument[];
}

/**
 * Loads all scenarios behind the paths. Mistakes in the files are collected, not thrown.
 *
 * @param paths files, folders and globs, and `-` for standard input; none stands for `scenarios/`
 * @throws PodreachError `usage` where a path leads to no scenario file
 */
export async function loadScenarios(paths: readonly string[], context: ScenariosContext): Promise<Loaded> {
  const { cwd } = context;
  const files = await readFiles(await findScenarioFiles(paths, cwd), context);
  const added = await findAdded(context.manifests, { ...context, ...OPTION });
  const scenarios: Scenario[] = [];
  const problems: Problem[] = [];
  const names = new Map<string, Mark>();
  for (const file of files) {
    if (file.documents.length === 0) {
      problems.push({
        message: file.path === STANDARD_INPUT ? 'standard input is empty' : 'this file is empty',
        location: { file: shownPath(file.path, cwd), line: 1, column: 1 },
      });
    }
    for (const document of file.documents) {
      problems.push(...document.problems);
      if (!document.readable) continue;
      if (isForeign(document)) problems.push(notAScenario(document));
      else {
        problems.push(...checkName(document, names));
        const loaded = await loadDocument(document, placeOf(file.path, cwd), { ...context, added });
        if (loaded.scenario !== undefined) scenarios.push(loaded.scenario);
        problems.push(...loaded.problems);
      }
    }
  }
  return { scenarios, problems };
}

/** Reads each file once, whatever leads to it, and leaves out those of folders and globs that are something else. */
async function readFiles(
  found: readonly FoundFiles[],
  context: ScenariosContext,
): Promise<readonly ReadFile[]> {
  const files = new Map<string, ReadFile>();
  for (const { argument, named, files: paths } of found) {
    let scenarioFiles = 0;
    for (const path of paths) {
      const documents = files.get(path)?.documents ?? (await readDocuments(path, context));
      if (!named && !documents.some(looksLikeScenario)) continue;
      scenarioFiles += 1;
      if (!files.has(path)) files.set(path, { path, documents });
    }
    if (scenarioFiles === 0) {
      throw new PodreachError('usage', `no scenario in ${argument}`, {
        hint: HEAD_HINT,
      });
    }
  }
  return [...files.values()];
}

async function readDocuments(
  path: string,
  { cwd, input }: ScenariosContext,
): Promise<readonly SourceDocument[]> {
  if (path !== STANDARD_INPUT) return await readSource(path, cwd);
  if (input === undefined) throw noInput();
  return parseSource(await input(), () => STANDARD_INPUT);
}

/** Where paths in a scenario start. */
function placeOf(file: string, cwd: string): StartFolder {
  return file === STANDARD_INPUT
    ? { folder: cwd, start: 'the working directory' }
    : { folder: dirname(file), start: 'the scenario file' };
}

/** Names are compared before anything else is known of a document, so that a broken one still counts. */
function checkName(document: SourceDocument, names: Map<string, Mark>): readonly Problem[] {
  const name = textAt(document, 'name');
  if (name === undefined) return [];
  const mark = document.at(['name']);
  const first = names.get(name);
  if (first === undefined) {
    names.set(name, mark);
    return [];
  }
  return [
    problemAt(mark, `the scenario name ${quote(name)} is there twice`, {
      hint: 'Reports tell scenarios apart by their names: give each its own.',
      related: [{ message: 'first here', mark: first }],
    }),
  ];
}

/** Whether a file of a folder is meant to be a scenario. A forgotten head must not make one vanish without a word. */
function looksLikeScenario(document: SourceDocument): boolean {
  if (!document.readable)
    return /^\s*(apiVersion:\s*["']?podreach\/|kind:\s*["']?Scenario\b)/im.test(document.text);
  const { apiVersion, kind } = headOf(document);
  if (apiVersion === undefined && kind === undefined) {
    return ['reachable', 'unreachable', 'otherwise'].some((key) => document.yaml.has(key));
  }
  return isOwnHead(document);
}

/** Whether a document says of itself that it is something else. One that says nothing is held against the grammar. */
function isForeign(document: SourceDocument): boolean {
  const { apiVersion, kind } = headOf(document);
  if (besideScenarios(document) !== undefined) return true;
  return apiVersion !== undefined && kind !== undefined && !isOwnHead(document);
}

function isOwnHead(document: SourceDocument): boolean {
  return besideScenarios(document) === undefined && (isOwn(document) || saysScenario(document));
}

function notAScenario(document: SourceDocument): Problem {
  const mark = document.at([]);
  switch (besideScenarios(document)) {
    case ISSUES_KIND:
      return problemAt(mark, 'this is no podreach scenario, but a list of known issues', {
        hint: 'Name its file with --known-issues.',
      });
    case TOPOLOGY_KIND:
      return problemAt(mark, 'this is no podreach scenario, but a topology that scenarios include', {
        hint: `Name the scenarios: those that include it say so with "include: [${basename(mark.location.file)}]".`,
      });
    default:
      return problemAt(mark, `this is no podreach scenario, but ${describeHead(document)}`, {
        hint: `${HEAD_HINT} Policies are named under "policies" in a scenario.`,
      });
  }
}
