/** From one document to its scenario, with the manifests and policies that it names. */
import type { Problem } from '../errors.ts';
import { objectKey } from '../keys.ts';
import { DOUBTFUL_AFTER } from './doubt.ts';
import type { KnownNamespaces } from './existing-namespaces.ts';
import { checkForm } from './form.ts';
import { type KnownNames, namesIn } from './hints.ts';
import { findIncluded, type TopologyPart } from './include/include.ts';
import type { Misnamed } from './issues.ts';
import { type FoundManifests, findManifests, type StartFolder } from './manifests/find.ts';
import type { FoundForeignPolicy } from './manifests/inventory.ts';
import { mergeNamespaces } from './manifests/namespaces.ts';
import { findDeclaredTwice, type MergedPods, mergePods } from './manifests/pods.ts';
import type { Renderer } from './manifests/renderer.ts';
import { mergeServices } from './manifests/services.ts';
import {
  type FoundNamespace,
  findForeignTwice,
  findTwice,
  type TakenManifests,
  takeManifests,
  takeNamespaces,
} from './manifests/take.ts';
import { takeStock } from './manifests/take-stock.ts';
import { problemAt } from './mark.ts';
import { hintForObject } from './object-hints.ts';
import { type LoadedPolicies, loadPolicies, type PolicyContext } from './policies.ts';
import {
  type NamedPolicies,
  readExistingNamespaces,
  readExistingServices,
  readHosts,
  readManifestEntries,
  readNamespaces,
  readPods,
  readScenario,
  readServices,
} from './read.ts';
import type { Hole, Marked, Scenario, ScenarioNamespace, ScenarioService } from './scenario.ts';
import type { ScenarioDocument } from './schema.ts';
import type { SourceDocument } from './source.ts';

/** The scenario itself. */
interface ScenarioPart extends TopologyPart {
  readonly document: ScenarioDocument;
}

export interface LoadContext {
  readonly cwd: string;
  readonly renderer: Renderer | undefined;
  /** What every scenario has beside the manifests that it names. */
  readonly added: readonly FoundManifests[];
}

export interface LoadedDocument {
  /** Absent where too little of it is known. */
  readonly scenario?: Scenario;
  readonly problems: readonly Problem[];
}

/** Loads one document. Mistakes are collected, not thrown. @param place where paths in it start */
export async function loadDocument(
  source: SourceDocument,
  place: StartFolder,
  { cwd, renderer, added }: LoadContext,
): Promise<LoadedDocument> {
  const form = checkForm(source);
  if (form.document === undefined) {
    const misnamed = describeMisnamed(form.misnamed, { ...namesIn(source.value), policies: [] });
    return { problems: [...form.problems, ...misnamed] };
  }
  const own = { document: form.document, source, place };
  const included = await findIncluded(own, cwd);
  const formIsSound = form.topologyIsSound && included.problems.length === 0;
  const deployed = await loadDeployed(own, included.parts, formIsSound, { cwd, renderer, added });
  const loaded = await loadAllPolicies(own, included.parts, deployed.taken, {
    cwd,
    renderer,
    wanted: 'policies',
    namespaces: deployed.isSound ? knownNamespaces(deployed) : undefined,
  });
  const known = knownNames([...included.parts, own], deployed, loaded.policies);
  const problems = [
    ...form.problems,
    ...included.problems,
    ...describeMisnamed(form.misnamed, known),
    ...deployed.problems,
    ...loaded.problems,
  ];
  // Against a topology with holes, every rule would look wrong.
  if (!deployed.isSound) return { problems };
  const { namespaces, pods, services } = deployed;
  const scenario = readScenario(form.document, source, {
    policies: loaded.policies,
    foreignPolicies: loaded.foreignPolicies,
    namespaces,
    existingNamespaces: deployed.existingNamespaces,
    pods: pods.pods,
    hosts: [...included.parts, own].flatMap((part) => readHosts(part.document, part.source)),
    services,
    existingServices: [...included.parts, own].flatMap((part) =>
      readExistingServices(part.document, part.source),
    ),
    manifests: takeStock({
      found: [...deployed.found, ...loaded.lists.flatMap(({ found }) => found)],
      taken: [deployed.taken, ...loaded.lists.map(({ taken }) => taken)],
      namespaces: deployed.declared,
      pods,
    }),
    included: included.parts,
    complete: [form.problems, form.misnamed, source.problems].every((found) => found.length === 0),
    holes: [...form.holes, ...loaded.holes],
  });
  return { scenario, problems };
}

