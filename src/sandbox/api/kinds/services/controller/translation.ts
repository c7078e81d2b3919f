/** Brings the Services in the store into force on every node, as kube-proxy does. */
import { familiesOf, type NodePlan } from '../../../../dataplane/addresses.ts';
import { noServices, translationsFor } from '../../../../dataplane/services.ts';
import { changedTables, type NodeTable, replaceTables } from '../../../../dataplane/table.ts';
import type { Store } from '../../../store.ts';

export interface ServiceTranslation {
  /** Resolves when what the store holds now is in force on all nodes. */
  inForce(): Promise<void>;
}

export interface TranslationDependencies {
  readonly store: Store;
  readonly nodes: readonly NodePlan[];
  /** Carries out transactions on a node that has {@link noServices} from the start. */
  readonly enforce: (node: string, transactions: readonly string[]) => Promise<void>;
  /** Called when a node translates all Services and EndpointSlices as they are at a revision, that of the newest of them. */
  readonly onCommit: (node: string, revision: number) => void;
  /** Called when a node does not take its table. What is in force is then unknown: the sandbox must end. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Listens to the store from now on. Changes that come while a transaction runs end up together in the next one, and nodes whose
 * table stays the same are left alone.
 */
export function translateServices(dependencies: TranslationDependencies): ServiceTranslation {
  const { store, nodes, enforce, onCommit, onFailure } = dependencies;
  const none: readonly NodeTable[] = noServices(familiesOf(nodes));
  const inForce = new Map(nodes.map(({ name }) => [name, none]));
  const waiting = new Set<{ readonly revision: number; readonly resolve: () => void }>();
  let newest = store.revision;
  let committed = -1;
  let isWorking = false;

  async function catchUp(): Promise<void> {
    isWorking = true;
    while (committed < newest) {
      // Whatever changes in the same breath belongs to the same transaction.
      await new Promise(setImmediate);
      const revision = newest;
      const tables = translationsFor(nodes, {
        services: store.list('services'),
        slices: store.list('endpointslices'),
      });
      await Promise.all(nodes.map(({ name }) => commit(name, tables.get(name) ?? none, revision)));
      committed = revision;
      for (const waiter of waiting)
        if (waiter.revision <= committed && waiting.delete(waiter)) waiter.resolve();
    }
    isWorking = false;
  }

  async function commit(node: string, after: readonly NodeTable[], revision: number): Promise<void> {
    const before = inForce.get(node) ?? none;
    const changed = changedTables(before, after);
    if (changed.length > 0) await enforce(node, replaceTables(before, changed));
    inForce.set(node, after);
    onCommit(node, revision);
  }

  function wake(): void {
    if (!isWorking) catchUp().catch(onFailure);
  }

  store.listen(({ resource, revision }) => {
    if (resource !== 'services' && resource !== 'endpointslices') return;
    newest = revision;
    wake();
  });
  wake();
  return {
    inForce: () =>
      new Promise((resolve) => {
        if (committed >= newest) resolve();
        else waiting.add({ revision: newest, resolve });
      }),
  };
}
