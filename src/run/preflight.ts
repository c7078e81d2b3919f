/** Before anything is created on a real cluster: may this user do what a run does, and are the scenarios' namespaces free? */
import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import { stringify } from 'yaml';
import { PodreachError } from '../errors.ts';
import { ApiStatusError } from '../kube/errors.ts';
import { RUN_LABEL } from '../probe/manifest.ts';
import type { Plan } from '../scenario/scenario.ts';
import { cleanCommand } from './clean-command.ts';
import type { Cleaning } from './cleanup.ts';
import type { Probing, Requesting, Telling } from './context.ts';
import { type Permission, permissionsFor, permissionsForKinds } from './permissions.ts';

/** An API server answers reviews out of its memory. */
const PARALLEL_REVIEWS = 8;

/** The groups of what every cluster serves. */
const SERVED_BY_ALL: ReadonlySet<string> = new Set(['', 'apps', 'networking.k8s.io']);

/** What permissions are asked for with. */
type Reviewing = Requesting<'mayI' | 'whoAmI' | 'context'> & Telling & Probing;

/**
 * Asks the API server for every permission of a run, with SelfSubjectAccessReviews: its own answer, whatever authorizes there.
 * @throws PodreachError `permission-denied` with everything that is missing, and the role that would grant it
 */
export async function checkPermissions(
  what: NonNullable<Parameters<typeof permissionsFor>[1]>,
  context: Reviewing,
): Promise<void> {
  const wanted = permissionsFor(context.probe, what);
  const missing = await missingOf(wanted, context);
  if (missing === undefined) return;
  if (missing.some(({ without }) => without === undefined))
    throw notAllowed(missing, await context.kube.whoAmI(context), context);
  // A resource that a cluster does not serve is not worth a word: only what is there can be missed.
  const missed = missing.filter(({ group }) => SERVED_BY_ALL.has(group));
  for (const { right, without } of alike(missed))
    context.progress({ type: 'note', text: `no right to ${right}: ${without}` });
}

/**
 * The role that would grant all that is missing of what any scenario may need, with the kinds of policies that these have, also what a run can do without; undefined where nothing is, or where the server does
 * not tell.
 * @throws what the API server says
 */
export async function missingRole(
  context: Reviewing,
  plans: readonly Plan[] = [],
): Promise<string | undefined> {
  const wanted = [...permissionsFor(context.probe), ...permissionsForKinds(plans)];
  const missing = (await missingOf(wanted, context)) ?? [];
  if (missing.length === 0) return undefined;
  return roleFor(missing, await context.kube.whoAmI(context), context.kube.context);
}

/** What is not allowed, each with the verbs that are not; undefined where the server answers no reviews. */
async function missingOf(
  permissions: readonly Permission[],
  { kube, signal, progress }: Reviewing,
): Promise<readonly Permission[] | undefined> {
  const limit = pLimit(PARALLEL_REVIEWS);
  try {
    const reviewed = await Promise.all(
      permissions.map(async (permission) => {
        const allowed = await Promise.all(
          permission.verbs.map((verb) => limit(() => kube.mayI({ ...permission, verb }, { signal }))),
        );
        return { ...permission, verbs: permission.verbs.filter((_, index) => allowed[index] !== true) };
      }),
    );
    return reviewed.filter(({ verbs }) => verbs.length > 0);
  } catch (thrown) {
    if (!(thrown instanceof ApiStatusError) || ![403, 404, 405].includes(thrown.httpStatus)) throw thrown;
    progress({ type: 'note', text: `permissions cannot be checked beforehand: ${thrown.words}` });
    return undefined;
  }
}

/** Rights in words, `get pods, secrets/mirror in platform`: those in one that are missed for the same reason. */
function alike(
  permissions: readonly Permission[],
): readonly { right: string; without: string | undefined }[] {
  const groups = Map.groupBy(permissions, ({ verbs, namespace, resource, without }) =>
    JSON.stringify([verbs, namespace, without ?? resource]),
  );
  return [...groups.values()].flatMap((group) => {
    const [first] = group;
    if (first === undefined) return [];
    const { verbs, namespace, without } = first;
    const names = group.map(({ resource, name }) => (name === undefined ? resource : `${resource}/${name}`));
    const place = namespace === undefined ? '' : ` in ${namespace}`;
    return [{ right: `${verbs.join(', ')} ${[...new Set(names)].join(', ')}${place}`, without }];
  });
}

