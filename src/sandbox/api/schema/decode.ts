/** Reads JSON by a schema: what a typed decoder keeps, and everything that it objects to. */
import { isJsonObject, type JsonObject } from '../json.ts';
import { idOf, type Path, type PathElement } from './path.ts';
import type { ListSchema, ScalarSchema, Schema, StructSchema } from './schema.ts';

export type Misfit =
  | { readonly kind: 'unknown'; readonly path: Path }
  | {
      readonly kind: 'mismatch';
      readonly path: Path;
      readonly schema: Schema;
      /** The Go struct with the field. */
      readonly struct: string;
      readonly value: unknown;
    };

export interface Decoded {
  readonly value: JsonObject;
  readonly findings: readonly Misfit[];
}

/**
 * Keeps the fields that the schema knows. A null field counts as absent and a null item as the zero value of its type,
 * as in Go: `ingress: [null]` is one empty rule. Values of a wrong type and unknown fields are left out and reported.
 * @param purpose in an `apply`, a null field is an intent of its own, and stays
 */
export function decode(
  schema: StructSchema,
  value: unknown,
  purpose: 'object' | 'apply' = 'object',
): Decoded {
  const decoder = new Decoder(purpose === 'apply');
  const decoded = decoder.read(schema, value, [], schema.name);
  return { value: isJsonObject(decoded) ? decoded : {}, findings: decoder.findings };
}

class Decoder {
  readonly findings: Misfit[] = [];
  readonly isApply: boolean;

  constructor(isApply: boolean) {
    this.isApply = isApply;
  }

  read(schema: Schema, value: unknown, path: Path, struct: string): unknown {
    if (schema.kind === 'any') return this.isApply ? value : withoutNulls(value);
    if (!fits(schema, value)) {
      this.findings.push({ kind: 'mismatch', path, schema, struct, value });
      return undefined;
    }
    switch (schema.kind) {
      case 'scalar':
        return value;
      case 'list':
        return Array.isArray(value) ? this.#list(schema, value, path, struct) : undefined;
      case 'map':
        return this.#members(value, (name, child) =>
          this.#element(schema.values, child, [...path, { kind: 'entry', name }], struct),
        );
      case 'struct':
        return this.#members(this.#upToUnknown(schema, value), (name, child) =>
          this.#field(schema, name, child, path),
        );
    }
  }

  /** An apply looks at no field behind one that it does not know. */
  #upToUnknown({ fields }: StructSchema, value: unknown): unknown {
    if (!this.isApply || !isJsonObject(value)) return value;
    const entries = Object.entries(value);
    const unknown = entries.findIndex(([name]) => !Object.hasOwn(fields, name));
    return unknown === -1 ? value : Object.fromEntries(entries.slice(0, unknown + 1));
  }

  #members(value: unknown, read: (name: string, child: unknown) => unknown): JsonObject {
    const entries = isJsonObject(value) ? Object.entries(value) : [];
    return Object.fromEntries(
      entries
        .map(([name, child]) => [name, read(name, child)] as const)
        .filter(([, child]) => child !== undefined),
    );
  }

  #field(schema: StructSchema, name: string, child: unknown, path: Path): unknown {
    const field = Object.hasOwn(schema.fields, name) ? schema.fields[name] : undefined;
    const at: Path = [...path, { kind: 'field', name }];
    if (field === undefined) {
      this.findings.push({ kind: 'unknown', path: at });
      return undefined;
    }
    if (child === null) return this.isApply ? null : undefined;
    return this.read(field, child, at, schema.name);
  }

  #list(schema: ListSchema, items: readonly unknown[], path: Path, struct: string): unknown[] {
    return items.flatMap((item, index) => {
      const id = idOf(schema, item);
      const element: PathElement = { kind: 'item', index, ...(id === undefined ? {} : { id }) };
      const decoded = this.#element(schema.items, item, [...path, element], struct);
      return decoded === undefined ? [] : [decoded];
    });
  }

  #element(schema: Schema, value: unknown, path: Path, struct: string): unknown {
    if (value === null) return this.isApply ? null : zeroOf(schema);
    return this.read(schema, value, path, struct);
  }
}

function fits(schema: Exclude<Schema, { kind: 'any' }>, value: unknown): boolean {
  switch (schema.kind) {
    case 'scalar':
      return fitsScalar(schema, value);
    case 'list':
      return Array.isArray(value);
    case 'map':
    case 'struct':
      return isJsonObject(value);
  }
}

function fitsScalar({ type }: ScalarSchema, value: unknown): boolean {
  switch (type) {
    case 'string':
      return typeof value === 'string';
    case 'bool':
      return typeof value === 'boolean';
    case 'int64':
      return Number.isInteger(value);
    case 'int32':
      return isInt32(value);
    case 'int-or-string':
      return typeof value === 'string' || isInt32(value);
  }
}

function isInt32(value: unknown): boolean {
  return typeof value === 'number' && Number.isInteger(value) && Math.abs(value) < 2 ** 31;
}

function zeroOf(schema: Schema): unknown {
  switch (schema.kind) {
    case 'any':
      return null;
    case 'list':
      return [];
    case 'map':
    case 'struct':
      return {};
    case 'scalar':
      return { string: '', bool: false, int32: 0, int64: 0, 'int-or-string': 0 }[schema.type];
  }
}

function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, child]) => (child === null ? [] : [[name, withoutNulls(child)]])),
  );
}
