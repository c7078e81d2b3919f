/** Whether a document fits the grammar, and what is left of one that does not fit as a whole. */

import { type Document, isMap, isScalar } from 'yaml';
import type { Problem } from '../errors.ts';
import { isActionKind } from '../model/step.ts';
import { ALL_DOUBTFUL, DOUBTFUL_AFTER } from './doubt.ts';
import { meantKeys } from './hints.ts';
import {
  asMisnamed,
  describeIssue,
  findIssues,
  type Issue,
  knownKeys,
  type Misnamed,
  meantKey,
} from './issues.ts';
import type { Hole } from './scenario.ts';
import { API_VERSION, KIND, type ScenarioDocument, scenarioSchema } from './schema.ts';
import { type SourceDocument, toData } from './source.ts';
import { type DocumentPath, textOfKey } from './walk.ts';

export interface Form {
  readonly problems: readonly Problem[];
  /** What of the document fits, so that the rest of its mistakes can be shown too; absent where too little does. */
  readonly document?: ScenarioDocument;
  /** Whether namespaces, pods, hosts and Services are as the file means them, so that looking up names says something. */
  readonly topologyIsSound: boolean;
  /** Names in the actions of steps that do not fit, to be told when the policies are known. */
  readonly misnamed: readonly Misnamed[];
  /** What of the steps is missing in `document`. */
  readonly holes: readonly Hole[];
}

/** How often taking something out may bring to light that more does not fit. */
const ROUNDS = 4;

/**
 * Holds a document against the grammar. To find as much as possible at once, a misspelt key is given its proper name
 * in `source.yaml`, and what else does not fit is taken out there, so that places stay right.
 */
export function checkForm(source: SourceDocument): Form {
  const problems: Problem[] = [];
  let topologyIsSound = true;
  const misnamed: Misnamed[] = [];
  const holes: Hole[] = [];
  let corrected: readonly DocumentPath[] = [[]];
  try {
    for (let round = 0; round < ROUNDS; round += 1) {
      const value = toData(source.yaml);
      const issues = findIssues(value);
      if (issues.length === 0)
        return { problems, misnamed, document: scenarioSchema.parse(value), topologyIsSound, holes };
      // After the first round, only what stands below a corrected key is news: the rest follows from what was taken out.
      const news = issues.filter((issue) => corrected.some((path) => isBelow(issue.path, path)));
      for (const issue of news) {
        const wrong = asMisnamed(issue, value, source);
        if (wrong === undefined) problems.push(...describeIssue(issue, value, source));
        else misnamed.push(wrong);
        holes.push(...holesOf(issue, source));
      }
      topologyIsSound &&= !news.some(spoilsTopology);
      corrected = takeOut(source.yaml, issues);
    }
  } catch {
    // The document is no mapping, or an entry shares an anchor with others: the rest cannot be told apart.
  }
  return { problems, misnamed, topologyIsSound: false, holes };
}

function isBelow(path: DocumentPath, start: DocumentPath): boolean {
  return start.every((step, index) => path[index] === step);
}

/** An unknown key says nothing, or what its proper name would say; all else leaves a hole. */
function spoilsTopology(issue: Issue): boolean {
  const [map] = issue.path;
  return issue.code !== 'unrecognized_keys' && !isCreated(issue) && TOPOLOGY.has(map);
}

/** What says which namespaces, pods, hosts and Services there are. */
const TOPOLOGY: ReadonlySet<unknown> = new Set([
  'include',
  'namespaces',
  'pods',
  'hosts',
  'services',
  'manifests',
]);

/** Whatever is written there instead of `later`, that is what it is meant to say. */
function isCreated({ path: [map, , key] }: Pick<Issue, 'path'>): boolean {
  return (map === 'namespaces' || map === 'pods') && key === 'created';
}

