import { expect, test } from 'vitest';
import { createStore } from '../../../src/sandbox/api/memory-store.ts';
import type { Store } from '../../../src/sandbox/api/store.ts';
import { enforcePolicies } from '../../../src/sandbox/controllers/policies.ts';
import { planNodes } from '../../../src/sandbox/network/addresses.ts';
import type { NetworkPolicy, Pod } from '../../../src/sandbox/objects.ts';

interface Transaction {
  readonly node: string;
  readonly rules: string;
}

/** A store with two nodes, whose transactions take as long as the test wants. */
function startOn(store: Store) {
  const transactions: Transaction[] = [];
  const failed = Promise.withResolvers<unknown>();
  let gate: Promise<void> = Promise.resolve();
  let failure: Error | undefined;
  const policies = enforcePolicies({
    store,
    nodes: planNodes(2),
    async enforce(node, rules) {
      transactions.push({ node, rules });
      await gate;
      if (failure !== undefined) throw failure;
    },
    onFailure: failed.resolve,
  });
  return {
    policies,
    transactions,
    failed: failed.promise,
    holdTransactions(): () => void {
      let release = (): void => {};
      gate = new Promise((resolve) => {
        release = resolve;
      });
      return () => release();
    },
    failFromNowOn(error: Error): void {
      failure = error;
    },
  };
}

function addPod(store: Store, name: string, node: string, podIP: string): Pod {
  return store.create('pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', labels: { app: name } },
    spec: { containers: [], nodeName: node },
    status: { phase: 'Pending', podIP },
  });
}

function isolate(store: Store, app: string): void {
  const policy: NetworkPolicy = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: `isolate-${app}`, namespace: 'shop' },
    spec: { podSelector: { matchLabels: { app } }, policyTypes: ['Ingress'] },
  };
  store.create('networkpolicies', policy);
}

test('changes in one breath are one transaction, on the nodes that they concern', async () => {
  const store = createStore();
  const { policies, transactions } = startOn(store);
  await policies.inForce();
  expect(transactions.map(({ node }) => node)).toEqual(['node-1', 'node-2']);

  addPod(store, 'web', 'node-1', '10.244.1.2');
  addPod(store, 'db', 'node-2', '10.244.2.2');
  isolate(store, 'db');
  await policies.inForce();
  expect(transactions.slice(2).map(({ node }) => node)).toEqual(['node-2']);
  expect(transactions.at(-1)?.rules).toContain('10.244.2.2 : drop');
});

test('what comes during a transaction is in force only after the next one', async () => {
  const store = createStore();
  const { policies, transactions, holdTransactions } = startOn(store);
  await policies.inForce();
  addPod(store, 'db', 'node-1', '10.244.1.2');

  const release = holdTransactions();
  isolate(store, 'db');
  const order: string[] = [];
  const first = policies.inForce().then(() => order.push('first'));
  while (transactions.length < 3) await new Promise(setImmediate);
  addPod(store, 'job', 'node-1', '10.244.1.3');
  isolate(store, 'job');
  const second = policies.inForce().then(() => order.push('second'));
  expect(order).toEqual([]);
  release();
  await Promise.all([first, second]);
  expect(order).toEqual(['first', 'second']);
  expect(transactions.slice(2).map(({ rules }) => /10\.244\.1\.3/.test(rules))).toEqual([false, true]);
});

test('changes that mean nothing to policies cause no work', async () => {
  const store = createStore();
  const { policies, transactions } = startOn(store);
  addPod(store, 'db', 'node-1', '10.244.1.2');
  isolate(store, 'db');
  await policies.inForce();
  const before = transactions.length;
  store.update('pods', 'shop', 'db', (pod) => ({
    ...pod,
    status: { phase: 'Running', podIP: '10.244.1.2' },
  }));
  await policies.inForce();
  expect(transactions).toHaveLength(before);
});

test('a node that does not take its rules is told', async () => {
  const store = createStore();
  const { policies, failed, failFromNowOn } = startOn(store);
  await policies.inForce();
  failFromNowOn(new Error('nft: no'));
  addPod(store, 'db', 'node-1', '10.244.1.2');
  isolate(store, 'db');
  expect(await failed).toEqual(new Error('nft: no'));
});
