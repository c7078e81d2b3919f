/** What becomes of hosts outside the cluster: who stands for them, and what a cluster cannot show of them. */
import { describe, expect, test } from 'vitest';
import type { Check } from '../../../src/model/check.ts';
import {
  agentsFor,
  placesOf,
  placesTaken,
  realHostsOf,
  refuseHosts,
  refuseInside,
} from '../../../src/run/hosts.ts';
import type { Plan, PlannedHost } from '../../../src/scenario/scenario.ts';

const location = { file: 'shop.yaml', line: 7, column: 3 };
const BANK: PlannedHost = {
  name: 'bank',
  place: { kind: 'address', addresses: ['203.0.113.10'] },
  ports: [{ port: 443, protocol: 'TCP' }],
  location,
};
const REGISTRY: PlannedHost = {
  ...BANK,
  name: 'registry',
  place: { kind: 'name', name: 'registry.example.com' },
};
const NAMED: PlannedHost = {
  ...BANK,
  name: 'mirror',
  place: { kind: 'name', name: 'mirror.example.com', addresses: ['203.0.113.12'] },
};
const SIMULATED = {
  outside: { kind: 'pods' as const, address: 'example.com/outside', name: 'example.com/name' },
};
const REAL = {};

function planWith(hosts: readonly PlannedHost[], ...checks: readonly Partial<Check>[]): Plan {
  const check = {
    from: 'shop/web',
    to: 'host/bank',
    port: 443,
    protocol: 'TCP',
    declared: location,
  } as const;
  const [first, ...more] = checks.map((one) => ({ ...check, ...one }));
  return { hosts, steps: [{ checks: first === undefined ? [] : [first, ...more] }] } as unknown as Plan; // as much of one as is read
}

describe('where hosts are simulated', () => {
  test('an agent stands for each, in a namespace of the scenario, at the address of the host', () => {
    const plan = planWith([BANK]);
    expect(agentsFor(plan, 3, SIMULATED, { runId: 'r1' })).toEqual({
      namespaces: [{ name: 'podreach-hosts-r1-3', labels: {} }],
      pods: [
        {
          namespace: 'podreach-hosts-r1-3',
          name: 'bank',
          labels: {},
          ports: BANK.ports,
          host: { key: 'host/bank', annotations: { 'example.com/outside': '203.0.113.10' } },
        },
      ],
    });
    expect(realHostsOf(plan, SIMULATED).size).toBe(0);
    expect(placesTaken(plan, SIMULATED)).toEqual(['203.0.113.10']);
  });

  test('one with a name and an address is dialled by its name, which leads there', () => {
    const plan = planWith([NAMED]);
    expect(() => refuseHosts([plan], SIMULATED)).not.toThrow();
    expect(agentsFor(plan, 3, SIMULATED, { runId: 'r1' }).pods.map(({ host }) => host)).toEqual([
      {
        key: 'host/mirror',
        dnsName: 'mirror.example.com',
        annotations: { 'example.com/outside': '203.0.113.12', 'example.com/name': 'mirror.example.com' },
      },
    ]);
    expect(placesOf(planWith([BANK, REGISTRY, NAMED]))).toEqual([
      '203.0.113.10',
      '203.0.113.12',
      'mirror.example.com',
    ]);
  });

  test('one that has only a name is refused, with its place', () => {
    expect(() => refuseHosts([planWith([BANK, REGISTRY])], SIMULATED)).toThrow(
      expect.objectContaining({
        code: 'not-supported',
        message:
          'host/registry has a name and no address: on this cluster hosts are simulated, at their addresses',
        location,
      }),
    );
  });

  test('they may be sources, and get datagrams', () => {
    const plan = planWith([BANK], { from: 'host/bank', to: 'shop/web' }, { protocol: 'UDP' });
    expect(() => refuseHosts([plan], SIMULATED)).not.toThrow();
  });
});

describe('where hosts are the real ones', () => {
  test('nothing is created for them, and they are dialled by address or name', () => {
    const plan = planWith([BANK, REGISTRY, NAMED]);
    expect(agentsFor(plan, 1, REAL, { runId: 'r1' })).toEqual({ namespaces: [], pods: [] });
    expect([...realHostsOf(plan, REAL)]).toEqual([
      ['host/bank', BANK.place],
      ['host/registry', REGISTRY.place],
      ['host/mirror', NAMED.place],
    ]);
    expect(placesTaken(plan, REAL)).toEqual([]);
    expect(() => refuseHosts([plan], REAL)).not.toThrow();
  });

  test.each([
    [
      'a connection that starts there',
      { from: 'host/bank', to: 'shop/web' },
      'host/bank → shop/web:443/TCP: host/bank is the real host on this cluster, and podreach starts no connections there',
    ],
    [
      'a datagram, of which nothing tells whether it came,',
      { protocol: 'UDP' },
      'shop/web → host/bank:443/UDP: host/bank is the real host on this cluster, and nothing proves that it has got a datagram',
    ],
    [
      'a connection that is to be held',
      { held: 'cut' },
      "shop/web → host/bank:443/TCP: host/bank is the real host on this cluster, and only podreach's own probes send heartbeats back",
    ],
    [
      'what a new pod is to try from its first instant',
      { firstInstant: true },
      "shop/web → host/bank:443/TCP: host/bank is the real host on this cluster, and only podreach's own probes tell at each moment whether they listen",
    ],
  ] as const)('%s is refused, with the rule that asks for it', (_, check, message) => {
    expect(() => refuseHosts([planWith([BANK], {}, check)], REAL)).toThrow(
      expect.objectContaining({ code: 'not-supported', message, location }),
    );
  });
});

test('a host is at no address that something inside has', () => {
  const node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'worker' },
    spec: { podCIDR: '10.244.1.0/24', podCIDRs: ['10.244.1.0/24', 'fd00::/64'] },
    status: { addresses: [{ type: 'InternalIP', address: '192.0.2.7' }] },
  };
  const at = (address: string) => () =>
    refuseInside(
      [planWith([{ ...BANK, place: { kind: 'address', addresses: [address] } }, REGISTRY])],
      [node],
    );
  expect(at('203.0.113.10')).not.toThrow();
  expect(at('10.244.1.9')).toThrow(
    expect.objectContaining({
      message: 'host/bank is at 10.244.1.9, and that is in 10.244.1.0/24, where the pods of worker are',
      location,
    }),
  );
  expect(at('192.0.2.7')).toThrow('host/bank is at 192.0.2.7, and that is the node worker');
});
