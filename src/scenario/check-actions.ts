/** Whether an action can be done at its time, and changes something. */
import type { Problem } from '../errors.ts';
import { NAMESPACE_NAME_LABEL } from '../labels.ts';
import { ACTION_KINDS, type ActionKind, nameObject, parseObject, type StepObject } from '../model/step.ts';
import { checkLabelKeys } from './check-topology.ts';
import type { Doubt } from './doubt.ts';
import type { KnownNames } from './hints.ts';
import { problemAt } from './mark.ts';
import { hintForOtherKind } from './object-hints.ts';
import type { Mark, WrittenAction } from './scenario.ts';
import { type ClusterState, type Declared, find, objectOf } from './state.ts';
import { nearest, quote, suggest } from './suggest.ts';

type LabelAction = Extract<WrittenAction, { readonly kind: 'label' }>;

/** Around an action. */
export interface Occasion {
  readonly state: ClusterState;
  readonly declared: Declared;
  /** Before it, in their order, also in earlier steps. */
  readonly done: readonly WrittenAction[];
  /** After it, in their order, also in later steps. */
  readonly coming: readonly WrittenAction[];
  readonly doubt: Doubt;
  /** What is to be created and not declared: that is told there, and nowhere else. */
  readonly undeclared: ReadonlySet<string>;
}

/** What keeps an action from being done, or from being worth it; nothing where it is right, or where that is in doubt. */
export function checkAction(action: WrittenAction, occasion: Occasion): readonly Problem[] {
  const object = parseObject(objectOf(action));
  if (object.kind === 'namespace' && occasion.declared.existingNamespaces.has(object.name))
    return [
      problemAt(action.mark, `the ${describeObject(object)} is there already: no step ${action.kind}s it`, {
        hint: 'Take it out, or have the run make a namespace of another name.',
      }),
    ];
  switch (action.kind) {
    case 'apply':
      return checkNamespaceOf(action.policy.namespace, action.mark, 'this policy', occasion);
    case 'create':
      return checkCreation(object, action.mark, occasion);
    case 'label':
      return find(occasion.state, object) === undefined
        ? checkMissing(object, action, occasion)
        : checkLabels(action, object, occasion);
    case 'delete':
    case 'remove':
    case 'replace':
      return find(occasion.state, object) === undefined ? checkMissing(object, action, occasion) : [];
  }
}

function checkCreation(object: StepObject, mark: Mark, occasion: Occasion): readonly Problem[] {
  const { state, declared, done, doubt } = occasion;
  if (find(declared, object) === undefined) return [isUndeclared(object, mark, occasion)];
  if (find(state, object) === undefined)
    return object.kind === 'pod' ? checkNamespaceOf(object.namespace, mark, 'this pod', occasion) : [];
  if (doubt.isAbout(object)) return [];
  const earlier = done.findLast((one) => one.kind === 'create' && objectOf(one) === nameObject(object));
  return [
    problemAt(mark, `the ${describeObject(object)} exists already`, {
      ...(earlier === undefined
        ? { hint: 'Declare it with "created: later", so that it is not there from the start.' }
        : { related: [{ message: 'created here', mark: earlier.mark }] }),
    }),
  ];
}

/** @param of what is to be in the namespace */
export function checkNamespaceOf(
  name: string,
  mark: Mark,
  of: string,
  occasion: Occasion,
): readonly Problem[] {
  const namespace: StepObject = { kind: 'namespace', name };
  if (occasion.state.namespaces.has(name) || occasion.doubt.isAbout(namespace)) return [];
  return [isMissing(namespace, mark, occasion, { of: ` of ${of}` })];
}

function checkLabels(
  { labels, mark }: LabelAction,
  object: StepObject,
  { state, doubt }: Occasion,
): readonly Problem[] {
  const there = labelsOf(state, object);
  const reserved = labels.flatMap(({ key, mark: at }) => [...checkLabelKeys([key], at)]);
  if (reserved.length > 0) return reserved;
  const own = labels.find(({ key }) => object.kind === 'namespace' && key === NAMESPACE_NAME_LABEL);
  if (own !== undefined) {
    return [
      problemAt(own.mark, `the label ${own.key} is Kubernetes' own, and always the name of the namespace`, {
        hint: 'Leave the label out.',
      }),
    ];
  }
  if (doubt.isAboutLabelsOf(object)) return [];
  const absent = labels.filter(({ key, value }) => value === null && !there.has(key));
  if (absent.length > 0) {
    return absent.map(({ key, mark: at }) =>
      problemAt(at, `the ${describeObject(object)} has no label ${quote(key)} to take away`, {
        hint: suggest(key, [...there.keys()], 'labels'),
      }),
    );
  }
  if (labels.some(({ key, value }) => there.get(key) !== (value ?? undefined))) return [];
  return [problemAt(mark, `the ${describeObject(object)} has these labels already: nothing changes`)];
}

