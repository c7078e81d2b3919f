/** Whether a pod has ended, by what its status says. */
import type { PodStatus } from './object.ts';

/** For good: its address means nothing any more (D26). */
export function hasEnded(status: PodStatus | undefined): boolean {
  return status?.phase === 'Succeeded' || status?.phase === 'Failed';
}
