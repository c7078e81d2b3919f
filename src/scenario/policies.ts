/**
 * The policies of a scenario: files, folders and inline manifests, each with the text to apply. Whether a policy's `spec`
 * is valid is for the API server to say; here only those questions are asked without which a run could not start.
 */
import { dirname, resolve } from 'node:path';
import type { Location, Problem } from '../errors.ts';
import { PodreachError } from '../errors.ts';
import { objectKey } from '../keys.ts';
import { adviseOnRetyped, explainRetyped, findRetyped } from '../policy/retyped.ts';
import { hintForMissing, kindOf, listYamlFiles } from './files.ts';
import type { PolicyText } from './grammar/policies.ts';
import { type Manifest, readInlineManifest, readManifest } from './manifest.ts';
import { problemAt } from './mark.ts';
import type { Mark, Marked, NetworkPolicyObject, PlannedPolicy } from './scenario.ts';
import { isMapping, readSource, type SourceDocument } from './source.ts';
import { quote, suggest } from './suggest.ts';
import type { DocumentPath } from './walk.ts';

/** Where policies belong. */
export interface PolicyContext {
  /** The scenario file, absolute: paths of policies are relative to its folder. */
  readonly scenarioFile: string;
  readonly cwd: string;
  /** The namespaces that the scenario declares; undefined where they are not known well enough to hold policies against. */
  readonly namespaces: readonly string[] | undefined;
}

export interface LoadedPolicies {
  /** Each with the entry of the scenario that names it. */
  readonly policies: readonly Marked<PlannedPolicy>[];
  readonly problems: readonly Problem[];
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
  const policies: Marked<PlannedPolicy>[] = [];
  const first = new Map<string, Mark>();
  const problems: Problem[] = [];
  for (const [index, entry] of entries.entries()) {
    const path = [...list, index];
    const mark = source.at(path);
    const found =
      typeof entry === 'string'
        ? await readManifests({ value: entry, mark }, context)
        : { manifests: [readInlineManifest(source, path)], problems: [] };
    problems.push(...found.problems);
    for (const manifest of found.manifests) {
      const accepted = acceptPolicy(manifest, context);
      if ('message' in accepted) {
        problems.push(accepted);
        continue;
      }
      policies.push({ value: accepted, mark });
      const key = objectKey(accepted);
      const place = manifest.at([]);
      const earlier = first.get(key);
      if (earlier === undefined) first.set(key, place);
      else {
        problems.push(
          problemAt(place, `the policy ${quote(key)} is there twice`, {
            related: [{ message: 'first here', mark: earlier }],
          }),
        );
      }
    }
  }
  return { policies, problems };
}

