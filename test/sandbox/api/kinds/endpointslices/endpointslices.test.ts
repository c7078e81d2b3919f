/** EndpointSlices: what the controller keeps for each Service, and what users may write themselves. */
import { expect, it, onTestFinished } from 'vitest';
import { runEndpointSlices } from '../../../../../src/sandbox/api/kinds/endpointslices/controller.ts';
import type { EndpointSlice } from '../../../../../src/sandbox/api/kinds/endpointslices/object.ts';
import { KINDS } from '../../../../../src/sandbox/api/kinds/kinds.ts';
import { runNamespaces } from '../../../../../src/sandbox/api/kinds/namespaces/controller.ts';
import type { ContainerPort, Pod } from '../../../../../src/sandbox/api/kinds/pods/object.ts';
import type { Service } from '../../../../../src/sandbox/api/kinds/services/object.ts';
import { createStore } from '../../../../../src/sandbox/api/memory-store.ts';
import type { Store } from '../../../../../src/sandbox/api/store.ts';
import { create, createLocalApi, statusOf } from '../../local-api.ts';

function startController(): Store {
  const store = createStore();
  onTestFinished(runEndpointSlices(store));
  return store;
}

function addService(store: Store, name: string, spec: Service['spec'], labels = {}): Service {
  const metadata = { name, namespace: 'shop', labels };
  return store.create('services', { apiVersion: 'v1', kind: 'Service', metadata, spec });
}

/** @param number the last of the pod's address; without one it has none yet */
function addPod(store: Store, name: string, number?: number, ports: ContainerPort[] = []): Pod {
  return store.create('pods', {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: 'shop', labels: { app: 'api' } },
    spec: { containers: [{ name: 'main', ports }], nodeName: 'node-1' },
    status: { phase: 'Running', ...(number === undefined ? {} : addressesOf(number)) },
  });
}

function addressesOf(number: number): { podIP: string; podIPs: { ip: string }[] } {
  const podIP = `10.244.1.${number}`;
  return { podIP, podIPs: [{ ip: podIP }, { ip: `fd00:10:244:1::${number}` }] };
}

function setReady(store: Store, name: string, status: 'True' | 'False'): void {
  store.update('pods', 'shop', name, (pod) => ({
    ...pod,
    status: {
      phase: 'Running',
      ...pod.status,
      conditions: [{ type: 'Ready', status, lastTransitionTime: '' }],
    },
  }));
}

/** Each slice as `ADDRESS state, … on PORTS`. */
function told(store: Store, service = 'api'): string[] {
  return store
    .list('endpointslices', 'shop')
    .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service)
    .map(sliceText);
}

function sliceText({ endpoints = [], ports = [] }: EndpointSlice): string {
  const ends = endpoints.map(({ addresses, conditions = {} }) => {
    const states = Object.entries(conditions).flatMap(([name, is]) => (is ? [name] : []));
    return [addresses.join(), ...states].join(' ');
  });
  return `${ends.join(', ')} on ${ports.map(({ name, port, protocol }) => `${name}:${port}/${protocol}`).join(' ')}`;
}

const API: Service['spec'] = { selector: { app: 'api' }, ports: [{ port: 80, targetPort: 8080 }] };

it('a Service has its pods as endpoints: as they become ready, leave, and are gone', () => {
  const store = startController();
  addService(store, 'api', API);
  expect(told(store)).toEqual([' on ']);
  addPod(store, 'a');
  expect(told(store)).toEqual([' on ']);
  store.update('pods', 'shop', 'a', (pod) => ({ ...pod, status: { phase: 'Pending', ...addressesOf(2) } }));
  expect(told(store)).toEqual(['10.244.1.2 on :8080/TCP']);
  setReady(store, 'a', 'True');
  addPod(store, 'b', 3);
  expect(told(store)).toEqual(['10.244.1.2 ready serving, 10.244.1.3 on :8080/TCP']);
  store.update('pods', 'shop', 'a', (pod) => ({
    ...pod,
    metadata: { ...pod.metadata, deletionTimestamp: '2026-01-02T03:04:05Z' },
  }));
  expect(told(store)).toEqual(['10.244.1.2 serving terminating, 10.244.1.3 on :8080/TCP']);
  store.remove('pods', 'shop', 'a');
  store.remove('pods', 'shop', 'b');
  expect(told(store)).toEqual([' on ']);
  store.remove('services', 'shop', 'api');
  expect(store.list('endpointslices')).toEqual([]);
});

