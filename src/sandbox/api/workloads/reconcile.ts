/** Brings what there is to what objects of a kind ask for, whenever the one or the other changes. */
import type { ObjectOf, ResourceName } from '../kinds/kinds.ts';
import type { Change, Store } from '../store.ts';
import { controllerOf } from './owners.ts';

/**
 * Listens to the store from now on.
 * @param reconcile makes, changes and takes away what one object owns, and writes its status. It is asked again after every change
 * of the object and of what it owns, and after so many milliseconds as it returns
 * @param concernsAll whether a change of something else is one for all objects of the kind
 * @returns a function that ends it
 */
export function runReconciler<Name extends ResourceName>(
  store: Store,
  resource: Name,
  reconcile: (object: ObjectOf[Name]) => number | undefined,
  concernsAll: (change: Change) => boolean = () => false,
): () => void {
  const kind = store.kinds.find((one) => one.resource === resource)?.kind;
  const timers = new Map<string, NodeJS.Timeout>();

  function visit(namespace: string | undefined, name: string): void {
    const key = `${namespace}/${name}`;
    clearTimeout(timers.get(key));
    timers.delete(key);
    const object = store.get(resource, namespace, name);
    if (object === undefined || object.metadata.deletionTimestamp !== undefined) return;
    // In a namespace that ends nothing new is made.
    if (store.get('namespaces', undefined, namespace ?? '')?.metadata.deletionTimestamp !== undefined) return;
    const againMs = reconcile(object);
    if (againMs !== undefined) timers.set(key, setTimeout(visit, againMs, namespace, name));
  }

  const end = store.listen((change) => {
    const { type, object, before } = change;
    if (change.resource === resource) {
      if (type !== 'DELETED') visit(object.metadata.namespace, object.metadata.name);
      return;
    }
    if (concernsAll(change))
      for (const { metadata } of store.list(resource)) visit(metadata.namespace, metadata.name);
    const owners = [controllerOf(object.metadata), controllerOf(before?.metadata)];
    const names = new Set(owners.flatMap((owner) => (owner?.kind === kind ? [owner?.name ?? ''] : [])));
    for (const name of names) visit(object.metadata.namespace, name);
  });
  return () => {
    end();
    for (const timer of timers.values()) clearTimeout(timer);
  };
}
