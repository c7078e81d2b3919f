/** What policies do to real packets: a sandbox with two nodes, and a case for each rule of docs/semantics.md. */
import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { pourWhile } from '../pour.ts';
import {
  podManifest,
  type SeenStatus,
  startTestbed,
  statusOf,
  type Target,
  type Testbed,
} from '../testbed.ts';

interface Case {
  readonly title: string;
  /** Specifications of policies, by the namespace that they are in; made when the pods have their addresses. */
  readonly policies: () => readonly (readonly [namespace: string, spec: object])[];
  /** `source destination:port[/UDP]`, and whether it must get through: in both families, or in the one that is named. */
  readonly pairs: Readonly<Record<string, 'open' | 'shut' | 'only IPv4' | 'only IPv6'>>;
}

let bed: Testbed;
const addresses = new Map<string, string>();
const addresses6 = new Map<string, string>();

const named = (name: string, containerPort: number, protocol = 'TCP') => ({ name, containerPort, protocol });
const on = (nodeName: string) => ({ nodeName });

beforeAll(async () => {
  bed = await startTestbed({ names: 'from the start' });
  await bed.namespace('shop', { team: 'shop', empty: '' });
  await bed.namespace('ops', { team: 'ops' });
  await bed.start(
    podManifest('shop', 'web', { app: 'web', tier: 'front' }, on('node-1'), { ports: [named('main', 80)] }),
    podManifest('shop', 'api', { app: 'api', note: '' }, on('node-2'), {
      ports: [named('main', 8080), named('same', 9000), named('same-udp', 9000, 'UDP')],
    }),
    podManifest('shop', 'db', { app: 'db' }, on('node-1'), {
      ports: [named('main', 9001), named('main-udp', 53, 'UDP')],
    }),
    podManifest('ops', 'web', { app: 'web' }, on('node-1')),
    podManifest('ops', 'job', { app: 'job' }, on('node-2')),
    podManifest('ops', 'node-1', {}, { hostNetwork: true, nodeName: 'node-1' }),
    podManifest('ops', 'node-2', {}, { hostNetwork: true, nodeName: 'node-2' }),
  );
  for (const pod of ['shop/web', 'shop/api', 'shop/db', 'ops/web', 'ops/job', 'ops/node-1', 'ops/node-2']) {
    const [namespace = '', name = ''] = pod.split('/');
    const [first, second] = await bed.addresses(namespace, name);
    addresses.set(pod, first);
    addresses6.set(pod, second);
  }
  await bed.inForce();
});
afterAll(() => bed[Symbol.asyncDispose]());

afterEach(() => bed.dropPolicies());

function targetOf(text: string, of = addresses): Target {
  const [, pod = '', port, protocol] = /^(.+):(\d+)(?:\/(UDP))?$/.exec(text) ?? [];
  return {
    host: of.get(pod) ?? pod,
    port: Number(port),
    protocol: protocol === 'UDP' ? 'UDP' : 'TCP',
  };
}

/**
 * Tries all pairs in both families, each source's side by side. One answer proves that a pair is open; silence proves less on a busy
 * machine, so a pair that should be open is tried again.
 */
async function observe(pairs: Case['pairs']): Promise<Record<string, string>> {
  const seen: Record<string, string> = {};
  const untried = (): string[] =>
    Object.keys(pairs).filter(
      (pair) => seen[pair] === undefined || (pairs[pair] !== 'shut' && seen[pair] !== pairs[pair]),
    );
  for (let round = 0; round < 5 && untried().length > 0; round += 1) {
    const left = untried();
    const sources = [...new Set(left.map((pair) => pair.split(' ')[0] ?? ''))];
    const observations = sources.map((source) =>
      observeFrom(
        source,
        left.filter((pair) => pair.startsWith(`${source} `)),
      ),
    );
    Object.assign(seen, ...(await Promise.all(observations)));
  }
  return seen;
}

async function observeFrom(source: string, pairs: readonly string[]): Promise<Record<string, string>> {
  const [namespace = '', name = ''] = source.split('/');
  const targets = pairs.map((pair) => pair.split(' ')[1] ?? '');
  const dialled = targets.flatMap((target) => [targetOf(target), targetOf(target, addresses6)]);
  const outcomes = await bed.attempts(namespace, name, dialled);
  return Object.fromEntries(
    pairs.map((pair, index) => {
      const expected = targets[index]?.split(':')[0]?.split('/')[1];
      const [first, second] = outcomes
        .slice(2 * index, 2 * index + 2)
        .map((outcome) => (outcome === expected ? 'open' : outcome));
      return [pair, seenInBoth(first, second)];
    }),
  );
}