it('each family of a Service has its own slices, with the addresses of that family', () => {
  const store = startController();
  addService(store, 'api', { ...API, ipFamilies: ['IPv6', 'IPv4'] });
  addPod(store, 'a', 2);
  const slices = store.list('endpointslices', 'shop');
  expect(slices.map((slice) => `${slice.addressType}: ${sliceText(slice)}`).toSorted()).toEqual([
    'IPv4: 10.244.1.2 on :8080/TCP',
    'IPv6: fd00:10:244:1::2 on :8080/TCP',
  ]);
  expect(new Set(slices.map(({ metadata }) => metadata.name)).size).toBe(2);
  store.update('services', 'shop', 'api', (service) => ({
    ...service,
    spec: { ...API, ipFamilies: ['IPv6'] },
  }));
  expect(told(store)).toEqual(['fd00:10:244:1::2 on :8080/TCP']);
});

it('a pod outside the cluster is no endpoint, whatever its labels', () => {
  const store = startController();
  addService(store, 'api', API);
  addPod(store, 'inside', 2);
  addPod(store, 'outside', 3);
  expect(told(store)).toEqual(['10.244.1.2, 10.244.1.3 on :8080/TCP']);
  store.remove('pods', 'shop', 'outside');
  const { metadata, ...pod } = addPod(store, 'other');
  store.remove('pods', 'shop', 'other');
  const annotations = { 'sandbox.podreach.dev/outside': '203.0.113.10' };
  store.create('pods', {
    ...pod,
    metadata: { ...metadata, annotations },
    status: { phase: 'Running', podIP: '203.0.113.10', podIPs: [{ ip: '203.0.113.10' }] },
  });
  expect(told(store)).toEqual(['10.244.1.2 on :8080/TCP']);
});

