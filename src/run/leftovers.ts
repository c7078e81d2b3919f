/** What runs have left on a cluster: namespaces and policies of the whole cluster with the label of a run, and how they are taken away. */
import type { Clock } from '../clock.ts';
import { PodreachError } from '../errors.ts';
import { ApiStatusError } from '../kube/errors.ts';
import type { Kube, KubeObject, ListQuery } from '../kube/kube.ts';
import { RUN_LABEL } from '../probe/manifest.ts';
import { removeForeign } from './foreign/foreign.ts';
import type { ServedPolicyKind, Serving } from './foreign/kinds.ts';
import { pollPauseMs } from './poll.ts';

/** Real clusters take their time to finalise a namespace. */
const GONE_WITHIN_MS = 120_000;
/** The kubelet gives pods a second to end, and takes as long again for their network. */
const PODS_GONE_WITHIN_MS = 15_000;
const POLL_MS = 50;

/** One run that left something. */
export interface LeftOver {
  readonly runId: string;
  readonly namespaces: readonly string[];
  /** Those of the whole cluster, such as `GlobalNetworkPolicy deny`; absent: none. */
  readonly policies?: readonly string[];
  /** Containers of hosts and their networks, by their names; absent: none. */
  readonly outside?: readonly string[];
  /** Of the youngest of them; absent where the server does not say. */
  readonly createdAt?: Date;
  /** Whether all of them are on their way out already. */
  readonly isGoing: boolean;
}

/**
 * The runs that have left something, the oldest first.
 * @param served the kinds of policies of the whole cluster that it serves @throws PodreachError
 */
export async function findLeftOvers(
  kube: Pick<Kube, 'list'>,
  served: readonly ServedPolicyKind[] = [],
  signal?: AbortSignal,
): Promise<readonly LeftOver[]> {
  const options = signal === undefined ? {} : { signal };
  const listAll = (resource: ListQuery['resource']): Promise<readonly KubeObject[]> =>
    kube.list({ resource, labelSelector: RUN_LABEL }, options);
  const namespaces = await listAll('namespaces');
  const policies = await Promise.all(served.map((kind) => listAll(kind).catch(noneIfForbidden)));
  const runs = Map.groupBy(
    [...namespaces, ...policies.flat()],
    ({ metadata }) => metadata.labels?.[RUN_LABEL] ?? '',
  );
  return [...runs]
    .map(([runId, objects]) => leftOverOf(runId, objects))
    .toSorted((left, right) => (left.createdAt?.getTime() ?? 0) - (right.createdAt?.getTime() ?? 0));
}

/** Who may not look at policies of a kind has not left any. */
function noneIfForbidden(thrown: unknown): readonly KubeObject[] {
  if (thrown instanceof ApiStatusError && thrown.httpStatus === 403) return [];
  throw thrown;
}

function leftOverOf(runId: string, objects: readonly KubeObject[]): LeftOver {
  const isNamespace = ({ kind }: KubeObject): boolean => kind === 'Namespace';
  const namespaces = objects.filter(isNamespace);
  const policies = objects.filter((object) => !isNamespace(object));
  const times = objects.flatMap(({ metadata }) => metadata.creationTimestamp ?? []);
  const youngest = times.toSorted().at(-1);
  return {
    runId,
    namespaces: namespaces.map(({ metadata }) => metadata.name).toSorted(),
    ...(policies.length === 0
      ? {}
      : {
          policies: [...new Set(policies.map(({ kind, metadata }) => `${kind} ${metadata.name}`))].toSorted(),
        }),
    ...(youngest === undefined ? {} : { createdAt: new Date(youngest) }),
    isGoing: objects.every(({ metadata }) => metadata.deletionTimestamp !== undefined),
  };
}

export interface Removal extends Serving {
  readonly kube: Pick<Kube, 'list' | 'delete'>;
  readonly clock: Clock;
  readonly runId: string;
  /** Absent: all that the run created. */
  readonly only?: ReadonlySet<string>;
  readonly signal?: AbortSignal;
  /** Is told what is still there, whenever that changes. */
  readonly progress?: (left: readonly string[]) => void;
}

