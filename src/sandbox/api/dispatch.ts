/** Who answers what: from method and path to the handler. */
import type { IncomingMessage } from 'node:http';
import type { Api } from './api.ts';
import { discover, versionInfo } from './discovery.ts';
import { isJsonObject, type JsonObject } from './json.ts';
import { apiVersionOf, type Verb } from './kinds/definition.ts';
import type { Kind } from './kinds/kinds.ts';
import type { ObjectName } from './kinds/subresource.ts';
import { OPENAPI_V2_PROTOBUF, openApi } from './openapi.ts';
import { jsonPatch } from './patch/json-patch.ts';
import { mergePatch } from './patch/merge-patch.ts';
import { strategicMergePatch } from './patch/strategic-merge-patch.ts';
import { applyObject } from './requests/apply-object.ts';
import { mediaTypeOf, parseJson, parseYaml, readBody, readObject } from './requests/body.ts';
import { patchObject, replaceObject } from './requests/change-object.ts';
import { createObject } from './requests/create-object.ts';
import { decodeObject } from './requests/decode-object.ts';
import { deleteCollection, deleteObject, readDeleteOptions } from './requests/delete.ts';
import { readBoolean, readWriteOptions } from './requests/options.ts';
import { get, list, shown, type Wishes } from './requests/read.ts';
import { json, other, type Reply, text } from './requests/reply.ts';
import { REVIEW_GROUP, REVIEWS, review } from './requests/reviews.ts';
import { watch } from './requests/watch.ts';
import type { ObjectPlace, WrittenObject } from './requests/written.ts';
import { type Route, routeOf } from './route.ts';
import { badRequest, methodNotAllowed, noSuchPath, unsupportedMediaType } from './status.ts';

/** A request with its address taken apart. */
export interface Call {
  readonly request: IncomingMessage;
  readonly method: string;
  readonly route: Route;
  readonly query: URLSearchParams;
}

export function readCall(request: IncomingMessage): Call {
  const [path = '', query = ''] = (request.url ?? '/').split('?', 2);
  return {
    request,
    method: request.method ?? 'GET',
    route: routeOf(path),
    query: new URLSearchParams(query),
  };
}

/** @throws StatusError */
export async function answer(api: Api, call: Call): Promise<Reply> {
  const { route } = call;
  switch (route.kind) {
    case 'other':
      return answerOther(api, call, route.path);
    case 'collection':
      return answerCollection(api, call, route.of, route.namespace);
    case 'object':
      return route.subresource === undefined || route.subresource === 'status'
        ? answerObject(api, call, { ...route, kind: route.of, subresource: route.subresource })
        : answerSubresource(api, call, route.of, route.subresource, {
            namespace: route.namespace ?? '',
            name: route.name,
          });
  }
}

async function answerOther(api: Api, { request, method }: Call, path: string): Promise<Reply> {
  if (path.startsWith(REVIEW_PATH)) return answerReview(request, method, path);
  const reply = readOther(api, request, path);
  if (reply === undefined) throw noSuchPath();
  if (method !== 'GET' && method !== 'HEAD') throw methodNotAllowed();
  return reply;
}

function readOther(api: Api, request: IncomingMessage, path: string): Reply | undefined {
  switch (path) {
    case '/version':
      return json(200, versionInfo(api.version));
    case '/healthz':
    case '/livez':
    case '/readyz':
      return text(200, 'ok');
    default: {
      if (path === '/openapi/v2' && request.headers.accept?.includes('protobuf') === true)
        return other(200, OPENAPI_V2_PROTOBUF.type, OPENAPI_V2_PROTOBUF.body);
      const document = path.startsWith('/openapi/') ? openApi(path) : discover(path);
      return document === undefined ? undefined : json(200, document);
    }
  }
}

const REVIEW_PATH = `/apis/${apiVersionOf(REVIEW_GROUP)}/`;

async function answerReview(request: IncomingMessage, method: string, path: string): Promise<Reply> {
  const resource = path.split('/').at(-1);
  const asked = REVIEWS.find((one) => one.resource === resource);
  if (asked === undefined) throw noSuchPath();
  if (method !== 'POST') throw methodNotAllowed();
  return review(asked, await readObject(request));
}

function wishesOf({ request, query }: Call): Wishes {
  return { query, accept: request.headers.accept };
}

