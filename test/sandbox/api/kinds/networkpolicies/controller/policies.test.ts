import { expect, onTestFinished, test, vi } from 'vitest';
import { enforcePolicies } from '../../../../../../src/sandbox/api/kinds/networkpolicies/controller/policies.ts';
import type { NetworkPolicy } from '../../../../../../src/sandbox/api/kinds/networkpolicies/object.ts';
import { createNodes } from '../../../../../../src/sandbox/api/kinds/nodes/controller/nodes.ts';
import type { Pod } from '../../../../../../src/sandbox/api/kinds/pods/object.ts';
import { createStore } from '../../../../../../src/sandbox/api/memory-store.ts';
import type { Store } from '../../../../../../src/sandbox/api/store.ts';
import { planNodes } from '../../../../../../src/sandbox/dataplane/addresses.ts';

interface Commit {
  readonly node: string;
  readonly revision: number;
}

interface Transaction {
  readonly node: string;
  readonly rules: string;
}

/** A store with two nodes, whose transactions take as long as the test wants. */
function startOn(store: Store) {
  const transactions: Transaction[] = [];
  const failed = Promise.withResolvers<unknown>();
  const gates = new Map<string, Promise<void>>();
  const commits: Commit[] = [];
  let failure: Error | undefined;
  const policies = enforcePolicies({
    store,
    nodes: planNodes(2, ['IPv4']),
    async enforce(node, steps) {
      transactions.push({ node, rules: steps.join('') });
      await gates.get(node);
      if (failure !== undefined) throw failure;
    },
    onCommit: (node, { revision }) => commits.push({ node, revision }),
    onFailure: failed.resolve,
    now: () => new Date(),
  });
  return {
    policies,
    transactions,
    commits,
    failed: failed.promise,
    /** Lets transactions that begin from now on end only when the returned function is called. */
    holdTransactions(...nodes: readonly string[]): () => void {
      const { promise, resolve } = Promise.withResolvers<void>();
      for (const node of nodes) gates.set(node, promise);
      return resolve;
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
    status: { phase: 'Pending', podIP, podIPs: [{ ip: podIP }] },
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
  addPod(store, 'web', 'node-1', '10.244.1.2');
  addPod(store, 'db', 'node-2', '10.244.2.2');
  isolate(store, 'db');
  await policies.inForce('node-1');
  expect(transactions.map(({ node }) => node)).toEqual(['node-2']);
  expect(transactions.at(-1)?.rules).toContain('ip daddr 10.244.2.2 drop');
});

test('what comes during a transaction is in force only after the next one', async () => {
  const store = createStore();
  const { policies, transactions, holdTransactions } = startOn(store);
  await policies.inForce('node-1');
  addPod(store, 'db', 'node-1', '10.244.1.2');

  const release = holdTransactions('node-1', 'node-2');
  isolate(store, 'db');
  const order: string[] = [];
  const first = policies.inForce('node-1').then(() => order.push('first'));
  while (transactions.length < 1) await new Promise(setImmediate);
  addPod(store, 'job', 'node-1', '10.244.1.3');
  isolate(store, 'job');
  const second = policies.inForce('node-1').then(() => order.push('second'));
  expect(order).toEqual([]);
  release();
  await Promise.all([first, second]);
  expect(order).toEqual(['first', 'second']);
  expect(transactions.map(({ rules }) => /10\.244\.1\.3/.test(rules))).toEqual([false, true]);
});

test('changes that mean nothing to policies cause no work', async () => {
  const store = createStore();
  const { policies, transactions } = startOn(store);
  addPod(store, 'db', 'node-1', '10.244.1.2');
  isolate(store, 'db');
  await policies.inForce('node-1');
  const before = transactions.length;
  store.update('pods', 'shop', 'db', (pod) => ({
    ...pod,
    status: { phase: 'Running', podIP: '10.244.1.2', podIPs: [{ ip: '10.244.1.2' }] },
  }));
  await policies.inForce('node-1');
  expect(transactions).toHaveLength(before);
});

test('a node that does not take its rules is told', async () => {
  const store = createStore();
  const { policies, failed, failFromNowOn } = startOn(store);
  await policies.inForce('node-1');
  failFromNowOn(new Error('nft: no'));
  addPod(store, 'db', 'node-1', '10.244.1.2');
  isolate(store, 'db');
  expect(await failed).toEqual(new Error('nft: no'));
});

test('a node that has the right rules from the start is left alone, and tells so', async () => {
  const store = createStore();
  const { policies, transactions, commits } = startOn(store);
  await policies.inForce('node-1');
  expect(transactions).toEqual([]);
  expect(commits.slice(0, 2)).toEqual([
    { node: 'node-1', revision: 0 },
    { node: 'node-2', revision: 0 },
  ]);
});

test('a node tells when it is done itself, and begins nothing new before all others are', async () => {
  const store = createStore();
  const { policies, transactions, commits, holdTransactions } = startOn(store);
  await policies.inForce('node-1');
  addPod(store, 'web', 'node-1', '10.244.1.2');
  addPod(store, 'db', 'node-2', '10.244.2.2');
  await policies.inForce('node-1');
  const release = holdTransactions('node-1');
  const newestOf = (node: string) => commits.findLast((commit) => commit.node === node)?.revision ?? -1;

  isolate(store, 'web');
  const first = store.revision;
  let isEverywhere = false;
  const everywhere = policies.inForce('node-1').then(() => {
    isEverywhere = true;
  });
  while (newestOf('node-2') < first) await new Promise(setImmediate);
  isolate(store, 'db');
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
  expect([newestOf('node-1') < first, newestOf('node-2')]).toEqual([true, first]);
  expect(isEverywhere).toBe(false);

  release();
  await everywhere;
  expect(newestOf('node-1')).toBe(first);
  await policies.inForce('node-1');
  expect([newestOf('node-1'), newestOf('node-2')]).toEqual([store.revision, store.revision]);
  expect(transactions.map(({ node }) => node)).toEqual(['node-1', 'node-2']);
});

test('every change of a pod, a namespace or a policy is told as known, a change of a node is not', async () => {
  const store = createStore();
  const { policies, commits } = startOn(store);
  const [plan] = planNodes(1, ['IPv4']);
  if (plan === undefined) throw new Error('no node');
  createNodes(store, [plan], 'v1', new Date());
  addPod(store, 'web', 'node-1', '10.244.1.2');
  await policies.inForce('node-1');
  store.update('pods', 'shop', 'web', (pod) => ({
    ...pod,
    metadata: { ...pod.metadata, annotations: { note: 'means nothing' } },
  }));
  const { revision } = store;
  await policies.inForce('node-1');
  expect(commits.at(-1)?.revision).toBe(revision);

  const before = commits.length;
  store.update('nodes', undefined, 'node-1', (node) => ({
    ...node,
    metadata: { ...node.metadata, annotations: { note: 'means nothing' } },
  }));
  for (let turn = 0; turn < 5; turn += 1) await new Promise(setImmediate);
  expect(commits).toHaveLength(before);
});

/** A store with two nodes that can be told to fail, and an isolated pod on each. */
async function startWithNodes() {
  const store = createStore();
  createNodes(store, planNodes(2, ['IPv4']), 'v1', new Date());
  const started = startOn(store);
  addPod(store, 'web', 'node-1', '10.244.1.2');
  addPod(store, 'db', 'node-2', '10.244.2.2');
  isolate(store, 'web');
  await started.policies.inForce('node-1');
  started.transactions.length = 0;
  const annotate = (key: string, value: string | undefined): void => {
    store.update('nodes', undefined, 'node-1', (node) => {
      const { [`sandbox.podreach.dev/${key}`]: _, ...others } = node.metadata.annotations ?? {};
      const annotations =
        value === undefined ? others : { ...others, [`sandbox.podreach.dev/${key}`]: value };
      return { ...node, metadata: { ...node.metadata, annotations } };
    });
  };
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 10; turn += 1) await new Promise(setImmediate);
  };
  return { ...started, store, annotate, settle };
}

