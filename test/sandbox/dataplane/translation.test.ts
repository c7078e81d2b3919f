/** What becomes of real packets to Services: three backends on two nodes, and clients of every kind. */
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { podManifest, startTestbed, type Testbed } from '../testbed.ts';
import { ServiceBed } from './service-bed.ts';

let bed: Testbed;
let services: ServiceBed;

const NODE_1 = '172.18.0.2';
const NODE_2 = '172.18.0.3';
const NODE_2_IPV6 = 'fd00:172:18::3';
const on = (nodeName: string) => ({ nodeName });
const onHost = (nodeName: string) => ({ nodeName, hostNetwork: true });
const idle = { command: ['sleep', '1000000'] };
const API = { app: 'api' };
const app = (name: string) => ({ matchLabels: { app: name } });

beforeAll(async () => {
  bed = await startTestbed();
  services = new ServiceBed(bed);
  await bed.namespace('shop');
  const idlers = [
    podManifest('shop', 'near', { app: 'near' }, on('node-1'), idle),
    podManifest('shop', 'far', { app: 'far' }, on('node-2'), idle),
    podManifest('shop', 'host-1', {}, onHost('node-1'), idle),
    podManifest('shop', 'host-2', {}, onHost('node-2'), idle),
  ];
  await Promise.all(idlers.map((manifest) => bed.kube.create(manifest)));
  await bed.start(
    podManifest('shop', 'a', API, on('node-1'), { ports: [{ name: 'http', containerPort: 8080 }] }),
    podManifest('shop', 'b', API, on('node-2'), { ports: [{ name: 'http', containerPort: 9000 }] }),
    podManifest('shop', 'c', API, on('node-2'), { ports: [{ name: 'http', containerPort: 8080 }] }),
  );
});
afterAll(() => bed[Symbol.asyncDispose]());

afterEach(async () => {
  await bed.dropPolicies();
  await bed.inForce();
});

const CLIENTS = ['shop/near', 'shop/far', 'shop/host-1', 'shop/host-2'];

test.each([
  ['TCP', 'IPv4'],
  ['UDP', 'IPv4'],
  ['TCP', 'IPv6'],
  ['UDP', 'IPv6'],
] as const)('every backend answers everybody, over %s and %s', async (protocol, family) => {
  const { clusterIPs } = await services.write('api', {
    selector: API,
    ipFamilyPolicy: 'RequireDualStack',
    ports: [
      { name: 'tcp', port: 443, targetPort: 8080 },
      { name: 'udp', port: 443, targetPort: 8080, protocol: 'UDP' },
    ],
  });
  const clusterIP = clusterIPs[family === 'IPv4' ? 0 : 1] ?? '';
  for (const client of CLIENTS)
    expect([client, await services.answers(client, clusterIP, 443, protocol)]).toEqual([
      client,
      ['a', 'b', 'c'],
    ]);
});

test('a named target port is each pod’s own (D14)', async () => {
  const { clusterIP } = await services.write('named', {
    selector: API,
    ports: [{ port: 1, targetPort: 'http' }],
  });
  expect(await services.answers('shop/near', clusterIP, 1)).toEqual(['a', 'b', 'c']);
});

test('a policy for the Service’s port opens nothing, one for the pods’ does (D13, D23)', async () => {
  const { clusterIP } = await services.write('web', {
    selector: API,
    ports: [{ port: 80, targetPort: 8080 }],
  });
  const only = (port: number) => ({ podSelector: app('api'), ingress: [{ ports: [{ port }] }] });
  await bed.policy('shop', 'only', only(80));
  await bed.inForce();
  expect(await services.answers('shop/near', clusterIP, 80)).toEqual(['shut']);
  await bed.policy('shop', 'only', only(8080));
  await bed.inForce();
  expect(await services.answers('shop/near', clusterIP, 80)).toEqual(['a', 'b', 'c']);
});

