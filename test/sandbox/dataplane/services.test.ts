/** The text of the translation of Services; what it does to packets is in translation.test.ts. */
import { expect, test } from 'vitest';
import type { EndpointSlice, SliceEndpoint } from '../../../src/sandbox/api/kinds/endpointslices/object.ts';
import type { Service } from '../../../src/sandbox/api/kinds/services/object.ts';
import { planNodes } from '../../../src/sandbox/dataplane/addresses.ts';
import { noServices, translationsFor } from '../../../src/sandbox/dataplane/services.ts';
import { replaceTable } from '../../../src/sandbox/dataplane/table.ts';
import { IP_FAMILIES } from '../../../src/sandbox/ip-family.ts';

const NODES = planNodes(2, ['IPv4']);
const [NO_SERVICES] = noServices(['IPv4']);

function service(name: string, spec: Service['spec']): Service {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'shop' }, spec };
}

function slice(
  name: string,
  endpoints: readonly SliceEndpoint[],
  ports: EndpointSlice['ports'] = [{ name: '', protocol: 'TCP', port: 8080 }],
): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: `${name}-1`, namespace: 'shop', labels: { 'kubernetes.io/service-name': name } },
    addressType: 'IPv4',
    endpoints: [...endpoints],
    ports,
  };
}

const endpoint = (
  address: string,
  nodeName: string,
  conditions: SliceEndpoint['conditions'] = {},
): SliceEndpoint => ({
  addresses: [address],
  nodeName,
  conditions,
});
const A = endpoint('10.244.1.2', 'node-1');
const B = endpoint('10.244.2.2', 'node-2');

function tableOn(node: string, services: readonly Service[], slices: readonly EndpointSlice[]) {
  const [table] = translationsFor(NODES, { services, slices }).get(node) ?? [];
  if (table === undefined) throw new Error('each node has a table');
  return table;
}

const api = (spec: Partial<Service['spec']> = {}, port: object = {}): Service =>
  service('api', {
    type: 'ClusterIP',
    clusterIP: '10.96.1.1',
    ports: [{ port: 80, protocol: 'TCP', targetPort: 8080, ...port }],
    ...spec,
  });

/** With the names that tell contents numbered in the order of their first place, so that a person can read them. */
function legible(text: string): string {
  const names = new Map<string, string>();
  return text.replace(/\b([a-z]+)_[0-9a-f]{16}\b/g, (name, prefix: string) => {
    const known =
      names.get(name) ?? `${prefix}${[...names.values()].filter((one) => one.startsWith(prefix)).length}`;
    names.set(name, known);
    return known;
  });
}

/** Where a connection to an address ends: the endpoints, or what is done with it. */
function endsOf(text: string, front: string): string[] {
  const chains = new Map(
    [...text.matchAll(/\tchain (\S+) \{\n([^}]*(?:\{[^}]*\}[^}]*)*?)\n\t\}/g)].map(
      ([, name = '', body = '']) => [name, body],
    ),
  );
  const follow = (rules: string): string[] =>
    [...rules.matchAll(/dnat to (\S+)|goto (\w+)|\b(drop|reject)\b/g)].flatMap(([, end, chain, verdict]) =>
      chain === undefined ? [end ?? verdict ?? ''] : follow(chains.get(chain) ?? ''),
    );
  const [, verdict = ''] = new RegExp(`${front.replaceAll('.', '\\.')} : ([^,}]+)`).exec(text) ?? [];
  return [...new Set(follow(verdict))].toSorted();
}

test('a node translates a Service to one of its endpoints', () => {
  const node = tableOn('node-1', [api({ type: 'NodePort' }, { nodePort: 30_080 })], [slice('api', [A, B])]);
  expect(legible(node.text)).toBe(`table ip podreach-services {
	chain endpoint0 {
		ip saddr 10.244.1.2 meta mark set meta mark | 0x4000
		meta l4proto tcp dnat to 10.244.1.2:8080
	}
	chain endpoint1 {
		ip saddr 10.244.2.2 meta mark set meta mark | 0x4000
		meta l4proto tcp dnat to 10.244.2.2:8080
	}
	chain choice0 {
		numgen random mod 2 vmap { 0 : goto endpoint0, 1 : goto endpoint1 }
	}
	chain inside0 {
		ip saddr != 10.244.1.0/24 meta mark set meta mark | 0x4000
		goto choice0
	}
	chain outside0 {
		meta mark set meta mark | 0x4000
		goto choice0
	}
	chain services0 {
		ip daddr . meta l4proto . th dport vmap { 10.96.1.1 . tcp . 80 : goto inside0, 172.18.0.2 . tcp . 30080 : goto outside0 }
		ip daddr { 10.96.1.1 } reject
	}
	chain separated {
		type filter hook prerouting priority raw; policy accept;
	}
	chain separated-own {
		type filter hook output priority raw; policy accept;
	}
	chain translated {
		type nat hook prerouting priority dstnat; policy accept;
		goto services0
	}
	chain translated-own {
		type nat hook output priority -100; policy accept;
		goto services0
	}
	chain masqueraded {
		type nat hook postrouting priority srcnat; policy accept;
		meta mark & 0x4000 == 0x4000 masquerade fully-random
	}
}
`);
});

