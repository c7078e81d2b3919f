/**
 * What a scenario takes of the manifests that it names: policies, namespaces, workloads and Services. Everything else is counted. Nothing
 * is lost: each object is taken, left out with a word, counted, or wrong.
 */
import type { Problem } from '../../errors.ts';
import { objectKey } from '../../keys.ts';
import { DNS_LABEL } from '../../labels.ts';
import type { Labels } from '../../model/labels.ts';
import { type KnownNamespaces, refusePlacing } from '../existing-namespaces.ts';
import { problemAt } from '../mark.ts';
import type { Mark, Marked, PlannedPolicy } from '../scenario.ts';
import { quote } from '../suggest.ts';
import type { DocumentPath } from '../walk.ts';
import { type ManifestDocument, nameOrigin } from './document.ts';
import { groupOf, readLabels } from './fields.ts';
import type { FoundManifests, ListPurpose, ManifestSource } from './find.ts';
import type { FoundForeignPolicy, SkippedKind, UnknownPolicy } from './inventory.ts';
import { adviseOnUnknown, type Belonging, nameOf, namespaceFor } from './place.ts';
import {
  type PolicyRole,
  policyRoleOf,
  readForeignPolicy,
  readPolicy,
  readUnknownPolicy,
} from './policies.ts';
import { readService, type TakenService } from './services.ts';
import { thereTwice } from './twice.ts';
import { podTemplateOf, readWorkload, type Workload } from './workloads.ts';

/** A policy, with the entry of the scenario that names it. */
export interface TakenPolicy extends Marked<PlannedPolicy> {
  /** Where it stands itself. */
  readonly place: Mark;
}

/** What was taken of a list of entries. */
export interface TakenManifests {
  readonly policies: readonly TakenPolicy[];
  readonly foreignPolicies: readonly Marked<FoundForeignPolicy>[];
  readonly unknownPolicies: readonly UnknownPolicy[];
  readonly workloads: readonly Workload[];
  readonly services: readonly TakenService[];
  /** What a scenario has no use for. */
  readonly skipped: readonly ManifestDocument[];
  /** With what is not a policy. */
  readonly problems: readonly Problem[];
  readonly policyProblems: readonly Problem[];
}

/** A namespace that a manifest declares. */
export interface FoundNamespace {
  readonly name: string;
  readonly labels: Labels;
  readonly mark: Mark;
}

type Role =
  | PolicyRole
  | { readonly kind: 'service' | 'namespace' | 'other' }
  | { readonly kind: 'workload'; readonly template: DocumentPath };

function roleOf(document: ManifestDocument): Role {
  const policy = policyRoleOf(document);
  if (policy !== undefined) return policy;
  const template = podTemplateOf(document);
  if (template !== undefined) return { kind: 'workload', template };
  if (groupOf(document.apiVersion) === '') {
    if (document.kind === 'Namespace') return { kind: 'namespace' };
    if (document.kind === 'Service') return { kind: 'service' };
  }
  return { kind: 'other' };
}

const NAMESPACE_NAME = new RegExp(`^${DNS_LABEL}$`);

/** The namespaces that manifests declare, as they are written: one may be there several times. */
export function takeNamespaces(found: readonly FoundManifests[]): {
  readonly namespaces: readonly FoundNamespace[];
  readonly problems: readonly Problem[];
} {
  const namespaces: FoundNamespace[] = [];
  const problems: Problem[] = [];
  for (const document of found.flatMap(({ documents }) => documents)) {
    if (roleOf(document).kind !== 'namespace') continue;
    const name = nameOf(document);
    if (typeof name !== 'string') {
      problems.push(name);
      continue;
    }
    if (!NAMESPACE_NAME.test(name)) {
      problems.push(
        problemAt(document.at(['metadata', 'name']), `${quote(name)} is not the name of a namespace`, {
          hint: 'Write lower-case letters, digits and "-", at most 63 characters.',
        }),
      );
      continue;
    }
    const { labels, problems: wrong } = readLabels(document, ['metadata', 'labels']);
    problems.push(...wrong);
    namespaces.push({ name, labels, mark: document.at([]) });
  }
  return { namespaces, problems };
}

/**
 * Takes what there is, in the order in which it is named.
 * @param known the namespaces that there are; undefined where that is not known
 * @param mayBeEmpty whether an entry may bring nothing
 */
export function takeManifests(
  found: readonly FoundManifests[],
  wanted: ListPurpose,
  known: KnownNamespaces | undefined,
  mayBeEmpty = false,
): TakenManifests {
  const taker = new Taker();
  for (const one of found) {
    const { entry, documents, problems } = one;
    taker.problems.push(...problems);
    const { source, mark } = entry;
    const given = 'namespace' in source ? source.namespace : undefined;
    if (given !== undefined && known !== undefined && !known.made.includes(given)) {
      taker.problems.push(refuseGiven(given, known, mark));
      continue;
    }
    const belonging: Belonging = {
      ...(given === undefined ? {} : { given }),
      refusesOthers: source.kind !== 'helm',
      known,
      inNamespace: entry.inNamespace ?? inNamespace(source),
    };
    const roles = documents.map((document) => ({ document, role: roleOf(document) }));
    for (const { document, role } of roles) {
      if (isWanted(role, wanted) || role.kind === 'unknown-policy')
        taker.take(document, role, belonging, mark);
      else taker.skipped.push(document);
    }
    if (!mayBeEmpty && problems.length === 0 && !roles.some(({ role }) => isWanted(role, wanted)))
      taker.problems.push(nothingIn(one, wanted));
  }
  return taker;
}

function inNamespace(source: ManifestSource): ((namespace: string) => string) | undefined {
  if (source.kind !== 'path') return undefined;
  return (namespace) => `{ path: ${source.path}, namespace: ${namespace} }`;
}