test('egress is judged by the endpoint, never by the Service’s address (I2)', async () => {
  const { clusterIP } = await services.write('web', {
    selector: API,
    ports: [{ port: 80, targetPort: 8080 }],
  });
  const to = (cidr: string, port: number) => ({
    podSelector: app('near'),
    policyTypes: ['Egress'],
    egress: [{ to: [{ ipBlock: { cidr } }], ports: [{ port }] }],
  });
  await bed.policy('shop', 'out', to(`${clusterIP}/32`, 80));
  await bed.inForce();
  expect(await services.answers('shop/near', clusterIP, 80)).toEqual(['shut']);
  await bed.policy('shop', 'out', to(`${await bed.address('shop', 'b')}/32`, 8080));
  await bed.inForce();
  expect(await services.answers('shop/near', clusterIP, 80)).toEqual(['b', 'shut']);
});

test('a source is known by its own address behind a Service', async () => {
  const { clusterIP } = await services.write('web', {
    selector: API,
    ports: [{ port: 80, targetPort: 8080 }],
  });
  await bed.policy('shop', 'from', {
    podSelector: app('api'),
    ingress: [{ from: [{ podSelector: app('near') }] }],
  });
  await bed.inForce();
  expect(await services.answers('shop/near', clusterIP, 80)).toEqual(['a', 'b', 'c']);
  expect(await services.answers('shop/far', clusterIP, 80)).toEqual(['shut']);
});

test('a node port is on every node, for the pods and nodes of all', async () => {
  const { ports } = await services.write('open', {
    type: 'NodePort',
    selector: API,
    ports: [{ port: 80, targetPort: 8080 }],
  });
  const nodePort = ports[0]?.nodePort ?? 0;
  for (const client of CLIENTS)
    for (const node of [NODE_1, NODE_2])
      expect([client, node, await services.answers(client, node, nodePort)]).toEqual([
        client,
        node,
        ['a', 'b', 'c'],
      ]);
});

test('behind a node port a policy on another node sees the node, and not the client (D25)', async () => {
  const { ports } = await services.write('open', {
    type: 'NodePort',
    selector: API,
    ports: [{ port: 80, targetPort: 8080 }],
  });
  await bed.policy('shop', 'from', {
    podSelector: app('api'),
    ingress: [{ from: [{ ipBlock: { cidr: `${NODE_2}/32` } }] }],
  });
  await bed.inForce();
  // The backends on that node itself are still asked by the client.
  expect(await services.answers('shop/near', NODE_2, ports[0]?.nodePort ?? 0)).toEqual(['a', 'shut']);
});

test('a node port of a local Service leads to the node’s own pods, and its clients keep their addresses', async () => {
  const { ports } = await services.write('kept', {
    type: 'NodePort',
    externalTrafficPolicy: 'Local',
    selector: API,
    ports: [{ port: 80, targetPort: 8080 }],
  });
  const nodePort = ports[0]?.nodePort ?? 0;
  expect(await services.answers('shop/near', NODE_2, nodePort)).toEqual(['b', 'c']);
  expect(await services.answers('shop/far', NODE_1, nodePort)).toEqual(['a']);
  // What comes from the node itself, or its pods, is not from outside.
  expect(await services.answers('shop/near', NODE_1, nodePort)).toEqual(['a', 'b', 'c']);
  expect(await services.answers('shop/host-1', NODE_1, nodePort)).toEqual(['a', 'b', 'c']);
  const near = `${await bed.address('shop', 'near')}/32`;
  await bed.policy('shop', 'from', {
    podSelector: app('api'),
    ingress: [{ from: [{ ipBlock: { cidr: near } }] }],
  });
  await bed.inForce();
  expect(await services.answers('shop/near', NODE_2, nodePort)).toEqual(['b', 'c']);
  expect(await services.answers('shop/far', NODE_1, nodePort)).toEqual(['shut']);
});

test('over IPv6 a node port, the ends behind it and what refuses are the same', async () => {
  const spec = { ipFamilyPolicy: 'RequireDualStack', selector: API, ports: [{ port: 80, targetPort: 8080 }] };
  const open = await services.write('open', { ...spec, type: 'NodePort' });
  const [nodePort = 0, clusterIP = ''] = [open.ports[0]?.nodePort, open.clusterIPs[1]];
  expect(await services.answers('shop/host-1', NODE_2_IPV6, nodePort)).toEqual(['a', 'b', 'c']);
  expect(await services.answers('shop/a', clusterIP, 80)).toEqual(['a', 'b', 'c']);
  expect(await services.answers('shop/far', clusterIP, 81)).toEqual(['ECONNREFUSED']);
  const from = (address: string) => ({
    podSelector: app('api'),
    ingress: [{ from: [{ ipBlock: { cidr: `${address}/128` } }] }],
  });
  await bed.policy('shop', 'from', from(NODE_2_IPV6));
  await bed.inForce();
  expect(await services.answers('shop/near', NODE_2_IPV6, nodePort)).toEqual(['a', 'shut']);
  await services.write('open', { ...spec, type: 'NodePort', externalTrafficPolicy: 'Local' });
  const [, near] = await bed.addresses('shop', 'near');
  await bed.policy('shop', 'from', from(near));
  await bed.inForce();
  expect(await services.answers('shop/near', NODE_2_IPV6, nodePort)).toEqual(['b', 'c']);
});

