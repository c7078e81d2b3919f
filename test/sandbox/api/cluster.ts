/** An API server on loopback with a store, namespaces, a node and a stand-in for the kubelet. */

import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { type RequestOptions, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import { runControllers } from '../../../src/sandbox/api/controllers.ts';
import { seedNamespaces } from '../../../src/sandbox/api/kinds/namespaces/controller.ts';
import type { Pod } from '../../../src/sandbox/api/kinds/pods/object.ts';
import { createStore } from '../../../src/sandbox/api/memory-store.ts';
import { createApiServer } from '../../../src/sandbox/api/server.ts';
import type { Store } from '../../../src/sandbox/api/store.ts';
import { timestampOf } from '../../../src/sandbox/api/time.ts';
import { createHostRuntime, type HostRuntime } from './host-runtime.ts';

export const TOKEN = 'token-of-the-test';

export interface TestCluster extends AsyncDisposable {
  readonly store: Store;
  readonly runtime: HostRuntime;
  readonly server: string;
  readonly ca: string;
  /** A file with the kubeconfig. */
  readonly kubeconfig: string;
  /** A request with the token; the answer's body parsed where it is JSON. */
  call(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
}

interface Answer {
  readonly code: number;
  readonly headers: Record<string, string | string[] | undefined>;
  // biome-ignore lint/suspicious/noExplicitAny: tests look into answers of every kind
  readonly body: any;
}

/** @param hasKubelet whether pods run as soon as they are created, and go when they are deleted */
export async function startCluster(hasKubelet = true, historyLength = 1000): Promise<TestCluster> {
  const store = createStore({ historyLength });
  const runtime = createHostRuntime();
  const now = (): Date => new Date();
  const endings = [runControllers(store, now), ...(hasKubelet ? [runKubelet(store, runtime)] : [])];
  seedNamespaces(store);
  seedNode(store);

  const { private: key, cert } = await generate([{ name: 'commonName', value: '127.0.0.1' }], {
    keyType: 'ec',
    algorithm: 'sha256',
    extensions: [
      { name: 'basicConstraints', cA: true },
      { name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] },
    ],
  });
  const api = createApiServer({
    store,
    runtime,
    tls: { key, cert },
    token: TOKEN,
    version: 'v1.36.0-podreach',
  });
  api.server.listen(0, '127.0.0.1');
  await once(api.server, 'listening');
  const { port } = api.server.address() as AddressInfo;
  const server = `https://127.0.0.1:${port}`;
  const folder = await mkdtemp(join(tmpdir(), 'podreach-api-test-'));
  const kubeconfig = join(folder, 'kubeconfig');
  await writeFile(kubeconfig, kubeconfigOf(server, cert), { mode: 0o600 });

  return {
    store,
    runtime,
    server,
    ca: cert,
    kubeconfig,
    call: (method, path, body, headers = {}) => call(server, cert, method, path, body, headers),
    async [Symbol.asyncDispose]() {
      await api.close();
      for (const end of endings) end();
      runtime.stop();
      await rm(folder, { recursive: true });
    },
  };
}

function kubeconfigOf(server: string, ca: string): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      { name: 'test', cluster: { server, 'certificate-authority-data': Buffer.from(ca).toString('base64') } },
    ],
    users: [{ name: 'test', user: { token: TOKEN } }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
    'current-context': 'test',
  });
}

async function call(
  server: string,
  ca: string,
  method: string,
  path: string,
  body: unknown,
  headers: Record<string, string>,
): Promise<Answer> {
  const text = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
  const options: RequestOptions = {
    method,
    ca,
    headers: {
      authorization: `Bearer ${TOKEN}`,
      'user-agent': 'tester/1',
      ...(text === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) }),
      ...headers,
    },
  };
  const outgoing = request(server + path, options);
  outgoing.end(text);
  const [response] = await once(outgoing, 'response');
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  const answer = Buffer.concat(chunks).toString('utf8');
  const isJson = response.headers['content-type'] === 'application/json' && answer !== '';
  return { code: response.statusCode, headers: response.headers, body: isJson ? JSON.parse(answer) : answer };
}

function seedNode(store: Store): void {
  const lastTransitionTime = timestampOf(new Date());
  store.create('nodes', {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'node-a', labels: { 'kubernetes.io/hostname': 'node-a' } },
    spec: { podCIDR: '10.244.0.0/24', podCIDRs: ['10.244.0.0/24', 'fd00:10:244::/64'] },
    status: {
      capacity: { cpu: '2' },
      allocatable: { cpu: '2' },
      addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
      conditions: [{ type: 'Ready', status: 'True', reason: 'SandboxReady', lastTransitionTime }],
      nodeInfo: { kubeletVersion: 'v1.36.0-podreach', kernelVersion: '6.1.0' },
    },
  });
}

/** Gives every pod a node, an address and running containers; takes it away when it is deleted. */
function runKubelet(store: Store, runtime: HostRuntime): () => void {
  let address = 1;
  return store.listen(({ type, object }) => {
    if (object.kind !== 'Pod') return;
    const { namespace, name, uid: podUid = '' } = object.metadata;
    if (type === 'ADDED') {
      for (const { name: container } of object.spec.containers) runtime.start({ podUid, container });
      address += 1;
      const podIP = `10.244.0.${address}`;
      store.update('pods', namespace, name, (pod) => running(pod, podIP));
    } else if (type === 'MODIFIED' && object.metadata.deletionTimestamp !== undefined) {
      for (const { name: container } of object.spec.containers) runtime.end({ podUid, container });
      store.remove('pods', namespace, name);
    }
  });
}

function running(pod: Pod, podIP: string): Pod {
  const startedAt = timestampOf(new Date());
  const ready = (type: 'Ready' | 'PodScheduled') =>
    ({ type, status: 'True', lastTransitionTime: startedAt }) as const;
  return {
    ...pod,
    spec: { ...pod.spec, nodeName: 'node-a' },
    status: {
      phase: 'Running',
      podIP,
      podIPs: [{ ip: podIP }],
      startTime: startedAt,
      conditions: [ready('PodScheduled'), ready('Ready')],
      containerStatuses: pod.spec.containers.map(({ name, image = '' }) => ({
        name,
        image,
        imageID: '',
        ready: true,
        started: true,
        restartCount: 0,
        state: { running: { startedAt } },
      })),
    },
  };
}
