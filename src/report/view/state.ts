/** What there is in each step: a record says only where it is not what there was in the step before. */
import { objectKey } from '../../keys.ts';
import type { ScenarioRecord } from '../../record/schema.ts';
import { viewPolicy } from './applied-policy.ts';
import { harmless } from './harmless.ts';
import type { PodView, StepView } from './view.ts';

export type State = Pick<StepView, 'namespaces' | 'pods' | 'policies'>;

/** The state of each step; of a scenario without any, the one that it begins with. */
export function statesOf({ namespaces, pods, policies, steps }: ScenarioRecord): readonly State[] {
  let state: State = {
    namespaces: harmless(namespaces),
    pods: pods.map(viewPod),
    policies: policies.map(viewPolicy),
  };
  const states = steps.map((step): State => {
    state = {
      namespaces: step.namespaces === undefined ? state.namespaces : harmless(step.namespaces),
      pods: step.pods?.map(viewPod) ?? state.pods,
      policies: step.policies?.map(viewPolicy) ?? state.policies,
    };
    return state;
  });
  return states.length === 0 ? [state] : states;
}

/** All that there is in any of the states; what is the same by its key is there once, as it was at first. */
export function atAnyTime<One>(
  states: readonly State[],
  partOf: (state: State) => readonly One[],
  keyOf: (one: One) => string,
): readonly One[] {
  const [first = [], ...later] = states.map(partOf);
  const known = new Set(first.map(keyOf));
  const added = later.flat().filter((one) => {
    const key = keyOf(one);
    return known.has(key) ? false : known.add(key);
  });
  return [...first, ...added];
}

function viewPod(written: ScenarioRecord['pods'][number]): PodView {
  const pod = harmless(written);
  return { ...pod, key: objectKey(pod) };
}
