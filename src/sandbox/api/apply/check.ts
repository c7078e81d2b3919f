/** What typed merging demands of keyed lists: no two items have the same keys. */
import { isJsonObject } from '../json.ts';
import { idOf, type Path, typedPath } from '../schema/path.ts';
import { childOf, type ListSchema, type Schema } from '../schema/schema.ts';

/** @returns the complaints of a real server, such as `.spec.containers: duplicate entries for key [name="a"]` */
export function listProblems(schema: Schema, value: unknown, path: Path = []): string[] {
  if (schema.kind === 'list' && Array.isArray(value)) {
    const own = schema.identity === 'atomic' ? [] : itemProblems(schema, value, typedPath(path));
    return [
      ...own,
      ...value.flatMap((item, index) => {
        const id = idOf(schema, item);
        return listProblems(schema.items, item, [
          ...path,
          { kind: 'item', index, ...(id === undefined ? {} : { id }) },
        ]);
      }),
    ];
  }
  if (!isJsonObject(value)) return [];
  return Object.entries(value).flatMap(([name, child]) =>
    listProblems(childOf(schema, name), child, [...path, { kind: 'field', name }]),
  );
}

function itemProblems(schema: ListSchema, items: readonly unknown[], at: string): string[] {
  const seen = new Set<string>();
  return items.flatMap((item) => {
    const id = idOf(schema, item) ?? '';
    const repeated = seen.has(id);
    seen.add(id);
    return repeated ? [`${at}: duplicate entries for key ${id}`] : [];
  });
}
