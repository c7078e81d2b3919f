/** Who owns whom. */
import type { ObjectMeta, OwnerReference, StoredObject } from '../../objects.ts';

/** The reference by which an owner keeps what it makes. */
export function ownedBy({ apiVersion, kind, metadata }: StoredObject): OwnerReference[] {
  const { name, uid = '' } = metadata;
  return [{ apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true }];
}

export function controllerOf(metadata: ObjectMeta | undefined): OwnerReference | undefined {
  return metadata?.ownerReferences?.find(({ controller }) => controller === true);
}

/** Whether an object is one of those that an owner has made. */
export function isOwnedBy(owner: StoredObject): (object: StoredObject) => boolean {
  return ({ metadata }) => controllerOf(metadata)?.uid === owner.metadata.uid;
}