/** What a scenario and its manifests make of namespaces and pods. */
interface Deployed {
  readonly found: readonly FoundManifests[];
  readonly taken: TakenManifests;
  /** The namespaces as the manifests declare them. */
  readonly declared: readonly FoundNamespace[];
  readonly namespaces: readonly Marked<ScenarioNamespace>[];
  /** Their names. */
  readonly existingNamespaces: readonly Marked<string>[];
  readonly pods: MergedPods;
  readonly services: readonly ScenarioService[];
  /** Whether namespaces and pods are as the files mean them, so that looking up names says something. */
  readonly isSound: boolean;
  readonly problems: readonly Problem[];
}

async function loadDeployed(
  own: ScenarioPart,
  included: readonly TopologyPart[],
  formIsSound: boolean,
  { added, ...context }: LoadContext,
): Promise<Deployed> {
  const parts = [...included, own];
  const named = await Promise.all(
    parts.flatMap(({ document, source, place }) =>
      readManifestEntries(document, source).map((entry) =>
        findManifests(entry, { ...context, ...place, wanted: 'all' }),
      ),
    ),
  );
  const found = [...named, ...added];
  const declared = takeNamespaces(found);
  const existingNamespaces = parts.flatMap(({ document, source }) =>
    readExistingNamespaces(document, source),
  );
  const existing = new Set(existingNamespaces.map(({ value }) => value));
  const merged = mergeNamespaces(
    parts.flatMap(({ document, source }) => readNamespaces(document, source)),
    // What is there already is not made, whatever manifests it has been made from.
    declared.namespaces.filter(({ name }) => !existing.has(name)),
  );
  const isKnown = formIsSound && [...found, declared].every(({ problems }) => problems.length === 0);
  const known = isKnown ? knownNamespaces({ namespaces: merged.namespaces, existingNamespaces }) : undefined;
  const taken = takeManifests(found, 'all', known);
  const written = parts.flatMap(({ document, source }) => readPods(document, source));
  const pods = mergePods(written, taken.workloads);
  const services = mergeServices(
    parts.flatMap(({ document, source }) => readServices(document, source, own.document.families)),
    taken.services,
  );
  const problems = [
    ...(formIsSound && found.length === 0 ? missingKeys(parts, own.source) : []),
    ...declared.problems,
    ...merged.problems,
    ...findDeclaredTwice(written),
    ...taken.problems,
    // With an entry that cannot be read, what is said of workloads may be about what is in it.
    ...(isKnown ? pods.problems : []),
    ...services.problems,
  ];
  return {
    found,
    taken,
    declared: declared.namespaces,
    namespaces: merged.namespaces,
    existingNamespaces,
    pods,
    services: services.services,
    isSound: formIsSound && problems.length === 0,
    problems: [...problems, ...taken.policyProblems],
  };
}

function knownNamespaces({
  namespaces,
  existingNamespaces,
}: Pick<Deployed, 'namespaces' | 'existingNamespaces'>): KnownNamespaces {
  return {
    made: namespaces.map(({ value }) => value.name),
    existing: existingNamespaces.map(({ value }) => value),
  };
}

