/** Workloads and declared pods become the pods of a scenario. What is declared adds to a workload, names it, or leaves it out. */
import type { Problem } from '../../errors.ts';
import { objectKey } from '../../keys.ts';
import { DNS_LABEL } from '../../labels.ts';
import { problemAt } from '../mark.ts';
import type { Mark, Marked, ScenarioPod } from '../scenario.ts';
import { quote, suggest } from '../suggest.ts';
import type { FoundWorkload, LeftOutWorkload, ManifestDoubt } from './inventory.ts';
import { thereTwice } from './twice.ts';
import type { Workload } from './workloads.ts';

/** A pod as a scenario declares it. */
export interface WrittenPod extends ScenarioPod {
  /** It is left out, whatever the manifests say. */
  readonly absent: boolean;
  /** Whether it says anything of labels: those of a workload are its own. */
  readonly hasLabels: boolean;
  /** The workload that it stands for, as `deployment/web`, where it has another name. */
  readonly workload?: Marked<string>;
}

export interface MergedPods {
  readonly pods: readonly ScenarioPod[];
  readonly workloads: readonly FoundWorkload[];
  readonly leftOut: readonly LeftOutWorkload[];
  readonly doubts: readonly ManifestDoubt[];
  readonly problems: readonly Problem[];
}

/** Workloads come first, in the order of their manifests, and then the pods that are only declared. */
export function mergePods(written: readonly WrittenPod[], workloads: readonly Workload[]): MergedPods {
  const { named, problems: misnamed } = nameWorkloads(written, workloads);
  const [kept, out] = [named.filter((one) => !isAbsent(one)), named.filter(isAbsent)];
  const leftOut = out.map(({ workload: { kind, namespace, name, labels, mark } }) => ({
    kind,
    namespace,
    name,
    labels,
    location: mark.location,
  }));
  const taken = new Set(named.map(({ key }) => key));
  const alone = written.filter((pod) => !taken.has(objectKey(pod)) && pod.workload === undefined);
  return {
    pods: [
      ...kept.map(({ workload, declared, key }) => podOf(workload, declared, key)),
      ...alone.filter(({ absent }) => !absent).map(asPod),
    ],
    workloads: kept.map(({ key, workload: { kind, name, mark } }) => ({
      kind,
      pod: key,
      name,
      location: mark.location,
    })),
    leftOut,
    doubts: kept.flatMap(({ key, workload }) => workload.doubts.map((doubt) => ({ ...doubt, pod: key }))),
    problems: [
      ...misnamed,
      ...findClashes(kept),
      ...kept.flatMap(problemsOf),
      ...alone.filter(({ absent }) => absent).map((pod) => absentNothing(pod, named)),
    ],
  };
}

/** A pod is said once: what is to hold for all scenarios, and what for one, is not to be told apart by who comes last. */
export function findDeclaredTwice(written: readonly WrittenPod[]): readonly Problem[] {
  const first = new Map<string, Mark>();
  return written.flatMap((pod) => {
    const key = objectKey(pod);
    const earlier = first.get(key);
    if (earlier !== undefined)
      return [
        problemAt(pod.mark, `the pod ${quote(key)} is declared twice`, {
          hint: 'Say all of it in one of the two files.',
          related: [{ message: 'first here', mark: earlier }],
        }),
      ];
    first.set(key, pod.mark);
    return [];
  });
}

function isAbsent({ declared }: NamedWorkload): boolean {
  return declared?.absent === true;
}

/** What is wrong with a workload by itself, or with what is said of it. */
function problemsOf({ key, workload, declared }: NamedWorkload): readonly Problem[] {
  return [
    ...workload.problems,
    ...(NAME.test(key.slice(key.indexOf('/') + 1)) ? [] : [unfitName(workload)]),
    ...(declared?.hasLabels === true ? [ofWorkload('labels', key, declared.mark, workload)] : []),
    ...(declared?.hostNetwork === true ? [ofWorkload('hostNetwork', key, declared.mark, workload)] : []),
  ];
}

function findClashes(kept: readonly NamedWorkload[]): readonly Problem[] {
  const first = new Map<string, Workload>();
  return kept.flatMap(({ key, workload }) => {
    const earlier = first.get(key);
    if (earlier !== undefined) return [sameName(key, workload, earlier)];
    first.set(key, workload);
    return [];
  });
}

