/** The columns of tables, as `kubectl get` shows them. */
import type { StoredObject } from '../../objects.ts';
import { ageOf } from '../time.ts';
import type { Definition } from './definition.ts';

/** What a table says about a column. */
export interface Column {
  readonly name: string;
  readonly type: 'string';
  readonly format: '' | 'name';
  readonly description: string;
  /** 0 is always shown, 1 with `-o wide`. */
  readonly priority: 0 | 1;
}

type CellOf<Object> = (object: Object, now: Date) => string;

/** A column with what stands in it. */
export interface FilledColumn<Object> {
  readonly column: Column;
  readonly cellOf: CellOf<Object>;
}

/** The part of a definition that says how its objects stand in a table. */
export function inColumns<Object extends StoredObject>(
  ...columns: readonly FilledColumn<Object>[]
): Pick<Definition<string, Object>, 'columns' | 'cells'> {
  return {
    columns: columns.map(({ column }) => column),
    cells: (object, now) => columns.map(({ cellOf }) => cellOf(object, now)),
  };
}

export function column<Object>(
  name: string,
  description: string,
  cellOf: CellOf<Object>,
): FilledColumn<Object> {
  return { column: { name, type: 'string', format: '', description, priority: 0 }, cellOf };
}

/** A column that only `-o wide` shows. */
export function wideColumn<Object>(
  name: string,
  description: string,
  cellOf: CellOf<Object>,
): FilledColumn<Object> {
  return { column: { name, type: 'string', format: '', description, priority: 1 }, cellOf };
}

export const nameColumn: FilledColumn<StoredObject> = {
  column: {
    name: 'Name',
    type: 'string',
    format: 'name',
    description: 'The name, unique within a namespace',
    priority: 0,
  },
  cellOf: ({ metadata }) => metadata.name,
};

export const ageColumn: FilledColumn<StoredObject> = column(
  'Age',
  'The time since the object was created',
  ({ metadata }, now) => ageOf(metadata.creationTimestamp, now),
);
