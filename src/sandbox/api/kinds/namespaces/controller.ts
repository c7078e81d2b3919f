/** Namespaces: the ones that are there from the start, and the end of those that are deleted. */
import { deleteFrom } from '../../deletion.ts';
import type { Store } from '../../store.ts';

/** The namespaces that every cluster has. They stay. */
export const FIRST_NAMESPACES: readonly string[] = [
  'default',
  'kube-system',
  'kube-public',
  'kube-node-lease',
];

export function seedNamespaces(store: Store): void {
  for (const name of FIRST_NAMESPACES) {
    store.create('namespaces', {
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { 'kubernetes.io/metadata.name': name } },
      status: { phase: 'Active' },
    });
  }
}

/**
 * Empties namespaces that are being deleted, and takes them away once nothing is left in them and their finalizers are
 * gone. What is in them leaves as if each object had been deleted by itself.
 * @param now the wall clock
 * @returns a function that ends it
 */
export function runNamespaces(store: Store, now: () => Date): () => void {
  return store.listen(({ type, object }) => {
    if (object.kind === 'Namespace') {
      if (type !== 'DELETED' && object.metadata.deletionTimestamp !== undefined)
        empty(store, object.metadata.name, now());
    } else if (type === 'DELETED' && object.metadata.namespace !== undefined) {
      removeIfEmpty(store, object.metadata.namespace);
    }
  });
}

function empty(store: Store, namespace: string, now: Date): void {
  for (const kind of store.kinds) {
    if (!kind.namespaced) continue;
    for (const object of store.list(kind.resource, namespace)) {
      if (object.metadata.deletionTimestamp === undefined) deleteFrom(store, kind, object, undefined, now);
    }
  }
  removeIfEmpty(store, namespace);
}

function removeIfEmpty(store: Store, name: string): void {
  const namespace = store.get('namespaces', undefined, name);
  if (namespace?.metadata.deletionTimestamp === undefined) return;
  const isEmpty = store.kinds.every(
    ({ namespaced, resource }) => !namespaced || store.list(resource, name).length === 0,
  );
  if (isEmpty && (namespace.metadata.finalizers ?? []).length === 0)
    store.remove('namespaces', undefined, name);
}