test('each family has a table of its own, with the addresses and endpoints of that family', () => {
  const both = api({ type: 'NodePort', clusterIPs: ['10.96.1.1', 'fd00:10:96::101'] }, { nodePort: 30_080 });
  const slices = [
    slice('api', [A]),
    { ...slice('api', [endpoint('fd00:10:244:2::2', 'node-2')]), addressType: 'IPv6' as const },
  ];
  const [nodes, state] = [planNodes(1, IP_FAMILIES), { services: [both], slices }];
  const [table, table6] = translationsFor(nodes, state).get('node-1') ?? [];
  expect(table?.text).not.toContain('fd00');
  expect(legible(table6?.text ?? '')).toContain(`table ip6 podreach-services {
	chain endpoint0 {
		ip6 saddr fd00:10:244:2::2 meta mark set meta mark | 0x4000
		meta l4proto tcp dnat to [fd00:10:244:2::2]:8080
	}
	chain inside0 {
		ip6 saddr != fd00:10:244:1::/64 meta mark set meta mark | 0x4000
		goto endpoint0
	}
	chain outside0 {
		meta mark set meta mark | 0x4000
		goto endpoint0
	}
	chain services0 {
		ip6 daddr . meta l4proto . th dport vmap { fd00:10:96::101 . tcp . 80 : goto inside0, fd00:172:18::2 . tcp . 30080 : goto outside0 }
		ip6 daddr { fd00:10:96::101 } reject
	}
`);
});

test('headless Services and other names have no rules (D27)', () => {
  const services = [
    api({ clusterIP: 'None' }),
    service('mail', { type: 'ExternalName', externalName: 'mail.example.com', ports: [{ port: 25 }] }),
  ];
  expect(tableOn('node-1', services, [slice('api', [A]), slice('mail', [B])])).toEqual(NO_SERVICES);
});

test.each<[string, SliceEndpoint[], string[]]>([
  ['ready ones', [A, endpoint('10.244.2.2', 'node-2', { ready: false })], ['10.244.1.2:8080']],
  [
    'leaving ones that answer still, where none is ready',
    [
      endpoint('10.244.1.2', 'node-1', { ready: false, serving: true, terminating: true }),
      endpoint('10.244.2.2', 'node-2', { ready: false, serving: false, terminating: true }),
    ],
    ['10.244.1.2:8080'],
  ],
  ['nobody where all are unready', [endpoint('10.244.1.2', 'node-1', { ready: false })], ['reject']],
  ['nobody where there is none', [], ['reject']],
])('connections go to %s', (_whom, endpoints, expected) => {
  const { text } = tableOn('node-1', [api()], [slice('api', endpoints)]);
  expect(endsOf(text, '10.96.1.1 . tcp . 80')).toEqual(expected);
});

test.each<[string, Partial<Service['spec']>, string, SliceEndpoint[], string[], string[]]>([
  [
    'everywhere',
    {},
    'node-1',
    [A, B],
    ['10.244.1.2:8080', '10.244.2.2:8080'],
    ['10.244.1.2:8080', '10.244.2.2:8080'],
  ],
  [
    'local inside',
    { internalTrafficPolicy: 'Local' },
    'node-1',
    [A, B],
    ['10.244.1.2:8080'],
    ['10.244.1.2:8080', '10.244.2.2:8080'],
  ],
  [
    'local inside, elsewhere',
    { internalTrafficPolicy: 'Local' },
    'node-1',
    [B],
    ['drop'],
    ['10.244.2.2:8080'],
  ],
  [
    'local outside, elsewhere',
    { externalTrafficPolicy: 'Local' },
    'node-1',
    [B],
    ['10.244.2.2:8080'],
    // From the node itself and its pods: everywhere.
    ['10.244.2.2:8080', 'drop'],
  ],
  [
    'local without any',
    { internalTrafficPolicy: 'Local', externalTrafficPolicy: 'Local' },
    'node-1',
    [],
    ['reject'],
    ['reject'],
  ],
])('traffic policies: %s', (_what, spec, node, endpoints, inside, outside) => {
  const { text } = tableOn(
    node,
    [api({ type: 'NodePort', ...spec }, { nodePort: 30_080 })],
    [slice('api', endpoints)],
  );
  expect(endsOf(text, '10.96.1.1 . tcp . 80')).toEqual(inside);
  expect(endsOf(text, '172.18.0.2 . tcp . 30080')).toEqual(outside);
});

