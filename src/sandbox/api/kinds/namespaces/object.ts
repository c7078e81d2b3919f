/** Namespaces. */
import type { KubeObject } from '../../../objects.ts';

export interface Namespace extends KubeObject {
  kind: 'Namespace';
  status?: { phase: 'Active' | 'Terminating' };
}
