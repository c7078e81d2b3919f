/** Deleting objects, each in the manner of its kind; shared by the API and the namespaces' controller. */
import type { StoredObject } from '../objects.ts';
import type { AnyObject, Kind } from './kinds/kinds.ts';
import type { Store } from './store.ts';
import { timestampOf } from './time.ts';

/** What deleting does to the objects of a kind. */
export interface Deletion<Object extends StoredObject> {
  /** @throws StatusError Forbidden for an object that stays */
  assertAllowed(object: Object): void;
  /** Whether nothing holds the object back, such as a finalizer or its processes: once deleted, it goes at once. */
  isFree(object: Object): boolean;
  /**
   * The object as its deletion leaves it until it goes; of one that is leaving already, too.
   * @param graceSeconds undefined: what the object asks for
   */
  marked(object: Object, graceSeconds: number | undefined, now: Date): Object;
  /** Whether the answer to a deletion shows the object also where it is gone. */
  readonly isShown: boolean;
}

/** Deletion that waits for finalizers and nothing else, but for what the kind does in its own way. */
export function deletionOf<Object extends StoredObject>(
  own: Partial<Deletion<Object>> = {},
): Deletion<Object> {
  return {
    assertAllowed() {},
    isFree: ({ metadata }) => (metadata.finalizers ?? []).length === 0,
    marked: (object, _graceSeconds, now) => marked(object, now),
    isShown: false,
    ...own,
  };
}

/** An object that waits for its finalizers, or for its contents. */
export function marked<Object extends StoredObject>(object: Object, now: Date): Object {
  if (object.metadata.deletionTimestamp !== undefined) return object;
  return { ...object, metadata: { ...object.metadata, deletionTimestamp: timestampOf(now) } };
}

/**
 * Deletes an object: at once where nothing holds it; else it is marked, and goes with what it waits for.
 * @param graceSeconds undefined: what the object asks for
 * @returns what the answer shows: the object as it is now; undefined where it is gone and is not shown any more
 */
export function deleteFrom(
  store: Store,
  { resource, deletion }: Kind,
  object: AnyObject,
  graceSeconds: number | undefined,
  now: Date,
): AnyObject | undefined {
  const { namespace, name } = object.metadata;
  if (deletion.isFree(object)) {
    store.remove(resource, namespace, name);
    return deletion.isShown ? object : undefined;
  }
  return (
    store.update(resource, namespace, name, (live) => deletion.marked(live, graceSeconds, now)) ?? object
  );
}
