/** When nodes have to be chosen anew. */
import { isDeepStrictEqual } from 'node:util';
import type { Change } from '../../store.ts';

/** Whether a pod that has no node may get one now: choosing looks at the labels of nodes, never at their status. */
export function mattersToScheduling({ resource, object, before }: Change): boolean {
  return resource === 'nodes' && !isDeepStrictEqual(object.metadata.labels, before?.metadata.labels);
}
