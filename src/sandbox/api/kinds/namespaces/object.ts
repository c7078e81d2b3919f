/** Namespaces. */
import type { StoredObject } from '../../../objects.ts';

export interface Namespace extends StoredObject {
  kind: 'Namespace';
  status?: { phase: 'Active' | 'Terminating' };
}
