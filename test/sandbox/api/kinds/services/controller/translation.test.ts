/** When nodes are told of Services, and what can be waited for. */
import { expect, test } from 'vitest';
import { createNodes } from '../../../../../../src/sandbox/api/kinds/nodes/controller/nodes.ts';
import { translateServices } from '../../../../../../src/sandbox/api/kinds/services/controller/translation.ts';
import { createStore } from '../../../../../../src/sandbox/api/memory-store.ts';
import type { Store } from '../../../../../../src/sandbox/api/store.ts';
import { planNodes } from '../../../../../../src/sandbox/dataplane/addresses.ts';

function startOn(store: Store) {
  const transactions: { readonly node: string; readonly text: string }[] = [];
  const commits: { readonly node: string; readonly revision: number }[] = [];
  const failed = Promise.withResolvers<unknown>();
  let gate = Promise.resolve();
  const services = translateServices({
    store,
    nodes: planNodes(2, ['IPv4']),
    async enforce(node, steps) {
      transactions.push({ node, text: steps.join('') });
      await gate;
    },
    onCommit: (node, revision) => commits.push({ node, revision }),
    onFailure: failed.resolve,
  });
  return {
    services,
    transactions,
    commits,
    failed: failed.promise,
    /** What begins from now on ends with this promise. */
    holdUntil(promise: Promise<void>): void {
      gate = promise;
    },
  };
}

function addService(store: Store, name: string, clusterIP: string): void {
  store.create('services', {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { name, namespace: 'shop' },
    spec: { clusterIP, ports: [{ port: 80, protocol: 'TCP' }] },
  });
}

test('without Services nodes are left alone, and tell so', async () => {
  const { services, transactions, commits } = startOn(createStore());
  await services.inForce();
  expect(transactions).toEqual([]);
  expect(commits).toEqual([
    { node: 'node-1', revision: 0 },
    { node: 'node-2', revision: 0 },
  ]);
});

test('changes in one breath are one transaction on every node', async () => {
  const store = createStore();
  const { services, transactions, commits } = startOn(store);
  await services.inForce();
  addService(store, 'web', '10.96.1.1');
  addService(store, 'api', '10.96.1.2');
  await services.inForce();
  expect(transactions.map(({ node }) => node)).toEqual(['node-1', 'node-2']);
  for (const { text } of transactions) expect(text).toMatch(/10\.96\.1\.2 [\s\S]*10\.96\.1\.1 /);
  expect(commits.slice(2)).toEqual([
    { node: 'node-1', revision: 2 },
    { node: 'node-2', revision: 2 },
  ]);
});

test('nodes whose table stays the same are left alone, and tell that they have heard', async () => {
  const store = createStore();
  const { services, transactions, commits } = startOn(store);
  addService(store, 'web', '10.96.1.1');
  await services.inForce();
  const before = transactions.length;
  addService(store, 'headless', 'None');
  await services.inForce();
  expect(transactions).toHaveLength(before);
  expect(commits.at(-1)).toEqual({ node: 'node-2', revision: 2 });
});

test('changes of other kinds cause no work', async () => {
  const store = createStore();
  const { services, commits } = startOn(store);
  await services.inForce();
  store.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  await services.inForce();
  expect(commits).toHaveLength(2);
});

test('what comes during a transaction is waited for', async () => {
  const store = createStore();
  const { services, transactions, holdUntil } = startOn(store);
  await services.inForce();
  const { promise, resolve } = Promise.withResolvers<void>();
  holdUntil(promise);
  addService(store, 'web', '10.96.1.1');
  while (transactions.length < 2) await new Promise(setImmediate);
  addService(store, 'api', '10.96.1.2');
  const order: string[] = [];
  const waiting = services.inForce().then(() => order.push('in force'));
  await new Promise(setImmediate);
  order.push('transaction ends');
  resolve();
  await waiting;
  expect(order).toEqual(['transaction ends', 'in force']);
  expect(transactions.at(-1)?.text).toContain('10.96.1.2');
});

test('a node that does not take its table is told', async () => {
  const store = createStore();
  const { services, transactions, failed, holdUntil } = startOn(store);
  await services.inForce();
  const { promise, reject } = Promise.withResolvers<void>();
  holdUntil(promise);
  addService(store, 'web', '10.96.1.1');
  while (transactions.length < 2) await new Promise(setImmediate);
  reject(new Error('nft: no'));
  expect(await failed).toEqual(new Error('nft: no'));
});

test('a node that is told to be late takes changes up later, nobody waits for it, and in time again it catches up', async () => {
  const store = createStore();
  createNodes(store, planNodes(2, ['IPv4']), 'v1', new Date());
  const { services, transactions, commits } = startOn(store);
  const toldNodes = (): readonly string[] => transactions.map(({ node }) => node);
  const beLate = (delay: string): void => {
    store.update('nodes', undefined, 'node-2', (node) => ({
      ...node,
      metadata: { ...node.metadata, annotations: { 'sandbox.podreach.dev/service-delay': delay } },
    }));
  };
  await services.inForce();
  beLate('50ms');
  addService(store, 'web', '10.96.1.1');
  await services.inForce();
  expect(toldNodes()).toEqual(['node-1']);
  await expect.poll(toldNodes).toEqual(['node-1', 'node-2']);
  expect(commits.at(-1)?.node).toBe('node-2');
  beLate('1m');
  addService(store, 'api', '10.96.1.2');
  await services.inForce();
  expect(toldNodes()).toEqual(['node-1', 'node-2', 'node-1']);
  beLate('0s');
  await expect.poll(toldNodes).toEqual(['node-1', 'node-2', 'node-1', 'node-2']);
  expect(transactions.at(-1)?.text).toContain('10.96.1.2');
});
