/** What creating, changing and applying have in common: where an object is written, and who owns what. */
import type { ManagedFields, ObjectMeta } from '../../objects.ts';
import type { ManagerIdentity } from '../apply/managers.ts';
import { apiVersionOf } from '../kinds/definition.ts';
import type { AnyObject, Kind } from '../kinds/kinds.ts';
import { badRequest } from '../status.ts';

/** Where an object is written. */
export interface ObjectPlace {
  readonly kind: Kind;
  readonly namespace: string | undefined;
  readonly name: string;
  readonly subresource: 'status' | undefined;
}

export interface WrittenObject {
  readonly object: AnyObject;
  readonly isNew: boolean;
  /** For the client, as `Warning` headers. */
  readonly warnings: readonly string[];
}

export function withMetadata(object: AnyObject, metadata: ObjectMeta): AnyObject {
  return Object.assign({ ...object }, { metadata });
}

export function withManagedFields(object: AnyObject, managedFields: ManagedFields[]): AnyObject {
  const { managedFields: _before, ...metadata } = object.metadata;
  return withMetadata(object, managedFields.length === 0 ? metadata : { ...metadata, managedFields });
}

export function identityOf(
  kind: Kind,
  operation: ManagerIdentity['operation'],
  manager: string,
  subresource: ObjectPlace['subresource'],
): ManagerIdentity {
  return { manager, operation, apiVersion: apiVersionOf(kind), subresource };
}

/** The part of an object that a request to this address owns: the status is a world of its own. */
export function ownedPart(object: object, subresource: ObjectPlace['subresource']): Record<string, unknown> {
  const { status, ...rest }: Record<string, unknown> = { ...object };
  if (subresource === undefined) return rest;
  return status === undefined ? {} : { status };
}

/** @throws StatusError BadRequest where an object names another address than the request's */
export function assertAddress(
  { namespace, name }: ObjectPlace,
  metadata: { name?: unknown; namespace?: unknown },
): void {
  assertNamespace(namespace, metadata.namespace);
  if (typeof metadata.name !== 'string' || metadata.name === '') {
    throw badRequest(
      `the name of the object (${name} based on URL) was undeterminable: name must be provided`,
    );
  }
  if (metadata.name !== name) {
    throw badRequest(
      `the name of the object (${metadata.name}) does not match the name on the URL (${name})`,
    );
  }
}

/** @throws StatusError BadRequest where an object names another namespace than the request's */
export function assertNamespace(asked: string | undefined, own: unknown): void {
  if (asked !== undefined && typeof own === 'string' && own !== '' && own !== asked) {
    throw badRequest('the namespace of the provided object does not match the namespace sent on the request');
  }
}
