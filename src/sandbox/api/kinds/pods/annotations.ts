/** Validation of the annotations of a pod that are the sandbox's own. */
import { OUTSIDE, OUTSIDE_NAME, STALLED } from '../../../annotations.ts';
import type { ObjectMeta } from '../../../objects.ts';
import type { Invalidity } from '../../status.ts';
import { oneOf, ownAnnotationProblems } from '../../validate/own-annotations.ts';
import { checkOutsideAddresses, checkOutsideName } from './outside.ts';

export function podAnnotationProblems(metadata: ObjectMeta): Invalidity[] {
  return ownAnnotationProblems(metadata, {
    [STALLED]: oneOf(['true', 'false']),
    [OUTSIDE]: checkOutsideAddresses,
    [OUTSIDE_NAME]: checkOutsideName,
  });
}