it('a slice says whose it is and who its endpoints are', () => {
  const store = startController();
  const pod = addPod(store, 'a', 2);
  const service = addService(store, 'api', { ...API, clusterIP: 'None' }, { team: 'shop' });
  const [slice] = store.list('endpointslices', 'shop');
  expect(slice).toMatchObject({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    addressType: 'IPv4',
    metadata: {
      name: expect.stringMatching(/^api-[a-z0-9]{5}$/),
      generateName: 'api-',
      labels: {
        team: 'shop',
        'kubernetes.io/service-name': 'api',
        'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
        'service.kubernetes.io/headless': '',
      },
      ownerReferences: [
        {
          apiVersion: 'v1',
          kind: 'Service',
          name: 'api',
          uid: service.metadata.uid,
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    },
    endpoints: [
      {
        addresses: ['10.244.1.2'],
        nodeName: 'node-1',
        targetRef: { kind: 'Pod', namespace: 'shop', name: 'a', uid: pod.metadata.uid },
      },
    ],
  });
});

it('a named target port is each pod’s own, and of a pod without it there is none (D14)', () => {
  const store = startController();
  addPod(store, 'a', 2, [{ name: 'http', containerPort: 8080 }]);
  addPod(store, 'b', 3, [{ name: 'http', containerPort: 9090 }]);
  addPod(store, 'c', 4, [{ name: 'http', containerPort: 53, protocol: 'UDP' }]);
  addPod(store, 'd', 5, [{ name: 'http', containerPort: 8080 }]);
  addService(store, 'api', { selector: { app: 'api' }, ports: [{ port: 80, targetPort: 'http' }] });
  expect(told(store).toSorted()).toEqual([
    '10.244.1.2, 10.244.1.5 on :8080/TCP',
    '10.244.1.3 on :9090/TCP',
    '10.244.1.4 on ',
  ]);
});

it('a pod that has ended is no endpoint (D26)', () => {
  const store = startController();
  addService(store, 'api', API);
  addPod(store, 'a', 2);
  store.update('pods', 'shop', 'a', (pod) => ({
    ...pod,
    status: { phase: 'Succeeded', ...addressesOf(2) },
  }));
  expect(told(store)).toEqual([' on ']);
});

it('where unready addresses are published, everybody counts as ready', () => {
  const store = startController();
  addPod(store, 'a', 2);
  addService(store, 'api', { ...API, publishNotReadyAddresses: true });
  expect(told(store)).toEqual(['10.244.1.2 ready on :8080/TCP']);
});

it('labels and selectors that change move endpoints', () => {
  const store = startController();
  addService(store, 'api', API);
  addService(store, 'web', { ...API, selector: { app: 'web' } });
  addPod(store, 'a', 2);
  store.update('pods', 'shop', 'a', ({ metadata, ...pod }) => ({
    ...pod,
    metadata: { ...metadata, labels: { app: 'web' } },
  }));
  expect([told(store, 'api'), told(store, 'web')]).toEqual([[' on '], ['10.244.1.2 on :8080/TCP']]);
  store.update('services', 'shop', 'web', (service) => ({ ...service, spec: API }));
  expect(told(store, 'web')).toEqual([' on ']);
});

it('pods of another namespace are none of a Service’s', () => {
  const store = startController();
  addService(store, 'api', API);
  const { metadata, ...pod } = addPod(store, 'a', 2);
  store.remove('pods', 'shop', 'a');
  store.create('pods', { ...pod, metadata: { ...metadata, namespace: 'ops' } });
  expect(told(store)).toEqual([' on ']);
});

it('a host name of a headless Service’s own is told', () => {
  const store = startController();
  addPod(store, 'a', 2);
  store.update('pods', 'shop', 'a', (pod) => ({
    ...pod,
    spec: { ...pod.spec, hostname: 'db-0', subdomain: 'db' },
  }));
  addService(store, 'db', { ...API, clusterIP: 'None' });
  addService(store, 'api', API);
  const namesOf = (service: string) =>
    store
      .list('endpointslices', 'shop')
      .filter(({ metadata }) => metadata.labels?.['kubernetes.io/service-name'] === service)
      .flatMap(({ endpoints = [] }) => endpoints.map(({ hostname }) => hostname));
  expect([namesOf('db'), namesOf('api')]).toEqual([['db-0'], [undefined]]);
});

it('a slice that somebody takes away or changes is made again', () => {
  const store = startController();
  addPod(store, 'a', 2);
  addService(store, 'api', API);
  const nameOf = () => store.list('endpointslices', 'shop')[0]?.metadata.name ?? '';
  store.remove('endpointslices', 'shop', nameOf());
  expect(told(store)).toEqual(['10.244.1.2 on :8080/TCP']);
  store.update('endpointslices', 'shop', nameOf(), (slice) => ({ ...slice, endpoints: [] }));
  expect(told(store)).toEqual(['10.244.1.2 on :8080/TCP']);
});

it('a Service that is being deleted, and its namespace, get rid of their slices', () => {
  const store = startController();
  onTestFinished(runNamespaces(store, () => new Date()));
  const marked = { deletionTimestamp: '2026-01-02T03:04:05Z' };
  store.create('namespaces', { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'shop' } });
  addService(store, 'api', API);
  addService(store, 'web', API);
  store.update('services', 'shop', 'api', (service) => ({
    ...service,
    metadata: { ...service.metadata, ...marked },
  }));
  expect([told(store, 'api'), told(store, 'web')]).toEqual([[], [' on ']]);
  store.remove('services', 'shop', 'api');
  store.update('namespaces', undefined, 'shop', (namespace) => ({
    ...namespace,
    metadata: { ...namespace.metadata, ...marked },
  }));
  expect([store.list('endpointslices'), store.list('services'), store.list('namespaces')]).toEqual([
    [],
    [],
    [],
  ]);
});

it('slices of a Service without a selector are the user’s', () => {
  const store = startController();
  addPod(store, 'a', 2);
  addService(store, 'api', { ports: [{ port: 80 }] });
  expect(store.list('endpointslices')).toEqual([]);
  store.create('endpointslices', {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'mine', namespace: 'shop', labels: { 'kubernetes.io/service-name': 'api' } },
    addressType: 'IPv4',
    ports: [{ name: '', protocol: 'TCP', port: 443 }],
    endpoints: [{ addresses: ['203.0.113.10'] }],
  });
  store.update('services', 'shop', 'api', (service) => ({
    ...service,
    metadata: { ...service.metadata, labels: { a: 'b' } },
  }));
  expect(told(store)).toEqual(['203.0.113.10 on :443/TCP']);
});

