/**
 * The sandbox's etcd: all objects in memory, one revision counter, and listeners that hear of every change in order.
 * The API server writes users' changes into it; the controllers read it and write status back.
 */
import type { Kind, ObjectOf, ResourceName } from './kinds/kinds.ts';

export type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface Change<Name extends ResourceName = ResourceName> {
  readonly type: ChangeType;
  readonly resource: Name;
  readonly object: ObjectOf[Name];
  /** The object before a modification or deletion. */
  readonly before?: ObjectOf[Name];
  readonly revision: number;
}

/**
 * Objects that come out of the store are frozen: take a copy (`copyJson`), or write through {@link Store.update}.
 * All methods are synchronous; listeners run before the writing call returns. Where a listener writes, all listeners hear
 * of the change that it answers first, and of its own change then.
 */
export interface Store {
  /** The kinds of objects that it keeps. */
  readonly kinds: readonly Kind[];
  /** The revision of the newest change. */
  readonly revision: number;
  get<Name extends ResourceName>(
    resource: Name,
    namespace: string | undefined,
    name: string,
  ): ObjectOf[Name] | undefined;
  list<Name extends ResourceName>(resource: Name, namespace?: string): ObjectOf[Name][];
  /** Stores a new object; gives it uid, creationTimestamp and resourceVersion. @throws StatusError AlreadyExists (409) */
  create<Name extends ResourceName>(resource: Name, object: ObjectOf[Name]): ObjectOf[Name];
  /**
   * Replaces an object by what `change` returns for a copy of it; a change that changes nothing writes nothing.
   * @returns the new object, or undefined where the object is gone. @throws what `change` throws
   */
  update<Name extends ResourceName>(
    resource: Name,
    namespace: string | undefined,
    name: string,
    change: (object: ObjectOf[Name]) => ObjectOf[Name],
  ): ObjectOf[Name] | undefined;
  /** Takes the object away, whatever it is waiting for. */
  remove(resource: ResourceName, namespace: string | undefined, name: string): void;
  /** Calls `listener` for every later change of any resource, in order. @returns a function that ends it */
  listen(listener: (change: Change) => void): () => void;
  /**
   * The changes of one resource after a revision.
   * @returns undefined where the history does not go back that far (the API answers 410 Gone)
   */
  changesSince<Name extends ResourceName>(resource: Name, revision: number): Change<Name>[] | undefined;
}
