/** The {@link Store} in memory. */
import { randomUUID } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import { copyJson, freezeJson } from './json.ts';
import { resourceNameOf } from './kinds/definition.ts';
import { ALL_KINDS, KINDS, type ObjectOf, type ResourceName } from './kinds/kinds.ts';
import { alreadyExists } from './status.ts';
import type { Change, Store } from './store.ts';
import { timestampOf } from './time.ts';

type Tables = { readonly [Name in ResourceName]: Table<Name> };

interface Table<Name extends ResourceName> {
  readonly objects: Map<string, ObjectOf[Name]>;
  /** The objects in the order of namespace and name; undefined after a change of the set. */
  sorted: readonly ObjectOf[Name][] | undefined;
  readonly history: Change<Name>[];
  /** The revision of the newest change that was dropped from the history. */
  forgottenUpTo: number;
}

export interface StoreOptions {
  /** The wall clock, for creationTimestamp. */
  readonly now?: () => Date;
  readonly newUid?: () => string;
  /** How many changes of each resource are kept for watches that resume. Default 1000. */
  readonly historyLength?: number;
}

/**
 * An empty store. Objects are frozen when they are stored. A change that a listener makes is told to all
 * listeners after the change that it answers, so that all of them hear of changes in order; the listeners of such a
 * nested change therefore run when the outermost writing call returns. An error thrown by a listener is a bug of the
 * sandbox and surfaces as an uncaught exception; the other listeners are still told.
 */
export function createStore(options: StoreOptions = {}): Store {
  const { now = () => new Date(), newUid = randomUUID, historyLength = 1000 } = options;
  const tables = Object.fromEntries(ALL_KINDS.map(({ resource }) => [resource, emptyTable()])) as Tables; // by the names of all kinds
  let revision = 0;
  const publish = createPublisher();

  function record<Name extends ResourceName>(change: Change<Name>): void {
    const { history } = tables[change.resource];
    history.push(change);
    if (history.length > historyLength) {
      tables[change.resource].forgottenUpTo = history.shift()?.revision ?? 0;
    }
    publish.tell(change);
  }

  return {
    kinds: ALL_KINDS,

    get revision() {
      return revision;
    },

    get: (resource, namespace, name) => tables[resource].objects.get(keyOf(namespace, name)),

    list(resource, namespace) {
      const table = tables[resource];
      table.sorted ??= sort(table.objects);
      return table.sorted.filter(
        (object) => namespace === undefined || object.metadata.namespace === namespace,
      );
    },

    create(resource, object) {
      const table = tables[resource];
      const stored = copyJson(object);
      const key = keyOf(stored.metadata.namespace, stored.metadata.name);
      if (table.objects.has(key)) throw alreadyExists(resourceNameOf(KINDS[resource]), stored.metadata.name);
      revision += 1;
      stored.metadata.uid = newUid();
      stored.metadata.creationTimestamp = timestampOf(now());
      stored.metadata.resourceVersion = String(revision);
      table.objects.set(key, freezeJson(stored));
      table.sorted = undefined;
      record({ type: 'ADDED', resource, object: stored, revision });
      return stored;
    },

    update(resource, namespace, name, change) {
      const table = tables[resource];
      const key = keyOf(namespace, name);
      const before = table.objects.get(key);
      if (before === undefined) return undefined;
      const after = copyJson(change(copyJson(before)));
      after.metadata.resourceVersion = String(before.metadata.resourceVersion);
      if (isDeepStrictEqual(after, before)) return before;
      revision += 1;
      after.metadata.resourceVersion = String(revision);
      table.objects.set(key, freezeJson(after));
      table.sorted = undefined;
      record({ type: 'MODIFIED', resource, object: after, before, revision });
      return after;
    },

    remove(resource, namespace, name) {
      const table = tables[resource];
      const key = keyOf(namespace, name);
      const before = table.objects.get(key);
      if (before === undefined) return;
      revision += 1;
      table.objects.delete(key);
      table.sorted = undefined;
      const last = copyJson(before);
      last.metadata.resourceVersion = String(revision);
      record({ type: 'DELETED', resource, object: freezeJson(last), before, revision });
    },

    listen: publish.listen,

    changesSince(resource, since) {
      const { history, forgottenUpTo } = tables[resource];
      return since < forgottenUpTo ? undefined : history.filter((change) => change.revision > since);
    },
  };
}

function emptyTable<Name extends ResourceName>(): Table<Name> {
  return { objects: new Map(), sorted: undefined, history: [], forgottenUpTo: 0 };
}

function keyOf(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}

function sort<T>(objects: Map<string, T>): T[] {
  return [...objects].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
}

function createPublisher(): { tell(change: Change): void; listen: Store['listen'] } {
  const listeners = new Set<(change: Change) => void>();
  const waiting: Change[] = [];
  let telling = false;

  function tellAll(change: Change): void {
    for (const listener of [...listeners]) {
      if (!listeners.has(listener)) continue; // ended by a listener before it
      try {
        listener(change);
      } catch (thrown) {
        queueMicrotask(() => {
          throw thrown;
        });
      }
    }
  }

  return {
    tell(change) {
      waiting.push(change);
      if (telling) return;
      telling = true;
      for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) tellAll(next);
      telling = false;
    },
    listen(listener) {
      const own = (change: Change): void => listener(change);
      listeners.add(own);
      return () => void listeners.delete(own);
    },
  };
}
