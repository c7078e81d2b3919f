/** Namespaces: the ones that are there from the start, and the end of those that are deleted. */
import { deletePod, deletePolicy } from '../../deletion.ts';
import type { Store } from '../../store.ts';

/** Makes the namespaces that every cluster has. */
export function seedNamespaces(store: Store): void {
  for (const name of ['default', 'kube-system']) {
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
 * gone. Pods leave as if each had been deleted by itself.
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
  for (const pod of store.list('pods', namespace)) {
    if (pod.metadata.deletionTimestamp === undefined) deletePod(store, pod, undefined, now);
  }
  for (const policy of store.list('networkpolicies', namespace)) deletePolicy(store, policy, now);
  removeIfEmpty(store, namespace);
}

function removeIfEmpty(store: Store, name: string): void {
  const namespace = store.get('namespaces', undefined, name);
  if (namespace?.metadata.deletionTimestamp === undefined) return;
  const isEmpty = store.list('pods', name).length === 0 && store.list('networkpolicies', name).length === 0;
  if (isEmpty && (namespace.metadata.finalizers ?? []).length === 0)
    store.remove('namespaces', undefined, name);
}
