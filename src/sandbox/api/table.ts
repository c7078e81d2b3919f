/** Answers as tables, which `kubectl get` asks for. */
import type { JsonObject } from './json.ts';
import type { AnyObject, Kind } from './kinds/kinds.ts';

/** How much of each object a row carries. */
export type Included = 'Metadata' | 'Object' | 'None';

/** Reads `includeObject` of the query. */
export function includedObject(query: URLSearchParams): Included {
  const asked = query.get('includeObject');
  return asked === 'Object' || asked === 'None' ? asked : 'Metadata';
}

/** Says whether a client's first choice among what the server can produce is a table. */
export function wantsTable(accept: string | undefined): boolean {
  for (const choice of (accept ?? '').split(',')) {
    const [type, ...parameters] = choice.split(';').map((part) => part.trim());
    if (type !== 'application/json' && type !== '*/*' && type !== 'application/*') continue;
    const as = parameters.find((parameter) => parameter.startsWith('as='));
    if (as === undefined) return false;
    if (as === 'as=Table' && parameters.includes('g=meta.k8s.io')) return true;
  }
  return false;
}

/**
 * A table of objects of one kind.
 * @param metadata the list's
 * @param withColumns false for the later events of a watch, which need no heading
 */
export function tableOf(
  kind: Kind,
  objects: readonly AnyObject[],
  metadata: JsonObject,
  included: Included,
  now: Date,
  withColumns = true,
): JsonObject {
  return {
    kind: 'Table',
    apiVersion: 'meta.k8s.io/v1',
    metadata,
    columnDefinitions: withColumns ? kind.columns : [],
    rows: objects.map((object) => ({ cells: kind.cells(object, now), object: rowObject(object, included) })),
  };
}

function rowObject(object: AnyObject, included: Included): unknown {
  if (included === 'Object') return object;
  if (included === 'None') return undefined;
  return { kind: 'PartialObjectMetadata', apiVersion: 'meta.k8s.io/v1', metadata: object.metadata };
}
