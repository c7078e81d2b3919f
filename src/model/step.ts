/** A state of the cluster, and the actions that reach it. */

/** In the order in which a step performs them. */
export const ACTION_KINDS = ['apply', 'delete', 'label', 'create', 'remove', 'replace'] as const;
export type ActionKind = (typeof ACTION_KINDS)[number];

export function isActionKind(word: unknown): word is ActionKind {
  return ACTION_KINDS.some((kind) => kind === word);
}

/** What reports call the step that has no name: that of the top level. No other may be called so. */
export const FIRST_STEP = 'first step';

/** Begin the names of what actions are done to that is no pod; a pod's begins with its namespace, which may not be called so. */
export const OBJECT_PREFIXES = ['namespace', 'networkpolicy'] as const;

/** What an action is done to. */
export type StepObject =
  | { readonly kind: 'namespace'; readonly name: string }
  | { readonly kind: 'networkpolicy' | 'pod'; readonly namespace: string; readonly name: string };

/** What the name of an object in an action stands for. */
export function parseObject(object: string): StepObject {
  const parts = object.split('/');
  const [first = '', second = '', third = ''] = parts;
  if (first === 'namespace') return { kind: 'namespace', name: second };
  if (first === 'networkpolicy') return { kind: 'networkpolicy', namespace: second, name: third };
  return { kind: 'pod', namespace: first, name: second };
}

/** `namespace/monitoring`, `networkpolicy/shop/default-deny`, `shop/web` */
export function nameObject(object: StepObject): string {
  switch (object.kind) {
    case 'namespace':
      return `namespace/${object.name}`;
    case 'networkpolicy':
      return `networkpolicy/${object.namespace}/${object.name}`;
    case 'pod':
      return `${object.namespace}/${object.name}`;
  }
}

export interface Action {
  readonly kind: ActionKind;
  /** As scenarios name it: `networkpolicy/shop/default-deny`, `namespace/monitoring`, or a pod: `shop/web`. */
  readonly object: string;
  /** What `label` sets; null takes a label away. */
  readonly labels?: Readonly<Record<string, string | null>>;
}

/** What nodes are to take up when a step has acted: policies, unless it does more. */
export function whatIn({
  actions = [],
}: {
  readonly actions?: readonly Pick<Action, 'kind'>[];
}): 'policies' | 'changes' {
  return actions.every(({ kind }) => kind === 'apply' || kind === 'delete') ? 'policies' : 'changes';
}