it('more than a hundred endpoints are several slices', () => {
  const store = startController();
  for (let number = 2; number < 132; number += 1) addPod(store, `p${number}`, number);
  addService(store, 'api', API);
  const counts = store.list('endpointslices', 'shop').map(({ endpoints = [] }) => endpoints.length);
  expect(counts.toSorted()).toEqual([100, 30]);
});

it.each<[string, object, string]>([
  ['no address type', {}, 'addressType: Required value'],
  [
    'another address type',
    { addressType: 'IP' },
    'addressType: Unsupported value: "IP": supported values: "FQDN", "IPv4", "IPv6"',
  ],
  [
    'no addresses',
    { addressType: 'IPv4', endpoints: [{}] },
    'endpoints[0].addresses: Required value: must contain at least 1 address',
  ],
  [
    'an address of another family',
    { addressType: 'IPv4', endpoints: [{ addresses: ['fd00::1'] }] },
    'endpoints[0].addresses[0]: Invalid value: "fd00::1": must be a valid IPv4 address',
  ],
  [
    'the loopback address',
    { addressType: 'IPv4', endpoints: [{ addresses: ['127.0.0.1'] }] },
    'endpoints[0].addresses[0]: Invalid value: "127.0.0.1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
  ],
  [
    'a port name twice',
    { addressType: 'IPv4', ports: [{ port: 80 }, { port: 81 }] },
    'ports[1].name: Duplicate value: ""',
  ],
  [
    'another protocol',
    { addressType: 'IPv4', ports: [{ port: 80, protocol: 'ICMP' }] },
    'ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
  ],
])('a slice with %s is refused', (_what, slice, why) => {
  const attempt = (): unknown =>
    create(createLocalApi(), 'endpointslices', { metadata: { name: 'mine' }, ...slice });
  expect(statusOf(attempt).message).toBe(`EndpointSlice.discovery.k8s.io "mine" is invalid: ${why}`);
});

it('is shown as kubectl shows it', () => {
  const { columns, cells } = KINDS.endpointslices;
  expect(columns.map(({ name }) => name)).toEqual(['Name', 'AddressType', 'Ports', 'Endpoints', 'Age']);
  const slice = create(createLocalApi(), 'endpointslices', {
    metadata: { name: 'mine' },
    addressType: 'IPv4',
    ports: [{ port: 80 }],
    endpoints: [1, 2, 3, 4, 5].map((number) => ({ addresses: [`10.244.1.${number}`] })),
  });
  if (slice === undefined) throw new Error('there is no slice');
  expect(cells(slice, new Date()).slice(0, 4)).toEqual([
    'mine',
    'IPv4',
    '80',
    '10.244.1.1,10.244.1.2,10.244.1.3 + 2 more...',
  ]);
  expect(cells({ ...slice, ports: [], endpoints: [] }, new Date()).slice(2, 4)).toEqual([
    '<unset>',
    '<unset>',
  ]);
});
