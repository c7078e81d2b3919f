/** The DNS server of a sandbox, asked by pods. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ServiceBed } from '../dataplane/service-bed.ts';
import { podManifest, startTestbed, statusOf, type Testbed } from '../testbed.ts';

let bed: Testbed;
let services: ServiceBed;
let server = '';
let server6 = '';

beforeAll(async () => {
  bed = await startTestbed();
  services = new ServiceBed(bed);
  const isReady = (condition: object): boolean =>
    JSON.stringify(condition).includes('"type":"Ready","status":"True"');
  await bed.until('the DNS server is ready', async () => {
    const [pod] = await bed.kube.list({ resource: 'pods', namespace: 'kube-system' });
    [server = '', server6 = ''] = (statusOf(pod).podIPs ?? []).map(({ ip }) => ip);
    return statusOf(pod).conditions?.some(isReady) === true;
  });
  await bed.namespace('shop');
  await bed.start(podManifest('shop', 'web', { app: 'web' }, { hostname: 'web', subdomain: 'webs' }));
});
afterAll(() => bed[Symbol.asyncDispose]());

/** Asks the server from a pod, without its search list; what came back, or the code of what went wrong. */
async function resolve(name: string, type: string, over = server): Promise<unknown> {
  const script = `
    const resolver = new (require('node:dns').promises.Resolver)({ timeout: 500, tries: 1 });
    resolver.setServers([process.argv[1].includes(':') ? '[' + process.argv[1] + ']' : process.argv[1]]);
    resolver.resolve(process.argv[2], process.argv[3]).catch((error) => error.code)
      .then((said) => console.log(JSON.stringify(said)));`;
  const result = await bed.exec('shop', 'web', 'node', '-e', script, over, name, type);
  if (result.kind !== 'exited') throw new Error(JSON.stringify(result));
  return JSON.parse(result.stdout);
}

test('knows a Service and its pods as soon as there are any', async () => {
  const address = await bed.address('shop', 'web');
  const spec = { selector: { app: 'web' }, ports: [{ name: 'http', port: 80, targetPort: 8080 }] };
  expect(await resolve('web.shop.svc.cluster.local', 'A')).toBe('ENOTFOUND');
  await services.write('web', { ...spec, clusterIP: '10.96.0.77' });
  await services.write('webs', { ...spec, clusterIP: 'None' });
  expect(await resolve('web.shop.svc.cluster.local', 'A')).toEqual(['10.96.0.77']);
  expect(await resolve('webs.shop.svc.cluster.local', 'A')).toEqual([address]);
  expect(await resolve('web.webs.shop.svc.cluster.local', 'A')).toEqual([address]);
  expect(await resolve('_http._tcp.webs.shop.svc.cluster.local', 'SRV')).toMatchObject([
    { name: 'web.webs.shop.svc.cluster.local', port: 8080 },
  ]);
  expect(await resolve('kubernetes.default.svc.cluster.local', 'A')).toEqual(['10.96.0.1']);
  expect(await resolve('example.com', 'A')).toBe('ENOTFOUND');
});

test('tells the addresses of both families, of what has them, and is asked over both', async () => {
  const [, address] = await bed.addresses('shop', 'web');
  const spec = { selector: { app: 'web' }, ports: [{ port: 80 }], ipFamilyPolicy: 'RequireDualStack' };
  const { clusterIPs } = await services.write('both', spec);
  await services.write('all', { ...spec, clusterIP: 'None' });
  expect(await resolve('both.shop.svc.cluster.local', 'AAAA')).toEqual([clusterIPs[1]]);
  expect(await resolve('both.shop.svc.cluster.local', 'A', server6)).toEqual([clusterIPs[0]]);
  expect(await resolve('all.shop.svc.cluster.local', 'AAAA', server6)).toEqual([address]);
  expect(await resolve('kubernetes.default.svc.cluster.local', 'AAAA')).toBe('ENODATA');
});

const ENDPOINTS = 90;