function seenInBoth(first = '', second = ''): string {
  if (first === second) return first;
  const both = `${first}, ${second}`;
  return { 'open, shut': 'only IPv4', 'shut, open': 'only IPv6' }[both] ?? both;
}

const all = {};
const app = (name: string) => ({ matchLabels: { app: name } });
const only = (key: string, operator: string, values?: readonly string[]) => ({
  matchExpressions: [{ key, operator, ...(values === undefined ? {} : { values }) }],
});
const block = (pod: string) => ({ ipBlock: { cidr: `${addresses.get(pod)}/32` } });
const block6 = (pod: string) => ({ ipBlock: { cidr: `${addresses6.get(pod)}/128` } });

const CASES: readonly Case[] = [
  {
    title: 'no policy: everything is open, on a node and between nodes',
    policies: () => [],
    pairs: {
      'shop/web shop/db:80': 'open',
      'shop/web shop/api:80': 'open',
      'ops/job shop/db:53/UDP': 'open',
      'ops/job shop/api:9002': 'open',
      'ops/node-1 shop/api:80': 'open',
    },
  },
  {
    title: 'D1: `egress: []` without policyTypes denies ingress, not egress',
    policies: () => [['shop', { podSelector: app('db'), egress: [] }]],
    pairs: {
      'shop/web shop/db:80': 'shut',
      'ops/job shop/db:53/UDP': 'shut',
      'shop/db shop/web:80': 'open',
      'shop/db ops/job:53/UDP': 'open',
    },
  },
  {
    title: 'D1: a policy with nothing but a podSelector denies all ingress',
    policies: () => [['shop', { podSelector: app('api') }]],
    pairs: { 'shop/web shop/api:80': 'shut', 'shop/api shop/web:80': 'open', 'shop/web shop/db:80': 'open' },
  },
  {
    title: 'D1: an egress rule without policyTypes isolates both directions',
    policies: () => [['shop', { podSelector: app('web'), egress: [{ to: [{ podSelector: app('db') }] }] }]],
    pairs: {
      'shop/web shop/db:80': 'open',
      'shop/web shop/api:80': 'shut',
      'shop/db shop/web:80': 'shut',
    },
  },
  {
    title: 'D1: rules of a direction that policyTypes does not list are ignored',
    policies: () => [
      [
        'shop',
        {
          podSelector: app('db'),
          policyTypes: ['Egress'],
          ingress: [{ from: [{ podSelector: app('api') }] }],
        },
      ],
      [
        'shop',
        { podSelector: app('api'), policyTypes: ['Ingress'], egress: [{ to: [{ podSelector: app('db') }] }] },
      ],
    ],
    pairs: {
      'shop/web shop/db:80': 'open',
      'shop/db shop/web:80': 'shut',
      'shop/api shop/web:80': 'open',
      'shop/web shop/api:80': 'shut',
    },
  },
  {
    title: 'D2: a port without protocol is TCP, and an empty podSelector is all pods of the namespace',
    policies: () => [['shop', { podSelector: all, ingress: [{ ports: [{ port: 80 }] }] }]],
    pairs: {
      'ops/job shop/db:80': 'open',
      'ops/job shop/web:80': 'open',
      'ops/job shop/db:80/UDP': 'shut',
      'ops/job shop/db:8080': 'shut',
      'shop/web ops/job:8080': 'open',
    },
  },
  {
    title: 'D5: source and destination must both allow',
    policies: () => [
      [
        'shop',
        { podSelector: app('web'), policyTypes: ['Egress'], egress: [{ to: [{ podSelector: app('api') }] }] },
      ],
      ['shop', { podSelector: app('api'), ingress: [{ from: [{ podSelector: app('db') }] }] }],
    ],
    pairs: { 'shop/web shop/api:80': 'shut', 'shop/db shop/api:80': 'open', 'shop/web shop/db:80': 'shut' },
  },
  {
    title: 'D5: an end that is no pod imposes nothing',
    policies: () => [
      [
        'shop',
        {
          podSelector: app('web'),
          policyTypes: ['Egress'],
          egress: [{ to: [block('ops/node-2'), block6('ops/node-2')] }],
        },
      ],
    ],
    pairs: { 'shop/web ops/node-2:80': 'open', 'shop/web shop/api:80': 'shut' },
  },
  {
    title: 'D6: what any policy allows is allowed, port by port',
    policies: () => [
      [
        'shop',
        { podSelector: app('db'), ingress: [{ from: [{ podSelector: app('web') }], ports: [{ port: 80 }] }] },
      ],
      [
        'shop',
        {
          podSelector: app('db'),
          ingress: [{ from: [{ podSelector: app('api') }], ports: [{ port: 8080 }] }],
        },
      ],
      ['shop', { podSelector: all, ingress: [] }],
    ],
    pairs: {
      'shop/web shop/db:80': 'open',
      'shop/web shop/db:8080': 'shut',
      'shop/api shop/db:80': 'shut',
      'shop/api shop/db:8080': 'open',
      'ops/job shop/db:80': 'shut',
    },
  },
  {
    title: 'D7: `[{}]` admits everybody, `[]` nobody, empty peers everybody on the ports that are listed',
    policies: () => [
      ['shop', { podSelector: app('web'), ingress: [{}] }],
      ['shop', { podSelector: app('api'), ingress: [] }],
      ['shop', { podSelector: app('db'), ingress: [{ from: [], ports: [{ port: 80 }] }] }],
    ],
    pairs: {
      'ops/job shop/web:8080': 'open',
      'ops/job shop/web:53/UDP': 'open',
      'ops/job shop/api:80': 'shut',
      'ops/job shop/db:80': 'open',
      'ops/job shop/db:8080': 'shut',
    },
  },
  {
    title: 'D8: fields of one peer are ANDed, peers are ORed',
    policies: () => [
      [
        'shop',
        {
          podSelector: app('db'),
          ingress: [
            { from: [{ namespaceSelector: { matchLabels: { team: 'ops' } }, podSelector: app('web') }] },
          ],
        },
      ],
      [
        'shop',
        {
          podSelector: app('api'),
          ingress: [
            { from: [{ namespaceSelector: { matchLabels: { team: 'ops' } } }, { podSelector: app('web') }] },
          ],
        },
      ],
    ],
    pairs: {
      'ops/web shop/db:80': 'open',
      'ops/job shop/db:80': 'shut',
      'shop/web shop/db:80': 'shut',
      'ops/web shop/api:80': 'open',
      'ops/job shop/api:80': 'open',
      'shop/web shop/api:80': 'open',
      'shop/db shop/api:80': 'shut',
    },
  },
  {
    title: 'D9: a podSelector alone means the own namespace, a namespaceSelector alone all pods of it',
    policies: () => [
      ['shop', { podSelector: app('db'), ingress: [{ from: [{ podSelector: all }] }] }],
      [
        'shop',
        {
          podSelector: app('api'),
          ingress: [
            { from: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'ops' } } }] },
          ],
        },
      ],
      [
        'shop',
        {
          podSelector: app('web'),
          ingress: [{ from: [{ namespaceSelector: all, podSelector: app('job') }] }],
        },
      ],
    ],
    pairs: {
      'shop/web shop/db:80': 'open',
      'ops/web shop/db:80': 'shut',
      'ops/web shop/api:80': 'open',
      'shop/web shop/api:80': 'shut',
      'ops/job shop/web:80': 'open',
      'ops/web shop/web:80': 'shut',
    },
  },
  {
    title: 'D10: selectors match pods only, a rule without peers matches nodes too',
    policies: () => [
      ['shop', { podSelector: app('db'), ingress: [{ from: [{ namespaceSelector: all }] }] }],
      ['shop', { podSelector: app('web'), ingress: [{ ports: [{ port: 80 }] }] }],
      [
        'ops',
        { podSelector: app('job'), policyTypes: ['Egress'], egress: [{ to: [{ namespaceSelector: all }] }] },
      ],
      ['ops', { podSelector: app('web'), policyTypes: ['Egress'], egress: [{}] }],
    ],
    pairs: {
      'ops/job shop/db:80': 'open',
      'ops/node-2 shop/db:80': 'shut',
      'ops/node-2 shop/web:80': 'open',
      'ops/job ops/node-1:80': 'shut',
      'ops/web ops/node-2:80': 'open',
    },
  },
  {
    title: 'D11: NotIn and DoesNotExist match pods without the label, In and Exists do not',
    policies: () => [
      [
        'shop',
        {
          podSelector: only('tier', 'NotIn', ['back']),
          ingress: [{ from: [{ podSelector: only('tier', 'NotIn', ['front']) }] }],
        },
      ],
      [
        'ops',
        {
          podSelector: only('tier', 'DoesNotExist'),
          ingress: [{ from: [{ namespaceSelector: all, podSelector: only('tier', 'Exists') }] }],
        },
      ],
    ],
    pairs: {
      'shop/web shop/db:80': 'shut',
      'shop/api shop/db:80': 'open',
      'shop/db shop/web:80': 'open',
      'shop/web ops/job:80': 'open',
      'shop/db ops/job:80': 'shut',
    },
  },
  {
    title: 'D11: an empty value is a value, and an absent key has none',
    policies: () => [
      [
        'shop',
        { podSelector: app('db'), ingress: [{ from: [{ podSelector: { matchLabels: { note: '' } } }] }] },
      ],
      [
        'shop',
        { podSelector: app('web'), ingress: [{ from: [{ namespaceSelector: only('empty', 'In', ['']) }] }] },
      ],
    ],
    pairs: {
      'shop/api shop/db:80': 'open',
      'shop/web shop/db:80': 'shut',
      'shop/db shop/web:80': 'open',
      'ops/job shop/web:80': 'shut',
    },
  },
  {
    title:
      'D12: an exception is a hole in its own block only, and a block of one family matches nothing of the other',
    policies: () => [
      [
        'shop',
        {
          podSelector: app('db'),
          ingress: [
            {
              from: [
                {
                  ipBlock: {
                    cidr: '10.244.0.0/16',
                    except: [`${addresses.get('shop/web')}/32`, '10.244.2.0/24'],
                  },
                },
              ],
            },
          ],
        },
      ],
      ['shop', { podSelector: app('db'), ingress: [{ from: [block('ops/job')] }] }],
      ['shop', { podSelector: app('web'), ingress: [{ from: [{ ipBlock: { cidr: '::/0' } }] }] }],
      [
        'shop',
        {
          podSelector: app('api'),
          policyTypes: ['Egress'],
          egress: [{ to: [{ ipBlock: { cidr: '0.0.0.0/0', except: ['10.244.1.0/24'] } }] }],
        },
      ],
    ],
    pairs: {
      'ops/web shop/db:80': 'only IPv4',
      'shop/web shop/db:80': 'shut',
      'shop/api shop/db:80': 'shut',
      'ops/job shop/db:80': 'only IPv4',
      'ops/job shop/web:80': 'only IPv6',
      'shop/api ops/job:80': 'only IPv4',
      'shop/api ops/web:80': 'shut',
      'shop/api ops/node-1:80': 'only IPv4',
    },
  },
  {
    title: 'D12: so has a block of IPv6 its exceptions, and one of its addresses may be allowed by another',
    policies: () => [
      [
        'shop',
        {
          podSelector: app('db'),
          ingress: [
            {
              from: [
                {
                  ipBlock: {
                    cidr: 'fd00:10:244::/56',
                    except: [`${addresses6.get('shop/web')}/128`, 'fd00:10:244:2::/64'],
                  },
                },
                block6('ops/job'),
              ],
            },
          ],
        },
      ],
      [
        'shop',
        {
          podSelector: app('web'),
          policyTypes: ['Egress'],
          egress: [{ to: [block6('ops/job')], ports: [{ port: 80 }] }],
        },
      ],
    ],
    pairs: {
      'ops/web shop/db:80': 'only IPv6',
      'shop/web shop/db:80': 'shut',
      'shop/api shop/db:80': 'shut',
      'ops/job shop/db:53/UDP': 'only IPv6',
      'shop/web ops/job:80': 'only IPv6',
      'shop/web ops/job:8080': 'shut',
    },
  },
  {
    title: 'D13: `[{}]` is all TCP ports, `[{ protocol: UDP }]` all UDP ports',
    policies: () => [
      ['shop', { podSelector: app('db'), ingress: [{ ports: [{}] }] }],
      ['shop', { podSelector: app('api'), ingress: [{ ports: [{ protocol: 'UDP' }] }] }],
    ],
    pairs: {
      'shop/web shop/db:80': 'open',
      'shop/web shop/db:9002': 'open',
      'shop/web shop/db:53/UDP': 'shut',
      'shop/web shop/api:53/UDP': 'open',
      'shop/web shop/api:9002/UDP': 'open',
      'shop/web shop/api:80': 'shut',
    },
  },
  {
    title: "D14: for ingress, a named port is the selected pod's own",
    policies: () => [
      [
        'shop',
        { podSelector: all, ingress: [{ ports: [{ port: 'main' }, { port: 'same', protocol: 'UDP' }] }] },
      ],
    ],
    pairs: {
      'ops/job shop/web:80': 'open',
      'ops/job shop/web:8080': 'shut',
      'ops/job shop/api:8080': 'open',
      'ops/job shop/api:80': 'shut',
      'ops/job shop/api:9000/UDP': 'shut',
      'ops/job shop/db:9001': 'open',
      'ops/job shop/db:53/UDP': 'shut',
    },
  },
  {
    title: "D14: for egress, a named port is the peer pod's, and pods without it do not match",
    policies: () => [
      [
        'ops',
        {
          podSelector: app('job'),
          policyTypes: ['Egress'],
          egress: [{ to: [{ namespaceSelector: all }], ports: [{ port: 'main' }] }],
        },
      ],
      [
        'ops',
        {
          podSelector: app('web'),
          policyTypes: ['Egress'],
          egress: [
            { to: [block('shop/db'), block6('shop/db')], ports: [{ port: 'main-udp', protocol: 'UDP' }] },
          ],
        },
      ],
    ],
    pairs: {
      'ops/job shop/web:80': 'open',
      'ops/job shop/web:8080': 'shut',
      'ops/job shop/api:8080': 'open',
      'ops/job shop/api:80': 'shut',
      'ops/job ops/web:80': 'shut',
      'ops/web shop/db:53/UDP': 'open',
      'ops/web shop/db:53': 'shut',
      'ops/web shop/api:53/UDP': 'shut',
    },
  },
  {
    title: 'D15: a range of ports includes both ends',
    policies: () => [
      ['shop', { podSelector: app('db'), ingress: [{ ports: [{ port: 9000, endPort: 9001 }] }] }],
    ],
    pairs: {
      'shop/web shop/db:8080': 'shut',
      'shop/web shop/db:9000': 'open',
      'shop/web shop/db:9001': 'open',
      'shop/web shop/db:9002': 'shut',
      'shop/web shop/db:9000/UDP': 'shut',
    },
  },
  {
    title: 'D16: an SCTP rule isolates and opens no port of another protocol',
    policies: () => [
      ['shop', { podSelector: app('db'), ingress: [{ ports: [{ protocol: 'SCTP', port: 80 }] }] }],
    ],
    pairs: {
      'shop/web shop/db:80': 'shut',
      'shop/web shop/db:80/UDP': 'shut',
      'shop/db shop/web:80': 'open',
    },
  },
  {
    title: 'D17, D18: an isolated pod reaches itself, and its own node reaches it',
    policies: () => [['shop', { podSelector: all, policyTypes: ['Ingress', 'Egress'] }]],
    pairs: {
      'shop/db shop/db:80': 'open',
      'shop/db shop/db:53/UDP': 'open',
      'ops/node-1 shop/db:80': 'open',
      'ops/node-1 shop/db:53/UDP': 'open',
      'ops/node-2 shop/db:80': 'shut',
      'shop/web shop/db:80': 'shut',
    },
  },
  {
    title: 'D19: replies pass, even from a pod that may not send anything by itself',
    policies: () => [['shop', { podSelector: app('db'), policyTypes: ['Egress'] }]],
    pairs: {
      'ops/job shop/db:80': 'open',
      'ops/job shop/db:53/UDP': 'open',
      'shop/db ops/job:80': 'shut',
      'shop/db ops/job:53/UDP': 'shut',
    },
  },
];

