import { describe, expect, test } from 'vitest';
import { connectionsFor, dialOf, requestOf } from '../../src/run/dial.ts';

const pods = new Map([
  ['shop/web', { ip: '10.244.1.2' }],
  ['shop/db', { ip: '10.244.2.3' }],
]);
const check = { to: 'shop/db', port: 5432, protocol: 'UDP', family: 'IPv4' } as const;

describe('the dial of a check', () => {
  test('goes to the address of the pod, which must answer, and whose own agent proves that it listens', () => {
    expect(dialOf(check, { pods })).toEqual({
      family: 'IPv4',
      address: '10.244.2.3',
      port: 5432,
      protocol: 'UDP',
      answerers: ['shop/db'],
      listeners: [{ pod: 'shop/db', address: '10.244.2.3', port: 5432, protocol: 'UDP' }],
    });
  });

  test('is none where the pod was not placed', () => {
    expect(dialOf({ ...check, to: 'shop/api' }, { pods })).toBeUndefined();
  });

  test('goes to a simulated host as to a pod: its agent answers by its name', () => {
    const placed = new Map([...pods, ['host/bank', { ip: '203.0.113.10' }]]);
    expect(dialOf({ ...check, to: 'host/bank' }, { pods: placed })).toMatchObject({
      address: '203.0.113.10',
      answerers: ['host/bank'],
      listeners: [{ pod: 'host/bank' }],
    });
  });

  test('goes to a real host by its address or name: nobody need name himself there', () => {
    const realHosts = new Map([['host/registry', 'registry.example.com']]);
    const dial = dialOf({ ...check, to: 'host/registry', protocol: 'TCP' }, { pods, realHosts });
    expect(dial).toMatchObject({ address: 'registry.example.com', answerers: [], listeners: [] });
    expect(dial && requestOf(dial)).toEqual({ host: 'registry.example.com', port: 5432, protocol: 'TCP' });
  });

  test('is none for a workload: nobody places one', () => {
    const to = 'workload/shop/db';
    const placed = new Map([...pods, [to, { ip: '10.96.0.1' }]]);
    expect(dialOf({ ...check, to }, { pods: placed })).toBeUndefined();
  });
});

describe('the dial of a check to a Service that is there already', () => {
  const api = { ...check, to: 'service/default/kubernetes', port: 443, protocol: 'TCP' } as const;
  const one = { address: '172.18.0.1', port: 6443 };
  const metWith = (...endpoints: readonly (typeof one)[]) =>
    new Map([[api.to, { address: '10.96.0.1', endpoints: new Map([[443, endpoints]]) }]]);

  test('goes to its address or its name, where an open connection is answer enough', () => {
    const dial = dialOf({ ...api, path: 'clusterIP' }, { pods, met: metWith(one) });
    expect(dial).toEqual({
      family: 'IPv4',
      address: '10.96.0.1',
      port: 443,
      protocol: 'TCP',
      answerers: [],
      listeners: [],
    });
    expect(dial && requestOf(dial)).toEqual({ host: '10.96.0.1', port: 443, protocol: 'TCP' });
    expect(dialOf({ ...api, path: 'dns' }, { pods, met: metWith(one) })?.address).toBe(
      'kubernetes.default.svc.cluster.local.',
    );
  });

  test('meets each of several endpoints', () => {
    const dial = dialOf({ ...api, path: 'clusterIP' }, { pods, met: metWith(one, one, one) });
    expect(dial && requestOf(dial)).toMatchObject({ pods: [], connections: connectionsFor(3) });
  });

  test('is none where it has no address', () => {
    const met = new Map([[api.to, { endpoints: new Map([[443, [one]]]) }]]);
    expect(dialOf({ ...api, path: 'clusterIP' }, { pods, met })).toBeUndefined();
  });
});

describe('the dial of a check to a Service', () => {
  const backends = [
    { pod: 'shop/db', port: 5432 },
    { pod: 'shop/web', port: 5433 },
  ];
  const toService = { ...check, to: 'service/shop/data', port: 53, path: 'clusterIP', backends } as const;
  const services = new Map([['service/shop/data', '10.96.0.17']]);

  test('goes to its address, where each pod behind it must answer and proves that it listens on its own port', () => {
    expect(dialOf(toService, { pods, services })).toEqual({
      family: 'IPv4',
      address: '10.96.0.17',
      port: 53,
      protocol: 'UDP',
      answerers: ['shop/db', 'shop/web'],
      listeners: [
        { pod: 'shop/db', address: '10.244.2.3', port: 5432, protocol: 'UDP' },
        { pod: 'shop/web', address: '10.244.1.2', port: 5433, protocol: 'UDP' },
      ],
      connections: 21,
    });
  });

  test('goes to its name, which the source resolves', () => {
    expect(dialOf({ ...toService, path: 'dns' }, { pods })?.address).toBe('data.shop.svc.cluster.local.');
  });

  test('is none where the Service or one of its pods was not placed', () => {
    expect(dialOf(toService, { pods })).toBeUndefined();
    const other = [...backends, { pod: 'shop/api', port: 1 }];
    expect(dialOf({ ...toService, backends: other }, { pods, services })).toBeUndefined();
    expect(dialOf({ ...toService, backends: [] }, { pods, services })).toBeUndefined();
  });
});

test.each([1, 2, 3, 4, 10, 100])(
  'of %i pods none is missed by chance, but for one case in a million',
  (pods) => {
    const connections = connectionsFor(pods);
    expect(pods * (1 - 1 / pods) ** connections).toBeLessThanOrEqual(1e-6);
    if (pods > 1) expect(pods * (1 - 1 / pods) ** (connections - 1)).toBeGreaterThan(1e-6);
  },
);
