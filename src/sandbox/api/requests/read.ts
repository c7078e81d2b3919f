/** Get and list. */
import type { Api } from '../api.ts';
import { textOf } from '../json.ts';
import { apiVersionOf, resourceNameOf } from '../kinds/definition.ts';
import type { AnyObject, Kind } from '../kinds/kinds.ts';
import { createMatcher } from '../selectors.ts';
import { badRequest, notFound, resourceVersionTooLarge } from '../status.ts';
import { includedObject, tableOf, wantsTable } from '../table.ts';
import { json, type Reply } from './reply.ts';

/** What a client says about the form of its answer. */
export interface Wishes {
  readonly query: URLSearchParams;
  readonly accept: string | undefined;
}

/** @throws StatusError NotFound */
export function get(
  api: Api,
  kind: Kind,
  namespace: string | undefined,
  name: string,
  wishes: Wishes,
): Reply {
  const object = api.store.get(kind.resource, namespace, name);
  if (object === undefined) throw notFound(resourceNameOf(kind), name);
  return shown(api, kind, 200, object, wishes);
}

/** An object in the form that the client wishes. */
export function shown(
  api: Api,
  kind: Kind,
  code: number,
  object: AnyObject,
  { query, accept }: Wishes,
  warnings: readonly string[] = [],
): Reply {
  if (!wantsTable(accept)) return json(code, object, warnings);
  const { resourceVersion } = object.metadata;
  return json(code, tableOf(kind, [object], { resourceVersion }, includedObject(query), api.now()), warnings);
}

/**
 * The objects that the selectors let through, as they are now. `limit` is not needed: everything comes at once.
 * @throws StatusError BadRequest for selectors, 504 for a resourceVersion that is not reached
 */
export function list(api: Api, kind: Kind, namespace: string | undefined, { query, accept }: Wishes): Reply {
  if ((query.get('continue') ?? '') !== '')
    throw badRequest('continue key is not valid: lists come in one piece');
  assertReached(api, query);
  const objects = select(api, kind, namespace, query);
  const metadata = { resourceVersion: String(api.store.revision) };
  if (wantsTable(accept))
    return json(200, tableOf(kind, objects, metadata, includedObject(query), api.now()));
  return { kind: 'json', code: 200, body: listText(kind, objects, metadata), warnings: [] };
}

/** @throws StatusError BadRequest */
export function select(
  api: Api,
  kind: Kind,
  namespace: string | undefined,
  query: URLSearchParams,
): AnyObject[] {
  const matches = createMatcher(kind, query.get('labelSelector') ?? '', query.get('fieldSelector') ?? '');
  return api.store.list(kind.resource, namespace).filter(matches);
}

/** Puts a list together from the texts of its objects. */
export function listText(kind: Kind, objects: readonly AnyObject[], metadata: object): Buffer {
  const head = { kind: `${kind.kind}List`, apiVersion: apiVersionOf(kind), metadata };
  const parts = objects.flatMap((object, index) =>
    index === 0 ? [textOf(object)] : [COMMA, textOf(object)],
  );
  return Buffer.concat([Buffer.from(`${JSON.stringify(head).slice(0, -1)},"items":[`), ...parts, END]);
}

const COMMA = Buffer.from(',');
const END = Buffer.from(']}');

/**
 * The resourceVersion of the query; undefined where none is given.
 * @throws StatusError BadRequest, or 504 for one that the server has not reached
 */
export function assertReached(api: Api, query: URLSearchParams): number | undefined {
  const text = query.get('resourceVersion') ?? '';
  if (text === '') return undefined;
  if (!/^\d{1,15}$/.test(text))
    throw badRequest(`Invalid value: ${JSON.stringify(text)}: resourceVersion is a number`);
  const version = Number(text);
  if (version > api.store.revision) throw resourceVersionTooLarge(version, api.store.revision);
  return version;
}
