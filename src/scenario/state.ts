/** What there is in the cluster at a time, and what an action makes of it. */
import { objectKey } from '../keys.ts';
import { isHost } from '../model/endpoint.ts';
import type { Labels } from '../model/labels.ts';
import { nameObject, parseObject, type StepObject } from '../model/step.ts';
import { keptPolicyTypes } from '../policy/isolation.ts';
import type {
  LabelChange,
  PlannedHost,
  PlannedNamespace,
  PlannedPod,
  PlannedPolicy,
  WrittenAction,
} from './scenario.ts';

/** Each by its name; pods and policies by `namespace/name`. */
export interface ClusterState {
  readonly namespaces: ReadonlyMap<string, PlannedNamespace>;
  readonly pods: ReadonlyMap<string, PlannedPod>;
  readonly policies: ReadonlyMap<string, PlannedPolicy>;
}

/** The namespaces and pods that there are at any time, as they are declared, and the hosts, which no step changes. */
export interface Declared extends Pick<ClusterState, 'namespaces' | 'pods'> {
  /** By their keys, as `host/bank`. */
  readonly hosts: ReadonlyMap<string, PlannedHost>;
  /** The names of namespaces that are there already, which no step changes either. */
  readonly existingNamespaces: ReadonlySet<string>;
}

/** Whether an end is there, by its key: hosts are at all times. */
export function isThere(end: string, { pods }: Pick<ClusterState, 'pods'>): boolean {
  return isHost(end) || pods.has(end);
}

/** The name of what an action is done to, as `Action` has it. */
export function objectOf(action: WrittenAction): string {
  return action.kind === 'apply'
    ? nameObject({ kind: 'networkpolicy', ...nameOf(action.policy) })
    : action.object;
}

function nameOf({ namespace, name }: PlannedPolicy): { readonly namespace: string; readonly name: string } {
  return { namespace, name };
}

/** What there is of a name. */
export function find(
  { namespaces, pods, policies }: Pick<ClusterState, 'namespaces' | 'pods'> & Partial<ClusterState>,
  object: StepObject,
): PlannedNamespace | PlannedPod | PlannedPolicy | undefined {
  switch (object.kind) {
    case 'namespace':
      return namespaces.get(object.name);
    case 'pod':
      return pods.get(objectKey(object));
    case 'networkpolicy':
      return policies?.get(objectKey(object));
  }
}

/**
 * The state after an action that can be done in it. Maps that it does not change are the same as before.
 * @param declared what a created pod or namespace is like
 */
export function act(action: WrittenAction, state: ClusterState, declared: Declared): ClusterState {
  switch (action.kind) {
    case 'apply':
      return { ...state, policies: apply(action.policy, state.policies) };
    case 'label':
      return change(state, state, parseObject(action.object), (labels) =>
        changeLabels(labels, action.labels),
      );
    case 'create':
      return change(state, declared, parseObject(action.object), (labels) => labels);
    case 'delete':
    case 'remove':
      return takeAway(state, parseObject(action.object));
    case 'replace':
      return state;
  }
}

/** A policy that is there already keeps of its earlier text what the API server keeps. */
function apply(policy: PlannedPolicy, policies: ClusterState['policies']): ClusterState['policies'] {
  const key = objectKey(policy);
  const before = policies.get(key);
  const keptTypes =
    before && keptPolicyTypes({ spec: before.object.spec, keptTypes: before.keptTypes }, policy.object.spec);
  return new Map(policies).set(key, keptTypes === undefined ? policy : { ...policy, keptTypes });
}

/** Sets a namespace or pod as it is elsewhere, but for its labels. */
function change(
  state: ClusterState,
  { namespaces, pods }: Pick<ClusterState, 'namespaces' | 'pods'>,
  object: StepObject,
  relabel: (labels: Labels) => Labels,
): ClusterState {
  if (object.kind === 'namespace') {
    const namespace = namespaces.get(object.name);
    if (namespace === undefined) return state;
    const changed = { ...namespace, labels: relabel(namespace.labels) };
    return { ...state, namespaces: new Map(state.namespaces).set(object.name, changed) };
  }
  const key = objectKey(object);
  const pod = pods.get(key);
  if (pod === undefined) return state;
  return { ...state, pods: new Map(state.pods).set(key, { ...pod, labels: relabel(pod.labels) }) };
}

/** With a namespace goes all that is in it. */
function takeAway(state: ClusterState, object: StepObject): ClusterState {
  if (object.kind === 'pod') return { ...state, pods: without(state.pods, objectKey(object)) };
  if (object.kind === 'networkpolicy')
    return { ...state, policies: without(state.policies, objectKey(object)) };
  const { name } = object;
  return {
    namespaces: without(state.namespaces, name),
    pods: outside(name, state.pods),
    policies: outside(name, state.policies),
  };
}

function without<T>(map: ReadonlyMap<string, T>, key: string): ReadonlyMap<string, T> {
  return new Map([...map].filter(([own]) => own !== key));
}

/** The same map where nothing is in the namespace. */
function outside<T extends { readonly namespace: string }>(
  namespace: string,
  map: ReadonlyMap<string, T>,
): ReadonlyMap<string, T> {
  const kept = [...map].filter(([, one]) => one.namespace !== namespace);
  return kept.length === map.size ? map : new Map(kept);
}

function changeLabels(labels: Labels, changes: readonly Pick<LabelChange, 'key' | 'value'>[]): Labels {
  const changed = new Map(Object.entries(labels));
  for (const { key, value } of changes) {
    if (value === null) changed.delete(key);
    else changed.set(key, value);
  }
  return Object.fromEntries(changed);
}