describe('policies on real packets', () => {
  test.each(CASES)('$title', async ({ policies, pairs }) => {
    for (const [index, [namespace, spec]] of policies().entries())
      await bed.policy(namespace, `case-${index}`, spec);
    await bed.inForce();
    expect(await observe(pairs)).toEqual(pairs);
  });
});

const shopDb = (): Target => targetOf('shop/db:80');

test('D11: changed labels of pods and namespaces change who is selected', async () => {
  const wear = (
    resource: 'pods' | 'namespaces',
    object: object,
    namespace: string | undefined,
    name: string,
  ) =>
    bed.kube.apply(
      { resource, name, ...(namespace === undefined ? {} : { namespace }) },
      JSON.stringify(object),
    );
  const pod = (labels: object) =>
    wear(
      'pods',
      { apiVersion: 'v1', kind: 'Pod', metadata: { namespace: 'ops', name: 'job', labels } },
      'ops',
      'job',
    );
  const space = (labels: object) =>
    wear(
      'namespaces',
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'ops', labels } },
      undefined,
      'ops',
    );
  const reaches = async (): Promise<boolean> => (await bed.attempts('ops', 'job', [shopDb()]))[0] === 'db';

  const peer = {
    namespaceSelector: { matchLabels: { trusted: 'yes' } },
    podSelector: { matchLabels: { role: 'reader' } },
  };
  await bed.policy('shop', 'case-0', { podSelector: app('db'), ingress: [{ from: [peer] }] });
  await bed.inForce();
  expect(await reaches()).toBe(false);
  await pod({ role: 'reader' });
  await bed.inForce();
  expect(await reaches()).toBe(false);
  await space({ trusted: 'yes' });
  await bed.inForce();
  await bed.until('the database is reached', reaches);
  await pod({});
  await bed.inForce();
  expect(await reaches()).toBe(false);
  await space({});
});