async function answerCollection(
  api: Api,
  call: Call,
  kind: Kind,
  namespace: string | undefined,
): Promise<Reply> {
  const { method, query, request } = call;
  switch (method) {
    case 'GET':
      return readBoolean(query, 'watch')
        ? watch(api, kind, namespace, wishesOf(call))
        : list(api, kind, namespace, wishesOf(call));
    case 'POST': {
      if (kind.namespaced && namespace === undefined) throw methodNotAllowed();
      assertVerb(kind, 'create');
      const options = readWriteOptions('Create', query, userAgentOf(request));
      const sent = decodeObject(kind, await readObject(request), options.validation);
      return written(api, call, kind, createObject(api, kind, namespace, sent, options));
    }
    case 'DELETE':
      assertVerb(kind, 'deletecollection');
      return deleteCollection(api, kind, namespace, query, await readDeleteOptions(request, query));
    default:
      throw methodNotAllowed();
  }
}

async function answerObject(api: Api, call: Call, target: ObjectPlace): Promise<Reply> {
  const { kind, namespace, name, subresource } = target;
  const { method, query, request } = call;
  if (subresource !== undefined && !kind.hasStatus) throw noSuchPath();
  switch (method) {
    case 'GET':
      return get(api, kind, namespace, name, wishesOf(call));
    case 'PUT': {
      assertVerb(kind, 'update');
      const options = readWriteOptions('Update', query, userAgentOf(request));
      const sent = decodeObject(kind, await readObject(request), options.validation);
      return written(api, call, kind, replaceObject(api, target, sent, options));
    }
    case 'PATCH':
      assertVerb(kind, 'patch');
      return written(api, call, kind, await patch(api, call, target));
    case 'DELETE':
      assertVerb(kind, 'delete');
      if (subresource !== undefined) throw methodNotAllowed();
      return deleteObject(api, kind, namespace, name, await readDeleteOptions(request, query));
    default:
      throw methodNotAllowed();
  }
}

function assertVerb(kind: Kind, verb: Verb): void {
  if (!kind.verbs.includes(verb)) throw methodNotAllowed();
}

function userAgentOf(request: IncomingMessage): string {
  return request.headers['user-agent'] ?? '';
}

function written(api: Api, call: Call, kind: Kind, { object, isNew, warnings }: WrittenObject): Reply {
  return shown(api, kind, isNew ? 201 : 200, object, wishesOf(call), warnings);
}

const APPLY = 'application/apply-patch+yaml';
const PATCHES: Readonly<
  Record<string, (target: ObjectPlace, patch: unknown, object: JsonObject) => unknown>
> = {
  'application/json-patch+json': (_target, patch, object) => jsonPatch(object, patch),
  'application/merge-patch+json': (_target, patch, object) => mergePatch(object, asPatch(patch)),
  'application/strategic-merge-patch+json': ({ kind }, patch, object) =>
    strategicMergePatch(kind.schema, object, asPatch(patch)),
};

function asPatch(patch: unknown): JsonObject {
  if (!isJsonObject(patch)) throw badRequest('error decoding patch: a merge patch is an object');
  return patch;
}

async function patch(api: Api, { request, query }: Call, target: ObjectPlace): Promise<WrittenObject> {
  const type = mediaTypeOf(request);
  const body = await readBody(request);
  if (type === APPLY) {
    const options = readWriteOptions('Apply', query, userAgentOf(request));
    const { value, duplicates } = parseYaml(body);
    return applyObject(api, target, value, duplicates, options);
  }
  const change = Object.hasOwn(PATCHES, type) ? PATCHES[type] : undefined;
  if (change === undefined) throw unsupportedMediaType([...Object.keys(PATCHES), APPLY]);
  const options = readWriteOptions('Patch', query, userAgentOf(request));
  const sent = parseJson(body);
  return patchObject(api, target, (object) => change(target, sent, object), options);
}

function answerSubresource(
  api: Api,
  { request, method, query }: Call,
  kind: Kind,
  name: string,
  address: ObjectName,
): Reply | Promise<Reply> {
  const subresource = kind.subresources.find((one) => one.name === name);
  if (subresource === undefined) throw noSuchPath();
  if (!subresource.verbs.some((verb) => METHODS[verb] === method)) throw methodNotAllowed();
  return subresource.answer(api, address, query, request);
}

const METHODS = { create: 'POST', get: 'GET', patch: 'PATCH', update: 'PUT' } as const;
