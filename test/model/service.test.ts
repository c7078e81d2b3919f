/** Who answers for a Service. */
import { expect, test } from 'vitest';
import { backendsOf, dnsNameOf, type PlannedService, pathsTo, serviceKey } from '../../src/model/service.ts';

const pod = (name: string, labels: Record<string, string>, port: number, namespace = 'shop') => ({
  namespace,
  name,
  labels,
  ports: [{ name: 'http', port, protocol: 'TCP' as const }],
});
const pods = [
  pod('api-1', { app: 'api' }, 8080),
  pod('api-2', { app: 'api', tier: 'back' }, 9090),
  pod('web', { app: 'web' }, 8080),
  pod('api-1', { app: 'api' }, 8080, 'ops'),
];
const service: PlannedService = { namespace: 'shop', name: 'api', selector: { app: 'api' }, ports: [] };
const port = { port: 80, protocol: 'TCP', targetPort: 8080 } as const;

test('the pods of its namespace that have all labels of its selector, each on the target port', () => {
  expect(backendsOf(service, port, pods)).toEqual([
    { pod: 'shop/api-1', port: 8080 },
    { pod: 'shop/api-2', port: 8080 },
  ]);
  expect(backendsOf({ ...service, selector: { app: 'api', tier: 'back' } }, port, pods)).toEqual([
    { pod: 'shop/api-2', port: 8080 },
  ]);
});

test('a target port with a name is looked up in each pod, and a pod without it is none of them (D14)', () => {
  expect(backendsOf(service, { ...port, targetPort: 'http' }, pods)).toEqual([
    { pod: 'shop/api-1', port: 8080 },
    { pod: 'shop/api-2', port: 9090 },
  ]);
  expect(backendsOf(service, { ...port, targetPort: 'grpc' }, pods)).toEqual([]);
  expect(backendsOf(service, { ...port, protocol: 'UDP', targetPort: 'http' }, pods)).toEqual([]);
});

test('of a headless Service nothing is translated: its name gives the pods, and its port is that of the pods (D27)', () => {
  const headless: PlannedService = { ...service, headless: true };
  expect(backendsOf(headless, port, pods).map((one) => one.port)).toEqual([80, 80]);
  expect(pathsTo(headless)).toEqual(['dns']);
  expect(pathsTo(service)).toEqual(['clusterIP', 'dns']);
});

test('it has a key, and a full name', () => {
  expect(serviceKey(service)).toBe('service/shop/api');
  expect(dnsNameOf(service)).toBe('api.shop.svc.cluster.local.');
});
