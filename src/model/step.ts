/** A state of the cluster, and the actions that reach it. */

/** In the order in which a step performs them. */
export const ACTION_KINDS = ['apply', 'delete', 'label', 'create', 'remove', 'replace'] as const;
export type ActionKind = (typeof ACTION_KINDS)[number];

export interface Action {
  readonly kind: ActionKind;
  /** As scenarios name it: `networkpolicy/shop/default-deny`, `namespace/monitoring`, or a pod: `shop/web`. */
  readonly object: string;
  /** What `label` sets; null takes a label away. */
  readonly labels?: Readonly<Record<string, string | null>>;
}