function notAllowed(
  missing: readonly Permission[],
  user: string | undefined,
  { kube }: Pick<Reviewing, 'kube'>,
): PodreachError {
  const who = user === undefined ? `the user of context "${kube.context}"` : `user "${user}"`;
  const rights = alike(missing);
  const required = rights.flatMap(({ right, without }) => (without === undefined ? [right] : []));
  const optional = rights.flatMap(({ right, without }) =>
    without === undefined ? [] : [`${right} (${without})`],
  );
  const more = optional.length === 0 ? '' : `. Missing too, but a run can do without: ${optional.join('; ')}`;
  return new PodreachError('permission-denied', `${who} may not ${required.join('; ')}${more}`, {
    hint: 'Nothing was created. Have a cluster administrator apply the manifest below: it grants all that is missing. With --print-role it is all that is printed.',
    manifest: roleFor(missing, user, kube.context),
  });
}

/**
 * The roles that grant what is missing, and their bindings, as YAML. Their name stands for what is granted and to whom: to apply a role
 * is to replace the one of its name, and nobody is to lose by it what was granted before.
 */
function roleFor(missing: readonly Permission[], user: string | undefined, context: string): string {
  const granted = JSON.stringify([user ?? { context }, missing]);
  const name = `podreach-${createHash('sha256').update(granted).digest('hex').slice(0, 8)}`;
  const namespaces = [...new Set(missing.map(({ namespace }) => namespace))];
  return namespaces
    .flatMap((namespace) => {
      const isCluster = namespace === undefined;
      const metadata = { name, ...(isCluster ? {} : { namespace }) };
      const kind = isCluster ? 'ClusterRole' : 'Role';
      const rules = missing
        .filter((permission) => permission.namespace === namespace)
        .map(({ group, resource, verbs, name: object }) => ({
          apiGroups: [group],
          resources: [resource],
          ...(object === undefined ? {} : { resourceNames: [object] }),
          verbs: [...verbs],
        }));
      return [
        { apiVersion: 'rbac.authorization.k8s.io/v1', kind, metadata, rules },
        {
          apiVersion: 'rbac.authorization.k8s.io/v1',
          kind: `${kind}Binding`,
          metadata,
          roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name },
          subjects: [subjectOf(user)],
        },
      ];
    })
    .map((object) => stringify(object))
    .join('---\n');
}

function subjectOf(user: string | undefined): object {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(user ?? '') ?? [];
  return namespace === undefined
    ? { apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user ?? 'NAME-OF-THE-USER' }
    : { kind: 'ServiceAccount', namespace, name };
}

/**
 * Refuses a run whose scenarios name namespaces that are there already: they belong to somebody else, if only to an earlier run.
 * @throws PodreachError `namespace-foreign` with all of them
 */
export async function refuseForeignNamespaces(
  plans: readonly Plan[],
  context: Requesting<'list'> & Pick<Cleaning, 'cleanWith'>,
): Promise<void> {
  const wanted = new Set(plans.flatMap(({ namespaces }) => namespaces.map(({ name }) => name)));
  const existing = await context.kube.list({ resource: 'namespaces' }, context);
  const taken = existing.filter(({ metadata }) => wanted.has(metadata.name));
  if (taken.length === 0) return;
  const runs = new Set(taken.map(({ metadata }) => metadata.labels?.[RUN_LABEL]));
  const cleaning = [...runs].flatMap((run) =>
    run === undefined ? [] : [cleanCommand(run, context.cleanWith)],
  );
  const isGoing = taken.every(({ metadata }) => metadata.deletionTimestamp !== undefined);
  const names = taken.map(({ metadata }) => metadata.name).join(', ');
  const are = taken.length === 1 ? `namespace ${names} exists` : `namespaces ${names} exist`;
  throw new PodreachError(
    'namespace-foreign',
    `${are} already, and this run did not create ${taken.length === 1 ? 'it' : 'them'}`,
    {
      hint: isGoing
        ? 'They are being deleted: try again in a moment.'
        : cleaning.length === runs.size
          ? `${runs.size === 1 ? 'An earlier run of podreach left them, or is' : 'Earlier runs of podreach left them, or are'} still going: ${cleaning.join(' && ')} removes them.`
          : 'podreach only works in namespaces of its own: choose other names in the scenario, or another cluster.',
    },
  );
}

/**
 * Refuses a run whose scenarios use namespaces that are not there.
 * @throws PodreachError `not-supported` with the place of the first
 */
export async function refuseMissingNamespaces(
  plans: readonly Plan[],
  context: Requesting<'list'>,
): Promise<void> {
  const used = plans.flatMap(({ existingNamespaces = [] }) => existingNamespaces);
  if (used.length === 0) return;
  const all = await context.kube.list({ resource: 'namespaces' }, context);
  const known = new Set(all.map(({ metadata }) => metadata.name));
  const missing = used.find(({ name }) => !known.has(name));
  if (missing === undefined) return;
  throw new PodreachError(
    'not-supported',
    `there is no namespace ${missing.name} on this cluster, and the scenario says that it exists`,
    {
      hint: 'Correct its name, or write its labels in place of "existing", so that the run makes it.',
      location: missing.location,
    },
  );
}
