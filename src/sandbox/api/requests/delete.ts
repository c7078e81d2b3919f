/** Delete and deletecollection. */
import type { IncomingMessage } from 'node:http';
import type { Api } from '../api.ts';
import { deleteFrom } from '../deletion.ts';
import { deleteInForeground, orphanDependents } from '../garbage.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
import { resourceNameOf } from '../kinds/definition.ts';
import type { AnyObject, Kind } from '../kinds/kinds.ts';
import { badRequest, conflict, invalid, notFound } from '../status.ts';
import { notSupported } from '../validate/fields.ts';
import { mediaTypeOf, parseJson, parseYaml, readBody } from './body.ts';
import { dryRunProblems } from './options.ts';
import { listText, select } from './read.ts';
import { json, type Reply, success } from './reply.ts';

export interface DeleteOptions {
  /** Undefined: what the object asks for. */
  readonly graceSeconds: number | undefined;
  readonly isDryRun: boolean;
  /** Preconditions; undefined where the client has none. */
  readonly uid: string | undefined;
  readonly resourceVersion: string | undefined;
  /** What becomes of the objects that it owns. */
  readonly propagation: Propagation;
}

const PROPAGATIONS = ['Background', 'Foreground', 'Orphan'] as const;
type Propagation = (typeof PROPAGATIONS)[number];

/**
 * Options in the body or, where it is empty, in the query.
 * @throws StatusError BadRequest, Invalid
 */
export async function readDeleteOptions(
  request: IncomingMessage,
  query: URLSearchParams,
): Promise<DeleteOptions> {
  const text = await readBody(request);
  const parse =
    mediaTypeOf(request) === 'application/yaml' ? (body: string) => parseYaml(body).value : parseJson;
  const sent = text === '' ? fromQuery(query) : parse(text);
  if (!isJsonObject(sent)) throw badRequest('the body of the request is not a DeleteOptions object');
  const { gracePeriodSeconds: grace, preconditions, dryRun } = sent;
  if (grace !== undefined && grace !== null && (typeof grace !== 'number' || !Number.isInteger(grace))) {
    throw badRequest('gracePeriodSeconds is a whole number of seconds');
  }
  const dryRuns = [...query.getAll('dryRun'), ...(Array.isArray(dryRun) ? dryRun : [])];
  const asked = sent['propagationPolicy'] ?? (sent['orphanDependents'] === true ? 'Orphan' : 'Background');
  const propagation = PROPAGATIONS.find((one) => one === asked);
  const problems = [
    ...dryRunProblems(dryRuns),
    ...(propagation === undefined ? [notSupported('propagationPolicy', asked, PROPAGATIONS)] : []),
  ];
  if (problems.length > 0) throw invalid({ group: 'meta.k8s.io', name: 'DeleteOptions' }, '', problems);
  const { uid, resourceVersion } = isJsonObject(preconditions) ? preconditions : {};
  return {
    graceSeconds: typeof grace === 'number' ? Math.max(0, grace) : undefined,
    isDryRun: dryRuns.length > 0,
    uid: typeof uid === 'string' ? uid : undefined,
    resourceVersion: typeof resourceVersion === 'string' ? resourceVersion : undefined,
    propagation: propagation ?? 'Background',
  };
}

function fromQuery(query: URLSearchParams): JsonObject {
  const grace = query.get('gracePeriodSeconds') ?? '';
  const propagation = query.get('propagationPolicy') ?? '';
  return {
    ...(grace === '' ? {} : { gracePeriodSeconds: Number(grace) }),
    ...(propagation === '' ? {} : { propagationPolicy: propagation }),
  };
}

/** @throws StatusError NotFound, Conflict for preconditions, Forbidden for what stays */
export function deleteObject(
  api: Api,
  kind: Kind,
  namespace: string | undefined,
  name: string,
  options: DeleteOptions,
): Reply {
  const object = api.store.get(kind.resource, namespace, name);
  if (object === undefined) throw notFound(resourceNameOf(kind), name);
  assertPreconditions(kind, object, options);
  const left = remove(api, kind, object, options);
  if (left !== undefined) return json(200, left);
  const { group, resource } = kind;
  const uid = object.metadata.uid ?? '';
  return success({ name, ...(group === '' ? {} : { group }), kind: resource, uid });
}

/** Deletes what the selectors let through; answers with the list of it. @throws StatusError */
export function deleteCollection(
  api: Api,
  kind: Kind,
  namespace: string | undefined,
  query: URLSearchParams,
  options: DeleteOptions,
): Reply {
  const objects = select(api, kind, namespace, query);
  for (const object of objects) remove(api, kind, object, options);
  const metadata = { resourceVersion: String(api.store.revision) };
  return { kind: 'json', code: 200, body: listText(kind, objects, metadata), warnings: [] };
}

function assertPreconditions(
  kind: Kind,
  { metadata }: AnyObject,
  { uid, resourceVersion }: DeleteOptions,
): void {
  const fail = (what: string, asked: string, found: string | undefined): Error =>
    conflict(
      resourceNameOf(kind),
      metadata.name,
      `the ${what} in the precondition (${asked}) does not match the ${what} in record (${found}). The object might have been deleted and then recreated`,
    );
  if (uid !== undefined && uid !== metadata.uid) throw fail('UID', uid, metadata.uid);
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    throw fail('ResourceVersion', resourceVersion, metadata.resourceVersion);
  }
}

/** @returns what the answer shows. @throws StatusError Forbidden */
function remove(
  api: Api,
  kind: Kind,
  object: AnyObject,
  { graceSeconds, isDryRun, propagation }: DeleteOptions,
): AnyObject | undefined {
  const { deletion } = kind;
  deletion.assertAllowed(object);
  if (!isDryRun) {
    const held =
      propagation === 'Foreground' ? deleteInForeground(api.store, kind, object, api.now()) : undefined;
    if (held !== undefined) return held;
    if (propagation === 'Orphan') orphanDependents(api.store, object);
    return deleteFrom(api.store, kind, object, graceSeconds, api.now());
  }
  if (deletion.isFree(object) && !deletion.isShown) return undefined;
  return deletion.marked(object, graceSeconds, api.now());
}