test('ports are matched by name and protocol, and slices by label and namespace', () => {
  const two = api({
    ports: [
      { name: 'web', port: 80, protocol: 'TCP' },
      { name: 'dns', port: 53, protocol: 'UDP' },
    ],
  });
  const strange = slice('api', [endpoint('10.244.9.9', 'node-1')]);
  const { text } = tableOn(
    'node-1',
    [two],
    [
      slice('api', [A], [{ name: 'web', protocol: 'TCP', port: 8080 }]),
      slice('api', [B], [{ name: 'dns', protocol: 'UDP', port: 5353 }]),
      slice('other', [B], [{ name: 'web', protocol: 'TCP', port: 8080 }]),
      {
        ...strange,
        metadata: { ...strange.metadata, namespace: 'ops' },
        ports: [{ name: 'web', protocol: 'TCP', port: 1 }],
      },
    ],
  );
  expect(endsOf(text, '10.96.1.1 . tcp . 80')).toEqual(['10.244.1.2:8080']);
  expect(endsOf(text, '10.96.1.1 . udp . 53')).toEqual(['10.244.2.2:5353']);
});

test('a slice with a port that is none, or with names for addresses, leads nowhere', () => {
  const strange = [
    slice('api', [A], [{ name: '', protocol: 'TCP', port: 70_000 }]),
    slice('api', [A], [{ name: '', protocol: 'TCP' }]),
    { ...slice('api', [endpoint('a.example.com', 'node-1')]), addressType: 'FQDN' as const },
  ];
  expect(endsOf(tableOn('node-1', [api()], strange).text, '10.96.1.1 . tcp . 80')).toEqual(['reject']);
});

test('datagrams have another zone when the endpoints are others, and the same when they are not', () => {
  const udp = api({}, { protocol: 'UDP' });
  const ports = [{ name: '', protocol: 'UDP' as const, port: 8080 }];
  const zoneWith = (endpoints: SliceEndpoint[], more: Service[] = []): string | undefined =>
    /10\.96\.1\.1 \. 80 : (\d+)/.exec(
      tableOn('node-1', [udp, ...more], [slice('api', endpoints, ports)]).text,
    )?.[1];
  const zones = [zoneWith([A, B]), zoneWith([A]), zoneWith([])];
  expect(new Set(zones).size).toBe(3);
  expect(zones).not.toContain(undefined);
  expect(zoneWith([A, B], [service('web', { clusterIP: '10.96.1.2', ports: [{ port: 80 }] })])).toBe(
    zones[0],
  );
});

test('what is new is made first; what nobody leads to any more goes last, the first that leads to others first', () => {
  const [one, two] = [
    tableOn('node-1', [api()], [slice('api', [A])]),
    tableOn('node-1', [api()], [slice('api', [B])]),
  ];
  const [made = '', changed = ''] = replaceTable(one, two);
  expect(made).toContain('dnat to 10.244.2.2:8080');
  expect(made).not.toContain('hook');
  expect(changed).not.toContain('dnat');
  expect(legible(changed).match(/^delete .*$/gm)).toEqual([
    'delete chain ip podreach-services services1',
    'delete chain ip podreach-services inside0',
    'delete chain ip podreach-services endpoint0',
  ]);
});

test('the last Service leaves chains that do nothing', () => {
  const [change = '', ...more] = replaceTable(
    tableOn('node-1', [api()], [slice('api', [A])]),
    tableOn('node-1', [], []),
  );
  expect(more).toEqual([]);
  expect(change.match(/^flush .*$/gm)).toHaveLength(5);
  expect(change.match(/^delete .*$/gm)).toHaveLength(3);
  expect(change).not.toContain('goto');
});