test('a Service of one family is not there in the other', async () => {
  const spec = { type: 'NodePort', selector: API, ports: [{ port: 80, targetPort: 8080 }] };
  const { clusterIP, ports } = await services.write('six', { ...spec, ipFamilies: ['IPv6'] });
  expect(await services.answers('shop/near', clusterIP, 80)).toEqual(['a', 'b', 'c']);
  expect(await services.answers('shop/near', NODE_2_IPV6, ports[0]?.nodePort ?? 0)).toEqual(['a', 'b', 'c']);
  expect(await services.answers('shop/near', NODE_2, ports[0]?.nodePort ?? 0)).toEqual(['ECONNREFUSED']);
});

test('a local Service is silent on a node without endpoints', async () => {
  const { clusterIP, ports } = await services.write('lone', {
    type: 'NodePort',
    internalTrafficPolicy: 'Local',
    externalTrafficPolicy: 'Local',
    selector: { app: 'far' },
    ports: [{ port: 80, targetPort: 8080 }],
  });
  const nodePort = ports[0]?.nodePort ?? 0;
  expect(await services.answers('shop/near', clusterIP, 80)).toEqual(['shut']);
  expect(await services.answers('shop/host-2', NODE_1, nodePort)).toEqual(['shut']);
  expect(await services.answers('shop/host-2', clusterIP, 80)).toEqual(['ECONNREFUSED']);
});

test('who asks through its own Service may be answered by itself (I3)', async () => {
  const { clusterIP } = await services.write('self', {
    selector: API,
    ports: [{ port: 80, targetPort: 8080 }],
  });
  expect(await services.answers('shop/a', clusterIP, 80)).toEqual(['a', 'b', 'c']);
  expect(await services.answers('shop/a', clusterIP, 80, 'UDP')).toEqual(['ECONNREFUSED']);
});

test('a Service without endpoints refuses, and so do ports that it does not have', async () => {
  const { clusterIP, ports } = await services.write('nobody', {
    type: 'NodePort',
    selector: { app: 'nobody' },
    ports: [{ port: 80 }],
  });
  for (const client of CLIENTS) {
    expect(await services.answers(client, clusterIP, 80)).toEqual(['ECONNREFUSED']);
    expect(await services.answers(client, NODE_2, ports[0]?.nodePort ?? 0)).toEqual(['ECONNREFUSED']);
    expect(await services.answers(client, clusterIP, 81)).toEqual(['ECONNREFUSED']);
  }
});

test('slices that a user writes lead to where they say', async () => {
  const { clusterIP } = await services.write('mine', { ports: [{ port: 80, targetPort: 8080 }] });
  expect(await services.answers('shop/near', clusterIP, 80)).toEqual(['ECONNREFUSED']);
  await services.call('POST', '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices', {
    metadata: { name: 'mine', labels: { 'kubernetes.io/service-name': 'mine' } },
    addressType: 'IPv4',
    ports: [{ port: 9001 }],
    endpoints: [{ addresses: [await bed.address('shop', 'c')] }],
  });
  await services.inForce();
  expect(await services.answers('shop/near', clusterIP, 80)).toEqual(['c']);
});

