import { describe, expect, test } from 'vitest';
import type { HostPlace } from '../../src/model/endpoint.ts';
import { connectionsFor, dialOf, requestOf } from '../../src/run/dial.ts';

const pods = new Map([
  ['shop/web', { ip: '10.244.1.2' }],
  ['shop/db', { ip: '10.244.2.3', otherIps: ['fd00:10:244:2::3'] }],
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

  test('goes to the address of its family, and so does the proof that somebody listens', () => {
    expect(dialOf({ ...check, family: 'IPv6' }, { pods })).toMatchObject({
      family: 'IPv6',
      address: 'fd00:10:244:2::3',
      listeners: [{ pod: 'shop/db', address: 'fd00:10:244:2::3' }],
    });
    expect(dialOf({ ...check, to: 'shop/web', family: 'IPv6' }, { pods })).toBeUndefined();
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
    const realHosts = new Map<string, HostPlace>([
      ['host/registry', { kind: 'name', name: 'registry.example.com' }],
      ['host/bank', { kind: 'address', addresses: ['203.0.113.10', '2001:db8::10'] }],
      ['host/old', { kind: 'address', addresses: ['203.0.113.11'] }],
    ]);
    const dial = dialOf({ ...check, to: 'host/registry', protocol: 'TCP' }, { pods, realHosts });
    expect(dial).toMatchObject({ address: 'registry.example.com', answerers: [], listeners: [] });
    expect(dial && requestOf(dial)).toEqual({
      host: 'registry.example.com',
      port: 5432,
      protocol: 'TCP',
      family: 'IPv4',
    });
    const overIpv6 = (to: string) => dialOf({ ...check, to, family: 'IPv6' }, { pods, realHosts })?.address;
    expect([overIpv6('host/bank'), overIpv6('host/old')]).toEqual(['2001:db8::10', undefined]);
  });

  test('is none for a workload: nobody places one', () => {
    const to = 'workload/shop/db';
    const placed = new Map([...pods, [to, { ip: '10.96.0.1' }]]);
    expect(dialOf({ ...check, to }, { pods: placed })).toBeUndefined();
  });
});

describe('the dial of a check to a Service', () => {
  const backends = [
    { pod: 'shop/db', port: 5432 },
    { pod: 'shop/web', port: 5433 },
  ] as const;
  const toService = { ...check, to: 'service/shop/data', port: 53, path: 'clusterIP', backends } as const;
  const services = new Map([['service/shop/data', ['10.96.0.17', 'fd00:10:96::11']]]);

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
    expect(
      dialOf({ ...toService, backends: [backends[0]], family: 'IPv6' }, { pods, services })?.address,
    ).toBe('fd00:10:96::11');
  });

  test('is none where the Service or one of its pods was not placed', () => {
    expect(dialOf(toService, { pods })).toBeUndefined();
    const other = [...backends, { pod: 'shop/api', port: 1 }];
    expect(dialOf({ ...toService, backends: other }, { pods, services })).toBeUndefined();
    expect(dialOf({ ...toService, backends: [] }, { pods, services })).toBeUndefined();
  });
});

test.each([1, 2, 3, 4, 10, 100])(
  'of %i pods none is missed by chance, nor another beside a single one, but for one case in a million',
  (pods) => {
    const connections = connectionsFor(pods);
    const ends = Math.max(2, pods);
    expect(ends * (1 - 1 / ends) ** connections).toBeLessThanOrEqual(1e-6);
    expect(ends * (1 - 1 / ends) ** (connections - 1)).toBeGreaterThan(1e-6);
  },
);
