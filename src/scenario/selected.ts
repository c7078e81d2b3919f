/** What a selection of a rule gives. */
import type { Family } from '../model/family.ts';
import type { ServicePath } from '../model/path.ts';
import type { Port } from './scenario.ts';

/** A pod, a host or a Service, by its key, with its ports or those of them that a destination speaks of. */
export interface SelectedEnd {
  readonly key: string;
  readonly ports: readonly Port[];
  /** The ways to a Service; absent: it is none. */
  readonly paths?: readonly ServicePath[];
  /** In which it is dialled and dials; absent: in the cluster's first. */
  readonly families?: readonly Family[];
}

/** One port in one family, and of a Service one way to it. */
export interface SelectedTarget {
  readonly to: string;
  readonly port: Port;
  readonly path?: ServicePath;
  readonly family?: Family;
}

/** What a selection gives, or why it gives nothing: an empty selection is always a mistake. */
export type Selected<T> =
  | { readonly kind: 'found'; readonly found: readonly T[] }
  | { readonly kind: 'nothing'; readonly message: string; readonly hint?: string };
