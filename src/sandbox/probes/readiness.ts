/** Whether a container is ready for connections, and who watches it. */
import type { Container } from '../api/kinds/pods/object.ts';

export type Readiness =
  | { readonly kind: 'ready' }
  /** The reason is in the words of a kubelet; undefined while there is nothing worth telling. */
  | { readonly kind: 'unready'; readonly reason: string | undefined };

export const READY: Readiness = { kind: 'ready' };
export const UNREADY: Readiness = { kind: 'unready', reason: undefined };

/** A running container whose readiness is followed. */
export interface ReadinessWatch {
  /** How it begins. */
  readonly initial: Readiness;
  /** Ends it; nothing is told from then on. Safe to call twice. */
  readonly stop: () => void;
}

/** Follows the readiness of a container that has begun to run, and tells every change. */
export type WatchReadiness = (
  container: Container,
  onChange: (readiness: Readiness) => void,
) => ReadinessWatch;
