/** What the cluster's DNS server answers, message for message. */
import { type Answer, decode, encode, type Packet, type RecordType } from 'dns-packet';
import { describe, expect, test } from 'vitest';
import type { Service } from '../../../src/sandbox/api/kinds/services/object.ts';
import { answerTo, type Transport } from '../../../src/sandbox/dns/answer.ts';
import { namesOf } from '../../../src/sandbox/dns/records.ts';
import { zoneOf } from '../../../src/sandbox/dns/zone.ts';

const namespaces = ['default', 'shop'].map((name) => ({
  apiVersion: 'v1',
  kind: 'Namespace' as const,
  metadata: { name },
}));

const service = (name: string, spec: Service['spec']): Service => ({
  apiVersion: 'v1',
  kind: 'Service' as const,
  metadata: { name, namespace: 'shop' },
  spec,
});

const http = { name: 'http', protocol: 'TCP' as const, port: 80 };

const slice = (
  name: string,
  endpoints: readonly object[],
  port = 8080,
  addressType: 'IPv4' | 'IPv6' = 'IPv4',
) => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice' as const,
  metadata: { name: `${name}-x`, namespace: 'shop', labels: { 'kubernetes.io/service-name': name } },
  addressType,
  ports: [{ ...http, port }],
  endpoints: endpoints as { addresses: string[] }[],
});

const names = namesOf(
  zoneOf(
    namespaces,
    [
      service('web', { clusterIP: '10.96.1.1', clusterIPs: ['10.96.1.1'], ports: [http] }),
      service('db', { clusterIP: 'None', ports: [http] }),
      service('none', { clusterIP: 'None', ports: [http] }),
      service('many', { clusterIP: 'None', ports: [http] }),
      service('both', {
        clusterIP: '10.96.1.2',
        clusterIPs: ['10.96.1.2', 'fd00:10:96::102'],
        ports: [http],
      }),
      service('pair', { clusterIP: 'None', ports: [http] }),
      service('six', { clusterIP: 'fd00:10:96::103', clusterIPs: ['fd00:10:96::103'], ports: [http] }),
      service('bank', { type: 'ExternalName', externalName: 'bank.example.com' }),
    ],
    [
      slice('web', [{ addresses: ['10.244.1.2'], conditions: { ready: true } }]),
      slice('db', [
        { addresses: ['10.244.1.3'], hostname: 'db-0' },
        { addresses: ['10.244.2.3'], conditions: { ready: true } },
        { addresses: ['10.244.2.4'], conditions: { ready: false } },
      ]),
      slice('pair', [{ addresses: ['10.244.1.5'], hostname: 'pair-0' }, { addresses: ['10.244.1.6'] }]),
      slice(
        'pair',
        [{ addresses: ['fd00:10:244:1::5'], hostname: 'pair-0' }, { addresses: ['fd00:10:244:1::6'] }],
        8080,
        'IPv6',
      ),
      slice(
        'many',
        Array.from({ length: 60 }, (_, index) => ({ addresses: [`10.244.3.${index + 1}`] })),
      ),
    ],
  ),
);

function ask(name: string, type: RecordType, transport: Transport = 'udp', more: Partial<Packet> = {}) {
  const query = encode({ type: 'query', id: 7, flags: 256, questions: [{ name, type }], ...more });
  const answer = answerTo(query, names, transport);
  if (answer === undefined) throw new Error('no answer');
  return decode(answer);
}

/** The code of an answer, with what its records say. */
function told(name: string, type: RecordType): unknown {
  const { rcode, answers = [] } = { rcode: '', ...ask(name, type) };
  return [rcode, ...answers.map((answer) => ('data' in answer ? answer.data : answer.type))];
}

