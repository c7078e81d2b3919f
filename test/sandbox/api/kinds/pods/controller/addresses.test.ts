/** Which pod has which address, on a network that does what it is told. */
import { setImmediate as tick } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { NO_ENFORCEMENT } from '../../../../../../src/sandbox/api/kinds/networkpolicies/controller/policies.ts';
import { createNodes } from '../../../../../../src/sandbox/api/kinds/nodes/controller/nodes.ts';
import { runPods } from '../../../../../../src/sandbox/api/kinds/pods/controller/pods.ts';
import { createStore } from '../../../../../../src/sandbox/api/memory-store.ts';
import type { Store } from '../../../../../../src/sandbox/api/store.ts';
import { planNodes } from '../../../../../../src/sandbox/dataplane/addresses.ts';
import { IP_FAMILIES } from '../../../../../../src/sandbox/ip-family.ts';

const done = async (): Promise<void> => {};
const notHere = (): never => {
  throw new Error('these pods have no containers');
};

test('an address comes to another pod only when nothing is left of the one that had it', async () => {
  const store = createStore({ historyLength: 100 });
  const nodes = planNodes(1, IP_FAMILIES);
  createNodes(store, nodes, 'v1', new Date(0));
  const { promise: isRemoved, resolve: remove } = Promise.withResolvers<void>();
  runPods({
    store,
    nodes,
    network: { attach: done, connect: done, detach: done, enforce: done, namespaceFile: (name) => name },
    files: {
      folder: '',
      programs: '',
      writePodFiles: async () => ({ hosts: '', resolvConf: '' }),
      removePodFiles: () => isRemoved,
    },
    dns: { server: '10.96.0.10', domain: 'cluster.local' },
    containers: {
      start: notHere,
      setStalled: notHere,
      forget: notHere,
      exec: notHere,
      logs: notHere,
      followLogs: notHere,
    },
    policies: NO_ENFORCEMENT,
    services: { inForce: done },
    prober: { prepare: () => undefined, watch: notHere },
    now: () => new Date(0),
  });
  createPod(store, 'friend');
  await settle();
  expect(addressesIn(store)).toEqual({ friend: '10.244.1.2 fd00:10:244:1::2' });
  store.update('pods', 'shop', 'friend', (pod) => ({
    ...pod,
    metadata: { ...pod.metadata, deletionTimestamp: '1970-01-01T00:00:00Z' },
  }));
  await settle();
  // Policies still see the friend.
  createPod(store, 'early');
  await settle();
  expect(addressesIn(store)).toEqual({
    friend: '10.244.1.2 fd00:10:244:1::2',
    early: '10.244.1.3 fd00:10:244:1::3',
  });
  remove();
  await settle();
  createPod(store, 'stranger');
  await settle();
  expect(addressesIn(store)).toEqual({
    early: '10.244.1.3 fd00:10:244:1::3',
    stranger: '10.244.1.2 fd00:10:244:1::2',
  });
});

function createPod(store: Store, name: string): void {
  const metadata = { name, namespace: 'shop' };
  store.create('pods', { apiVersion: 'v1', kind: 'Pod', metadata, spec: { containers: [] } });
}

function addressesIn(store: Store): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(
    store
      .list('pods')
      .map(({ metadata: { name }, status }) => [name, status?.podIPs?.map(({ ip }) => ip).join(' ')]),
  );
}

/** Everything here is done without waiting for the world. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await tick();
}
