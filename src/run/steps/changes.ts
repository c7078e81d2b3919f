/** What a step changes, by the ways on which a node hears of it. */
import type { PlannedStep } from '../../scenario/scenario.ts';

/** Kinds of objects of which a step changes some. A node hears of each on a way of its own. */
export interface Changes {
  readonly policies: boolean;
  readonly pods: boolean;
  readonly namespaces: boolean;
}

const NAMESPACE = 'namespace/';

/** @param before the step before; absent: it is the first, before which nothing was in force */
export function changesOf(step: PlannedStep, before: PlannedStep | undefined): Changes {
  const changed = step.actions.filter(({ kind }) => kind !== 'apply' && kind !== 'delete');
  const isOfNamespaces = changed.map(({ object }) => object.startsWith(NAMESPACE));
  // Pods also go with their namespaces.
  const fewerPods = before !== undefined && step.pods.length < before.pods.length;
  return {
    policies: step.applied.length > 0 || step.actions.some(({ kind }) => kind === 'delete'),
    pods: fewerPods || isOfNamespaces.includes(false),
    namespaces: isOfNamespaces.includes(true),
  };
}

export function isAny({ policies, pods, namespaces }: Changes): boolean {
  return policies || pods || namespaces;
}

/** The name in `namespace/NAME`; undefined for a pod. */
export function namespaceIn(object: string): string | undefined {
  return object.startsWith(NAMESPACE) ? object.slice(NAMESPACE.length) : undefined;
}
