/** What a step changes, by the ways on which a node hears of it. */
import { parseObject } from '../../model/step.ts';
import type { PlannedStep } from '../../scenario/scenario.ts';

/** Kinds of objects of which a step changes some. A node hears of each on a way of its own. */
export interface Changes {
  readonly policies: boolean;
  readonly pods: boolean;
  readonly namespaces: boolean;
}

/** @param before the step before; absent: it is the first, before which nothing was in force */
export function changesOf(step: PlannedStep, before: PlannedStep | undefined): Changes {
  const kinds = new Set(step.actions.map(({ object }) => parseObject(object).kind));
  // Pods also go with their namespaces.
  const fewerPods = before !== undefined && step.pods.length < before.pods.length;
  return {
    policies: step.applied.length > 0 || kinds.has('networkpolicy'),
    pods: fewerPods || kinds.has('pod'),
    namespaces: kinds.has('namespace'),
  };
}

export function isAny({ policies, pods, namespaces }: Changes): boolean {
  return policies || pods || namespaces;
}