function isWanted({ kind }: Role, wanted: ListPurpose): boolean {
  if (wanted === 'policies') return kind === 'policy' || kind === 'foreign-policy';
  return kind !== 'other';
}

class Taker implements TakenManifests {
  readonly policies: TakenPolicy[] = [];
  readonly foreignPolicies: Marked<FoundForeignPolicy>[] = [];
  readonly unknownPolicies: UnknownPolicy[] = [];
  readonly workloads: Workload[] = [];
  readonly services: TakenService[] = [];
  readonly skipped: ManifestDocument[] = [];
  readonly problems: Problem[] = [];
  readonly policyProblems: Problem[] = [];
  readonly #servicesAt = new Map<string, Mark>();

  take(document: ManifestDocument, role: Role, belonging: Belonging, mark: Mark): void {
    switch (role.kind) {
      case 'policy': {
        const policy = readPolicy(document, belonging);
        if ('name' in policy) this.policies.push({ value: policy, mark, place: document.at([]) });
        else this.policyProblems.push(...policy);
        return;
      }
      case 'foreign-policy': {
        const policy = readForeignPolicy(document, role.policyKind, belonging);
        if ('name' in policy) this.foreignPolicies.push({ value: policy, mark: document.at([]) });
        else this.policyProblems.push(...policy);
        return;
      }
      case 'unknown-policy':
        this.unknownPolicies.push(readUnknownPolicy(document));
        return;
      case 'workload': {
        const place = this.#placeOf(document, belonging);
        if (place !== undefined) this.workloads.push(readWorkload(document, role.template, place));
        return;
      }
      case 'service': {
        const place = this.#placeOf(document, belonging);
        if (place !== undefined) this.#takeService(document, place);
        return;
      }
      // Namespaces are taken before all else, and nothing else is taken.
      case 'namespace':
      case 'other':
        return;
    }
  }

  #takeService(
    document: ManifestDocument,
    place: { readonly namespace: string; readonly name: string },
  ): void {
    const key = objectKey(place);
    const mark = document.at([]);
    const earlier = this.#servicesAt.get(key);
    if (earlier !== undefined) {
      this.problems.push(thereTwice(`the Service ${quote(key)}`, mark, earlier));
      return;
    }
    this.#servicesAt.set(key, mark);
    this.services.push({ service: readService(document, place), mark });
  }

  #placeOf(
    document: ManifestDocument,
    belonging: Belonging,
  ): { readonly namespace: string; readonly name: string } | undefined {
    const name = nameOf(document);
    const namespace = namespaceFor(document, belonging);
    this.problems.push(...[name, namespace].filter((one) => typeof one !== 'string'));
    return typeof name === 'string' && typeof namespace === 'string' ? { name, namespace } : undefined;
  }
}

/** Where a policy is there a second time. */
export function findTwice(policies: readonly TakenPolicy[]): readonly Problem[] {
  return findRepeated(policies.map(({ value, place }) => [`policy ${quote(objectKey(value))}`, place]));
}

/** The same for policies of other kinds. */
export function findForeignTwice(policies: readonly Marked<FoundForeignPolicy>[]): readonly Problem[] {
  return findRepeated(
    policies.map(({ value: { title, apiVersion }, mark }) => [`${title} (${apiVersion})`, mark]),
  );
}

function findRepeated(named: readonly (readonly [name: string, place: Mark])[]): readonly Problem[] {
  const first = new Map<string, Mark>();
  return named.flatMap(([name, place]) => {
    const earlier = first.get(name);
    if (earlier === undefined) {
      first.set(name, place);
      return [];
    }
    return [thereTwice(`the ${name}`, place, earlier)];
  });
}

/** Adds up what several lists have passed over. */
export function countKinds(documents: readonly ManifestDocument[]): readonly SkippedKind[] {
  const kinds = Map.groupBy(documents, ({ apiVersion, kind }) => `${kind} ${apiVersion}`);
  return [...kinds.values()].flatMap((all) =>
    all.slice(0, 1).map(({ apiVersion, kind }) => ({
      apiVersion,
      kind,
      count: all.length,
      files: [...new Set(all.map(({ origin }) => nameOrigin(origin)))],
    })),
  );
}

/** A namespace that no run makes. */
function refuseGiven(namespace: string, known: KnownNamespaces, mark: Mark): Problem {
  if (known.existing?.includes(namespace) === true)
    return refusePlacing('what is named here', namespace, mark);
  return problemAt(
    mark,
    `the namespace ${quote(namespace)} exists nowhere: neither the scenario nor its manifests declare it`,
    { hint: adviseOnUnknown(namespace, known) },
  );
}

function nothingIn(
  { entry: { source, mark }, documents, nothing }: FoundManifests,
  wanted: ListPurpose,
): Problem {
  const [only, ...others] = documents;
  if (source.kind === 'inline' && only !== undefined && others.length === 0) {
    return problemAt(mark, `this is kind ${only.kind} of ${only.apiVersion}, not NetworkPolicy`, {
      hint: 'podreach applies NetworkPolicies of networking.k8s.io/v1, and policies of Calico, Cilium, Antrea and the Network Policy API.',
    });
  }
  const kinds = countKinds(documents).map(({ kind, count }) => `${count} ${kind}`);
  const what =
    wanted === 'policies'
      ? `there is no policy in ${source.path}`
      : `there is nothing to test in ${source.path}`;
  const why =
    nothing?.why ?? (wanted === 'policies' ? undefined : 'no workload, policy, Service or Namespace');
  return problemAt(mark, why === undefined ? what : `${what}: ${why}`, {
    hint: kinds.length === 0 ? nothing?.hint : `There is: ${kinds.join(', ')}.`,
  });
}
