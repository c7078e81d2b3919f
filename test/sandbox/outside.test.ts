/** Pods that stand outside the cluster, with real packets: who sees them, whom they see, and what of them is refused. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { KubeObject } from '../../src/kube/kube.ts';
import { podManifest, startTestbed, statusOf, type Target, type Testbed } from './testbed.ts';

const BANK = '203.0.113.10';
const BANK6 = '2001:db8::10';
const ADMIN = '203.0.113.200';
const SIX = '2001:db8:6::6';

let bed: Testbed;

beforeAll(async () => {
  bed = await startTestbed();
  await bed.start(
    podManifest('default', 'web-1', { app: 'web' }, { nodeName: 'node-1' }),
    podManifest('default', 'web-2', { app: 'web' }, { nodeName: 'node-2' }),
    outside('bank', `${BANK},${BANK6}`),
    outside('admin', ADMIN),
    outside('six', SIX),
  );
});
afterAll(() => bed[Symbol.asyncDispose]());

function outside(name: string, address: string, spec: object = {}, container: object = {}): KubeObject {
  const manifest = podManifest('default', name, { app: 'web' }, spec, container);
  const annotations = { 'sandbox.podreach.dev/outside': address };
  return { ...manifest, metadata: { ...manifest.metadata, annotations } };
}

const at = (host: string, port = 80, protocol: Target['protocol'] = 'TCP'): Target => ({
  host,
  port,
  protocol,
});

/** Says where a connection seems to come from. */
const ECHO_SOURCE = `require('node:net').createServer((socket) => socket.end(socket.remoteAddress)).listen(7, '0.0.0.0');`;

test('it has the addresses that it is given, and no node', async () => {
  const pod = await bed.pod('default', 'bank');
  expect(statusOf(pod)).toMatchObject({
    phase: 'Running',
    podIP: BANK,
    podIPs: [{ ip: BANK }, { ip: BANK6 }],
  });
  expect(statusOf(pod).hostIP).toBeUndefined();
  expect(pod?.['spec']).not.toHaveProperty('nodeName');
});

test('pods of every node reach it, and it reaches them, by TCP and UDP', async () => {
  const there = [at(BANK), at(BANK, 53, 'UDP'), at(BANK6), at(BANK6, 53, 'UDP'), at(SIX)];
  const answered = ['bank', 'bank', 'bank', 'bank', 'six'];
  expect(await bed.attempts('default', 'web-1', there)).toEqual(answered);
  expect(await bed.attempts('default', 'web-2', there)).toEqual(answered);
  const [[one, one6], [other, other6]] = await Promise.all([
    bed.addresses('default', 'web-1'),
    bed.addresses('default', 'web-2'),
  ]);
  const back = [at(one), at(other), at(other, 53, 'UDP'), at(ADMIN)];
  expect(await bed.attempts('default', 'bank', back)).toEqual(['web-1', 'web-2', 'web-2', 'admin']);
  const back6 = [at(one6), at(other6), at(other6, 53, 'UDP'), at(BANK6), at(one)];
  expect(await bed.attempts('default', 'six', back6)).toEqual([
    'web-1',
    'web-2',
    'web-2',
    'bank',
    'ENETUNREACH',
  ]);
});

test('both ends see the address of the other one', async () => {
  const command = ['node', '-e', ECHO_SOURCE];
  await Promise.all(
    [
      outside('echo-outside', '203.0.113.7', {}, { command }),
      podManifest('default', 'echo-inside', {}, {}, { command }),
    ].map((manifest) => bed.kube.create(manifest)),
  );
  const answers = async (from: string, host: string): Promise<string> =>
    (await bed.attempts('default', from, [at(host, 7)]))[0] ?? '';
  await bed.until('the one inside has an address', async () => {
    return statusOf(await bed.pod('default', 'echo-inside')).podIP !== undefined;
  });
  const inside = await bed.address('default', 'echo-inside');
  await bed.until('bank is seen', async () => (await answers('bank', inside)) === BANK);
  const web = await bed.address('default', 'web-1');
  await bed.until('web is seen', async () => (await answers('web-1', '203.0.113.7')) === web);
});

