/** Sets of fields, as `metadata.managedFields` keeps them (FieldsV1): a tree of path segments, some of which are members. */
import { isJsonObject, type JsonObject } from '../json.ts';

/**
 * `f:name` is a field or map entry, `k:{"name":"a"}` an item known by its keys, `v:"a"` an item known by its value.
 */
export type Segment = string;

const EMPTY: ReadonlyMap<Segment, FieldSet> = new Map();

/** A node of the tree. Never changes. */
export class FieldSet {
  /** Whether the path that leads here belongs to the set; its descendants may belong without it. */
  readonly member: boolean;
  readonly children: ReadonlyMap<Segment, FieldSet>;

  constructor(member = false, children: ReadonlyMap<Segment, FieldSet> = EMPTY) {
    this.member = member;
    this.children = children;
  }

  get isEmpty(): boolean {
    return !this.member && this.children.size === 0;
  }

  child(segment: Segment): FieldSet {
    return this.children.get(segment) ?? NONE;
  }

  union(other: FieldSet): FieldSet {
    return this.#combine(other, (mine, theirs) => mine || theirs);
  }

  intersection(other: FieldSet): FieldSet {
    return this.#combine(other, (mine, theirs) => mine && theirs);
  }

  /** The members of this set that are not members of the other. */
  difference(other: FieldSet): FieldSet {
    return this.#combine(other, (mine, theirs) => mine && !theirs);
  }

  equals(other: FieldSet): boolean {
    return this.difference(other).isEmpty && other.difference(this).isEmpty;
  }

  /** The members' paths, parents first. */
  *paths(prefix: readonly Segment[] = []): Generator<readonly Segment[]> {
    if (this.member) yield prefix;
    for (const [segment, child] of this.children) yield* child.paths([...prefix, segment]);
  }

  /** Without everything at and under a path. */
  without([segment, ...rest]: readonly [Segment, ...Segment[]]): FieldSet {
    const child = this.children.get(segment);
    if (child === undefined) return this;
    const [next, ...further] = rest;
    const kept = next === undefined ? NONE : child.without([next, ...further]);
    return withChildren(
      this.member,
      [...this.children].map(([name, one]) => [name, name === segment ? kept : one]),
    );
  }

  #combine(other: FieldSet, decide: (mine: boolean, theirs: boolean) => boolean): FieldSet {
    const segments = new Set([...this.children.keys(), ...other.children.keys()]);
    return withChildren(
      decide(this.member, other.member),
      [...segments].map((segment) => [segment, this.child(segment).#combine(other.child(segment), decide)]),
    );
  }

  toFieldsV1(): JsonObject {
    const children = [...this.children].toSorted(([a], [b]) => (a < b ? -1 : 1));
    if (children.length === 0) return {};
    const own: [string, unknown][] = this.member ? [['.', {}]] : [];
    return Object.fromEntries([
      ...own,
      ...children.map(([segment, child]) => [segment, child.toFieldsV1()] as const),
    ]);
  }
}

export const NONE = new FieldSet();
export const MEMBER = new FieldSet(true);

/** A node over children, of which the empty ones are left out. */
export function withChildren(member: boolean, children: readonly (readonly [Segment, FieldSet])[]): FieldSet {
  return new FieldSet(member, new Map(children.filter(([, child]) => !child.isEmpty)));
}

export function fromFieldsV1(fields: unknown): FieldSet {
  const entries = isJsonObject(fields) ? Object.entries(fields) : [];
  return withChildren(
    entries.length === 0 || entries.some(([segment]) => segment === '.'),
    entries.filter(([segment]) => segment !== '.').map(([segment, child]) => [segment, fromFieldsV1(child)]),
  );
}

/** A path as conflict messages write it: `.spec.containers[name="a"].image`. */
export function pathText(path: readonly Segment[]): string {
  return path.map(segmentText).join('');
}

function segmentText(segment: Segment): string {
  const content = segment.slice(2);
  if (segment.startsWith('f:')) return `.${content}`;
  if (segment.startsWith('v:')) return `[=${content}]`;
  const keys: unknown = JSON.parse(content);
  return `[${Object.entries(isJsonObject(keys) ? keys : {})
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`)
    .join(',')}]`;
}
