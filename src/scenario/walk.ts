/** The way through a YAML document: from a path of keys and indexes to the node there. */
import {
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  type Node,
  type Pair,
  type YAMLMap,
} from 'yaml';

export type DocumentPath = readonly PropertyKey[];

/** A path within a step as it would be at the top level. */
export function withoutStep(path: DocumentPath): DocumentPath {
  return path[0] === 'steps' ? path.slice(2) : path;
}

/** The deepest node that a path leads to, through anchors and merged mappings. */
export function walk(
  yaml: Document,
  path: DocumentPath,
): { readonly node: Node | null; readonly key?: Node; readonly complete: boolean } {
  let node = yaml.contents;
  let key: Node | undefined;
  for (const step of path) {
    const next = stepInto(yaml, node, step);
    if (next === undefined) return { node, complete: false };
    // An empty value has no place of its own worth showing: its key has.
    node = next.node ?? next.key ?? node;
    key = next.key;
  }
  return { node, complete: true, ...(key === undefined ? {} : { key }) };
}

function stepInto(
  yaml: Document,
  from: unknown,
  step: PropertyKey,
): { readonly node: Node | null; readonly key?: Node } | undefined {
  const node = isAlias(from) ? from.resolve(yaml) : from;
  if (isSeq(node)) {
    const item = node.items[Number(step)];
    return isNode(item) ? { node: item } : undefined;
  }
  const pair = isMap(node) ? findPair(yaml, node, String(step)) : undefined;
  if (pair === undefined) return undefined;
  const { value } = pair;
  const empty = isScalar(value) && value.value === null && value.source === '';
  return { node: isNode(value) && !empty ? value : null, ...(isNode(pair.key) ? { key: pair.key } : {}) };
}

function findPair(yaml: Document, map: YAMLMap, key: string): Pair | undefined {
  const own = map.items.find((pair) => textOfKey(pair) === key);
  if (own !== undefined) return own;
  for (const merged of map.items.flatMap((pair) => mergedMaps(yaml, pair))) {
    const found = findPair(yaml, merged, key);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The mappings that a pair merges into its own, as `<<: *name` does; none where it is an ordinary one. */
export function mergedMaps(yaml: Document, pair: Pair): readonly YAMLMap[] {
  if (textOfKey(pair) !== '<<') return [];
  const value = isAlias(pair.value) ? pair.value.resolve(yaml) : pair.value;
  return (isSeq(value) ? value.items : [value]).flatMap((entry) => {
    const merged = isAlias(entry) ? entry.resolve(yaml) : entry;
    return isMap(merged) ? [merged] : [];
  });
}

/** A key as text; undefined where it is a collection. */
export function textOfKey(pair: Pair): string | undefined {
  if (!isScalar(pair.key)) return undefined;
  const { value } = pair.key;
  // The key of a merge is a symbol.
  return typeof value === 'symbol' ? value.description : String(value);
}
