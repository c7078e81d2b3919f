/** Manifests by themselves, without a scenario: two states of what is deployed, to be compared. */
import type { Problem } from '../../errors.ts';
import { objectKey } from '../../keys.ts';
import type { DeployedDoubt, DeployedState, DeployedWorkload } from '../../policy/deployed.ts';
import { invalid } from '../invalid.ts';
import { problemAt } from '../mark.ts';
import { type AddedContext, findAdded, isInput, refuseSecondInput, splitArgument } from './added.ts';
import { valueAt } from './fields.ts';
import type { FoundManifests } from './find.ts';
import type { UnknownPolicy } from './inventory.ts';
import { mergeNamespaces } from './namespaces.ts';
import { policyRoleOf } from './policies.ts';
import { findTwice, type TakenManifests, takeManifests, takeNamespaces } from './take.ts';
import { podTemplateOf, type Workload } from './workloads.ts';

/** What names the manifests of a state. */
export interface DeployedSource extends Pick<AddedContext, 'cwd' | 'renderer' | 'input'> {
  /** The path or the revision, as it was given. */
  readonly name: string;
  readonly commit?: string;
  /** Files, folders, globs and kustomizations, relative to `cwd`, as `--manifests` takes them. */
  readonly paths: readonly string[];
  /** Those of the other state that are not in this one. */
  readonly missing?: readonly string[];
  /** What messages call the place of its paths. */
  readonly place: string;
}

/**
 * Loads both. What names no namespace, and is given none, belongs to the only one that there is in both together, and to `default`
 * where there is none.
 *
 * @throws PodreachError `scenario-invalid` with everything that is wrong with either; `usage` where standard input is named, and there is
 * none or it is named twice
 */
export async function loadDeployed(
  before: DeployedSource,
  after: DeployedSource,
): Promise<readonly [before: DeployedState, after: DeployedState]> {
  refuseSecondInput([...before.paths, ...after.paths].filter(isInput));
  const [was, is] = await Promise.all([find(before), find(after)]);
  const named = namespacesIn([was, is]);
  const known = named.length === 0 ? ['default'] : named;
  const read = [was, is].map((one) => take(one, known));
  const clashing = new Set(read.flatMap(({ taken }) => findClashing(taken.workloads)));
  const problems = read.flatMap((one) => problemsOf(one, clashing));
  const isEmpty = read.every(({ taken }) => taken.workloads.length + taken.policies.length === 0);
  if (isEmpty && problems.length === 0) problems.push(...read.flatMap(nothingIn).slice(-1));
  if (problems.length > 0) throw invalid(problems);
  const [first, second] = read.map((one) => stateOf(one, clashing));
  if (first === undefined || second === undefined) throw new RangeError('there are two states');
  return [first, second];
}

interface FoundState {
  readonly source: DeployedSource;
  readonly found: readonly FoundManifests[];
}

interface ReadState extends FoundState {
  readonly taken: TakenManifests;
  readonly namespaces: ReturnType<typeof mergeNamespaces>;
  readonly problems: readonly Problem[];
}

async function find(source: DeployedSource): Promise<FoundState> {
  return { source, found: await findAdded(source.paths, { ...source, prefix: '' }) };
}

/** Those that exist for policies: declared, given, or named by what is to be compared. */
function namespacesIn(states: readonly FoundState[]): readonly string[] {
  const names = states.flatMap(({ source, found }) => [
    ...source.paths.flatMap((path) => splitArgument(path).namespace ?? []),
    ...takeNamespaces(found).namespaces.map(({ name }) => name),
    ...found.flatMap(({ documents }) =>
      documents.flatMap((document) => {
        const isCompared = policyRoleOf(document) !== undefined || podTemplateOf(document) !== undefined;
        const namespace = isCompared ? valueAt(document.value, ['metadata', 'namespace']) : undefined;
        return typeof namespace === 'string' && namespace !== '' ? [namespace] : [];
      }),
    ),
  ]);
  return [...new Set(names)];
}