function podOf(workload: Workload, declared: WrittenPod | undefined, key: string): ScenarioPod {
  const { namespace, labels, ports, mark } = workload;
  return {
    namespace,
    name: key.slice(key.indexOf('/') + 1),
    labels,
    ports: [...ports, ...(declared?.ports ?? [])],
    ...(declared?.node === undefined ? {} : { node: declared.node }),
    ...(workload.hostNetwork ? { hostNetwork: true as const } : {}),
    ...(declared?.created === undefined ? {} : { created: declared.created }),
    mark,
  };
}

const NAME = new RegExp(`^${DNS_LABEL}$`);

interface NamedWorkload {
  /** `namespace/name` of the pod that it becomes. */
  readonly key: string;
  readonly workload: Workload;
  /** What the scenario says of that pod. */
  readonly declared: WrittenPod | undefined;
}

/** The name of a workload is that of its pod, unless the scenario gives it another. */
function nameWorkloads(
  written: readonly WrittenPod[],
  workloads: readonly Workload[],
): { readonly named: readonly NamedWorkload[]; readonly problems: readonly Problem[] } {
  const names = new Map<Workload, WrittenPod>();
  const problems: Problem[] = [];
  for (const pod of written) {
    if (pod.workload === undefined) continue;
    const { value, mark } = pod.workload;
    const [kind = '', name = ''] = value.split('/');
    const neighbours = workloads.filter(({ namespace }) => namespace === pod.namespace);
    const meant = neighbours.find(
      (one) => one.name === name && one.kind.toLowerCase() === kind.toLowerCase(),
    );
    const other = meant === undefined ? undefined : names.get(meant);
    if (meant === undefined) {
      const known = neighbours.map(reference);
      problems.push(
        problemAt(mark, `no manifest has the workload ${quote(value)} in the namespace ${pod.namespace}`, {
          hint: suggest(value, known, 'workloads'),
        }),
      );
    } else if (other !== undefined) {
      problems.push(
        problemAt(mark, `the workload ${quote(value)} is named twice`, {
          related: [{ message: 'first here', mark: other.mark }],
        }),
      );
    } else names.set(meant, pod);
  }
  const declared = new Map(written.map((pod) => [objectKey(pod), pod]));
  const named = workloads.map((workload) => {
    const key = objectKey(names.get(workload) ?? workload);
    return { key, workload, declared: declared.get(key) };
  });
  return { named, problems };
}

/** `deployment/web`, as kubectl writes it. */
function reference({ kind, name }: Workload): string {
  return `${kind.toLowerCase()}/${name}`;
}

function sameName(key: string, workload: Workload, earlier: Workload): Problem {
  const { kind, name, namespace, mark } = workload;
  return kind === earlier.kind
    ? thereTwice(`${kind} ${namespace}/${name}`, mark, earlier.mark)
    : problemAt(mark, `two workloads are called ${quote(key)}: ${earlier.kind} and ${kind}`, {
        hint: `Give one of them another name, under "pods": ${key}-${kind.toLowerCase()}: { workload: ${reference(workload)} }.`,
        related: [{ message: 'first here', mark: earlier.mark }],
      });
}

function unfitName(workload: Workload): Problem {
  const { kind, namespace, name, mark } = workload;
  return problemAt(
    mark,
    `the name of ${kind} ${quote(name)} cannot be that of a pod: it has more than 63 characters, or others than lower-case letters, digits and "-"`,
    { hint: `Give it another one, under "pods": ${namespace}/NAME: { workload: ${reference(workload)} }.` },
  );
}

/** What a workload says itself. */
function ofWorkload(
  field: 'labels' | 'hostNetwork',
  key: string,
  mark: Mark,
  { kind, mark: place }: Workload,
): Problem {
  const said = {
    labels: `the labels of ${quote(key)} are those of its ${kind}`,
    hostNetwork: `whether ${quote(key)} is on the network of its node is for its ${kind} to say`,
  };
  return problemAt(mark, said[field], {
    hint: `Leave ${quote(field)} out here: what is tested is what is deployed.`,
    related: [{ message: 'it comes from here', mark: place }],
  });
}

function absentNothing(pod: WrittenPod, named: readonly NamedWorkload[]): Problem {
  return problemAt(pod.mark, `there is no workload ${quote(objectKey(pod))} to leave out`, {
    hint: suggest(
      objectKey(pod),
      named.map(({ key }) => key),
      'workloads',
    ),
  });
}

function asPod({ absent: _, hasLabels: __, workload: ___, ...pod }: WrittenPod): ScenarioPod {
  return pod;
}
