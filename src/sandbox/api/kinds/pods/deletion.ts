/** What deleting does to pods. */
import { deletionOf } from '../../deletion.ts';
import { timestampOf } from '../../time.ts';
import { DEFAULT_GRACE_SECONDS } from './defaults.ts';
import type { Pod } from './object.ts';
import { isPlaced } from './outside.ts';

export const podDeletion = deletionOf<Pod>({
  /** Whoever runs a pod takes it away when its processes are gone; nobody does so before it has a node, or its place outside. */
  isFree: (pod) => !isPlaced(pod),
  /** A pod that is leaving already can only be given less time. */
  marked(pod, graceSeconds, now) {
    const asked = pod.spec['terminationGracePeriodSeconds'];
    const grace = graceSeconds ?? (typeof asked === 'number' ? asked : DEFAULT_GRACE_SECONDS);
    const current = pod.metadata.deletionGracePeriodSeconds;
    if (pod.metadata.deletionTimestamp !== undefined && current !== undefined && current <= grace) return pod;
    const end = timestampOf(new Date(now.getTime() + grace * 1000));
    const metadata = { ...pod.metadata, deletionTimestamp: end, deletionGracePeriodSeconds: grace };
    return { ...pod, metadata };
  },
  isShown: true,
});
