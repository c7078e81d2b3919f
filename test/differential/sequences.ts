/** Random sequences of steps: what is done to policies, labels and pods, as a scenario would say it. */
import fc from 'fast-check';
import { objectKey } from '../../src/keys.ts';
import type { Labels } from '../../src/model/labels.ts';
import { ACTION_KINDS, nameObject } from '../../src/model/step.ts';
import type { World } from '../../src/policy/model.ts';
import type { LabelChange, Mark, PlannedPolicy, WrittenAction } from '../../src/scenario/scenario.ts';
import { act, type ClusterState, type Declared, objectOf } from '../../src/scenario/state.ts';
import { type Alphabet, labels, type Manifest, manifests, specs } from '../policy/arbitraries.ts';

/** Policies that are put in force, and what is done then, step by step. */
export interface Sequence {
  readonly policies: readonly Manifest[];
  readonly steps: readonly (readonly Move[])[];
}

/** Something to do, whatever there is at that time. */
type Move =
  /** Updates the policy at this place of all that there are; behind the last one there is room for a new one. */
  | { readonly kind: 'apply'; readonly place: number; readonly manifest: Manifest }
  /** As above, without the room. */
  | { readonly kind: 'delete'; readonly place: number }
  | {
      readonly kind: 'label';
      readonly object: string;
      readonly labels: Readonly<Record<string, string | null>>;
    }
  | { readonly kind: 'replace'; readonly object: string };

/** A state of the cluster, and what leads to it from the one before. */
export interface Stage {
  /** In the order in which they are done; none for the first. */
  readonly actions: readonly WrittenAction[];
  readonly state: ClusterState;
}

const MOVES = 3;
/** Of policies that come in a step. */
const NEW = 'policy-new';

/** Sets of policies to which nothing is done. */
export function policySets(alphabet: Alphabet): fc.Arbitrary<Sequence> {
  return manifests(alphabet).map((policies) => ({ policies, steps: [] }));
}

/** Sequences of up to four steps over the pods and namespaces of a world. */
export function sequences(alphabet: Alphabet, { pods, namespaces = [] }: World): fc.Arbitrary<Sequence> {
  const pod = fc.constantFrom(...pods.map(objectKey));
  const namespace = fc.constantFrom(...namespaces.map(({ name }) => nameObject({ kind: 'namespace', name })));
  const place = fc.nat({ max: 4 });
  const kind = <Kind extends Move['kind']>(name: Kind) => fc.constant(name);
  const move: fc.Arbitrary<Move> = fc.oneof(
    {
      weight: 3,
      arbitrary: fc.record({ kind: kind('apply'), place, manifest: newPolicies(alphabet) }),
    },
    { weight: 2, arbitrary: fc.record({ kind: kind('delete'), place }) },
    {
      weight: 3,
      arbitrary: fc.record({ kind: kind('label'), object: pod, labels: relabelling('app', 'tier') }),
    },
    {
      weight: 2,
      arbitrary: fc.record({ kind: kind('label'), object: namespace, labels: relabelling('team') }),
    },
    { weight: 1, arbitrary: fc.record({ kind: kind('replace'), object: pod }) },
  );
  // An empty one is none: so there are fewer steps in what is shrunk.
  const step = fc.array(move, { maxLength: MOVES, size: 'max' });
  return fc.record({
    policies: manifests(alphabet),
    steps: fc.tuple(step, step, step, step),
  });
}

function newPolicies(alphabet: Alphabet): fc.Arbitrary<Manifest> {
  return fc.record({ namespace: fc.constantFrom('red', 'blue'), spec: specs(alphabet) }).map(
    ({ namespace, spec }): Manifest => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: NEW, namespace },
      spec,
    }),
  );
}

/** New values for some labels; those that are not among them are taken away. */
function relabelling(...keys: readonly string[]): fc.Arbitrary<Record<string, string | null>> {
  return labels(...keys).map((own) => Object.fromEntries(keys.map((key) => [key, own[key] ?? null])));
}

