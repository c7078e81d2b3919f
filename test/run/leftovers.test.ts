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