async function readManifests(
  entry: Marked<string>,
  context: PolicyContext,
): Promise<{ readonly manifests: readonly Manifest[]; readonly problems: readonly Problem[] }> {
  const path = resolve(dirname(context.scenarioFile), entry.value);
  const kind = await kindOf(path);
  if (kind === undefined) {
    const hint = /[*?[{]/.test(entry.value)
      ? 'Patterns are not read here. Name a folder, which stands for all YAML files in it, or each file.'
      : ((await hintForMissing(path)) ?? 'Paths of policies are relative to the scenario file.');
    return {
      manifests: [],
      problems: [problemAt(entry.mark, `no such policy file or folder: ${entry.value}`, { hint })],
    };
  }
  const manifests: Manifest[] = [];
  const problems: Problem[] = [];
  try {
    for (const file of kind === 'folder' ? await listYamlFiles(path) : [path]) {
      for (const document of await readSource(file, context.cwd)) {
        problems.push(...document.problems);
        if (!document.readable) continue;
        const manifest = readManifest(document);
        problems.push(...manifest.problems);
        manifests.push(manifest);
      }
    }
  } catch (thrown) {
    if (!(thrown instanceof PodreachError)) throw thrown;
    problems.push(problemAt(entry.mark, thrown.message, { hint: thrown.hint }));
  }
  if (manifests.length === 0 && problems.length === 0) {
    problems.push(problemAt(entry.mark, `there is no policy in ${entry.value}`));
  }
  return { manifests, problems };
}

function acceptPolicy(manifest: Manifest, context: PolicyContext): PlannedPolicy | Problem {
  const { value, text, retyped, at } = manifest;
  const mark = at([]);
  if (!isMapping(value)) return problemAt(mark, 'a policy must be a mapping');
  if (value['apiVersion'] !== 'networking.k8s.io/v1' || value['kind'] !== 'NetworkPolicy') {
    return problemAt(mark, `this is ${describeKind(value)}, not kind NetworkPolicy of networking.k8s.io/v1`, {
      hint: 'podreach applies NetworkPolicies of networking.k8s.io/v1 only.',
    });
  }
  const metadata = isMapping(value['metadata']) ? value['metadata'] : {};
  const { name } = metadata;
  if (typeof name !== 'string' || name === '') {
    return notText(['metadata', 'name'], 'a policy needs a name, as text', manifest, 'Write metadata.name.');
  }
  const { finalizers } = metadata;
  if (Array.isArray(finalizers) && finalizers.length > 0) {
    return problemAt(
      at(['metadata', 'finalizers']),
      `this policy could not be deleted after the run: it has the finalizer ${finalizers.map((one) => quote(String(one))).join(', ')}, and waits for whoever takes that away`,
      { hint: 'Leave metadata.finalizers out: a controller that needs a finalizer adds it by itself.' },
    );
  }
  const namespace = findNamespace(metadata['namespace'], manifest, context);
  if (typeof namespace !== 'string') return namespace;
  const locate = (path: DocumentPath): Location => at(path).location;
  return {
    namespace,
    name,
    text,
    object: asNetworkPolicy(value),
    ...(retyped.length === 0 ? {} : { retyped }),
    location: mark.location,
    locate,
  };
}

/** The namespace that a policy belongs to, or what is wrong with it. */
function findNamespace(
  written: unknown,
  manifest: Manifest,
  { namespaces }: PolicyContext,
): string | Problem {
  const { at } = manifest;
  if (written === undefined || written === null || written === '') {
    const [only, ...others] = namespaces ?? [''];
    if (only !== undefined && others.length === 0) return only;
    return problemAt(at(['metadata']), 'this policy does not say which namespace it belongs to', {
      hint: `Write metadata.namespace: the scenario has ${namespaces?.length ?? 0} namespaces.`,
    });
  }
  if (typeof written !== 'string')
    return notText(['metadata', 'namespace'], 'metadata.namespace must be text', manifest);
  if (namespaces === undefined || namespaces.includes(written)) return written;
  return problemAt(
    at(['metadata', 'namespace']),
    `the scenario does not declare the namespace ${quote(written)}`,
    {
      hint: suggest(written, namespaces, 'namespaces'),
    },
  );
}

/** @param hint where the value is not text for a reason that only the API server sees, that is said in its place */
function notText(path: DocumentPath, message: string, { at, retyped }: Manifest, hint?: string): Problem {
  const mark = at(path);
  const value = findRetyped(retyped, mark.location);
  return value === undefined
    ? problemAt(mark, message, { hint })
    : problemAt(mark, `${message}: ${explainRetyped(value)}`, { hint: adviseOnRetyped(value) });
}

function describeKind(value: Readonly<Record<string, unknown>>): string {
  const { kind, apiVersion } = value;
  const group = typeof apiVersion === 'string' ? ` of ${apiVersion}` : ' without an apiVersion';
  return typeof kind === 'string' ? `kind ${kind}${group}` : 'an object without a kind';
}

/** Kind, version and name are checked; all else is for the API server to judge and for readers to doubt. */
function asNetworkPolicy(value: Readonly<Record<string, unknown>>): NetworkPolicyObject {
  return value as unknown as NetworkPolicyObject;
}
