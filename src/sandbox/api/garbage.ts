/** Objects that go with their owners. */
import type { ObjectMeta, OwnerReference } from '../objects.ts';
import { deleteFrom } from './deletion.ts';
import type { AnyObject, Kind } from './kinds/kinds.ts';
import type { Store } from './store.ts';

/** Holds an owner back until nothing is left that it owns. */
const FOREGROUND = 'foregroundDeletion';

/**
 * Deletes what has lost its last owner, and lets owners go that were to stay until then.
 * @param now the wall clock
 * @returns a function that ends it
 */
export function collectGarbage(store: Store, now: () => Date): () => void {
  return store.listen(({ type, object }) => {
    if (type !== 'DELETED') {
      if (isHeldBack(object.metadata)) empty(store, object, now());
      return;
    }
    for (const dependent of dependentsOf(store, object)) dropOwner(store, dependent, object, now());
    for (const reference of object.metadata.ownerReferences ?? []) {
      const owner = ownerOf(store, reference, object.metadata);
      if (owner !== undefined && isHeldBack(owner.metadata)) empty(store, owner, now());
    }
  });
}

/** Deletes an owner so that it goes after all that it owns. @returns undefined where it owns nothing, and was left alone */
export function deleteInForeground(
  store: Store,
  kind: Kind,
  owner: AnyObject,
  now: Date,
): AnyObject | undefined {
  if (dependentsOf(store, owner).length === 0) return undefined;
  const { namespace, name } = owner.metadata;
  return store.update(kind.resource, namespace, name, (live) => {
    const held = kind.deletion.marked(live, undefined, now);
    const finalizers = [...new Set([...(held.metadata.finalizers ?? []), FOREGROUND])];
    return Object.assign({ ...held }, { metadata: { ...held.metadata, finalizers } });
  });
}

/** Lets go of all that an object owns: it then goes alone. */
export function orphanDependents(store: Store, owner: AnyObject): void {
  for (const dependent of dependentsOf(store, owner)) release(store, dependent, owner);
}

interface Dependent {
  readonly kind: Kind;
  readonly object: AnyObject;
}

function dependentsOf(store: Store, { metadata }: AnyObject): Dependent[] {
  return store.kinds.flatMap((kind) =>
    store
      .list(kind.resource)
      .filter((object) => object.metadata.ownerReferences?.some(({ uid }) => uid === metadata.uid) === true)
      .map((object) => ({ kind, object })),
  );
}

function isHeldBack({ deletionTimestamp, finalizers = [] }: ObjectMeta): boolean {
  return deletionTimestamp !== undefined && finalizers.includes(FOREGROUND);
}

function empty(store: Store, owner: AnyObject, now: Date): void {
  const dependents = dependentsOf(store, owner);
  for (const { kind, object } of dependents)
    if (object.metadata.deletionTimestamp === undefined) deleteFrom(store, kind, object, undefined, now);
  if (dependents.length > 0) return;
  const kind = store.kinds.find((one) => one.kind === owner.kind);
  const { namespace, name } = owner.metadata;
  if (kind === undefined) return;
  const left = store.update(kind.resource, namespace, name, (live) => {
    const finalizers = (live.metadata.finalizers ?? []).filter((finalizer) => finalizer !== FOREGROUND);
    return Object.assign({ ...live }, { metadata: { ...live.metadata, finalizers } });
  });
  if (left !== undefined && kind.deletion.isFree(left)) store.remove(kind.resource, namespace, name);
}

/** One that others own as well stays theirs. */
function dropOwner(store: Store, dependent: Dependent, owner: AnyObject, now: Date): void {
  const { kind, object } = dependent;
  const others = (object.metadata.ownerReferences ?? []).filter(({ uid }) => uid !== owner.metadata.uid);
  if (others.some((other) => ownerOf(store, other, object.metadata) !== undefined))
    release(store, dependent, owner);
  else if (object.metadata.deletionTimestamp === undefined) deleteFrom(store, kind, object, undefined, now);
}

function release(store: Store, { kind, object }: Dependent, owner: AnyObject): void {
  store.update(kind.resource, object.metadata.namespace, object.metadata.name, (live) => {
    const { ownerReferences = [], ...metadata } = live.metadata;
    const others = ownerReferences.filter(({ uid }) => uid !== owner.metadata.uid);
    const kept = others.length === 0 ? {} : { ownerReferences: others };
    return Object.assign({ ...live }, { metadata: { ...metadata, ...kept } });
  });
}

function ownerOf(
  store: Store,
  { kind: name, uid, name: owner }: OwnerReference,
  { namespace }: ObjectMeta,
): AnyObject | undefined {
  const kind = store.kinds.find((one) => one.kind === name);
  if (kind === undefined) return undefined;
  const found = store.get(kind.resource, kind.namespaced ? namespace : undefined, owner);
  return found?.metadata.uid === uid ? found : undefined;
}
