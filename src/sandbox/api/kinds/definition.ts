/** What there is to know about a kind of object. Each kind's folder has one definition; all that the API serves follows from them. */
import type { StoredObject } from '../../objects.ts';
import type { Deletion } from '../deletion.ts';
import type { Message } from '../schema/protobuf.ts';
import type { StructSchema } from '../schema/schema.ts';
import type { Invalidity, Named } from '../status.ts';
import type { Store } from '../store.ts';
import type { Column } from './columns.ts';
import type { Subresource } from './subresource.ts';

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

/** The methods never change the objects that they are given. */
export interface Definition<Name extends string = string, Object extends StoredObject = StoredObject> {
  /** The plural, as in paths. */
  readonly resource: Name;
  readonly kind: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly group: string;
  readonly version: string;
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
  readonly schema: StructSchema;
  /** The form in protobuf, for kinds that a client sends in no other. */
  readonly protobuf?: Message;
  /** Whether `metadata.generation` counts the changes of the spec. */
  readonly countsGenerations: boolean;

  /**
   * What a real server fills in.
   * @param before the object as it is stored; absent for a new one
   */
  withDefaults(object: Object, before?: Object): Object;
  /** The object as it is first stored: with the status that the server gives it. */
  initial(object: Object): Object;
  /** Everything wrong with a new object. */
  problems(object: Object): Invalidity[];
  /** Why a new object, with which nothing is wrong, cannot stand beside what there is. */
  conflicts?(object: Object, store: Store): Invalidity[];
  /** Everything wrong with a changed object. */
  updateProblems(object: Object, before: Object): Invalidity[];
  /**
   * Gives an object in which nothing is wrong what the cluster has only once, such as an address.
   * @param before the object as it is stored; absent for a new one
   * @throws StatusError Invalid for what is another's already
   */
  allocate?(object: Object, before: Object | undefined, store: Store): Object;
  readonly deletion: Deletion<Object>;

  /** The fields that field selectors may name, beside the metadata's. */
  readonly selectableFields: readonly string[];
  /** The value of a selectable field; empty where it is absent. */
  fieldOf(object: Object, field: string): string;
  readonly columns: readonly Column[];
  /** One cell for each column. */
  cells(object: Object, now: Date): readonly string[];

  /** Whether the status is read and written by itself, as the subresource `status`. */
  readonly hasStatus: boolean;
  /** The other subresources. */
  readonly subresources: readonly Subresource[];

  /**
   * Works on the objects behind the API, listening to the store from now on. A controller that needs the machine under the sandbox
   * stands in the kind's `controller/`, and the supervisor starts it.
   * @param now the wall clock
   * @returns a function that ends it
   */
  controller?(store: Store, now: () => Date): () => void;
}

/** `apiVersion` of a kind's objects: `v1`, `networking.k8s.io/v1`. */
export function apiVersionOf({ group, version }: Pick<Definition, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}

/** A kind's resource as messages name it: `networkpolicies.networking.k8s.io`. */
export function resourceNameOf({ resource, group }: Pick<Definition, 'resource' | 'group'>): Named {
  return { name: resource, group };
}

/** A kind as messages name it: `NetworkPolicy.networking.k8s.io`. */
export function kindNameOf({ kind, group }: Pick<Definition, 'kind' | 'group'>): Named {
  return { name: kind, group };
}
