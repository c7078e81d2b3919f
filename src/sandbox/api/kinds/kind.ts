/** What the API server has to know about a kind of object. */
import type { StructSchema } from '../schema/schema.ts';
import type { Invalidity } from '../status.ts';
import type { ObjectOf, ResourceName } from './kinds.ts';

/** An object of any kind that the sandbox serves. */
export type AnyObject = ObjectOf[ResourceName];

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete' | 'deletecollection';

export interface Column {
  readonly name: string;
  readonly type: 'string';
  readonly format: '' | 'name';
  readonly description: string;
  /** 0 is always shown, 1 with `-o wide`. */
  readonly priority: 0 | 1;
}

/** The methods never change the objects that they are given. */
export interface Kind<Object extends AnyObject = AnyObject> {
  /** The plural, as in paths. */
  readonly resource: ResourceName;
  readonly kind: string;
  readonly singular: string;
  readonly shortNames: readonly string[];
  readonly categories: readonly string[];
  readonly group: string;
  readonly version: string;
  readonly namespaced: boolean;
  readonly verbs: readonly Verb[];
  readonly schema: StructSchema;
  /** Whether `metadata.generation` counts the changes of the spec. */
  readonly countsGenerations: boolean;

  /** What a real server fills in. */
  withDefaults(object: Object): Object;
  /** The object as it is first stored: with the status that the server gives it. */
  initial(object: Object): Object;
  /** Everything wrong with a new object. */
  problems(object: Object): Invalidity[];
  /** Everything wrong with a changed object. */
  updateProblems(object: Object, before: Object): Invalidity[];
  /** The fields that field selectors may name, beside the metadata's. */
  readonly selectableFields: readonly string[];
  /** The value of a selectable field; empty where it is absent. */
  fieldOf(object: Object, field: string): string;
  readonly columns: readonly Column[];
  /** One cell for each column. */
  cells(object: Object, now: Date): readonly string[];
}

export const NAME_COLUMN: Column = {
  name: 'Name',
  type: 'string',
  format: 'name',
  description: 'The name, unique within a namespace',
  priority: 0,
};
export const AGE_COLUMN: Column = column('Age', 'The time since the object was created');

export function column(name: string, description: string, priority: 0 | 1 = 0): Column {
  return { name, type: 'string', format: '', description, priority };
}

/** `apiVersion` of a kind's objects: `v1`, `networking.k8s.io/v1`. */
export function apiVersionOf({ group, version }: Pick<Kind, 'group' | 'version'>): string {
  return group === '' ? version : `${group}/${version}`;
}
