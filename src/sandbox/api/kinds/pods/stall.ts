/** Whether a pod's processes are to be stopped: read from the annotations of the pod. */
import { STALLED } from '../../../annotations.ts';
import type { ObjectMeta } from '../../../objects.ts';

export function isStalled({ annotations }: ObjectMeta): boolean {
  return annotations?.[STALLED] === 'true';
}