test('no policy selects it or means it by labels, and blocks of addresses hold it', async () => {
  await bed.namespace('other');
  await bed.policy('default', 'all', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
  await bed.inForce();
  const [web, web6] = await bed.addresses('default', 'web-1');
  expect(await bed.attempts('default', 'web-1', [at(BANK), at(BANK6)])).toEqual(['shut', 'shut']);
  expect(await bed.attempts('default', 'bank', [at(web), at(web6), at(ADMIN)])).toEqual([
    'shut',
    'shut',
    'admin',
  ]);

  await bed.policy('default', 'all', {
    podSelector: {},
    ingress: [{ from: [{ namespaceSelector: {} }] }],
    egress: [{ to: [{ podSelector: {} }] }],
  });
  await bed.inForce();
  expect(await bed.attempts('default', 'web-1', [at(BANK)])).toEqual(['shut']);
  expect(await bed.attempts('default', 'bank', [at(web)])).toEqual(['shut']);

  const block = { ipBlock: { cidr: '203.0.113.0/24', except: ['203.0.113.128/25'] } };
  await bed.policy('default', 'all', {
    podSelector: {},
    ingress: [{ from: [block] }],
    egress: [{ to: [block] }],
  });
  await bed.inForce();
  expect(await bed.attempts('default', 'web-1', [at(BANK), at(ADMIN), at(BANK6), at(SIX)])).toEqual([
    'bank',
    'shut',
    'shut',
    'shut',
  ]);
  expect(await bed.attempts('default', 'bank', [at(web), at(web6)])).toEqual(['web-1', 'shut']);
  expect(await bed.attempts('default', 'admin', [at(web)])).toEqual(['shut']);

  const block6 = { ipBlock: { cidr: '2001:db8::/32', except: ['2001:db8:6::/48'] } };
  await bed.policy('default', 'all', {
    podSelector: {},
    ingress: [{ from: [block6] }],
    egress: [{ to: [block6] }],
  });
  await bed.inForce();
  expect(await bed.attempts('default', 'web-1', [at(BANK6), at(SIX), at(BANK)])).toEqual([
    'bank',
    'shut',
    'shut',
  ]);
  expect(await bed.attempts('default', 'bank', [at(web6), at(web)])).toEqual(['web-1', 'shut']);
  expect(await bed.attempts('default', 'six', [at(web6)])).toEqual(['shut']);
  await bed.kube.delete({ resource: 'networkpolicies', namespace: 'default', name: 'all' });
});

test('it becomes ready when it is visited, and its address is free when it has gone', async () => {
  const name = 'visited';
  const probe = { readinessProbe: { tcpSocket: { port: 80 }, periodSeconds: 1 } };
  await bed.start(outside(name, '203.0.113.30', {}, probe));
  const isReady = async (): Promise<boolean> =>
    JSON.stringify(statusOf(await bed.pod('default', name)).conditions).includes('"Ready","status":"True"');
  await bed.until('it is ready', isReady);
  await bed.kube.delete({ resource: 'pods', namespace: 'default', name });
  await bed.until('it is gone', async () => (await bed.pod('default', name)) === undefined);
  await bed.start(outside('next', '203.0.113.30'));
  expect(await bed.attempts('default', 'web-1', [at('203.0.113.30')])).toEqual(['next']);
});

test.each([
  ['10.244.3.7', 'is in 10.244.0.0/16, where the addresses of pods are'],
  ['172.18.0.1', 'is in 172.18.0.0/16, where the addresses of nodes are'],
  ['10.96.0.10', 'is in 10.96.0.0/16, where the addresses of Services are'],
  ['127.0.0.1', 'must be an address that a host can have'],
  ['169.254.1.1', 'must be an address that a host can have'],
  ['224.0.0.1', 'must be an address that a host can have'],
  ['fd00:10:244:3::7', 'is in fd00:10:244::/56, where the addresses of pods are'],
  ['fd00:172:18::1', 'is in fd00:172:18::/64, where the addresses of nodes are'],
  ['fd00:10:96::a', 'is in fd00:10:96::/112, where the addresses of Services are'],
  ['::1', 'must be an address that a host can have'],
  ['fe80::1', 'must be an address that a host can have'],
  ['::ffff:203.0.113.9', 'must be an address that a host can have'],
  ['2001:DB8::1', 'must be an address that a host can have'],
  ['203.0.113.20,203.0.113.21', 'must be one address, or one of each family'],
  [`203.0.113.20,${BANK6}`, 'is the address of pod default/bank'],
  ['bank', 'must be an address that a host can have'],
  ['203.0.113.010', 'must be an address that a host can have'],
  [BANK, 'is the address of pod default/bank'],
])('the address %s is refused: it %s', async (address, why) => {
  await expect(bed.kube.create(outside('refused', address))).rejects.toThrow(why);
});

test('it can be on no node, and stays where it is', async () => {
  await expect(bed.kube.create(outside('refused', '203.0.113.40', { nodeName: 'node-1' }))).rejects.toThrow(
    'a pod outside the cluster is on no node',
  );
  await expect(bed.kube.create(outside('refused', '203.0.113.40', { hostNetwork: true }))).rejects.toThrow(
    'a pod outside the cluster is on no node',
  );
  const annotations = { 'sandbox.podreach.dev/outside': '203.0.113.41' };
  for (const name of ['bank', 'web-1']) {
    await expect(
      bed.kube.patch({ resource: 'pods', namespace: 'default', name }, { metadata: { annotations } }),
    ).rejects.toThrow('a pod stays where it is');
  }
});
