/**
 * Strategic merge patches: merge patches that match the items of keyed lists by their merge key, and take directives
 * (`$patch`, `$retainKeys`, `$deleteFromPrimitiveList/…`). `$setElementOrder/…` is understood and left aside: items
 * keep their places and new ones follow, for the order of the lists concerned means nothing here.
 */
import { isDeepStrictEqual } from 'node:util';
import { isJsonObject, type JsonObject } from '../json.ts';
import { childOf, type ListSchema, type Schema, type StructSchema } from '../schema/schema.ts';
import { badRequest } from '../status.ts';

const PATCH = '$patch';
const RETAIN_KEYS = '$retainKeys';
const DELETE_VALUES = '$deleteFromPrimitiveList/';
const ORDER = '$setElementOrder/';

/** @throws StatusError BadRequest for a directive that is not one, or a list item without its merge key */
export function strategicMergePatch(schema: StructSchema, target: JsonObject, patch: JsonObject): JsonObject {
  return mergeObject(schema, target, patch);
}

function mergeObject(schema: Schema, target: JsonObject, patch: JsonObject): JsonObject {
  const directive = patch[PATCH];
  if (directive === 'replace') return plain(patch);
  if (directive === 'delete') return {};
  if (directive !== undefined && directive !== 'merge') throw unknownDirective(directive);
  const base = retained(withoutValues(target, patch), patch[RETAIN_KEYS]);
  const changes = plain(patch);
  const names = [...new Set([...Object.keys(base), ...Object.keys(changes)])];
  return Object.fromEntries(
    names.flatMap((name) => {
      if (!Object.hasOwn(changes, name)) return [[name, base[name]]];
      const change = changes[name];
      return change === null ? [] : [[name, mergeValue(childOf(schema, name), base[name], change)]];
    }),
  );
}

function unknownDirective(directive: unknown): Error {
  return badRequest(`unknown patch type found: ${String(directive)}`);
}

/** The patch without its directives. */
function plain(patch: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(patch).filter(([name]) => !isDirective(name)));
}

function isDirective(name: string): boolean {
  return name === PATCH || name === RETAIN_KEYS || name.startsWith(DELETE_VALUES) || name.startsWith(ORDER);
}

function retained(target: JsonObject, names: unknown): JsonObject {
  if (names === undefined) return target;
  if (!Array.isArray(names)) throw badRequest('invalid patch format of retain keys');
  return Object.fromEntries(Object.entries(target).filter(([name]) => names.includes(name)));
}

function withoutValues(target: JsonObject, patch: JsonObject): JsonObject {
  const deletions = Object.entries(patch).filter(([name]) => name.startsWith(DELETE_VALUES));
  if (deletions.length === 0) return target;
  const left = { ...target };
  for (const [directive, values] of deletions) {
    const name = directive.slice(DELETE_VALUES.length);
    const list = left[name];
    if (!Array.isArray(values)) throw badRequest('invalid patch format of primitive list');
    if (Array.isArray(list)) left[name] = list.filter((item) => !values.includes(item));
  }
  return left;
}

function mergeValue(schema: Schema, target: unknown, patch: unknown): unknown {
  if (isJsonObject(patch)) return mergeObject(schema, isJsonObject(target) ? target : {}, patch);
  if (!Array.isArray(patch) || schema.kind !== 'list') return patch;
  const list = Array.isArray(target) ? target : [];
  if (schema.identity === 'set') return [...list, ...patch.filter((item) => !list.includes(item))];
  return schema.mergeKey === undefined ? patch : mergeItems(schema, schema.mergeKey, list, patch);
}

function mergeItems(
  schema: ListSchema,
  key: string,
  target: readonly unknown[],
  patch: readonly unknown[],
): unknown[] {
  const changes = patch.map((item) => asItem(item));
  if (changes.some((item) => item[PATCH] === 'replace')) {
    return changes.filter((item) => !Object.hasOwn(item, PATCH));
  }
  return changes.reduce<unknown[]>((items, change) => mergeItem(schema, key, items, change), [...target]);
}

function asItem(item: unknown): JsonObject {
  if (!isJsonObject(item)) throw badRequest('expected an object in a list that is merged by key');
  return item;
}

function mergeItem(
  schema: ListSchema,
  key: string,
  items: readonly unknown[],
  change: JsonObject,
): unknown[] {
  if (change[key] === undefined) {
    throw badRequest(`map: ${JSON.stringify(change)} does not contain declared merge key: ${key}`);
  }
  const matches = (item: unknown): boolean => isJsonObject(item) && isDeepStrictEqual(item[key], change[key]);
  if (change[PATCH] === 'delete') return items.filter((item) => !matches(item));
  if (!items.some(matches)) return [...items, mergeObject(schema.items, {}, change)];
  return items.map((item) =>
    matches(item) && isJsonObject(item) ? mergeObject(schema.items, item, change) : item,
  );
}
