/** What is looked at now and then while checks are watched, because it may explain what they show. */
import { PodreachError } from '../../errors.ts';
import { ApiStatusError } from '../../kube/errors.ts';
import type { KubeObject, ListQuery } from '../../kube/kube.ts';
import type { Requesting } from '../../run/context.ts';
import { findPlugins } from '../../run/environment/network-plugins.ts';

/** A list that is slower than this tells nothing of the moment. */
const ANSWER_MS = 3_000;
/** A connection that was kept may just have been cut: another one is no outage. */
const RECONNECT_MS = 500;

/** Absent parts may not be read, or are not served. */
export interface ClusterSnapshot {
  /** When it had been taken, in milliseconds after the watch began. */
  readonly takenMs: number;
  /** Of the network plugins that are known. */
  readonly daemonSets?: readonly KubeObject[];
  /** Theirs. */
  readonly pluginPods?: readonly KubeObject[];
  readonly nodes?: readonly KubeObject[];
  /** In the namespaces of the scenarios. */
  readonly policies?: readonly KubeObject[];
  readonly pods?: readonly KubeObject[];
}

/** What cannot be looked at, by what it is called, and why; undefined: there is no such kind of object. */
export type Unreadable = Map<string, string | undefined>;

/**
 * @param namespaces those of the scenarios
 * @param unreadable what has turned out not to be readable: it is left out from then on
 * @throws PodreachError `cluster-unavailable` where the API server does not answer
 */
export async function takeSnapshot(
  namespaces: readonly string[],
  unreadable: Unreadable,
  now: () => number,
  { kube, signal }: Requesting<'list'>,
): Promise<ClusterSnapshot> {
  const list = async (what: string, query: ListQuery): Promise<readonly KubeObject[] | undefined> => {
    if (unreadable.has(what)) return undefined;
    try {
      return await kube.list(query, { signal, answerMs: ANSWER_MS, outageMs: RECONNECT_MS });
    } catch (thrown) {
      if (!(thrown instanceof PodreachError)) throw thrown;
      const isAbsent = thrown instanceof ApiStatusError && thrown.httpStatus === 404;
      if (!isAbsent && thrown.code !== 'permission-denied') throw thrown;
      unreadable.set(what, isAbsent ? undefined : thrown.message);
      return undefined;
    }
  };
  const inAll = async (what: string, resource: 'networkpolicies' | 'pods') => {
    const lists = await Promise.all(namespaces.map((namespace) => list(what, { resource, namespace })));
    return lists.some((one) => one === undefined) ? undefined : lists.flatMap((one) => one ?? []);
  };
  const [all, nodes, policies, pods] = await Promise.all([
    list('DaemonSets', { resource: 'daemonsets' }),
    list('nodes', { resource: 'nodes' }),
    inAll('policies', 'networkpolicies'),
    inAll('pods', 'pods'),
  ]);
  const known = new Set(findPlugins(all ?? []).map(({ daemonSet }) => daemonSet));
  const daemonSets = all?.filter(({ metadata }) => known.has(`${metadata.namespace}/${metadata.name}`));
  const own = await Promise.all(
    [...new Set(daemonSets?.map(({ metadata }) => metadata.namespace ?? ''))].map((namespace) =>
      list('pods of the network plugin', { resource: 'pods', namespace }),
    ),
  );
  const pluginPods = own.flatMap((one) => one ?? []).filter((pod) => known.has(daemonSetOf(pod) ?? ''));
  return {
    takenMs: now(),
    ...(daemonSets === undefined ? {} : { daemonSets, pluginPods }),
    ...(nodes === undefined ? {} : { nodes }),
    ...(policies === undefined ? {} : { policies }),
    ...(pods === undefined ? {} : { pods }),
  };
}

/** The DaemonSet that owns a pod, as `namespace/name`. */
export function daemonSetOf({ metadata }: KubeObject): string | undefined {
  const { ownerReferences = [] } = metadata as {
    ownerReferences?: readonly { kind?: string; name?: string }[];
  };
  const owner = ownerReferences.find(({ kind }) => kind === 'DaemonSet');
  return owner && `${metadata.namespace}/${owner.name}`;
}
