/** Server-side apply: merges a configuration into an object by who owns which field. */
import { isJsonObject, type JsonObject } from '../json.ts';
import { childOf, type ListSchema, type Schema, type StructSchema } from '../schema/schema.ts';
import { applyConflict } from '../status.ts';
import { type FieldSet, NONE, pathText, type Segment } from './fieldset.ts';
import { isSame, type Manager, type ManagerIdentity, ownable } from './managers.ts';
import { compare, fieldsOf, itemSegment, partsOf } from './parts.ts';

export interface ApplyRequest {
  readonly schema: StructSchema;
  /** The object as it is; `{}` where there is none. */
  readonly live: JsonObject;
  readonly config: JsonObject;
  readonly managers: readonly Manager[];
  readonly who: ManagerIdentity;
  /** Takes fields from other managers instead of failing. */
  readonly force: boolean;
  /** Now, as a timestamp of the API. */
  readonly time: string;
}

/**
 * The object with the configuration in it, without the fields that this manager applied before and no longer does, unless
 * someone else owns them too.
 * @throws StatusError Conflict where fields of other managers would change and `force` is not given
 */
export function applyConfig(request: ApplyRequest): {
  readonly object: JsonObject;
  readonly managers: Manager[];
} {
  const { schema, live, config, managers, who, force, time } = request;
  const wanted = ownable(fieldsOf(schema, config));
  const mine = managers.find((manager) => isSame(manager, who));
  const others = managers.filter((manager) => manager !== mine);
  const kept = others.reduce((all, { fields }) => all.union(fields), wanted);
  const dropped = (mine?.fields ?? NONE).difference(wanted);
  const object = asObject(prune(schema, merge(schema, live, config), dropped, kept));

  const comparison = compare(schema, live, object);
  const changed = ownable(comparison.changed);
  const removed = ownable(comparison.removed);
  const conflicts = others
    .map((manager) => ({ manager, fields: manager.fields.intersection(changed) }))
    .filter(({ fields }) => !fields.isEmpty);
  if (conflicts.length > 0 && !force) throw conflictOf(conflicts);
  const left = others.map((manager) => ({
    ...manager,
    fields: manager.fields.difference(changed).difference(removed),
  }));
  const isNews = mine === undefined || !mine.fields.equals(wanted) || !changed.isEmpty || !removed.isEmpty;
  return { object, managers: [...left, { ...who, time: isNews ? time : mine.time, fields: wanted }] };
}

function conflictOf(conflicts: readonly { readonly manager: Manager; readonly fields: FieldSet }[]): Error {
  const causes = conflicts.flatMap(({ manager, fields }) =>
    [...fields.paths()].map((path) => ({
      reason: 'FieldManagerConflict',
      message: `conflict with ${managerText(manager)}`,
      field: pathText(path),
    })),
  );
  const [first] = causes;
  if (first !== undefined && causes.length === 1) {
    return applyConflict(`Apply failed with 1 conflict: ${first.message}: ${first.field}`, causes);
  }
  const groups = conflicts
    .map(({ manager, fields }) => ({ manager, paths: [...fields.paths()].map(pathText) }))
    .toSorted((a, b) => (a.manager.manager < b.manager.manager ? -1 : 1))
    .flatMap(({ manager, paths }) => [
      `conflicts with ${managerText(manager)}:`,
      ...paths.map((path) => `- ${path}`),
    ]);
  return applyConflict(`Apply failed with ${causes.length} conflicts: ${groups.join('\n')}`, causes);
}

function managerText({ manager, operation, apiVersion, subresource }: Manager): string {
  const within = subresource === undefined ? '' : ` with subresource ${JSON.stringify(subresource)}`;
  return `${JSON.stringify(manager)}${within}${operation === 'Update' ? ` using ${apiVersion}` : ''}`;
}

function asObject(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}

function merge(schema: Schema, live: unknown, config: unknown): unknown {
  if (config === undefined) return live;
  if (live === undefined || live === null || config === null) return config;
  if (partsOf(schema, config) === undefined || partsOf(schema, live) === undefined) return config;
  if (schema.kind === 'list') return mergeItems(schema, asList(live), asList(config));
  const [old, wanted] = [asObject(live), asObject(config)];
  const names = [...new Set([...Object.keys(old), ...Object.keys(wanted)])];
  return Object.fromEntries(
    names.map((name) => [name, merge(childOf(schema, name), old[name], wanted[name])]),
  );
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

/** The items that are there keep their places; new ones follow in their order. */
function mergeItems(schema: ListSchema, live: readonly unknown[], config: readonly unknown[]): unknown[] {
  const wanted = new Map(config.map((item) => [itemSegment(schema, item), item]));
  const known = new Set(live.map((item) => itemSegment(schema, item)));
  return [
    ...live.map((item) => merge(schema.items, item, wanted.get(itemSegment(schema, item)))),
    ...config.filter((item) => !known.has(itemSegment(schema, item))),
  ];
}

/** Takes away what is in `dropped`, unless it or something in it is in `kept`. @returns undefined where nothing is left */
function prune(schema: Schema, value: unknown, dropped: FieldSet, kept: FieldSet): unknown {
  if (dropped.isEmpty) return value;
  if (dropped.member && kept.isEmpty) return undefined;
  const parts = partsOf(schema, value);
  if (parts === undefined) return value;
  const left = parts.flatMap(({ segment, schema: inner, value: part }): [Segment, unknown][] => {
    const pruned = prune(inner, part, withoutKeys(schema, dropped.child(segment)), kept.child(segment));
    return pruned === undefined ? [] : [[segment, pruned]];
  });
  if (left.length === 0 && parts.length > 0 && kept.isEmpty) return undefined;
  if (schema.kind === 'list') return left.map(([, item]) => item);
  return Object.fromEntries(left.map(([segment, part]) => [segment.slice('f:'.length), part]));
}

/** An item that stays keeps the fields by which it is known. */
function withoutKeys(schema: Schema, dropped: FieldSet): FieldSet {
  if (schema.kind !== 'list') return dropped;
  return schema.keys.reduce((left, key) => left.without([`f:${key.name}`]), dropped);
}
