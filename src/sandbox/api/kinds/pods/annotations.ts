/** Validation of the annotations of a pod that are the sandbox's own. */
import { OUTSIDE, STALLED } from '../../../annotations.ts';
import type { ObjectMeta } from '../../../objects.ts';
import type { Invalidity } from '../../status.ts';
import { oneOf, ownAnnotationProblems } from '../../validate/own-annotations.ts';
import { checkOutsideAddresses } from './outside.ts';

export function podAnnotationProblems(metadata: ObjectMeta): Invalidity[] {
  return ownAnnotationProblems(metadata, {
    [STALLED]: oneOf(['true', 'false']),
    [OUTSIDE]: checkOutsideAddresses,
  });
}
