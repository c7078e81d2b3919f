/** What a step changes, by the ways on which a node hears of it. */
import { parseObject } from '../../model/step.ts';
import type { ScenarioDraft } from '../../record/draft.ts';
import type { Plan, PlannedStep } from '../../scenario/scenario.ts';

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
    policies: step.applied.length > 0 || step.foreignPolicies !== undefined || kinds.has('networkpolicy'),
    pods: fewerPods || kinds.has('pod'),
    namespaces: kinds.has('namespace'),
  };
}

export function isAny({ policies, pods, namespaces }: Changes): boolean {
  return policies || pods || namespaces;
}

/**
 * What nodes are to have taken up when a step is in force: what it changes, and what the steps before it have changed, back to the last
 * one that each of these nodes has shown to be in force.
 */
export function outstandingAt(
  index: number,
  nodes: readonly string[],
  { steps }: Pick<Plan, 'steps'>,
  { steps: drafts }: Pick<ScenarioDraft, 'steps'>,
): Changes {
  const last = drafts.slice(0, index).findLastIndex(({ force = [] }) => {
    const turned = new Set(force.flatMap(({ node, turnedMs }) => (turnedMs === undefined ? [] : [node])));
    return nodes.every((node) => turned.has(node));
  });
  const own = steps.slice(last + 1, index + 1).map((step, offset) => changesOf(step, steps[last + offset]));
  return {
    policies: own.some(({ policies }) => policies),
    pods: own.some(({ pods }) => pods),
    namespaces: own.some(({ namespaces }) => namespaces),
  };
}
