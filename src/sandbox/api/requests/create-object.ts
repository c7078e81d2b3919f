/** Storing a new object. */
import type { ManagedFields, ObjectMeta } from '../../objects.ts';
import type { Api } from '../api.ts';
import { afterUpdate, encodeManagers } from '../apply/managers.ts';
import { kindNameOf, resourceNameOf } from '../kinds/definition.ts';
import type { AnyObject, Kind } from '../kinds/kinds.ts';
import { alreadyExists, badRequest, forbidden, invalid, notFound } from '../status.ts';
import { timestampOf } from '../time.ts';
import type { DecodedObject } from './decode-object.ts';
import type { WriteOptions } from './options.ts';
import {
  assertNamespace,
  identityOf,
  ownedPart,
  type WrittenObject,
  withManagedFields,
  withMetadata,
} from './written.ts';

/**
 * Stores what a POST sent.
 * @throws StatusError as a real server would: NotFound for the namespace, Forbidden in one that is terminating, Invalid,
 * AlreadyExists, BadRequest
 */
export function createObject(
  api: Api,
  kind: Kind,
  namespace: string | undefined,
  sent: DecodedObject,
  options: WriteOptions,
): WrittenObject {
  const ready = prepareNew(api, kind, namespace, sent.object);
  const who = identityOf(kind, 'Update', options.manager, undefined);
  const managers = afterUpdate(kind.schema, {}, ownedPart(ready, undefined), [], who, timestampOf(api.now()));
  return {
    object: insert(api, kind, ready, encodeManagers(managers), options),
    isNew: true,
    warnings: sent.warnings,
  };
}

/**
 * A new object with its address, name, defaults and initial status, checked.
 * @throws StatusError like {@link createObject}
 */
export function prepareNew(
  api: Api,
  kind: Kind,
  namespace: string | undefined,
  object: AnyObject,
): AnyObject {
  assertNamespace(namespace, object.metadata.namespace);
  const { resourceVersion } = object.metadata;
  if (resourceVersion !== undefined && resourceVersion !== '') {
    throw badRequest('resourceVersion should not be set on objects to be created');
  }
  if (kind.namespaced && namespace !== undefined)
    assertNamespaceIsOpen(api, kind, namespace, object.metadata.name);
  const metadata = newMetadata(api, kind, namespace, object.metadata);
  const ready = kind.initial(kind.withDefaults(withMetadata(object, metadata)));
  const wrong = kind.problems(ready);
  const problems = wrong.length > 0 ? wrong : (kind.conflicts?.(ready, api.store) ?? []);
  if (problems.length > 0) throw invalid(kindNameOf(kind), ready.metadata.name, problems);
  return kind.allocate?.(ready, undefined, api.store) ?? ready;
}

/** What users say about a new object, with the name that `generateName` asks for. */
function newMetadata(api: Api, kind: Kind, namespace: string | undefined, sent: ObjectMeta): ObjectMeta {
  const { name: given, generateName = '' } = sent;
  const name = given === '' && generateName !== '' ? `${generateName}${api.newSuffix()}` : given;
  const users = ['generateName', 'labels', 'annotations', 'ownerReferences', 'finalizers'];
  return {
    name,
    ...(kind.namespaced && namespace !== undefined ? { namespace } : {}),
    ...(kind.countsGenerations ? { generation: 1 } : {}),
    ...Object.fromEntries(Object.entries(sent).filter(([field]) => users.includes(field))),
  };
}

function assertNamespaceIsOpen(api: Api, kind: Kind, namespace: string, name: string): void {
  const found = api.store.get('namespaces', undefined, namespace);
  if (found === undefined) throw notFound({ group: '', name: 'namespaces' }, namespace);
  if (found.metadata.deletionTimestamp === undefined) return;
  const why = `unable to create new content in namespace ${namespace} because it is being terminated`;
  const message = `namespace ${namespace} is being terminated`;
  throw forbidden(resourceNameOf(kind), name, why, [
    { reason: 'NamespaceTerminating', message, field: 'metadata.namespace' },
  ]);
}

/** Stores a prepared object, or for a dry run says what would be stored. @throws StatusError AlreadyExists */
export function insert(
  api: Api,
  kind: Kind,
  object: AnyObject,
  managedFields: ManagedFields[],
  options: WriteOptions,
): AnyObject {
  const owned = withManagedFields(object, managedFields);
  if (!options.isDryRun) return api.store.create(kind.resource, owned);
  const { namespace, name } = owned.metadata;
  if (api.store.get(kind.resource, namespace, name) !== undefined)
    throw alreadyExists(resourceNameOf(kind), name);
  return withMetadata(owned, { ...owned.metadata, creationTimestamp: timestampOf(api.now()) });
}