/** Answers what it hears on port 9999, TCP and UDP. */
const ECHO = `
  const udp = require('node:dgram').createSocket('udp4');
  udp.on('message', (data, from) => udp.send(data, from.port, from.address)).bind(9999);
  require('node:net').createServer((socket) => socket.pipe(socket)).listen(9999);`;

/**
 * Keeps one connection and one port open and sends on both. Says so in a file once both are answered; told of the policy by another
 * file, it waits for ten more answers on the connection and prints how many came to the port meanwhile.
 */
const TALK = `
  const { existsSync, writeFileSync } = require('node:fs');
  const host = process.argv[1];
  let back = { tcp: 0, udp: 0 };
  let tcp;
  const open = () => {
    tcp = require('node:net').connect({ host, port: 9999 });
    // The other end may not listen yet.
    tcp.on('data', () => { back.tcp += 1; }).on('error', () => setTimeout(open, 20));
  };
  open();
  const udp = require('node:dgram').createSocket('udp4');
  udp.on('message', () => { back.udp += 1; }).bind(4000);
  let isDenied = false;
  setInterval(() => {
    if (!tcp.destroyed) tcp.write('?');
    udp.send('?', 9999, host);
    if (back.tcp > 0 && back.udp > 0) writeFileSync('/tmp/talks', '');
    if (!isDenied && existsSync('/tmp/denied')) {
      isDenied = true;
      back = { tcp: 0, udp: 0 };
    }
    if (!isDenied || back.tcp < 10) return;
    console.log(back.udp);
    process.exit(0);
  }, 10);`;

