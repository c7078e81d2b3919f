/** The API's handlers over a store, without a server: for tests of what they accept and answer. */
import type { Api } from '../../../src/sandbox/api/api.ts';
import type { ObjectOf, ResourceName } from '../../../src/sandbox/api/kinds/kinds.ts';
import { KINDS } from '../../../src/sandbox/api/kinds/kinds.ts';
import { seedNamespaces } from '../../../src/sandbox/api/kinds/namespaces/controller.ts';
import { createStore } from '../../../src/sandbox/api/memory-store.ts';
import { createObject } from '../../../src/sandbox/api/requests/create-object.ts';
import { decodeObject } from '../../../src/sandbox/api/requests/decode-object.ts';
import type { WriteOptions } from '../../../src/sandbox/api/requests/options.ts';
import { type Status, StatusError } from '../../../src/sandbox/api/status.ts';
import { createHostRuntime } from './host-runtime.ts';

const OPTIONS: WriteOptions = {
  isDryRun: false,
  manager: 'tester',
  validation: 'Strict',
  force: false,
};

export function createLocalApi(): Api {
  const store = createStore();
  seedNamespaces(store);
  return {
    store,
    runtime: createHostRuntime(),
    version: 'v1.36.0',
    now: () => new Date('2026-01-02T03:04:05Z'),
    newSuffix: () => 'abcde',
  };
}

/** Creates an object in the namespace `default`, or of none. */
export function create<Name extends ResourceName>(
  api: Api,
  resource: Name,
  sent: unknown,
): ObjectOf[Name] | undefined {
  const kind = KINDS[resource];
  const namespace = kind.namespaced ? 'default' : undefined;
  const { object } = createObject(
    api,
    kind,
    namespace,
    decodeObject(kind, sent, OPTIONS.validation),
    OPTIONS,
  );
  return api.store.get(resource, namespace, object.metadata.name);
}

/** The `Status` that an act fails with. */
export function statusOf(act: () => unknown): Status {
  try {
    act();
  } catch (thrown) {
    if (thrown instanceof StatusError) return thrown.status;
    throw thrown;
  }
  throw new Error('it did not fail');
}