describe('the names of Services', () => {
  test.each<[string, RecordType, unknown[]]>([
    ['web.shop.svc.cluster.local', 'A', ['NOERROR', '10.96.1.1']],
    ['WEB.Shop.svc.cluster.LOCAL', 'A', ['NOERROR', '10.96.1.1']],
    ['web.shop.svc.cluster.local', 'AAAA', ['NOERROR']],
    ['web.shop.svc.cluster.local', 'TXT', ['NOERROR']],
    ['db.shop.svc.cluster.local', 'A', ['NOERROR', '10.244.1.3', '10.244.2.3']],
    ['db-0.db.shop.svc.cluster.local', 'A', ['NOERROR', '10.244.1.3']],
    ['10-244-2-3.db.shop.svc.cluster.local', 'A', ['NOERROR', '10.244.2.3']],
    ['10-244-2-4.db.shop.svc.cluster.local', 'A', ['NXDOMAIN']],
    ['both.shop.svc.cluster.local', 'A', ['NOERROR', '10.96.1.2']],
    ['both.shop.svc.cluster.local', 'AAAA', ['NOERROR', 'fd00:10:96::102']],
    ['six.shop.svc.cluster.local', 'A', ['NOERROR']],
    ['six.shop.svc.cluster.local', 'AAAA', ['NOERROR', 'fd00:10:96::103']],
    ['db.shop.svc.cluster.local', 'AAAA', ['NOERROR']],
    ['pair.shop.svc.cluster.local', 'AAAA', ['NOERROR', 'fd00:10:244:1::5', 'fd00:10:244:1::6']],
    ['pair-0.pair.shop.svc.cluster.local', 'A', ['NOERROR', '10.244.1.5']],
    ['pair-0.pair.shop.svc.cluster.local', 'AAAA', ['NOERROR', 'fd00:10:244:1::5']],
    ['fd00-10-244-1--6.pair.shop.svc.cluster.local', 'AAAA', ['NOERROR', 'fd00:10:244:1::6']],
    ['fd00-10-244-1--6.pair.shop.svc.cluster.local', 'A', ['NOERROR']],
    ['none.shop.svc.cluster.local', 'A', ['NXDOMAIN']],
    ['bank.shop.svc.cluster.local', 'A', ['NOERROR', 'bank.example.com']],
    ['nothing.shop.svc.cluster.local', 'A', ['NXDOMAIN']],
    ['web.default.svc.cluster.local', 'A', ['NXDOMAIN']],
    ['a.b.c.web.shop.svc.cluster.local', 'A', ['NXDOMAIN']],
    ['shop.svc.cluster.local', 'A', ['NOERROR']],
    ['nowhere.svc.cluster.local', 'A', ['NXDOMAIN']],
    ['svc.cluster.local', 'A', ['NOERROR']],
    ['cluster.local', 'A', ['NOERROR']],
    ['web.shop', 'A', ['NXDOMAIN']],
    ['example.com', 'A', ['NXDOMAIN']],
  ])('%s %s', (name, type, expected) => {
    expect(told(name, type)).toEqual(expected);
  });

  test('SRV tells the port, and beside it the address', () => {
    const { answers, additionals } = ask('_http._tcp.web.shop.svc.cluster.local', 'SRV');
    expect(answers).toMatchObject([
      { data: { priority: 0, weight: 100, port: 80, target: 'web.shop.svc.cluster.local' } },
    ]);
    expect(additionals).toMatchObject([{ type: 'A', name: 'web.shop.svc.cluster.local', data: '10.96.1.1' }]);
  });

  test('SRV of a headless Service tells the ports of its endpoints', () => {
    const { answers, additionals } = ask('_http._tcp.db.shop.svc.cluster.local', 'SRV');
    expect(answers).toMatchObject([
      { data: { weight: 50, port: 8080, target: 'db-0.db.shop.svc.cluster.local' } },
      { data: { weight: 50, port: 8080, target: '10-244-2-3.db.shop.svc.cluster.local' } },
    ]);
    expect(additionals).toMatchObject([{ data: '10.244.1.3' }, { data: '10.244.2.3' }]);
    expect(told('_http._udp.db.shop.svc.cluster.local', 'SRV')).toEqual(['NXDOMAIN']);
    expect(told('http.tcp.db.shop.svc.cluster.local', 'SRV')).toEqual(['NXDOMAIN']);
  });
});

test('SRV tells a pod once, with its addresses of both families', () => {
  const { answers, additionals } = ask('_http._tcp.pair.shop.svc.cluster.local', 'SRV', 'tcp');
  expect(answers?.map((answer) => answer.type === 'SRV' && answer.data.target)).toEqual([
    'pair-0.pair.shop.svc.cluster.local',
    '10-244-1-6.pair.shop.svc.cluster.local',
    'fd00-10-244-1--6.pair.shop.svc.cluster.local',
  ]);
  expect(additionals?.slice(0, 2)).toMatchObject([
    { type: 'A', name: 'pair-0.pair.shop.svc.cluster.local', data: '10.244.1.5' },
    { type: 'AAAA', name: 'pair-0.pair.shop.svc.cluster.local', data: 'fd00:10:244:1::5' },
  ]);
});