test('answers over TCP what does not fit into a datagram', async () => {
  await services.write('many', { clusterIP: 'None', ports: [{ port: 80 }] });
  const endpoints = Array.from({ length: ENDPOINTS }, (_, index) => ({
    addresses: [`192.0.2.${index + 1}`],
  }));
  await services.call('POST', '/apis/discovery.k8s.io/v1/namespaces/shop/endpointslices', {
    metadata: { name: 'many', labels: { 'kubernetes.io/service-name': 'many' } },
    addressType: 'IPv4',
    endpoints,
  });
  expect(await resolve('many.shop.svc.cluster.local', 'A')).toHaveLength(ENDPOINTS);
});

test('the API can be reached from pods, with its certificate', async () => {
  const script = `
    const [ca, ...urls] = process.argv.slice(1);
    Promise.all(urls.map((url) => new Promise((resolve) => require('node:https')
      .get(url, { ca }, ({ statusCode }) => resolve(statusCode)).on('error', ({ message }) => resolve(message)))))
      .then((all) => { console.log(all.join(' ')); process.exit(); });`;
  const [, ca = ''] = /certificate-authority-data: (\S+)/.exec(bed.sandbox.kubeconfig) ?? [];
  const pem = Buffer.from(ca, 'base64').toString();
  // It has no token.
  const urls = [
    'https://172.18.0.1:6443/version',
    'https://10.96.0.1/version',
    'https://kubernetes.default.svc/version',
  ];
  await bed.until('the API answers at all its addresses', async () => {
    const result = await bed.exec('shop', 'web', 'node', '-e', script, '--', pem, ...urls);
    return result.kind === 'exited' && result.stdout === '401 401 401\n';
  });
});

test('pods ask it through its Service, with their search lists', async () => {
  const lookup = `require('node:dns').lookup(process.argv[1], (error, address) => console.log(error?.code ?? address))`;
  const look = async (name: string): Promise<string> => {
    const result = await bed.exec('shop', 'web', 'node', '-e', lookup, name);
    return result.kind === 'exited' ? result.stdout.trim() : JSON.stringify(result);
  };
  await bed.until('the Service has its endpoint', async () => (await look('webs')) !== 'EAI_AGAIN');
  expect(await look('webs')).toBe(await bed.address('shop', 'web'));
  expect(await look('web.shop')).toBe('10.96.0.77');
  expect(await look('kubernetes.default.svc')).toBe('10.96.0.1');
  expect(await look('webs.default')).toBe('ENOTFOUND');
});

test('is cut off by a policy that isolates egress, until it lets UDP and TCP to port 53 pass (D22)', async () => {
  const name = 'kubernetes.default.svc.cluster.local';
  const policy = (egress: object[]) =>
    bed.policy('shop', 'egress', { podSelector: {}, policyTypes: ['Egress'], egress });
  await policy([]);
  await bed.inForce();
  expect(await resolve(name, 'A')).toBe('ETIMEOUT');
  const to = [
    {
      namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'kube-system' } },
      podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } },
    },
  ];
  await policy([{ to, ports: [{ protocol: 'UDP', port: 53 }] }]);
  await bed.inForce();
  expect(await resolve(name, 'A')).toEqual(['10.96.0.1']);
  // Too long for a datagram.
  expect(await resolve('many.shop.svc.cluster.local', 'A')).toBe('ETIMEOUT');
  const ports = ['UDP', 'TCP'].map((protocol) => ({ protocol, port: 53 }));
  await policy([{ to, ports }]);
  await bed.inForce();
  expect(await resolve('many.shop.svc.cluster.local', 'A')).toHaveLength(ENDPOINTS);
});

test('comes back when its pod is deleted', async () => {
  const [before] = await bed.kube.list({ resource: 'pods', namespace: 'kube-system' });
  await bed.kube.delete({ resource: 'pods', namespace: 'kube-system', name: before?.metadata.name ?? '' });
  await bed.until('another pod runs', async () => {
    const [pod] = await bed.kube.list({ resource: 'pods', namespace: 'kube-system' });
    return pod?.metadata.name !== before?.metadata.name && statusOf(pod).phase === 'Running';
  });
});
