/** What was probably meant by a name to which the action of a step cannot be done. */
import { type ActionKind, nameObject, parseObject, type StepObject } from '../model/step.ts';
import { hintForBareName, type KnownNames } from './hints.ts';
import { nearest, quote, quoteAny } from './suggest.ts';

type Kind = StepObject['kind'];

/** What people write before a name, and what it stands for. */
const WORDS: ReadonlyMap<string, Kind> = new Map([
  ['networkpolicy', 'networkpolicy'],
  ['networkpolicies', 'networkpolicy'],
  ['netpol', 'networkpolicy'],
  ['policy', 'networkpolicy'],
  ['policies', 'networkpolicy'],
  ['pod', 'pod'],
  ['pods', 'pod'],
  ['namespace', 'namespace'],
  ['namespaces', 'namespace'],
  ['ns', 'namespace'],
]);

/** What actions are done to. */
const OBJECTS: Readonly<Record<ActionKind, readonly Kind[]>> = {
  apply: ['networkpolicy'],
  delete: ['networkpolicy'],
  label: ['pod', 'namespace'],
  create: ['pod', 'namespace'],
  remove: ['pod', 'namespace'],
  replace: ['pod'],
};

/** For a name that does not fit the grammar, or that does not exist. */
export function hintForObject(action: ActionKind, text: string, known: KnownNames): string | undefined {
  const meant = objectsMeant(text, known).filter((object) => isFor(action, object));
  const [only] = meant;
  if (only !== undefined && meant.length === 1 && parseObject(only).kind === 'namespace')
    return `Write ${quote(only)} for the namespace.`;
  if (only !== undefined && only !== text) {
    const isBare = action !== 'delete' && !text.includes('/');
    return `Write ${isBare ? 'it with its namespace: ' : ''}${quoteAny(meant)}.`;
  }
  return hintForOtherKind(action, text, known) ?? hintForUnknown(action, text, known);
}

/** For the name of something that another action is for. */
export function hintForOtherKind(action: ActionKind, text: string, known: KnownNames): string | undefined {
  const others = objectsMeant(text, known).filter((object) => !isFor(action, object));
  const [object] = others;
  if (object === undefined) return undefined;
  if (action === 'delete') {
    const what = parseObject(object).kind === 'pod' ? 'Pods' : 'Namespaces';
    return `${what} are removed: write ${quoteAny(others)} under "remove".`;
  }
  if (parseObject(object).kind !== 'networkpolicy') return undefined;
  switch (action) {
    case 'remove':
      return `Policies are deleted: write ${quoteAny(others)} under "delete".`;
    case 'create':
    case 'replace':
      return 'Policies are applied: write its file or its manifest under "apply".';
    default:
      return undefined;
  }
}

function isFor(action: ActionKind, object: string): boolean {
  return OBJECTS[action].includes(parseObject(object).kind);
}

function hintForUnknown(action: ActionKind, text: string, known: KnownNames): string | undefined {
  const { namespace, name } = readName(text, known);
  if (action !== 'delete') return text.includes('/') ? undefined : hintForBareName(text, undefined, known);
  const near = nearest(
    namespace === undefined ? name : `${namespace}/${name}`,
    known.policies.map((key) => (namespace === undefined ? nameIn(key) : key)),
  );
  if (near !== undefined) {
    const keys = known.policies.filter((key) => (namespace === undefined ? nameIn(key) : key) === near);
    return `Did you mean ${quoteAny(keys.map((key) => `networkpolicy/${key}`))}?`;
  }
  return name === '' ? undefined : `Write ${quote(`networkpolicy/${namespace ?? 'namespace'}/${name}`)}.`;
}

/** The objects that a text may mean, as actions name them: those of the kind that it says or, where there are none, all of this name. */
function objectsMeant(text: string, known: KnownNames): readonly string[] {
  const { word, namespace, name } = readName(text, known);
  const isMeant = (key: string): boolean =>
    namespace === undefined ? nameIn(key) === name : key === `${namespace}/${name}`;
  const all = [
    ...known.policies.filter(isMeant).map((key) => `networkpolicy/${key}`),
    ...(namespace === undefined && known.namespaces.includes(name)
      ? [nameObject({ kind: 'namespace', name })]
      : []),
    ...known.pods.filter((key) => key.includes('/') && isMeant(key)),
  ];
  const ofKind = all.filter((object) => parseObject(object).kind === word);
  if (ofKind.length > 0) return ofKind;
  // What says its kind means it, whether it exists or not.
  return all.length === 0 && word === 'networkpolicy' && namespace !== undefined
    ? [nameObject({ kind: word, namespace, name })]
    : all;
}

/** `pod/shop/web`, `shop/web` or `web` */
function readName(
  text: string,
  { namespaces }: KnownNames,
): { readonly word?: Kind; readonly namespace?: string; readonly name: string } {
  const parts = text.split('/');
  const [first = '', ...rest] = parts;
  const word = rest.length > 0 && !namespaces.includes(first) ? WORDS.get(first.toLowerCase()) : undefined;
  const [name = '', namespace] = (word === undefined ? parts : rest).toReversed();
  return { ...(word === undefined ? {} : { word }), ...(namespace === undefined ? {} : { namespace }), name };
}

function nameIn(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}
