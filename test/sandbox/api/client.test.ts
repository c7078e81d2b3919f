/** The real JavaScript client against the API. */
import { once } from 'node:events';
import { Writable } from 'node:stream';
import {
  ApiException,
  CoreV1Api,
  CustomObjectsApi,
  Exec,
  KubeConfig,
  KubernetesObjectApi,
  Log,
  NetworkingV1Api,
  PatchStrategy,
  setHeaderOptions,
  type V1Status,
  Watch,
} from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { startCluster, type TestCluster } from './cluster.ts';

let cluster: TestCluster;
let config: KubeConfig;
beforeAll(async () => {
  cluster = await startCluster();
  config = new KubeConfig();
  config.loadFromFile(cluster.kubeconfig);
  const core = config.makeApiClient(CoreV1Api);
  await core.createNamespace({ body: { metadata: { name: 'shop', labels: { team: 'a' } } } });
  await core.createNamespacedPod({
    namespace: 'shop',
    body: {
      metadata: { name: 'web', labels: { app: 'web' } },
      spec: { containers: [{ name: 'c', image: 'node:24' }] },
    },
  });
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

const ADDRESS = { group: 'networking.k8s.io', version: 'v1', plural: 'networkpolicies', namespace: 'shop' };

function sink(): { stream: Writable; text: () => string } {
  const chunks: Buffer[] = [];
  const stream = new Writable({
    write(chunk, _encoding, done) {
      chunks.push(chunk);
      done();
    },
  });
  return { stream, text: () => Buffer.concat(chunks).toString() };
}

it('reads and lists through the typed clients', async () => {
  const core = config.makeApiClient(CoreV1Api);
  const namespaces = await core.listNamespace({ labelSelector: 'team=a' });
  expect(namespaces.items.map(({ metadata }) => metadata?.name)).toEqual(['shop']);
  const pod = await core.readNamespacedPod({ namespace: 'shop', name: 'web' });
  expect(pod).toMatchObject({ status: { phase: 'Running' }, spec: { nodeName: 'node-a' } });
  expect(pod.metadata?.creationTimestamp).toBeInstanceOf(Date);
  const everywhere = await core.listPodForAllNamespaces({ fieldSelector: 'metadata.name=web' });
  expect(everywhere.items).toHaveLength(1);
  expect((await core.listNode()).items[0]?.status?.addresses).toEqual([
    { type: 'InternalIP', address: '10.0.0.1' },
  ]);
  const policies = await config
    .makeApiClient(NetworkingV1Api)
    .listNamespacedNetworkPolicy({ namespace: 'default' });
  expect(policies.items).toEqual([]);
});

it('keeps the peers of a policy that comes as a plain object', async () => {
  const body = {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name: 'plain' },
    spec: {
      podSelector: {},
      ingress: [
        { from: [{ namespaceSelector: {} }, { ipBlock: { cidr: '10.0.0.0/8', except: ['10.1.0.0/16'] } }] },
      ],
    },
  };
  const custom = config.makeApiClient(CustomObjectsApi);
  await custom.createNamespacedCustomObject({ ...ADDRESS, body });
  expect(cluster.store.get('networkpolicies', 'shop', 'plain')?.spec.ingress).toEqual(body.spec.ingress);
  const read = await config
    .makeApiClient(NetworkingV1Api)
    .readNamespacedNetworkPolicy({ namespace: 'shop', name: 'plain' });
  expect(read.spec?.ingress?.[0]?._from).toEqual(body.spec.ingress[0]?.from);
});

it('applies, patches and deletes through the object API', async () => {
  const objects = KubernetesObjectApi.makeApiClient(config);
  const namespace = {
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name: 'applied', labels: { a: '1' } },
  };
  await objects.patch(namespace, undefined, undefined, 'tester', true, PatchStrategy.ServerSideApply);
  expect(cluster.store.get('namespaces', undefined, 'applied')?.metadata.labels).toMatchObject({ a: '1' });
  const changed = { ...namespace, metadata: { name: 'applied', labels: { b: '2' } } };
  await objects.patch(changed, undefined, undefined, undefined, undefined, PatchStrategy.StrategicMergePatch);
  expect(cluster.store.get('namespaces', undefined, 'applied')?.metadata.labels).toMatchObject({
    a: '1',
    b: '2',
  });
  await objects.delete(namespace);
  expect(cluster.store.get('namespaces', undefined, 'applied')).toBeUndefined();
});

it('sends a merge patch through a typed client', async () => {
  const core = config.makeApiClient(CoreV1Api);
  const body = { metadata: { labels: { team: 'b' } } };
  const options = setHeaderOptions('Content-Type', PatchStrategy.MergePatch);
  expect((await core.patchNamespace({ name: 'shop', body }, options)).metadata?.labels).toMatchObject({
    team: 'b',
  });
});

it('reports failures as the Status in the body', async () => {
  const core = config.makeApiClient(CoreV1Api);
  const failure = await core
    .readNamespacedPod({ namespace: 'shop', name: 'nope' })
    .catch((thrown: unknown) => thrown);
  expect(failure).toBeInstanceOf(ApiException);
  expect(failure).toMatchObject({ code: 404 });
  expect(JSON.parse(failure instanceof ApiException ? failure.body : '')).toMatchObject({
    kind: 'Status',
    message: 'pods "nope" not found',
  });
});

it('watches', async () => {
  const seen: string[] = [];
  const watch = new Watch(config);
  const controller = await watch.watch(
    '/api/v1/namespaces',
    { labelSelector: 'watched' },
    (type, object) => seen.push(`${type} ${object.metadata.name}`),
    () => {},
  );
  const core = config.makeApiClient(CoreV1Api);
  await core.createNamespace({ body: { metadata: { name: 'seen', labels: { watched: 'yes' } } } });
  await core.deleteNamespace({ name: 'seen' });
  await expect.poll(() => seen, { timeout: 60_000 }).toEqual(['ADDED seen', 'MODIFIED seen', 'DELETED seen']);
  controller.abort();
});

it('executes', async () => {
  const stdout = sink();
  const stderr = sink();
  const status = await new Promise<V1Status>((resolve, reject) => {
    new Exec(config)
      .exec(
        'shop',
        'web',
        'c',
        ['sh', '-c', 'echo out; echo err >&2; exit 4'],
        stdout.stream,
        stderr.stream,
        null,
        false,
        resolve,
      )
      .catch(reject);
  });
  expect([stdout.text(), stderr.text()]).toEqual(['out\n', 'err\n']);
  expect(status).toMatchObject({
    status: 'Failure',
    reason: 'NonZeroExitCode',
    details: { causes: [{ reason: 'ExitCode', message: '4' }] },
  });
});

it('reads logs', async () => {
  const core = config.makeApiClient(CoreV1Api);
  const body = { metadata: { name: 'chatty' }, spec: { containers: [{ name: 'c', image: 'node:24' }] } };
  const podUid = (await core.createNamespacedPod({ namespace: 'shop', body })).metadata?.uid ?? '';
  const address = { podUid, container: 'c' };
  cluster.runtime.print(address, 'hello\n');
  expect(await core.readNamespacedPodLog({ namespace: 'shop', name: 'chatty', tailLines: 1 })).toBe(
    'hello\n',
  );
  const followed = sink();
  await new Log(config).log('shop', 'chatty', 'c', followed.stream, { follow: true });
  cluster.runtime.print(address, 'again\n');
  cluster.runtime.end(address);
  await once(followed.stream, 'finish');
  expect(followed.text()).toBe('hello\nagain\n');
});