/** What does not fit in a step leaves another cluster behind, unless it is only about what is expected, or its name. */
function holesOf(issue: Issue, source: SourceDocument): readonly Hole[] {
  const { path } = issue;
  const [steps, index, key] = path;
  if (steps !== 'steps') return [];
  if (issue.code === 'unrecognized_keys' && path.length === 2) {
    const lost = issue.keys.filter((unknown) => {
      const meant = meantKeys(unknown, path, knownKeys(issue));
      const isCorrected = meant.length === 1 && !source.yaml.hasIn([...path, meant[0]]);
      return !isCorrected && (meant.length === 0 || !meant.every((one) => HARMLESS.has(one)));
    });
    return lost.map((unknown) => ({ mark: source.keyAt([...path, unknown]), doubtful: ALL_DOUBTFUL }));
  }
  if (key === undefined) {
    return [{ ...(index === undefined ? {} : { mark: source.at(path) }), doubtful: ALL_DOUBTFUL }];
  }
  return isActionKind(key) ? [{ mark: source.keyAt(path), doubtful: DOUBTFUL_AFTER[key] }] : [];
}

/** Keys of a step that change nothing in the cluster. */
const HARMLESS: ReadonlySet<string> = new Set([
  'name',
  'description',
  'reachable',
  'unreachable',
  'otherwise',
  'within',
]);

/** Stand-ins for what a document must have, while the rest of it is looked at. */
const STAND_INS: Readonly<Record<string, unknown>> = {
  apiVersion: API_VERSION,
  kind: KIND,
  name: 'unnamed',
  namespaces: {},
  pods: {},
};

/** Corrects misspelt keys and takes out the entries that do not fit. Gives the paths of the corrected keys. */
function takeOut(yaml: Document, issues: readonly Issue[]): readonly DocumentPath[] {
  const corrected = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? issue.keys.flatMap((key) => correctKey(yaml, issue, key)) : [],
  );
  const entries = issues.flatMap((issue) =>
    issue.code === 'unrecognized_keys' ? [] : [entryOf(issue.path)],
  );
  // From the end of each list to its start, so that no entry moves before its turn.
  for (const path of unique(entries).toSorted(byLastFirst)) {
    const standIn = standInFor(path);
    if (standIn === undefined) yaml.deleteIn(path);
    else yaml.setIn(path, standIn);
  }
  return corrected;
}

/** The smallest part that can be left out: an entry of a list or mapping at the top level, or within a step. */
function entryOf(path: DocumentPath): DocumentPath {
  if (isCreated({ path: [...path] })) return path;
  return path.slice(0, path[0] === 'steps' ? 4 : 2);
}

function standInFor(path: DocumentPath): unknown {
  if (path.length === 1) return STAND_INS[String(path[0])];
  if (isCreated({ path: [...path] })) return 'later';
  return path.length === 3 && path[2] === 'name' ? `step ${Number(path[1]) + 2}` : undefined;
}

function correctKey(yaml: Document, issue: Issue, key: string): readonly DocumentPath[] {
  const parent = yaml.getIn(issue.path, true);
  const meant = meantKey(issue, key);
  const pair = isMap(parent) ? parent.items.find((item) => textOfKey(item) === key) : undefined;
  if (!isMap(parent) || !isScalar(pair?.key) || meant === undefined || parent.has(meant)) {
    yaml.deleteIn([...issue.path, key]);
    return [];
  }
  pair.key.value = meant;
  return [[...issue.path, meant]];
}

function unique(paths: readonly DocumentPath[]): readonly DocumentPath[] {
  return [...new Map(paths.map((path) => [JSON.stringify(path), path])).values()];
}

function byLastFirst(a: DocumentPath, b: DocumentPath): number {
  return indexAt(1, b) - indexAt(1, a) || indexAt(3, b) - indexAt(3, a);
}

function indexAt(level: number, path: DocumentPath): number {
  const step = path[level];
  return typeof step === 'number' ? step : 0;
}