test('D19: an established connection outlives a new policy (I7), a datagram is judged each time', async () => {
  await bed.kube.create(podManifest('shop', 'echo', { app: 'echo' }, {}, { command: ['node', '-e', ECHO] }));
  await bed.until('echo runs', async () => statusOf(await bed.pod('shop', 'echo')).phase === 'Running');
  const talk = bed.exec('shop', 'web', 'node', '-e', TALK, await bed.address('shop', 'echo'));
  await bed.until('both are open', async () => {
    const seen = await bed.exec('shop', 'web', 'ls', '/tmp/talks');
    return seen.kind === 'exited' && seen.exitCode === 0;
  });
  await bed.policy('shop', 'case-0', { podSelector: app('echo') });
  await bed.inForce();
  await bed.exec('shop', 'web', 'touch', '/tmp/denied');
  expect(await talk).toMatchObject({ kind: 'exited', stdout: '0\n' });
  await bed.kube.delete({ resource: 'pods', namespace: 'shop', name: 'echo' });
});

/**
 * Tries to connect to every address given, over and over until a file is there or so many milliseconds have passed, prints which of
 * them ever answered, and exits with their number. Says so in a file once one of them has.
 */
const KNOCK = `
  const { connect } = require('node:net');
  const { existsSync, writeFileSync } = require('node:fs');
  const answered = new Set();
  const [, until, ...hosts] = process.argv;
  const isOver = () => existsSync(until) || performance.now() > Number(until);
  const knock = (host) => {
    const socket = connect({ host, port: 80 });
    const again = () => { socket.destroy(); setTimeout(knock, 2, host); };
    socket.setTimeout(20, again);
    socket.on('connect', () => { answered.add(host); writeFileSync('/tmp/answered', ''); }).on('error', again);
  };
  for (const host of hosts) knock(host);
  setInterval(() => {
    if (!isOver()) return;
    console.log(JSON.stringify([...answered]));
    process.exit(answered.size);
  }, 50);`;

