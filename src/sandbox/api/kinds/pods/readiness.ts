/** Whether a pod is ready, by what its status says. */
import type { Pod } from './object.ts';

export function isPodReady({ status }: Pod): boolean {
  return (status?.conditions ?? []).some(({ type, status }) => type === 'Ready' && status === 'True');
}
