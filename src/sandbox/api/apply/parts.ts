/** How objects come apart for ownership: what is owned on its own, which fields a value sets, and what changed between two. */
import { isDeepStrictEqual } from 'node:util';
import { isJsonObject } from '../json.ts';
import { keysOf } from '../schema/path.ts';
import { any, childOf, type ListSchema, type Schema } from '../schema/schema.ts';
import { type FieldSet, MEMBER, NONE, type Segment, withChildren } from './fieldset.ts';

export interface Part {
  readonly segment: Segment;
  readonly schema: Schema;
  readonly value: unknown;
  /** A map entry or a list item, which is owned itself beside what is in it. */
  readonly isEntry: boolean;
}

/** The parts of a value that are owned one by one; undefined for a value that is owned as a whole. */
export function partsOf(schema: Schema, value: unknown): readonly Part[] | undefined {
  if (schema.kind === 'list') return Array.isArray(value) ? itemsOf(schema, value) : undefined;
  if (!isJsonObject(value) || schema.kind === 'scalar') return undefined;
  if (schema.kind !== 'any' && schema.atomic) return undefined;
  return Object.entries(value).map(([name, child]) => ({
    segment: `f:${name}`,
    schema: childOf(schema, name),
    value: child,
    isEntry: schema.kind === 'map',
  }));
}

function itemsOf(schema: ListSchema, items: readonly unknown[]): readonly Part[] | undefined {
  if (schema.identity === 'atomic') return undefined;
  return items.map((value) => ({
    segment: itemSegment(schema, value),
    schema: schema.items,
    value,
    isEntry: true,
  }));
}

export function itemSegment(schema: ListSchema, item: unknown): Segment {
  return schema.identity === 'set'
    ? `v:${JSON.stringify(item)}`
    : `k:${JSON.stringify(keysOf(schema, item))}`;
}

/** The fields that a configuration sets, as an apply owns them: leaves, and each entry of a map or keyed list. */
export function fieldsOf(schema: Schema, value: unknown): FieldSet {
  const parts = partsOf(schema, value);
  if (parts === undefined) return MEMBER;
  return withChildren(
    false,
    parts.map((part) => {
      const fields = fieldsOf(part.schema, part.value);
      return [part.segment, part.isEntry || fields.isEmpty ? fields.union(MEMBER) : fields];
    }),
  );
}

export interface Comparison {
  /** Added or modified. */
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

/** What became of each field between two states of an object. */
export function compare(schema: Schema, before: object, after: object): Comparison {
  return compareParts(partsOf(schema, before) ?? [], partsOf(schema, after) ?? [], 0);
}

function compareParts(before: readonly Part[], after: readonly Part[], depth: number): Comparison {
  const old = new Map(before.map((part) => [part.segment, part]));
  const now = new Map(after.map((part) => [part.segment, part]));
  const comparisons = [...new Set([...old.keys(), ...now.keys()])].map(
    (segment) => [segment, comparePart(old.get(segment), now.get(segment), depth + 1)] as const,
  );
  return {
    changed: withChildren(
      false,
      comparisons.map(([segment, { changed }]) => [segment, changed]),
    ),
    removed: withChildren(
      false,
      comparisons.map(([segment, { removed }]) => [segment, removed]),
    ),
  };
}

function comparePart(before: Part | undefined, after: Part | undefined, depth: number): Comparison {
  // `metadata` and `spec` themselves are always there, in Go's structs.
  if (before === undefined && after !== undefined) {
    const all = everythingIn(after.schema, after.value);
    return { changed: depth === 1 ? all.difference(MEMBER) : all, removed: NONE };
  }
  if (before !== undefined && after === undefined) {
    return { changed: NONE, removed: everythingIn(before.schema, before.value) };
  }
  const schema = after?.schema ?? any;
  const oldParts = partsOf(schema, before?.value);
  const newParts = partsOf(schema, after?.value);
  if (oldParts !== undefined && newParts !== undefined) return compareParts(oldParts, newParts, depth);
  return { changed: isDeepStrictEqual(before?.value, after?.value) ? NONE : MEMBER, removed: NONE };
}

function everythingIn(schema: Schema, value: unknown): FieldSet {
  const parts = partsOf(schema, value) ?? [];
  return withChildren(
    true,
    parts.map((part) => [part.segment, everythingIn(part.schema, part.value)]),
  );
}
