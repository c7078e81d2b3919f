import { describe, expect, test } from 'vitest';
import type { HostPlace } from '../../src/model/endpoint.ts';
import { connectionsFor, dialOf, requestOf } from '../../src/run/dial.ts';
import type { MetService, MetServices } from '../../src/run/existing-services.ts';

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

describe('the dial of a check to a Service that is there already', () => {
  const api = { ...check, to: 'service/default/kubernetes', port: 443, protocol: 'TCP' } as const;
  const one = { address: '172.18.0.1', port: 6443 };
  const metWith = (...endpoints: readonly (typeof one)[]): MetServices =>
    new Map([
      [
        api.to,
        {
          families: ['IPv4'],
          addresses: ['10.96.0.1'],
          endpoints: new Map([['IPv4', [{ port: 443, protocol: 'TCP', endpoints }]]]),
        },
      ],
    ]);

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

  test('meets them in a row of attempts together, where it is one of several', () => {
    const dial = dialOf({ ...api, path: 'clusterIP' }, { pods, met: metWith(one, one, one) });
    expect(connectionsFor(3)).toBe(37);
    expect(dial && requestOf(dial, { row: 2 })).toMatchObject({ connections: 19 });
  });

  test('is none where it has no address', () => {
    const met = new Map([[api.to, { families: ['IPv4'], addresses: [], endpoints: new Map() } as const]]);
    expect(dialOf({ ...api, path: 'clusterIP' }, { pods, met })).toBeUndefined();
  });

  test('is of the family of the check, and meets the endpoints of that', () => {
    const both: MetService = {
      families: ['IPv4', 'IPv6'],
      addresses: ['10.96.0.1', 'fd00::1'],
      endpoints: new Map([
        ['IPv4', [{ port: 443, protocol: 'TCP', endpoints: [one, one, one] }]],
        ['IPv6', [{ port: 443, protocol: 'TCP', endpoints: [one] }]],
      ]),
    };
    const met = new Map([[api.to, both]]);
    const [first, other] = (['IPv4', 'IPv6'] as const).map((family) =>
      dialOf({ ...api, path: 'clusterIP', family }, { pods, met }),
    );
    expect(first).toMatchObject({ address: '10.96.0.1', connections: connectionsFor(3) });
    expect(other).toMatchObject({ family: 'IPv6', address: 'fd00::1' });
    expect(other).not.toHaveProperty('connections');
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
    expect(dialOf({ ...toService, path: 'dns' }, { pods, services })).toMatchObject({
      address: 'data.shop.svc.cluster.local.',
      leadsTo: ['10.96.0.17'],
    });
    expect(dialOf(toService, { pods, services })).not.toHaveProperty('leadsTo');
    // Without an address it is headless (D27).
    const headless = dialOf({ ...toService, path: 'dns' }, { pods });
    expect(headless).toMatchObject({
      address: 'data.shop.svc.cluster.local.',
      leadsTo: ['10.244.2.3', '10.244.1.2'],
    });
    expect(headless && requestOf(headless)).toMatchObject({ leadsTo: ['10.244.2.3', '10.244.1.2'] });
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

describe('the dial of a check to a port of nodes', () => {
  const backends = [
    { pod: 'shop/db', port: 5432 },
    { pod: 'shop/more', port: 5432 },
  ];
  const toNodes = {
    ...check,
    from: 'host/office',
    to: 'service/shop/data',
    port: 53,
    path: 'nodePort',
    backends,
  } as const;
  const local = { ...toNodes, externalTrafficPolicy: 'Local' } as const;
  const nodes = new Map([
    ['node-1', ['172.18.0.2', 'fc00:f853:ccd::2']],
    ['node-2', ['172.18.0.3', 'fc00:f853:ccd::3']],
    ['node-3', ['172.18.0.4']],
  ]);
  const placed = (node: string) =>
    new Map([
      ['shop/web', { ip: '10.244.1.2', node: 'node-1' }],
      ['shop/db', { ip: '10.244.1.3', node: 'node-1' }],
      ['shop/more', { ip: '10.244.2.3', node }],
    ]);
  const nodePorts = new Map([['service/shop/data:53/UDP', 30053]]);
  const ends = { pods: placed('node-2'), nodes, nodePorts };

  test('goes to every node in turn, at each of which each pod must answer', () => {
    const dial = dialOf(toNodes, ends);
    expect(dial).toMatchObject({
      address: '172.18.0.2',
      port: 30053,
      answerers: ['shop/db', 'shop/more'],
      listeners: [{ address: '10.244.1.3', port: 5432 }, { address: '10.244.2.3' }],
      connections: 3 * connectionsFor(2, 3),
    });
    expect(dial && requestOf(dial)).toMatchObject({
      host: '172.18.0.2',
      nodes: [...nodes.values()].map(([address]) => ({ address, pods: ['shop/db', 'shop/more'] })),
    });
  });

  test('goes, where clients keep their addresses, to the nodes that have a pod, which answers', () => {
    expect(dialOf(local, ends)?.nodes).toEqual([
      { name: 'node-1', address: '172.18.0.2', pods: ['shop/db'] },
      { name: 'node-2', address: '172.18.0.3', pods: ['shop/more'] },
    ]);
    expect(dialOf(local, ends)?.connections).toBe(2 * connectionsFor(1, 2));
  });

  test('leaves out the own node of a pod, which may lead it to all; unless there is no other', () => {
    expect(dialOf({ ...local, from: 'shop/web' }, ends)?.nodes).toEqual([
      { name: 'node-2', address: '172.18.0.3', pods: ['shop/more'] },
    ]);
    const onOne = { ...ends, pods: placed('node-1') };
    expect(dialOf({ ...local, from: 'shop/web' }, onOne)?.nodes).toMatchObject([
      { name: 'node-1', pods: ['shop/db', 'shop/more'] },
    ]);
  });

  test('goes to the addresses of its family, which a node need not have', () => {
    const otherIps = ['fd00:10:244:1::3'];
    const dualPods = new Map([...placed('node-2')].map(([key, pod]) => [key, { ...pod, otherIps }] as const));
    const overIpv6 = { ...toNodes, family: 'IPv6' } as const;
    expect(dialOf(overIpv6, { ...ends, pods: dualPods })).toMatchObject({
      address: 'fc00:f853:ccd::2',
      listeners: [{ address: 'fd00:10:244:1::3' }, { address: 'fd00:10:244:1::3' }],
      nodes: [{ name: 'node-1' }, { name: 'node-2', address: 'fc00:f853:ccd::3' }],
    });
    expect(dialOf(overIpv6, ends)).toBeUndefined();
  });

  test('is none where the Service has no port there, or nobody knows the nodes', () => {
    expect(dialOf({ ...toNodes, port: 54 }, ends)).toBeUndefined();
    expect(dialOf(toNodes, { ...ends, nodes: new Map() })).toBeUndefined();
  });
});

test.each([1, 2, 3, 4, 10, 100])(
  'of %i pods none is missed by chance, nor another beside a single one, but for one case in a million',
  (pods) => {
    const connections = connectionsFor(pods);
    const ends = Math.max(2, pods);
    expect(ends * (1 - 1 / ends) ** connections).toBeLessThanOrEqual(1e-6);
    expect(ends * (1 - 1 / ends) ** (connections - 1)).toBeGreaterThan(1e-6);
    expect(5 * ends * (1 - 1 / ends) ** connectionsFor(pods, 5)).toBeLessThanOrEqual(1e-6);
  },
);
