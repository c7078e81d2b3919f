/** The part of a first scenario that says what is deployed: manifests, and what must be said beside them. */
import { isAbsolute, relative, resolve } from 'node:path';
import type { Location, Problem } from '../../errors.ts';
import { PodreachError } from '../../errors.ts';
import { objectKey } from '../../keys.ts';
import { DNS_LABEL, DNS_SUBDOMAIN, isOwnNamespace } from '../../labels.ts';
import { shellCommand } from '../../shell.ts';
import { INPUT_ARGUMENT } from '../../standard-input.ts';
import type { FoundManifests } from '../manifests/find.ts';
import { takeManifests, takeNamespaces } from '../manifests/take.ts';
import type { Workload } from '../manifests/workloads.ts';
import { quote } from '../suggest.ts';
import { comment, scalar } from './text.ts';

/** What was found, and the lines of a scenario that has all of it. */
export interface DeployedPart {
  readonly lines: readonly string[];
  readonly namespaces: readonly string[];
}

/**
 * @param folder where the scenario will stand
 * @param cwd where the paths start
 * @returns everything that is wrong with the manifests by themselves instead, where anything is
 */
export function writeDeployed(
  found: readonly FoundManifests[],
  { folder, cwd }: { readonly folder: string; readonly cwd: string },
): DeployedPart | { readonly problems: readonly Problem[] } {
  const declared = takeNamespaces(found);
  // With nothing known of namespaces, an object that names none has an empty one.
  const named = takeManifests(found, 'all', undefined);
  const placed = [
    ...named.policies.map(({ value }) => value),
    ...named.workloads.map(({ namespace, mark: { location } }) => ({ namespace, location })),
    ...named.services.map(({ service }) => service),
  ];
  const used = placed.map(({ namespace }) => namespace);
  const known = new Set(declared.namespaces.map(({ name }) => name));
  const undeclared = [...new Set(used)].filter((name) => name !== '' && !known.has(name)).toSorted();
  const namespaces = [...known, ...undeclared];
  if (namespaces.length === 0 && used.length > 0) throw noNamespace(found);
  const taken = takeManifests(found, 'all', { made: namespaces });
  const problems = [
    ...declared.problems,
    ...taken.problems,
    ...taken.policyProblems,
    ...undeclared.filter(isOwnNamespace).flatMap((name) =>
      placed
        .filter(({ namespace }) => namespace === name)
        .slice(0, 1)
        .map(inOwnNamespace),
    ),
  ];
  if (problems.length > 0) return { problems };
  const stranger = strangerTo(taken.workloads, namespaces, used.includes(''));
  return {
    namespaces,
    lines: [
      ...writeManifests(found, folder, cwd),
      ...writeNamespaces(undeclared, stranger?.namespace),
      ...writePods(taken.workloads, stranger?.pod),
    ],
  };
}

/** Somebody to try a workload from that is alone. */
interface Stranger {
  readonly pod: string;
  /** Its own; absent where objects belong to the only namespace that there is. */
  readonly namespace?: string;
}

function strangerTo(
  workloads: readonly Workload[],
  namespaces: readonly string[],
  belongToOnly: boolean,
): Stranger | undefined {
  const [only, ...others] = workloads;
  if (only === undefined || others.length > 0) return undefined;
  const name = only.name === 'anybody' ? 'anybody-else' : 'anybody';
  if (belongToOnly) return { pod: `${only.namespace}/${name}` };
  const namespace = namespaces.includes('elsewhere') ? 'elsewhere-again' : 'elsewhere';
  return { pod: `${namespace}/${name}`, namespace };
}

function inOwnNamespace({
  namespace,
  location,
}: {
  readonly namespace: string;
  readonly location: Location;
}): Problem {
  return {
    message: `this is in the namespace ${quote(namespace)}, which is one of Kubernetes itself: a run makes its namespaces, and deletes them when it ends`,
    location,
    hint: 'Leave such manifests out, or give what they hold another namespace.',
  };
}

