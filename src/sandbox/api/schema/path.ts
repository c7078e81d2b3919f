/** Places inside an object, and the three ways in which a real API server writes them. */
import { isJsonObject } from '../json.ts';
import type { ListKey, ListSchema } from './schema.ts';

export type PathElement =
  | { readonly kind: 'field'; readonly name: string }
  /** An entry of a map with free keys, such as a label. */
  | { readonly kind: 'entry'; readonly name: string }
  /** `id` is what identifies the item in a list that is not atomic: `[name="a"]`. */
  | { readonly kind: 'item'; readonly index: number; readonly id?: string };

export type Path = readonly PathElement[];

/** As strict decoding writes it: `spec.ingress[0].frm`. */
export function strictPath(path: Path): string {
  return path
    .map((element) => (element.kind === 'item' ? `[${element.index}]` : `.${element.name}`))
    .join('')
    .replace(/^\./, '');
}

/** As typed merging writes it: `.spec.containers[name="a"].frm`. */
export function typedPath(path: Path): string {
  return path
    .map((element) => (element.kind === 'item' ? (element.id ?? `[${element.index}]`) : `.${element.name}`))
    .join('');
}

/** As Go's JSON decoder writes it, which knows struct fields only: `spec.ingress.from`. */
export function goFieldPath(path: Path): string {
  return path.flatMap((element) => (element.kind === 'field' ? [element.name] : [])).join('.');
}

/** The values of an item's key fields in the order of their names. */
export function keysOf(list: ListSchema, item: unknown): Readonly<Record<string, unknown>> {
  const keys = list.keys.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return Object.fromEntries(keys.map((key) => [key.name, keyValue(key, item)]));
}

function keyValue(key: ListKey, item: unknown): unknown {
  return (isJsonObject(item) ? item[key.name] : undefined) ?? key.default ?? '';
}

/** The identity of a list item as paths show it: `[name="a"]`, `[="value"]`; undefined in an atomic list. */
export function idOf(list: ListSchema, item: unknown): string | undefined {
  if (list.identity === 'atomic') return undefined;
  if (list.identity === 'set') return `[=${JSON.stringify(item)}]`;
  const shown = Object.entries(keysOf(list, item)).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  return `[${shown.join(',')}]`;
}