/** Without manifests, a scenario says itself what there is, or includes it. */
function missingKeys(parts: readonly TopologyPart[], source: SourceDocument): readonly Problem[] {
  return (['namespaces', 'pods'] as const)
    .filter((key) => parts.every(({ document }) => document[key] === undefined))
    .map((key) =>
      problemAt(source.at([]), `the key ${JSON.stringify(key)} is missing`, {
        hint: 'Write it, or name what is deployed under "manifests".',
      }),
    );
}

/** Those of the top level, and those that each step applies. */
async function loadAllPolicies(
  own: ScenarioPart,
  included: readonly TopologyPart[],
  deployed: TakenManifests,
  context: Omit<PolicyContext, keyof StartFolder>,
): Promise<{
  readonly policies: NamedPolicies;
  readonly foreignPolicies: readonly Marked<FoundForeignPolicy>[];
  readonly lists: readonly LoadedPolicies[];
  readonly problems: readonly Problem[];
  /** For the policies that could not be loaded. */
  readonly holes: readonly Hole[];
}> {
  const first: LoadedPolicies[] = [];
  for (const { document, source, place } of [...included, own]) {
    const { policies = [] } = document;
    first.push(await loadPolicies(policies, ['policies'], source, { ...context, ...place }));
  }
  const all = [...deployed.policies, ...first.flatMap(({ taken }) => taken.policies)];
  const foreign = [...deployed.foreignPolicies, ...first.flatMap(({ taken }) => taken.foreignPolicies)];
  const firstProblems = [...first.flatMap(problemsOf), ...findTwice(all), ...findForeignTwice(foreign)];
  const problems = [...firstProblems];
  const holes: Hole[] =
    firstProblems.length + deployed.policyProblems.length > 0 ? [{ doubtful: DOUBTFUL_AFTER.apply }] : [];
  const applied: LoadedPolicies[] = [];
  const { document, source, place } = own;
  for (const [index, { apply = [] }] of (document.steps ?? []).entries()) {
    const path = ['steps', index, 'apply'];
    const loaded = await loadPolicies(apply, path, source, { ...context, ...place });
    const wrong = [
      ...problemsOf(loaded),
      ...findTwice(loaded.taken.policies),
      ...loaded.taken.foreignPolicies.map(refuseInStep),
    ];
    applied.push(loaded);
    problems.push(...wrong);
    if (wrong.length > 0) holes.push({ mark: source.at(path), doubtful: DOUBTFUL_AFTER.apply });
  }
  return {
    foreignPolicies: foreign,
    policies: { first: all, applied: applied.map(({ taken }) => taken.policies) },
    lists: [...first, ...applied],
    problems,
    holes,
  };
}

/** What a later step changes, podreach has to know the meaning of. */
function refuseInStep({ value: { title }, mark }: Marked<FoundForeignPolicy>): Problem {
  return problemAt(mark, `a step applies NetworkPolicies only, and ${title} is of another kind`, {
    hint: 'Name it under "policies" or "manifests": from there it is applied before the first step is tried, and stands through all steps.',
  });
}

function problemsOf({ taken: { problems, policyProblems } }: LoadedPolicies): readonly Problem[] {
  return [...problems, ...policyProblems];
}

function knownNames(
  parts: readonly TopologyPart[],
  { namespaces, pods }: Deployed,
  { first, applied }: NamedPolicies,
): KnownNames {
  const written = parts.map(({ source }) => namesIn(source.value));
  const policies = [first, ...applied].flat().map((policy) => objectKey(policy.value));
  return {
    namespaces: [
      ...new Set([
        ...written.flatMap((names) => names.namespaces),
        ...namespaces.map((one) => one.value.name),
      ]),
    ],
    pods: [...new Set([...written.flatMap((names) => names.pods), ...pods.pods.map(objectKey)])],
    policies: [...new Set(policies)],
  };
}

function describeMisnamed(misnamed: readonly Misnamed[], known: KnownNames): readonly Problem[] {
  return misnamed.map(({ action, text, message, mark }) =>
    problemAt(mark, message, { hint: hintForObject(action, text, known) }),
  );
}
