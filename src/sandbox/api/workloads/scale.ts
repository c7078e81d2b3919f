/** The subresource `scale`: how many pods an object wants, and has. */
import type { IncomingMessage } from 'node:http';
import type { StoredObject } from '../../objects.ts';
import type { LabelSelector } from '../../selectors.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
import type { Subresource } from '../kinds/subresource.ts';
import { jsonPatch } from '../patch/json-patch.ts';
import { mergePatch } from '../patch/merge-patch.ts';
import { mediaTypeOf, parseJson, readBody, readObject } from '../requests/body.ts';
import { patchObject } from '../requests/change-object.ts';
import { readWriteOptions } from '../requests/options.ts';
import { json } from '../requests/reply.ts';
import { selectorText } from '../selector-text.ts';
import { badRequest, notFound, unsupportedMediaType } from '../status.ts';

const GROUP = { group: 'autoscaling', version: 'v1' };

/** @param resource whose objects have `spec.replicas` and `status.replicas` */
export function scaleOf(resource: string): Subresource {
  return {
    name: 'scale',
    kind: 'Scale',
    of: GROUP,
    verbs: ['get', 'patch', 'update'],
    async answer(api, { namespace, name }, query, request) {
      const change = request.method === 'GET' ? undefined : await readChange(request);
      const kind = api.store.kinds.find((one) => one.resource === resource);
      const live = kind === undefined ? undefined : api.store.get(kind.resource, namespace, name);
      if (kind === undefined || live === undefined)
        throw notFound({ group: kind?.group ?? '', name: resource }, name);
      if (change === undefined) return json(200, scaleOfObject(live));
      const { replicas, resourceVersion } = readScale(change(scaleOfObject(live)));
      const options = readWriteOptions('Update', query, request.headers['user-agent'] ?? '');
      const { object } = patchObject(
        api,
        { kind, namespace, name, subresource: undefined },
        ({ metadata, spec, ...rest }) => ({
          ...rest,
          metadata: { ...asObject(metadata), resourceVersion },
          spec: { ...asObject(spec), replicas },
        }),
        options,
      );
      return json(200, scaleOfObject(object));
    },
  };
}

/** What a Scale reads of an object. */
interface Scalable {
  readonly spec?: { readonly replicas?: number; readonly selector?: LabelSelector };
  readonly status?: { readonly replicas?: number };
}

function scaleOfObject(object: StoredObject): JsonObject {
  const { spec = {}, status = {} } = object as Scalable; // only such kinds have the subresource
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata;
  return {
    kind: 'Scale',
    apiVersion: `${GROUP.group}/${GROUP.version}`,
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: spec.replicas ?? 0 },
    status: { replicas: status.replicas ?? 0, selector: selectorText(spec.selector ?? {}) },
  };
}

/** What a request makes of a Scale. */
async function readChange(request: IncomingMessage): Promise<(scale: JsonObject) => unknown> {
  if (request.method === 'PUT') {
    const sent = await readObject(request);
    return () => sent;
  }
  const type = mediaTypeOf(request);
  const sent = parseJson(await readBody(request));
  switch (type) {
    case 'application/json-patch+json':
      return (scale) => jsonPatch(scale, sent);
    // No list of a Scale is merged by its keys.
    case 'application/merge-patch+json':
    case 'application/strategic-merge-patch+json':
      return (scale) => mergePatch(scale, asObject(sent));
    default:
      throw unsupportedMediaType(['application/json-patch+json', 'application/merge-patch+json']);
  }
}

function readScale(sent: unknown): { readonly replicas: number; readonly resourceVersion: unknown } {
  const { metadata, spec } = asObject(sent);
  const { replicas = 0 } = asObject(spec);
  if (typeof replicas !== 'number' || !Number.isInteger(replicas))
    throw badRequest('spec.replicas of a Scale is a whole number');
  return { replicas, resourceVersion: asObject(metadata)['resourceVersion'] };
}

function asObject(value: unknown): JsonObject {
  return isJsonObject(value) ? value : {};
}