test('D20: a new pod is isolated from its first packet on, in both directions', async () => {
  await bed.namespace('late');
  await bed.policy('late', 'deny', { podSelector: all, policyTypes: ['Ingress', 'Egress'] });
  await bed.inForce();
  // Somebody knocks at the next addresses of node-1 before their pods exist.
  const pods = await bed.kube.list({ resource: 'pods' });
  const taken = new Set(pods.map((pod) => statusOf(pod).podIP));
  const hosts = Array.from({ length: 30 }, (_, index) => `10.244.1.${index + 2}`).filter(
    (host) => !taken.has(host),
  );
  const web = addresses.get('shop/web') ?? '';
  const knocking = bed.exec('ops', 'job', 'node', '-e', KNOCK, '/tmp/enough', ...hosts, web);
  await bed.until('somebody knocks', async () => {
    const seen = await bed.exec('ops', 'job', 'ls', '/tmp/answered');
    return seen.kind === 'exited' && seen.exitCode === 0;
  });
  const names = ['one', 'two', 'three'];
  // They knock as their first action, and listen meanwhile.
  const script = `require('node:net').createServer().listen(80);\n${KNOCK}`;
  const spec = { nodeName: 'node-1', restartPolicy: 'Never' };
  const command = ['node', '-e', script, '1000', web];
  await Promise.all(names.map((name) => bed.kube.create(podManifest('late', name, {}, spec, { command }))));
  for (const name of names) {
    await bed.until(`${name} has ended`, async () =>
      /Succeeded|Failed/.test(statusOf(await bed.pod('late', name)).phase ?? ''),
    );
  }
  await bed.exec('ops', 'job', 'touch', '/tmp/enough');
  // Somebody answered, so the knocking works; nobody new did.
  expect(await knocking).toMatchObject({ exitCode: 1, stdout: `${JSON.stringify([web])}\n` });
  for (const name of names) {
    const { phase, podIP = '' } = statusOf(await bed.pod('late', name));
    // A pod that reaches nobody succeeds.
    expect({ phase, wasKnockedAt: hosts.includes(podIP) }).toEqual({
      phase: 'Succeeded',
      wasKnockedAt: true,
    });
  }
});