function take({ source, found }: FoundState, known: readonly string[]): ReadState {
  const declared = takeNamespaces(found);
  const namespaces = mergeNamespaces([], declared.namespaces);
  const taken = takeManifests(found, 'all', { made: known }, true);
  return {
    source,
    found,
    taken,
    namespaces,
    problems: [
      ...declared.problems,
      ...namespaces.problems,
      ...taken.problems,
      ...taken.policyProblems,
      ...findTwice(taken.policies),
      ...taken.workloads.flatMap(({ problems }) => problems),
    ],
  };
}

/** Workloads of several kinds that have one name in one state: by `namespace/name`. */
function findClashing(workloads: readonly Workload[]): readonly string[] {
  const kinds = Map.groupBy(workloads, objectKey);
  return [...kinds].flatMap(([key, all]) => (new Set(all.map(({ kind }) => kind)).size > 1 ? [key] : []));
}

/** The name that its pods are told by. A workload that only changes its kind stays the same one. */
function nameOfPods(workload: Workload, clashing: ReadonlySet<string>): string {
  const { name, kind } = workload;
  return clashing.has(objectKey(workload)) ? `${name}-${kind.toLowerCase()}` : name;
}

/** Each with the state that it is of, where its file alone does not say it. */
function problemsOf({ source, taken, problems }: ReadState, clashing: ReadonlySet<string>): Problem[] {
  const all = [...problems, ...findDouble(taken.workloads, clashing)];
  if (source.commit === undefined) return all;
  return all.map((problem) => {
    const { location } = problem;
    const isNamed = location.file === source.place;
    // As git itself names a file of a revision.
    return isNamed
      ? problem
      : { ...problem, location: { ...location, file: `${source.name}:${location.file}` } };
  });
}

function findDouble(workloads: readonly Workload[], clashing: ReadonlySet<string>): readonly Problem[] {
  const first = new Map<string, Workload>();
  return workloads.flatMap((workload) => {
    const { kind, namespace, name, mark } = workload;
    const key = objectKey({ namespace, name: nameOfPods(workload, clashing) });
    const earlier = first.get(key);
    if (earlier === undefined) {
      first.set(key, workload);
      return [];
    }
    return [
      problemAt(mark, `${kind} ${namespace}/${name} is there twice`, {
        hint: 'Name only manifests that are deployed together.',
        related: [{ message: 'first here', mark: earlier.mark }],
      }),
    ];
  });
}

function nothingIn({ found }: ReadState): readonly Problem[] {
  return found.slice(0, 1).map(({ entry: { mark } }) =>
    problemAt(mark, 'there is neither a workload nor a policy to compare, before or after', {
      hint: 'Name what is deployed: files, folders, patterns or kustomizations.',
    }),
  );
}

function stateOf({ source, taken, namespaces }: ReadState, clashing: ReadonlySet<string>): DeployedState {
  const { name, commit, missing = [] } = source;
  return {
    name,
    ...(commit === undefined ? {} : { commit }),
    namespaces: namespaces.namespaces.map(({ value }) => ({ name: value.name, labels: value.labels })),
    workloads: taken.workloads.map((workload): DeployedWorkload => {
      const { kind, namespace, labels, ports, hostNetwork, mark } = workload;
      return {
        kind,
        namespace,
        name: nameOfPods(workload, clashing),
        labels,
        ports: ports.map(({ value }) => value),
        hostNetwork,
        location: mark.location,
      };
    }),
    policies: taken.policies.map(({ value }) => value),
    doubts: [
      ...missing.map((path) => ({ message: `${splitArgument(path).path} is not in ${name}` })),
      ...taken.workloads.flatMap(({ doubts }) => doubts.map(({ code: _, pod: __, ...doubt }) => doubt)),
      ...unknownKinds([...taken.foreignPolicies.map(({ value }) => value), ...taken.unknownPolicies]),
    ],
  };
}

function unknownKinds(policies: readonly UnknownPolicy[]): readonly DeployedDoubt[] {
  const kinds = Map.groupBy(policies, ({ kind, apiVersion }) => `${kind} of ${apiVersion}`);
  return [...kinds].flatMap(([kind, all]) =>
    all.slice(0, 1).map(({ location }) => ({
      message: `what policies of another kind allow or cut is not known here: ${all.length} ${kind}`,
      location,
    })),
  );
}
