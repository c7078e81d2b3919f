/** What deleting does to each kind of object; shared by the API and the namespace controller. */
import type { AnyObject } from './kinds/kind.ts';
import type { NetworkPolicy } from './kinds/networkpolicies/object.ts';
import type { Pod } from './kinds/pods/object.ts';
import type { Store } from './store.ts';
import { timestampOf } from './time.ts';

const DEFAULT_GRACE_SECONDS = 30;

/**
 * Deletes a pod: at once where it has no node yet; else it is marked, and whoever runs it removes it when its
 * processes are gone. A pod that is leaving already can only be given less time.
 * @param graceSeconds undefined: what the pod asks for
 * @returns the pod as it is now
 */
export function deletePod(store: Store, pod: Pod, graceSeconds: number | undefined, now: Date): Pod {
  const { namespace, name } = pod.metadata;
  if (pod.spec.nodeName === undefined || pod.spec.nodeName === '') {
    store.remove('pods', namespace, name);
    return pod;
  }
  return store.update('pods', namespace, name, (live) => markedPod(live, graceSeconds, now)) ?? pod;
}

/** A pod as its deletion leaves it until its processes are gone. */
export function markedPod(pod: Pod, graceSeconds: number | undefined, now: Date): Pod {
  const asked = pod.spec['terminationGracePeriodSeconds'];
  const grace = graceSeconds ?? (typeof asked === 'number' ? asked : DEFAULT_GRACE_SECONDS);
  const current = pod.metadata.deletionGracePeriodSeconds;
  if (pod.metadata.deletionTimestamp !== undefined && current !== undefined && current <= grace) return pod;
  const end = timestampOf(new Date(now.getTime() + grace * 1000));
  return { ...pod, metadata: { ...pod.metadata, deletionTimestamp: end, deletionGracePeriodSeconds: grace } };
}

/**
 * Deletes a policy: at once, or once its finalizers are gone.
 * @returns the policy where it waits for finalizers; undefined where it is gone
 */
export function deletePolicy(store: Store, policy: NetworkPolicy, now: Date): NetworkPolicy | undefined {
  const { namespace, name, finalizers = [] } = policy.metadata;
  if (finalizers.length > 0)
    return store.update('networkpolicies', namespace, name, (live) => marked(live, now));
  store.remove('networkpolicies', namespace, name);
  return undefined;
}

/** An object that waits for its finalizers, or for its contents. */
export function marked<Object extends AnyObject>(object: Object, now: Date): Object {
  if (object.metadata.deletionTimestamp !== undefined) return object;
  return { ...object, metadata: { ...object.metadata, deletionTimestamp: timestampOf(now) } };
}
