/** Changing an object that is there: replace and patch. */
import { isDeepStrictEqual } from 'node:util';
import type { ManagedFields, ObjectMeta } from '../../objects.ts';
import type { Api } from '../api.ts';
import { afterUpdate, decodeManagers, encodeManagers } from '../apply/managers.ts';
import { isJsonObject, type JsonObject } from '../json.ts';
import { kindNameOf, resourceNameOf } from '../kinds/definition.ts';
import type { AnyObject, Kind } from '../kinds/kinds.ts';
import { conflict, invalid, notFound } from '../status.ts';
import { timestampOf } from '../time.ts';
import { invalidValue } from '../validate/fields.ts';
import { type DecodedObject, decodeWith } from './decode-object.ts';
import type { WriteOptions } from './options.ts';
import {
  assertAddress,
  identityOf,
  type ObjectPlace,
  ownedPart,
  type WrittenObject,
  withManagedFields,
  withMetadata,
} from './written.ts';

/**
 * Replaces an object by what a PUT sent.
 * @throws StatusError NotFound, Conflict for an outdated resourceVersion, Invalid, BadRequest
 */
export function replaceObject(
  api: Api,
  target: ObjectPlace,
  sent: DecodedObject,
  options: WriteOptions,
): WrittenObject {
  const live = find(api, target);
  return { object: update(api, target, live, sent.object, options), isNew: false, warnings: sent.warnings };
}

/**
 * Changes an object by what `patch` makes of its JSON.
 * @throws StatusError NotFound, Conflict, Invalid, BadRequest, and what `patch` throws
 */
export function patchObject(
  api: Api,
  target: ObjectPlace,
  patch: (object: JsonObject) => unknown,
  options: WriteOptions,
): WrittenObject {
  const live = find(api, target);
  const patched = patch({ ...live });
  const sent = decodeWith(target.kind, isJsonObject(patched) ? patched : {}, options.validation, (why) =>
    invalid({ group: '', name: '' }, '', [invalidValue('patch', JSON.stringify(patched), why)]),
  );
  return { object: update(api, target, live, sent.object, options), isNew: false, warnings: sent.warnings };
}

function find(api: Api, { kind, namespace, name }: ObjectPlace): AnyObject {
  const live = api.store.get(kind.resource, namespace, name);
  if (live === undefined) throw notFound(resourceNameOf(kind), name);
  return live;
}

/**
 * Brings a proposed object into the form in which it may follow the live one, checks it, and stores it.
 * @param applied the managers that a server-side apply leaves; otherwise they follow from what changes
 * @throws StatusError Conflict, Invalid, BadRequest
 */
export function update(
  api: Api,
  target: ObjectPlace,
  live: AnyObject,
  proposed: AnyObject,
  options: WriteOptions,
  applied?: ManagedFields[],
): AnyObject {
  const { kind, name } = target;
  assertAddress(target, proposed.metadata);
  assertCurrent(kind, live, proposed.metadata);
  const next = countGeneration(kind, kind.withDefaults(successor(target, live, proposed), live), live);
  const problems = kind.updateProblems(next, live);
  if (problems.length > 0) throw invalid(kindNameOf(kind), name, problems);
  const whole = kind.allocate?.(next, live, api.store) ?? next;
  const managedFields =
    applied ?? managersAfter(api, target, live, whole, proposed.metadata.managedFields, options);
  return put(api, target, withManagedFields(whole, managedFields), options);
}

function assertCurrent(kind: Kind, live: AnyObject, { uid, resourceVersion }: ObjectMeta): void {
  const { name } = live.metadata;
  if (uid !== undefined && uid !== '' && uid !== live.metadata.uid) {
    const why = `Precondition failed: UID in precondition: ${uid}, UID in object meta: ${live.metadata.uid}`;
    throw conflict(resourceNameOf(kind), name, why);
  }
  if (
    resourceVersion === undefined ||
    resourceVersion === '' ||
    resourceVersion === live.metadata.resourceVersion
  ) {
    return;
  }
  const why = 'the object has been modified; please apply your changes to the latest version and try again';
  throw conflict(resourceNameOf(kind), name, why);
}

/** The live object with what the request may change: the status, or everything but the status. */
function successor({ subresource }: ObjectPlace, live: AnyObject, proposed: AnyObject): AnyObject {
  const [from, status] = subresource === undefined ? [proposed, live.status] : [live, proposed.status];
  const { status: _status, ...rest } = from;
  const metadata =
    subresource === undefined ? keepSystemMetadata(proposed.metadata, live.metadata) : live.metadata;
  // The parts are of one kind: they were decoded by its schema.
  return { ...rest, metadata, ...(status === undefined ? {} : { status }) } as AnyObject;
}

const SYSTEM_METADATA = [
  'name',
  'generateName',
  'namespace',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'deletionGracePeriodSeconds',
] as const;

/** The proposed metadata with the live object's for what users do not set. */
function keepSystemMetadata(proposed: ObjectMeta, live: ObjectMeta): ObjectMeta {
  const users = Object.entries(proposed).filter(([name]) => !SYSTEM_METADATA.some((one) => one === name));
  const system = SYSTEM_METADATA.flatMap((name) =>
    live[name] === undefined ? [] : [[name, live[name]] as const],
  );
  return { name: live.name, ...Object.fromEntries(system), ...Object.fromEntries(users) };
}

function countGeneration(kind: Kind, next: AnyObject, live: AnyObject): AnyObject {
  if (!kind.countsGenerations || isDeepStrictEqual(next.spec, live.spec)) return next;
  return withMetadata(next, { ...next.metadata, generation: (live.metadata.generation ?? 0) + 1 });
}

/** Who sends managedFields decides about them: an empty list forgets all, none at all leaves them as they are. */
function managersAfter(
  api: Api,
  { kind, subresource }: ObjectPlace,
  live: AnyObject,
  next: AnyObject,
  sent: unknown,
  options: WriteOptions,
): ManagedFields[] {
  const managers = decodeManagers(sent ?? live.metadata.managedFields);
  const who = identityOf(kind, 'Update', options.manager, subresource);
  const [before, after] = [ownedPart(live, subresource), ownedPart(next, subresource)];
  return encodeManagers(afterUpdate(kind.schema, before, after, managers, who, timestampOf(api.now())));
}

/** Stores the object, or takes it away where it was deleted before and nothing holds it any more. */
function put(
  api: Api,
  { kind, namespace, name }: ObjectPlace,
  object: AnyObject,
  options: WriteOptions,
): AnyObject {
  if (options.isDryRun) return object;
  const isDeleted = object.metadata.deletionTimestamp !== undefined;
  if (isDeleted && kind.deletion.isFree(object)) {
    api.store.remove(kind.resource, namespace, name);
    return object;
  }
  return api.store.update(kind.resource, namespace, name, () => object) ?? object;
}