test('a node that fails open or closed has other rules at once, and its own again afterwards', async () => {
  const { annotate, settle, transactions, store } = await startWithNodes();
  annotate('enforcement', 'open');
  await settle();
  expect(transactions.map(({ node }) => node)).toEqual(['node-1']);
  expect(transactions[0]?.rules).not.toContain('drop');
  annotate('enforcement', 'closed');
  await settle();
  expect(transactions[1]?.rules).toMatch(/!= syn accept\n\t\tdrop\n/);
  isolate(store, 'db');
  await settle();
  annotate('enforcement', undefined);
  await settle();
  expect(transactions.slice(2).map(({ node }) => node)).toEqual(['node-2', 'node-1']);
  expect(transactions[3]?.rules).toContain('ip daddr 10.244.1.2 drop');
});

test('a node that is stopped is waited for by its own pods alone, and catches up in one transaction', async () => {
  const { annotate, settle, transactions, policies, store, commits } = await startWithNodes();
  annotate('enforcement', 'stopped');
  addPod(store, 'job', 'node-1', '10.244.1.3');
  isolate(store, 'job');
  isolate(store, 'db');
  await policies.inForce('node-2');
  let isInForce = false;
  const own = policies.inForce('node-1').then(() => {
    isInForce = true;
  });
  await settle();
  expect({ isInForce, nodes: transactions.map(({ node }) => node) }).toEqual({
    isInForce: false,
    nodes: ['node-2'],
  });
  annotate('enforcement', 'on');
  await own;
  expect(transactions.slice(1)).toEqual([
    { node: 'node-1', rules: expect.stringContaining('ip daddr 10.244.1.3 drop') },
  ]);
  expect(commits.at(-1)).toEqual({ node: 'node-1', revision: commits.at(-2)?.revision });
});

test('a node that is late takes up each change when its time is over, and forgets those that were overtaken', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  const { annotate, settle, transactions, store } = await startWithNodes();
  annotate('programming-delay', '3s');
  addPod(store, 'job', 'node-1', '10.244.1.3');
  isolate(store, 'job');
  await settle();
  vi.advanceTimersByTime(2999);
  await settle();
  expect(transactions).toEqual([]);
  vi.advanceTimersByTime(1);
  await settle();
  expect(transactions.map(({ node }) => node)).toEqual(['node-1']);

  addPod(store, 'late', 'node-1', '10.244.1.4');
  isolate(store, 'late');
  await settle();
  annotate('programming-delay', undefined);
  await settle();
  expect(transactions).toHaveLength(2);
  store.remove('networkpolicies', 'shop', 'isolate-late');
  await settle();
  vi.advanceTimersByTime(10_000);
  await settle();
  expect(transactions).toHaveLength(3);
  expect(transactions[2]?.rules).not.toContain('10.244.1.4');
});

test('a restart writes the same rules anew, once', async () => {
  const { annotate, settle, transactions } = await startWithNodes();
  annotate('restarted-at', 'now');
  await settle();
  annotate('programming-delay', '1s');
  await settle();
  expect(transactions).toEqual([
    { node: 'node-1', rules: expect.stringContaining('ip daddr 10.244.1.2 drop') },
  ]);
});