test('D20: an address that comes to another pod brings nothing with it of what its last pod might do', async () => {
  await bed.namespace('heirs');
  const [db, friend, stranger] = ['db', 'friend', 'stranger'];
  await bed.policy('heirs', 'db', {
    podSelector: app(db),
    ingress: [{ from: [{ podSelector: app(friend) }] }],
  });
  await bed.start(
    podManifest('heirs', db, { app: db }, on('node-2')),
    podManifest('heirs', friend, { app: friend }, on('node-1')),
  );
  await bed.inForce();
  const host = await bed.address('heirs', db);
  const address = await bed.address('heirs', friend);
  expect(await bed.attempts('heirs', friend, [{ host, port: 80, protocol: 'TCP' }])).toEqual([db]);
  await bed.kube.delete({ resource: 'pods', namespace: 'heirs', name: friend });
  await bed.until('the friend is gone', async () => (await bed.pod('heirs', friend)) === undefined);
  // The stranger knocks as its first action. It succeeds where it reaches nobody.
  const spec = { nodeName: 'node-1', restartPolicy: 'Never' };
  const command = ['node', '-e', KNOCK, '500', host];
  await bed.kube.create(podManifest('heirs', stranger, { app: stranger }, spec, { command }));
  let status: SeenStatus = {};
  await bed.until('the stranger has ended', async () => {
    status = statusOf(await bed.pod('heirs', stranger));
    return /Succeeded|Failed/.test(status.phase ?? '');
  });
  expect(status).toMatchObject({ phase: 'Succeeded', podIP: address });
});

test('D21: a policy comes into force without a word: nothing of its object changes, and it has no status', async () => {
  await bed.policy('shop', 'case-0', { podSelector: app('db') });
  const policyOf = () => bed.kube.get({ resource: 'networkpolicies', namespace: 'shop', name: 'case-0' });
  const taken = await policyOf();
  await bed.inForce();
  expect(await observe({ 'ops/job shop/db:80': 'shut' })).toEqual({ 'ops/job shop/db:80': 'shut' });
  expect(taken).toMatchObject({ kind: 'NetworkPolicy' });
  expect(taken).not.toHaveProperty('status');
  expect(await policyOf()).toEqual(taken);
});

const PERL = '/usr/bin/perl';
/** One echo request, which needs no privilege from such a socket; Node.js has none. */
const PING = `
  use Socket qw(:DEFAULT inet_pton pack_sockaddr_in6);
  my ($family, $protocol, $request) = $ARGV[0] =~ /:/ ? (AF_INET6, 58, 128) : (AF_INET, 1, 8);
  my $address = inet_pton($family, $ARGV[0]);
  socket(my $socket, $family, SOCK_DGRAM, $protocol) or die $!;
  connect($socket, $family == AF_INET6 ? pack_sockaddr_in6(0, $address) : pack_sockaddr_in(0, $address)) or die $!;
  send($socket, pack('C2n3', $request, 0, 0, 1, 1), 0) or die $!;
  vec(my $readable = '', fileno($socket), 1) = 1;
  print select($readable, undef, undef, 0.5) ? 'answered' : 'silent';`;