function labelsOf(state: ClusterState, object: StepObject): ReadonlyMap<string, string> {
  const found = find(state, object);
  return new Map(found !== undefined && 'labels' in found ? Object.entries(found.labels) : []);
}

/** What an action is to be done to, and what is not there. */
function checkMissing(
  object: StepObject,
  { kind, mark }: WrittenAction,
  occasion: Occasion,
): readonly Problem[] {
  const { declared, doubt, undeclared } = occasion;
  if (undeclared.has(nameObject(object))) return [];
  const isDeclared = object.kind === 'networkpolicy' || find(declared, object) !== undefined;
  return isDeclared && doubt.isAbout(object) ? [] : [isMissing(object, mark, occasion, { kind })];
}

/** Something that is not there at the time. */
function isMissing(
  object: StepObject,
  mark: Mark,
  occasion: Occasion,
  { kind, of = '' }: { readonly kind?: ActionKind; readonly of?: string },
): Problem {
  const { state, declared, done, coming, doubt } = occasion;
  const what = `the ${describeObject(object)}${of}`;
  const end = done.findLast((one) => takesAway(one, object));
  if (end !== undefined) {
    return problemAt(mark, `${what} does not exist any more`, {
      related: [{ message: `${end.kind}d here`, mark: end.mark }],
    });
  }
  const start = coming.find((one) => brings(one, object));
  if (start !== undefined) {
    return problemAt(mark, `${what} does not exist yet`, {
      hint: `Steps are done one after the other, and within a step in this order: ${ACTION_KINDS.join(', ')}.`,
      related: [{ message: start.kind === 'apply' ? 'applied here' : 'created here', mark: start.mark }],
    });
  }
  if (find(declared, object) !== undefined) {
    return problemAt(
      mark,
      `${what} does not exist yet${doubt.mayBringPods() ? '' : ', and no step creates it'}`,
    );
  }
  return isUnknown(object, mark, state, kind);
}

function takesAway(action: WrittenAction, object: StepObject): boolean {
  if (action.kind !== 'delete' && action.kind !== 'remove') return false;
  const taken = parseObject(action.object);
  return (
    action.object === nameObject(object) ||
    (taken.kind === 'namespace' && object.kind !== 'namespace' && object.namespace === taken.name)
  );
}

function brings(action: WrittenAction, object: StepObject): boolean {
  return (action.kind === 'apply' || action.kind === 'create') && objectOf(action) === nameObject(object);
}

/** @param state what might have been meant */
function isUnknown(object: StepObject, mark: Mark, state: ClusterState, kind?: ActionKind): Problem {
  const { namespaces, pods, policies } = state;
  const { word, names } = {
    namespace: { word: 'namespace', names: [...namespaces.keys()].map((name) => `namespace/${name}`) },
    pod: { word: 'pod', names: [...pods.keys()] },
    networkpolicy: {
      word: 'policy',
      names: [...policies.keys()].map((key) => `networkpolicy/${key}`),
    },
  }[object.kind];
  const plural = word === 'policy' ? 'policies' : `${word}s`;
  const name = nameObject(object);
  const isOther = kind === undefined ? undefined : hintForOtherKind(kind, name, namesOf(state));
  return problemAt(mark, `unknown ${describeObject(object)}`, {
    hint: isOther ?? suggest(name, names, plural),
  });
}

function namesOf({ namespaces, pods, policies }: ClusterState): KnownNames {
  return { namespaces: [...namespaces.keys()], pods: [...pods.keys()], policies: [...policies.keys()] };
}

/** What is to be created, and what nothing is declared of. */
function isUndeclared(object: StepObject, mark: Mark, { declared, state }: Occasion): Problem {
  const name = nameObject(object);
  const [all, there] =
    object.kind === 'namespace'
      ? [[...declared.namespaces.keys()].map((key) => `namespace/${key}`), state.namespaces]
      : [[...declared.pods.keys()], state.pods];
  const absent = all.filter((key) => !there.has(key.replace(/^namespace\//, '')));
  const near = nearest(name, absent) ?? nearest(name, all);
  const list = object.kind === 'namespace' ? 'namespaces' : 'pods';
  return problemAt(mark, `unknown ${describeObject(object)}`, {
    hint:
      near === undefined
        ? (hintForOtherKind('create', name, namesOf(state)) ??
          `What is created is declared as well: under "${list}", with "created: later".`)
        : `Did you mean ${quote(near)}?`,
  });
}

/** `pod "shop/web"` */
function describeObject(object: StepObject): string {
  switch (object.kind) {
    case 'namespace':
      return `namespace ${quote(object.name)}`;
    case 'pod':
      return `pod ${quote(nameObject(object))}`;
    case 'networkpolicy':
      return `policy ${quote(`${object.namespace}/${object.name}`)}`;
  }
}