function noNamespace(found: readonly FoundManifests[]): PodreachError {
  const [path = 'deploy'] = found.map(({ entry: { source } }) =>
    source.kind === 'text' ? INPUT_ARGUMENT : source.path,
  );
  return new PodreachError('usage', 'no manifest says which namespace anything belongs to', {
    hint: `Say it as for kubectl: ${shellCommand(['podreach', 'init', '--namespace', 'shop', path])}`,
  });
}

function writeManifests(found: readonly FoundManifests[], folder: string, cwd: string): readonly string[] {
  const entries = found.flatMap(({ entry: { source } }): readonly string[] => {
    if (source.kind !== 'path') return [];
    const path = scalar(relativeTo(folder, resolve(cwd, source.path)));
    return source.namespace === undefined
      ? [`  - ${path}`]
      : [`  - { path: ${path}, namespace: ${scalar(source.namespace)} }`];
  });
  const piped = found.flatMap(({ entry: { source } }) => (source.kind === 'text' ? [source] : []));
  return [
    ...(entries.length === 0 ? [] : ['', 'manifests:', ...entries]),
    ...piped.flatMap(({ namespace }) => [
      '',
      ...comment(
        '',
        `What is deployed came in at standard input, which a scenario cannot name. So every command needs it again: --manifests ${namespace === undefined ? '' : `${namespace}=`}-`,
      ),
    ]),
  ];
}

/** With slashes on every system, as scenarios have them. */
function relativeTo(folder: string, path: string): string {
  const shown = relative(folder, path) || '.';
  return isAbsolute(shown) ? shown : shown.replaceAll('\\', '/');
}

function writeNamespaces(undeclared: readonly string[], ofStranger: string | undefined): readonly string[] {
  if (undeclared.length === 0 && ofStranger === undefined) return [];
  const why = 'No manifest declares them. Write the labels that they have: policies may select by these.';
  return [
    '',
    'namespaces:',
    ...(undeclared.length === 0 ? [] : comment('  ', why)),
    ...undeclared.map((name) => `  ${scalar(name)}: {}`),
    ...(ofStranger === undefined ? [] : [`  ${ofStranger}: {}`]),
  ];
}

/** What must be said of workloads, so that each is a pod with a name of its own, or left out. */
function writePods(workloads: readonly Workload[], stranger: string | undefined): readonly string[] {
  const byKey = Map.groupBy(workloads, objectKey);
  const taken = new Set(byKey.keys());
  const lines = [...byKey.values()].flatMap((same) =>
    same
      .filter(({ name }) => FULL_NAME.test(name))
      .flatMap((workload, index) => {
        if (index === 0 && NAME.test(workload.name)) return [];
        const own = nameFor(workload, taken);
        taken.add(own);
        return [
          ...comment('  ', index === 0 ? 'No pod can have its own name.' : 'Another workload has its name.'),
          `  ${own}: { workload: ${workload.kind.toLowerCase()}/${workload.name} }`,
        ];
      }),
  );
  if (stranger !== undefined)
    lines.push(...comment('  ', 'Somebody to try the only workload from.'), `  ${stranger}: {}`);
  return lines.length === 0 ? [] : ['', 'pods:', ...lines];
}

const NAME = new RegExp(`^${DNS_LABEL}$`);
const FULL_NAME = new RegExp(`^${DNS_SUBDOMAIN}$`);
/** Of the name of a pod, with a little left for a number. */
const LONGEST = 60;

/** `shop/web-cronjob`, which no other pod has. */
function nameFor({ namespace, name, kind }: Workload, taken: ReadonlySet<string>): string {
  const stem = NAME.test(name) ? `${name}-${kind.toLowerCase()}` : name.replaceAll('.', '-');
  const cut = `${namespace}/${stem.slice(0, LONGEST).replace(/-+$/, '')}`;
  if (!taken.has(cut)) return cut;
  for (let number = 2; ; number += 1) if (!taken.has(`${cut}-${number}`)) return `${cut}-${number}`;
}
