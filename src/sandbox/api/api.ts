/** What every request handler works with. */
import type { ContainerRuntime } from '../runtime/runtime.ts';
import type { Store } from './store.ts';

export interface Api {
  readonly store: Store;
  readonly runtime: ContainerRuntime;
  /** The server's version, such as `v1.36.0`. */
  readonly version: string;
  /** The wall clock. */
  readonly now: () => Date;
  /** Five random characters for `metadata.generateName`. */
  readonly newSuffix: () => string;
}