test('a pod that is deleted gets nothing any more, and neither does the next one with its address', async () => {
  await bed.start(
    podManifest('shop', 'd', { app: 'd' }, on('node-1')),
    podManifest('shop', 'e', { app: 'd' }, on('node-2')),
  );
  const { clusterIP } = await services.write('leaving', {
    selector: { app: 'd' },
    ports: [
      { name: 'tcp', port: 80, targetPort: 8080 },
      { name: 'udp', port: 80, targetPort: 8080, protocol: 'UDP' },
    ],
  });
  expect(await services.answers('shop/near', clusterIP, 80)).toEqual(['d', 'e']);
  // One sender of datagrams, who goes on and on from one port, until it has met the pod that leaves.
  const sender = `
const { createSocket } = require('node:dgram');
const { writeFileSync } = require('node:fs');
const begin = () => {
  const socket = createSocket('udp4');
  let first;
  socket.on('error', () => {});
  socket.on('message', (data) => {
    first ??= String(data);
    if (first !== 'd') { socket.close(); begin(); return; }
    writeFileSync('/tmp/heard', String(data));
  });
  socket.connect(80, '${clusterIP}', () => {
    const timer = setInterval(() => socket.send('?'), 50);
    socket.on('close', () => clearInterval(timer));
  });
};
begin();`;
  const heard = async () => {
    const seen = await bed.exec('shop', 'near', 'sh', '-c', 'cat /tmp/heard; rm -f /tmp/heard');
    return seen.kind === 'exited' ? seen.stdout : '';
  };
  void bed.exec('shop', 'near', 'node', '-e', sender);
  await bed.until('the sender has met d', async () => (await heard()) === 'd');
  const address = await bed.address('shop', 'd');
  await bed.kube.delete({ resource: 'pods', namespace: 'shop', name: 'd' });
  await bed.until('d is gone', async () => (await bed.pod('shop', 'd')) === undefined);
  await bed.until('the address is another’s', async () => {
    const name = `next-${Date.now()}`;
    await bed.start(podManifest('shop', name, { app: 'next' }, on('node-1')));
    return (await bed.address('shop', name)) === address;
  });
  await bed.until('the sender is with e', async () => (await heard()) === 'e');
  expect(await services.answers('shop/near', clusterIP, 80)).toEqual(['e']);
  expect(await services.answers('shop/near', clusterIP, 80, 'UDP')).toEqual(['e']);
});

/**
 * Connects again and again, four at a time, until a file is there. Prints how often each outcome was seen: silence where no handshake is
 * through before the kernel sends its packet again, however slow this process is to see it.
 */
const CALLER = `
const { connect } = require('node:net');
const { existsSync } = require('node:fs');
const [, host, until] = process.argv;
const seen = {};
const call = () => new Promise((resolve) => {
  const socket = connect({ host, port: 80 });
  setTimeout(() => setImmediate(() => { if (socket.connecting) { socket.destroy(); resolve('silence'); } }), 900).unref();
  socket.on('data', () => resolve('answer')).on('error', ({ code }) => resolve(code));
});
const go = async () => {
  while (!existsSync(until)) {
    for (const outcome of await Promise.all([call(), call(), call(), call()])) seen[outcome] = (seen[outcome] ?? 0) + 1;
  }
  console.log(JSON.stringify(seen));
  process.exit(0);
};
void go();`;

test('no connection is lost while where a Service leads changes', async () => {
  const leadingTo = (targetPort: number) => ({ selector: API, ports: [{ port: 80, targetPort }] });
  const { clusterIP } = await services.write('moving', leadingTo(8080));
  const until = '/tmp/called-enough';
  const calling = bed.exec('shop', 'near', 'node', '-e', CALLER, clusterIP, until);
  for (let change = 0; change < 40; change += 1)
    await services.write('moving', leadingTo([9000, 8080][change % 2] ?? 0));
  await bed.exec('shop', 'near', 'touch', until);
  const called = await calling;
  const seen = JSON.parse(called.kind === 'exited' ? called.stdout : '{}');
  expect(Object.keys(seen)).toEqual(['answer']);
  expect(seen.answer).toBeGreaterThan(1000);
});

test('a Service that is gone translates nothing', async () => {
  const { clusterIP } = await services.write('gone', {
    selector: API,
    ports: [{ port: 80, targetPort: 8080 }],
  });
  expect(await services.answers('shop/near', clusterIP, 80)).toEqual(['a', 'b', 'c']);
  await services.remove('gone');
  await bed.until('nobody answers', async () => {
    const answers = await services.answers('shop/near', clusterIP, 80);
    return !answers.some((answer) => ['a', 'b', 'c'].includes(answer));
  });
});