/**
 * Deletes namespaces of a run, with everything in them, and waits until they are gone; with all of them, its policies of the whole cluster. Their pods go first: a namespace that still has
 * some is looked at again only after a while.
 * @throws PodreachError `api-error` naming what is left, and what holds it
 */
export async function removeLeftOver(removal: Removal): Promise<void> {
  const { kube, clock, runId, only, signal, progress, served = [] } = removal;
  if (only === undefined) {
    const clusterWide = served.filter(({ isClusterWide }) => isClusterWide);
    const own = { kube, clock, runId, ...(signal === undefined ? {} : { signal }) };
    await removeForeign({ ...own, served: clusterWide, namespaces: new Set() });
  }
  await removePods(removal);
  const options = signal === undefined ? {} : { signal };
  const list = async (): Promise<readonly KubeObject[]> => {
    const all = await kube.list({ resource: 'namespaces', labelSelector: `${RUN_LABEL}=${runId}` }, options);
    return all.filter(({ metadata }) => only === undefined || only.has(metadata.name));
  };
  const beganMs = clock.now();
  let told: number | undefined;
  for (;;) {
    const left = await list();
    if (left.length === 0) return;
    // Each time: a request that was under way may have created one more since the last look.
    const staying = left.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    await Promise.all(
      staying.map(({ metadata }) => kube.delete({ resource: 'namespaces', name: metadata.name }, options)),
    );
    if (left.length !== told) progress?.(left.map(({ metadata }) => metadata.name));
    told = left.length;
    const soFarMs = clock.now() - beganMs;
    if (soFarMs > GONE_WITHIN_MS) {
      throw new PodreachError(
        'api-error',
        `namespaces are still there after ${GONE_WITHIN_MS / 1000} s: ${left.map(describeStuck).join('; ')}`,
        { hint: 'What a namespace says of what holds it: kubectl get namespace NAME --output yaml' },
      );
    }
    await clock.sleep(pollPauseMs(soFarMs, POLL_MS), signal);
  }
}

/** Deletes the pods of a run and waits a moment for them; where the server refuses, or it takes long, they go with their namespaces. */
async function removePods({ kube, clock, runId, only, signal }: Removal): Promise<void> {
  const options = signal === undefined ? {} : { signal };
  const query = { resource: 'pods', labelSelector: `${RUN_LABEL}=${runId}` } as const;
  const beganMs = clock.now();
  for (let soFarMs = 0; soFarMs <= PODS_GONE_WITHIN_MS; soFarMs = clock.now() - beganMs) {
    const lists =
      only === undefined
        ? [kube.list(query, options)]
        : [...only].map((namespace) => kube.list({ ...query, namespace }, options));
    const left = (await Promise.all(lists)).flat();
    if (left.length === 0) return;
    const staying = left.filter(({ metadata }) => metadata.deletionTimestamp === undefined);
    try {
      await Promise.all(
        staying.map(({ metadata: { namespace = '', name } }) =>
          kube.delete({ resource: 'pods', namespace, name }, options),
        ),
      );
    } catch (thrown) {
      if (thrown instanceof ApiStatusError) return;
      throw thrown;
    }
    await clock.sleep(pollPauseMs(soFarMs, POLL_MS), signal);
  }
}

/** A namespace that does not go says in its conditions what holds it. */
function describeStuck({ metadata, ...rest }: KubeObject): string {
  // A Namespace of the API: each field is read as optional.
  const { conditions = [] } = (rest['status'] ?? {}) as {
    readonly conditions?: readonly {
      readonly type?: string;
      readonly status?: string;
      readonly message?: string;
    }[];
  };
  const words = conditions
    .filter(({ status, type }) => status === 'True' && /Remaining|Failure/.test(type ?? ''))
    .flatMap(({ message }) => message ?? []);
  return words.length === 0 ? metadata.name : `${metadata.name} (${words.join(' ')})`;
}
