/** Brings the Services in the store into force on every node, as kube-proxy does. */
import { familiesOf, type NodePlan } from '../../../../dataplane/addresses.ts';
import { noServices, translationsFor } from '../../../../dataplane/services.ts';
import { changedTables, type NodeTable, replaceTables } from '../../../../dataplane/table.ts';
import type { Change, Store } from '../../../store.ts';
import { faultsOf } from '../../nodes/faults.ts';

export interface ServiceTranslation {
  /** Resolves when what the store holds now is in force on all nodes but those that are told to be late. */
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
 * table stays the same are left alone. A node that is told to be late takes each up that much later, and nobody waits for it.
 */
export function translateServices(dependencies: TranslationDependencies): ServiceTranslation {
  const { store, nodes, enforce, onCommit, onFailure } = dependencies;
  const none: readonly NodeTable[] = noServices(familiesOf(nodes));
  const known = new Map(nodes.map(({ name }) => [name, new KnownTables(none)]));
  const waiting = new Set<{ readonly revision: number; readonly resolve: () => void }>();
  let newest = store.revision;
  let committed = -1;
  /** Whether a node is not late any more. */
  let isOverdue = false;
  let isWorking = false;

  async function catchUp(): Promise<void> {
    isWorking = true;
    while (committed < newest || isOverdue) {
      // Whatever changes in the same breath belongs to the same transaction.
      await new Promise(setImmediate);
      const revision = newest;
      isOverdue = false;
      const tables = translationsFor(nodes, {
        services: store.list('services'),
        slices: store.list('endpointslices'),
      });
      await Promise.all(nodes.map(({ name }) => take(name, tables.get(name) ?? none, revision)));
      committed = revision;
      for (const waiter of waiting)
        if (waiter.revision <= committed && waiting.delete(waiter)) waiter.resolve();
    }
    isWorking = false;
  }

  async function take(node: string, after: readonly NodeTable[], revision: number): Promise<void> {
    const delayMs = known.get(node)?.delayMs ?? 0;
    if (delayMs === 0) await commit(node, after, revision);
    else setTimeout(() => void commit(node, after, revision).catch(onFailure), delayMs);
  }

  /** What is late may have been overtaken. */
  async function commit(node: string, after: readonly NodeTable[], revision: number): Promise<void> {
    const tables = known.get(node);
    if (tables === undefined || revision < tables.revision) return;
    tables.revision = revision;
    await tables.replaceBy(after, (transactions) => enforce(node, transactions));
    onCommit(node, revision);
  }

  function hearOfNode({ type, object }: Change): void {
    const tables = known.get(object.metadata.name);
    if (tables === undefined || type === 'DELETED') return;
    const { serviceDelayMs } = faultsOf(object.metadata);
    isOverdue ||= tables.delayMs > 0 && serviceDelayMs === 0;
    tables.delayMs = serviceDelayMs;
    if (isOverdue) wake();
  }

  function wake(): void {
    if (!isWorking) catchUp().catch(onFailure);
  }

  store.listen((change) => {
    const { resource, revision } = change;
    if (resource === 'nodes') hearOfNode(change);
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

/** What a node has in force. */
class KnownTables {
  #inForce: readonly NodeTable[];
  #work = Promise.resolve();
  /** Of what it was last told of. */
  revision = -1;
  delayMs = 0;

  constructor(inForce: readonly NodeTable[]) {
    this.#inForce = inForce;
  }

  /** One after the other. */
  replaceBy(
    after: readonly NodeTable[],
    enforce: (transactions: readonly string[]) => Promise<void>,
  ): Promise<void> {
    this.#work = this.#work.then(async () => {
      const changed = changedTables(this.#inForce, after);
      if (changed.length > 0) await enforce(replaceTables(this.#inForce, changed));
      this.#inForce = after;
    });
    return this.#work;
  }
}
