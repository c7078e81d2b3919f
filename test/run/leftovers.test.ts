/** Taking away what runs have left, on a real API, with time that passes only where somebody sleeps. */
import { expect, test } from 'vitest';
import { systemClock } from '../../src/clock.ts';
import { connectKube } from '../../src/kube/connect.ts';
import type { Kube } from '../../src/kube/kube.ts';
import { removeLeftOver } from '../../src/run/leftovers.ts';
import { sleepingClock } from '../cluster/kind/world.ts';
import { type Intervention, throughProxy } from '../support/api-proxy.ts';
import { sandbox } from './run-with.ts';

const namespace = (name: string, runId = 'abc') => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: { name, labels: { 'podreach.dev/run': runId } },
});

async function onCluster(intervention: Intervention, work: (kube: Kube) => Promise<void>): Promise<void> {
  const { signal } = new AbortController();
  const cluster = await throughProxy(sandbox(), intervention).start({ clock: systemClock, signal });
  try {
    const kube = await connectKube(cluster.kubeconfig);
    await work(kube);
    kube.close();
  } finally {
    await cluster.stop();
  }
}

test('what a request under way creates after the first look is taken away as well', async () => {
  let isFirst = true;
  const late: Intervention = {
    before({ method, path }) {
      if (method !== 'DELETE' || !isFirst) return undefined;
      isFirst = false;
      expect(path).toContain('/namespaces/early');
      return { path: '/api/v1/namespaces', body: namespace('late') };
    },
  };
  await onCluster(late, async (kube) => {
    await kube.create(namespace('early'));
    await kube.create(namespace('others', 'def'));
    await removeLeftOver({ kube, clock: systemClock, runId: 'abc' });
    const left = await kube.list({ resource: 'namespaces', labelSelector: 'podreach.dev/run' });
    expect(left.map(({ metadata }) => metadata.name)).toEqual(['others']);
  });
});

const pod = {
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name: 'web', namespace: 'shop', labels: { 'podreach.dev/run': 'abc' } },
  spec: { containers: [{ name: 'main', image: 'any', command: ['sleep', '60'] }] },
};

/** What deletes an object, in the order in which it was asked for. */
async function deletionsOf(answer: Intervention['answer']): Promise<readonly string[]> {
  const deleted: string[] = [];
  const noting: Intervention = {
    see({ method, path }) {
      if (method === 'DELETE') deleted.push(path.split('?')[0] ?? '');
    },
    ...(answer === undefined ? {} : { answer }),
  };
  await onCluster(noting, async (kube) => {
    await kube.create(namespace('shop'));
    await kube.create(pod);
    await removeLeftOver({ kube, clock: systemClock, runId: 'abc' });
    expect(await kube.list({ resource: 'namespaces', labelSelector: 'podreach.dev/run' })).toEqual([]);
  });
  return deleted;
}

const POD_PATH = '/api/v1/namespaces/shop/pods/web';

test('pods go first, and their namespaces when none is left', async () => {
  expect(await deletionsOf(undefined)).toEqual([POD_PATH, '/api/v1/namespaces/shop']);
});

test('pods that may not be deleted go with their namespaces', async () => {
  const refused = { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'Forbidden', code: 403 };
  const deleted = await deletionsOf(({ method, path }) =>
    method === 'DELETE' && path.startsWith(POD_PATH) ? { status: 403, body: refused } : undefined,
  );
  expect(deleted).toEqual([POD_PATH, '/api/v1/namespaces/shop']);
});

test('what does not go is asked for less and less often, and told with what holds it', async () => {
  let looks = 0;
  const condition = {
    type: 'NamespaceFinalizersRemaining',
    status: 'True',
    message: 'Some content has finalizers remaining: example.com/backup in 1 resource instances',
  };
  const stuck: Intervention = {
    answer({ method, path }) {
      if (method !== 'GET' || !path.startsWith('/api/v1/namespaces?')) return undefined;
      looks += 1;
      const { metadata, ...rest } = namespace('stuck');
      const held = { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' };
      const items = [{ ...rest, metadata: held, status: { conditions: [condition] } }];
      return { status: 200, body: { kind: 'NamespaceList', apiVersion: 'v1', items } };
    },
  };
  await onCluster(stuck, async (kube) => {
    await expect(removeLeftOver({ kube, clock: sleepingClock(), runId: 'abc' })).rejects.toThrow(
      `namespaces are still there after 120 s: stuck (${condition.message})`,
    );
  });
  expect(looks).toBeGreaterThan(20);
  expect(looks).toBeLessThan(200);
});
