/** Whether a pod's processes are to be stopped: read from the annotations of the pod. */
import { STALLED } from '../../../annotations.ts';
import type { ObjectMeta } from '../../../objects.ts';
import type { Invalidity } from '../../status.ts';
import { oneOf, ownAnnotationProblems } from '../../validate/own-annotations.ts';

export function isStalled({ annotations }: ObjectMeta): boolean {
  return annotations?.[STALLED] === 'true';
}

export function stallProblems(metadata: ObjectMeta): Invalidity[] {
  return ownAnnotationProblems(metadata, { [STALLED]: oneOf(['true', 'false']) });
}
