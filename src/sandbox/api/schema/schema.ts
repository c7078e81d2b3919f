/**
 * The form of the API's objects: which fields there are, of which type, and how lists and maps are merged and owned.
 * One description serves strict decoding, strategic merge patches and server-side apply.
 */

export type Schema = ScalarSchema | AnySchema | MapSchema | ListSchema | StructSchema;

export interface ScalarSchema {
  readonly kind: 'scalar';
  readonly type: 'string' | 'int32' | 'int64' | 'bool' | 'int-or-string';
  /** The Go type, which decoding errors name. */
  readonly go: string;
}

/** A value that is kept as it came: the sandbox does not look into it. */
export interface AnySchema {
  readonly kind: 'any';
}

export interface MapSchema {
  readonly kind: 'map';
  readonly values: Schema;
  /** Owned and replaced as one. */
  readonly atomic: boolean;
}

export interface ListSchema {
  readonly kind: 'list';
  readonly items: Schema;
  /**
   * What identifies an item: its place in a list that is replaced as one (`atomic`), its value (`set`), or the values of
   * its key fields (`map`).
   */
  readonly identity: 'atomic' | 'set' | 'map';
  readonly keys: readonly ListKey[];
  /** The key field by which strategic merge patches match items; they replace the list where it is absent. */
  readonly mergeKey: string | undefined;
}

export interface ListKey {
  readonly name: string;
  /** The value of an item without the field; absent: the empty text. */
  readonly default?: string | number;
}

export interface StructSchema {
  readonly kind: 'struct';
  /** The Go type without its package. */
  readonly name: string;
  readonly fields: Readonly<Record<string, Schema>>;
  readonly atomic: boolean;
}

export const any: AnySchema = { kind: 'any' };
export const bool: ScalarSchema = { kind: 'scalar', type: 'bool', go: 'bool' };
export const int32: ScalarSchema = { kind: 'scalar', type: 'int32', go: 'int32' };
export const int64: ScalarSchema = { kind: 'scalar', type: 'int64', go: 'int64' };
/** What the API calls IntOrString; its decoder complains about an `int32`. */
export const intOrString: ScalarSchema = { kind: 'scalar', type: 'int-or-string', go: 'int32' };
export const string: ScalarSchema = named('string');

/** A string type with a Go name of its own, such as `v1.Protocol`. */
export function named(go: string): ScalarSchema {
  return { kind: 'scalar', type: 'string', go };
}

export const strings: MapSchema = { kind: 'map', values: string, atomic: false };

/** A list that is replaced and owned as one. */
export function listOf(items: Schema): ListSchema {
  return { kind: 'list', items, identity: 'atomic', keys: [], mergeKey: undefined };
}

/** A list of scalars without order, such as finalizers. */
export function setOf(items: ScalarSchema): ListSchema {
  return { kind: 'list', items, identity: 'set', keys: [], mergeKey: undefined };
}

/** A list whose items are known by key fields; strategic merge patches go by the first. */
export function keyedList(items: StructSchema | AnySchema, ...keys: [ListKey, ...ListKey[]]): ListSchema {
  return { kind: 'list', items, identity: 'map', keys, mergeKey: keys[0].name };
}

export function struct(name: string, fields: Readonly<Record<string, Schema>>): StructSchema {
  return { kind: 'struct', name, fields, atomic: false };
}

/** A struct that server-side apply owns as one, such as a label selector. */
export function atomicStruct(name: string, fields: Readonly<Record<string, Schema>>): StructSchema {
  return { kind: 'struct', name, fields, atomic: true };
}

/** The Go type as decoding errors write it: `[]v1.PolicyType`. */
export function goTypeOf(schema: Schema): string {
  switch (schema.kind) {
    case 'scalar':
      return schema.go;
    case 'any':
      return 'interface {}';
    case 'map':
      return `map[string]${goTypeOf(schema.values)}`;
    case 'list':
      return `[]${goTypeOf(schema.items)}`;
    case 'struct':
      return `v1.${schema.name}`;
  }
}

/** The schema of a field or map entry; `any` where the schema does not look inside. */
export function childOf(schema: Schema, name: string): Schema {
  if (schema.kind === 'struct') return schema.fields[name] ?? any;
  return schema.kind === 'map' ? schema.values : any;
}