/** What a sequence leads to. Moves that change nothing are left out, and steps without any. */
export function unfold({ policies, steps }: Sequence, declared: Declared): readonly [Stage, ...Stage[]] {
  let state: ClusterState = {
    ...declared,
    policies: new Map(policies.map((manifest) => [objectKey(manifest.metadata), planned(manifest)])),
  };
  const first: Stage = { actions: [], state };
  const later = steps.flatMap((moves): Stage[] => {
    const actions: WrittenAction[] = [];
    for (const kind of ACTION_KINDS)
      for (const move of moves.filter((one) => one.kind === kind)) {
        const action = actionOf(move, state);
        if (action === undefined || actions.some((one) => isSameKind(one, action))) continue;
        actions.push(action);
        state = act(action, state, declared);
      }
    return actions.length === 0 ? [] : [{ actions, state }];
  });
  return [first, ...later];
}

/** A step does one thing of a kind to an object. */
function isSameKind(one: WrittenAction, other: WrittenAction): boolean {
  return one.kind === other.kind && objectOf(one) === objectOf(other);
}

const NOWHERE: Mark = { location: { file: '', line: 1, column: 1 }, frame: '' };

function actionOf(move: Move, state: ClusterState): WrittenAction | undefined {
  switch (move.kind) {
    case 'apply': {
      const { metadata, ...rest } = move.manifest;
      const { namespace, name } = at(move.place, [...state.policies.values(), metadata]) ?? metadata;
      return { kind: 'apply', policy: planned({ ...rest, metadata: { namespace, name } }), mark: NOWHERE };
    }
    case 'delete': {
      const policy = at(move.place, [...state.policies.values()]);
      if (policy === undefined) return undefined;
      const { namespace, name } = policy;
      return {
        kind: 'delete',
        object: nameObject({ kind: 'networkpolicy', namespace, name }),
        mark: NOWHERE,
      };
    }
    case 'label': {
      const own = labelsOf(move.object, state);
      const changes = changesBetween(own, { ...own, ...move.labels });
      if (changes.length === 0) return undefined;
      return { kind: 'label', object: move.object, labels: changes, mark: NOWHERE };
    }
    case 'replace':
      return { kind: 'replace', object: move.object, mark: NOWHERE };
  }
}

/** Counted around. */
function at<One>(place: number, all: readonly One[]): One | undefined {
  return all[place % all.length];
}

function labelsOf(object: string, { namespaces, pods }: ClusterState): Labels {
  return (namespaces.get(object.replace('namespace/', '')) ?? pods.get(object))?.labels ?? {};
}

/** As a scenario would have it. */
function planned(manifest: Manifest): PlannedPolicy {
  const { namespace, name } = manifest.metadata;
  return { namespace, name, text: JSON.stringify(manifest), object: manifest, location: NOWHERE.location };
}

/** What leads from some labels to others, of the same pods and namespaces. */
export function relabel(
  before: Pick<Declared, 'namespaces' | 'pods'>,
  after: Declared,
): readonly WrittenAction[] {
  const actionsOf = (kind: 'pods' | 'namespaces', prefix: string): readonly WrittenAction[] =>
    [...after[kind]].flatMap(([name, { labels: wanted }]) => {
      const own = before[kind].get(name)?.labels ?? {};
      const changes = changesBetween(own, wanted);
      return changes.length === 0
        ? []
        : [{ kind: 'label' as const, object: `${prefix}${name}`, labels: changes, mark: NOWHERE }];
    });
  return [...actionsOf('pods', ''), ...actionsOf('namespaces', 'namespace/')];
}

function changesBetween(
  before: Labels,
  after: Readonly<Record<string, string | null>>,
): readonly LabelChange[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)]);
  return [...keys]
    .map((key) => ({ key, value: after[key] ?? null, mark: NOWHERE }))
    .filter(({ key, value }) => (before[key] ?? null) !== value);
}