test('the names of pods are their addresses', () => {
  expect(told('fd00-10-244-1--9.shop.pod.cluster.local', 'AAAA')).toEqual(['NOERROR', 'fd00:10:244:1::9']);
  expect(told('10-244-9-9.shop.pod.cluster.local', 'A')).toEqual(['NOERROR', '10.244.9.9']);
  expect(told('10-244-9-9.nowhere.pod.cluster.local', 'A')).toEqual(['NXDOMAIN']);
  expect(told('web.shop.pod.cluster.local', 'A')).toEqual(['NXDOMAIN']);
});

test('addresses have the names of their Services', () => {
  expect(told('1.1.96.10.in-addr.arpa', 'PTR')).toEqual(['NOERROR', 'web.shop.svc.cluster.local']);
  expect(told('3.1.244.10.in-addr.arpa', 'PTR')).toEqual(['NOERROR', 'db-0.db.shop.svc.cluster.local']);
  expect(told('9.9.9.10.in-addr.arpa', 'PTR')).toEqual(['NXDOMAIN']);
  const zeros = '0.0.0.0.0.0.0.0.0.0.0.0.0.0.0';
  const service6 = `2.0.1.0.0.${zeros}.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa`;
  expect(told(service6, 'PTR')).toEqual(['NOERROR', 'both.shop.svc.cluster.local']);
  const pod6 = '5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.1.0.0.0.4.4.2.0.0.1.0.0.0.0.d.f.ip6.arpa';
  expect(told(pod6, 'PTR')).toEqual(['NOERROR', 'pair-0.pair.shop.svc.cluster.local']);
  expect(told(pod6.replace('5', '4'), 'PTR')).toEqual(['NXDOMAIN']);
});

test('the version of the specification is told', () => {
  expect(told('dns-version.cluster.local', 'TXT')).toEqual(['NOERROR', [Buffer.from('1.1.0')]]);
});

describe('a message', () => {
  test('is answered with its number, its question as it was written, and who knows', () => {
    expect(ask('Web.shop.svc.cluster.local', 'A')).toMatchObject({
      id: 7,
      type: 'response',
      questions: [{ name: 'Web.shop.svc.cluster.local', type: 'A', class: 'IN' }],
      answers: [{ name: 'Web.shop.svc.cluster.local', ttl: 30 }],
      flag_aa: true,
      flag_rd: true,
    });
  });

  test('about nothing says for how long that holds', () => {
    expect(ask('nothing.shop.svc.cluster.local', 'A').authorities).toMatchObject([
      { type: 'SOA', name: 'cluster.local', data: { minimum: 30 } },
    ]);
    expect(ask('example.com', 'A').authorities).toEqual([]);
  });

  test('that would be too long for a datagram is asked for over TCP', () => {
    const name = 'many.shop.svc.cluster.local';
    expect(ask(name, 'A')).toMatchObject({ flag_tc: true, answers: [] });
    expect(ask(name, 'A', 'tcp')).toMatchObject({ flag_tc: false, answers: { length: 60 } });
  });

  test('in EDNS may be longer, and is answered in EDNS', () => {
    const extension = {
      type: 'OPT' as const,
      name: '.' as const,
      udpPayloadSize: 4096,
      extendedRcode: 0,
      ednsVersion: 0,
      flags: 0,
      flag_do: false,
      options: [],
    } satisfies Answer;
    const { flag_tc, additionals } = ask('_http._tcp.db.shop.svc.cluster.local', 'SRV', 'udp', {
      additionals: [extension],
    });
    expect(flag_tc).toBe(false);
    expect(additionals?.at(-1)).toMatchObject({ type: 'OPT', udpPayloadSize: 1232 });
    expect(ask('many.shop.svc.cluster.local', 'A', 'udp', { additionals: [extension] }).flag_tc).toBe(true);
  });

  test('that is none is not answered, one that cannot be read is a format error', () => {
    expect(answerTo(Buffer.from('nonsense'), names, 'udp')).toBeUndefined();
    const response = encode({ type: 'response', id: 1, questions: [] });
    expect(answerTo(response, names, 'udp')).toBeUndefined();
    const broken = Buffer.concat([encode({ type: 'query', id: 9, questions: [{ name: 'a', type: 'A' }] })]);
    broken.writeUInt16BE(5, 4);
    expect(decode(answerTo(broken, names, 'udp') ?? Buffer.alloc(0))).toMatchObject({
      id: 9,
      rcode: 'FORMERR',
    });
    const notify = encode({ type: 'query', id: 3, flags: 4 << 11, questions: [{ name: 'a', type: 'A' }] });
    expect(decode(answerTo(notify, names, 'udp') ?? Buffer.alloc(0))).toMatchObject({ rcode: 'NOTIMP' });
  });
});
