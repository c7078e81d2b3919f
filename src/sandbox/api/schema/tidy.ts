/** Brings decoded objects into the form in which the API stores them. */
import { isJsonObject, type JsonObject } from '../json.ts';
import type { Schema, StructSchema } from './schema.ts';

/** Leaves out empty lists and maps, which the API does not store. An empty struct, such as `podSelector: {}`, stays. */
export function tidy(schema: StructSchema, value: JsonObject): JsonObject {
  const tidied = tidyAt(schema, value);
  return isJsonObject(tidied) ? tidied : {};
}

function tidyAt(schema: Schema, value: unknown): unknown {
  if (schema.kind === 'list' && Array.isArray(value)) return value.map((item) => tidyAt(schema.items, item));
  if (schema.kind !== 'struct' || !isJsonObject(value)) return value;
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, child]) => {
      const field = schema.fields[name];
      return field === undefined || isEmpty(field, child) ? [] : [[name, tidyAt(field, child)]];
    }),
  );
}

function isEmpty(schema: Schema, value: unknown): boolean {
  if (schema.kind === 'list') return Array.isArray(value) && value.length === 0;
  return schema.kind === 'map' && isJsonObject(value) && Object.keys(value).length === 0;
}