test.skipIf(!existsSync(PERL))(
  'I6: a rule for all ports lets ICMP through, and no rule for some ports does',
  async () => {
    await bed.policy('shop', 'case-0', {
      podSelector: app('db'),
      ingress: [
        { from: [{ podSelector: app('web') }] },
        { from: [{ namespaceSelector: all }], ports: [{}, { protocol: 'UDP' }, { protocol: 'SCTP' }] },
      ],
    });
    await bed.inForce();
    const ping = async (namespace: string, pod: string, to: string): Promise<string> => {
      const pings = [addresses, addresses6].map(async (of) => {
        const result = await bed.exec(namespace, pod, PERL, '-e', PING, of.get(to) ?? '');
        return result.kind === 'exited' && result.exitCode === 0 ? result.stdout : JSON.stringify(result);
      });
      return [...new Set(await Promise.all(pings))].join(' and ');
    };
    expect(await ping('shop', 'web', 'shop/db')).toBe('answered');
    expect(await ping('ops', 'job', 'shop/db')).toBe('silent');
    expect(await ping('ops', 'job', 'shop/api')).toBe('answered');
  },
);

test('D22: isolated egress cuts name resolution, which fails as a name', async () => {
  const script = `
    const resolver = new (require('node:dns').Resolver)({ timeout: 500, tries: 1 });
    resolver.resolve4('kube-dns.kube-system.svc.cluster.local', (error, found) => console.log(error?.code ?? found[0]))`;
  const resolved = () => bed.exec('shop', 'web', 'node', '-e', script);
  await vi.waitFor(async () => expect(await resolved()).toMatchObject({ stdout: '10.96.0.10\n' }), {
    timeout: 60_000,
  });
  await bed.policy('shop', 'case-0', { podSelector: app('web'), policyTypes: ['Egress'] });
  await bed.inForce();
  expect(await resolved()).toMatchObject({ stdout: 'ETIMEOUT\n' });
});

/** Sends datagrams as fast as it can until a file is there, and prints how many were answered. */
const FLOOD = `
  const [, until, host] = process.argv;
  const socket = require('node:dgram').createSocket('udp4');
  let answers = 0;
  let sent = 0;
  socket.on('message', () => { answers += 1; });
  setInterval(() => {
    if (!require('node:fs').existsSync(until)) return;
    console.log(answers);
    process.exit(sent > 1000 ? 0 : 1);
  }, 50);
  const send = () => {
    for (let n = 0; n < 200; n += 1) socket.send('x', 53, host);
    sent += 200;
    setTimeout(send, 0);
  };
  socket.bind(send);`;

test('what is denied is denied while other rules change: each transaction is one moment', async () => {
  const [to = '', until] = [addresses.get('shop/db'), '/tmp/flooded'];
  await bed.policy('shop', 'case-0', {
    podSelector: app('db'),
    ingress: [{ from: [{ podSelector: app('web') }] }],
  });
  await bed.inForce();
  const flood = bed.exec('ops', 'job', 'node', '-e', FLOOD, until, to);
  for (let turn = 0; turn < 100; turn += 1) {
    const name = `turn-${turn}`;
    await bed.policy('ops', name, { podSelector: app('web') });
    await bed.kube.delete({ resource: 'networkpolicies', namespace: 'ops', name });
  }
  await bed.exec('ops', 'job', 'touch', until);
  expect(await flood).toMatchObject({ kind: 'exited', exitCode: 0, stdout: '0\n' });
});

test('what is allowed is allowed while rules change: no packet is lost', async () => {
  const peers = [{ podSelector: app('job'), namespaceSelector: all }];
  await bed.policy('shop', 'case-0', { podSelector: app('db'), ingress: [{ from: peers }] });
  await bed.inForce();
  const [job, db] = [
    { namespace: 'ops', name: 'job' },
    { namespace: 'shop', name: 'db' },
  ];
  const { sent, arrived } = await pourWhile(bed, job, db, async () => {
    for (let port = 1; port <= 200; port += 1) {
      const ingress = [{ from: peers, ports: [{ port }] }];
      await bed.policy('shop', 'case-1', { podSelector: app('db'), ingress });
    }
  });
  expect(sent).toBeGreaterThan(1_000);
  expect(arrived).toBe(sent);
});
