/** Services as clients see them: what is filled in, what is given out, what is refused, what may change. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startCluster, type TestCluster } from '../../cluster.ts';

let cluster: TestCluster;
beforeAll(async () => {
  cluster = await startCluster();
});
afterAll(() => cluster[Symbol.asyncDispose]());

let namespaces = 0;

/** The address of the Services of a namespace of their own. */
async function newCollection(): Promise<string> {
  namespaces += 1;
  const name = `services-${namespaces}`;
  await cluster.call('POST', '/api/v1/namespaces', { metadata: { name } });
  return `/api/v1/namespaces/${name}/services`;
}

async function post(collection: string, name: string, spec: object) {
  return cluster.call('POST', collection, { metadata: { name }, spec });
}

/** @returns the spec that is stored, or the message of the refusal */
async function patch(collection: string, name: string, spec: object): Promise<unknown> {
  const { code, body } = await cluster.call(
    'PATCH',
    `${collection}/${name}`,
    { spec },
    { 'content-type': 'application/strategic-merge-patch+json' },
  );
  return code === 200 ? body.spec : body.message;
}

async function remove(collection: string, name: string): Promise<void> {
  await cluster.call('DELETE', `${collection}/${name}`);
}

describe('what is filled in', () => {
  it('a Service with a selector and a port is a ClusterIP', async () => {
    const { code, body } = await post(await newCollection(), 'api', {
      selector: { app: 'api' },
      ports: [{ port: 80 }],
    });
    expect(code).toBe(201);
    expect(body.spec).toEqual({
      type: 'ClusterIP',
      selector: { app: 'api' },
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      clusterIP: expect.stringMatching(/^10\.96\.\d+\.\d+$/),
      clusterIPs: [body.spec.clusterIP],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
      sessionAffinity: 'None',
    });
    expect(body.status).toEqual({ loadBalancer: {} });
  });

  it('a NodePort has a port on every node, the same for both protocols of a port', async () => {
    const { body } = await post(await newCollection(), 'dns', {
      type: 'NodePort',
      ports: [
        { name: 'udp', port: 53, protocol: 'UDP' },
        { name: 'tcp', port: 53 },
        { name: 'web', port: 80, targetPort: 'http' },
      ],
    });
    const [udp, tcp, web] = body.spec.ports.map(({ nodePort }: { nodePort: number }) => nodePort);
    expect(udp).toBeGreaterThanOrEqual(30_086);
    expect(web).toBeLessThanOrEqual(32_767);
    expect(tcp).toBe(udp);
    expect(web).not.toBe(udp);
    expect(body.spec).toMatchObject({ externalTrafficPolicy: 'Cluster', internalTrafficPolicy: 'Cluster' });
  });

  it('a LoadBalancer has node ports, and no address', async () => {
    const { body } = await post(await newCollection(), 'web', {
      type: 'LoadBalancer',
      ports: [{ port: 80 }],
    });
    expect(body.spec).toMatchObject({
      allocateLoadBalancerNodePorts: true,
      externalTrafficPolicy: 'Cluster',
      ports: [{ nodePort: expect.any(Number) }],
    });
    expect(body.status).toEqual({ loadBalancer: {} });
  });

  it('a headless Service has no address, and needs no ports', async () => {
    const { body } = await post(await newCollection(), 'db', { clusterIP: 'None', selector: { app: 'db' } });
    expect(body.spec).toMatchObject({ clusterIP: 'None', clusterIPs: ['None'] });
  });

  it('an ExternalName has a name and nothing else', async () => {
    const { body } = await post(await newCollection(), 'mail', {
      type: 'ExternalName',
      externalName: 'mail.example.com',
    });
    expect(body.spec).toEqual({
      type: 'ExternalName',
      externalName: 'mail.example.com',
      sessionAffinity: 'None',
    });
  });

  it('client addresses that stick have a time', async () => {
    const { body } = await post(await newCollection(), 'web', {
      ports: [{ port: 80 }],
      sessionAffinity: 'ClientIP',
    });
    expect(body.spec.sessionAffinityConfig).toEqual({ clientIP: { timeoutSeconds: 10_800 } });
  });
});

describe('what is given out', () => {
  it('an address is one Service’s until that is gone', async () => {
    const services = await newCollection();
    const one = (await post(services, 'one', { ports: [{ port: 80 }] })).body.spec.clusterIP;
    const two = (await post(services, 'two', { ports: [{ port: 80 }] })).body.spec.clusterIP;
    expect(two).not.toBe(one);
    const again = await post(services, 'three', { ports: [{ port: 80 }], clusterIP: one });
    expect(again.body.message).toBe(
      `Service "three" is invalid: spec.clusterIPs: Invalid value: ["${one}"]: failed to allocate IP ${one}: provided IP is already allocated`,
    );
    await remove(services, 'one');
    expect((await post(services, 'three', { ports: [{ port: 80 }], clusterIP: one })).code).toBe(201);
  });

  it('a dry run shows an address and takes none', async () => {
    const services = await newCollection();
    const tried = await cluster.call('POST', `${services}?dryRun=All`, {
      metadata: { name: 'web' },
      spec: { ports: [{ port: 80 }] },
    });
    const made = await post(services, 'web', { ports: [{ port: 80 }] });
    expect(tried.body.spec.clusterIP).toBe(made.body.spec.clusterIP);
  });

  it.each([
    [
      '10.97.0.1',
      'the provided IP (10.97.0.1) is not in the valid range. The range of valid IPs is 10.96.0.0/16',
    ],
    [
      '10.96.0.0',
      'the provided IP (10.96.0.0) is not in the valid range. The range of valid IPs is 10.96.0.0/16',
    ],
    ['10.96.0.10', 'provided IP is already allocated'],
    ['10.96.0.1', 'provided IP is already allocated'],
  ])('%s cannot be had: %s', async (clusterIP, why) => {
    const { code, body } = await post(await newCollection(), 'web', { ports: [{ port: 80 }], clusterIP });
    expect([code, body.message]).toEqual([
      422,
      `Service "web" is invalid: spec.clusterIPs: Invalid value: ["${clusterIP}"]: failed to allocate IP ${clusterIP}: ${why}`,
    ]);
  });

  it('the address of kube-dns is for kube-dns', async () => {
    const services = '/api/v1/namespaces/kube-system/services';
    const spec = { clusterIP: '10.96.0.10', ports: [{ port: 53, protocol: 'UDP' }] };
    expect((await post(services, 'kube-dns', spec)).body.spec.clusterIP).toBe('10.96.0.10');
    await remove(services, 'kube-dns');
  });

  it('a node port is one Service’s, and of the range', async () => {
    const services = await newCollection();
    const at = (nodePort: number) => ({ type: 'NodePort', ports: [{ port: 80, nodePort }] });
    expect((await post(services, 'one', at(30_001))).body.spec.ports[0].nodePort).toBe(30_001);
    expect((await post(services, 'two', at(30_001))).body.message).toBe(
      'Service "two" is invalid: spec.ports[0].nodePort: Invalid value: 30001: provided port is already allocated',
    );
    expect((await post(services, 'two', at(80))).body.message).toBe(
      'Service "two" is invalid: spec.ports[0].nodePort: Invalid value: 80: provided port is not in the valid range. The range of valid ports is 30000-32767',
    );
  });

  it('a LoadBalancer that wants none has no node ports', async () => {
    const { body } = await post(await newCollection(), 'web', {
      type: 'LoadBalancer',
      allocateLoadBalancerNodePorts: false,
      ports: [{ port: 80 }],
    });
    expect(body.spec.ports).toEqual([{ port: 80, protocol: 'TCP', targetPort: 80 }]);
  });
});

const LABEL =
  "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with an alphanumeric character (e.g. 'my-name',  or 'abc-123', regex used for validation is '[a-z]([-a-z0-9]*[a-z0-9])?')";

describe('what is refused', () => {
  const port = { port: 80 };
  it.each<[string, object, string]>([
    ['no ports', {}, 'spec.ports: Required value'],
    [
      'several ports without names',
      { ports: [port, { port: 81 }] },
      '[spec.ports[0].name: Required value, spec.ports[1].name: Required value]',
    ],
    [
      'a name twice',
      {
        ports: [
          { ...port, name: 'a' },
          { port: 81, name: 'a' },
        ],
      },
      'spec.ports[1].name: Duplicate value: "a"',
    ],
    [
      'a port twice',
      {
        ports: [
          { ...port, name: 'a' },
          { ...port, name: 'b' },
        ],
      },
      'spec.ports[1]: Duplicate value: {"Name":"","Protocol":"TCP","AppProtocol":null,"Port":80,"TargetPort":0,"NodePort":0}',
    ],
    [
      'port and target port out of range',
      { ports: [{ port: 0, targetPort: 70_000 }] },
      '[spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive, spec.ports[0].targetPort: Invalid value: 70000: must be between 1 and 65535, inclusive]',
    ],
    [
      'a target port of a name that no port can have',
      { ports: [{ port: 80, targetPort: '8080' }] },
      'spec.ports[0].targetPort: Invalid value: "8080": must contain at least one letter (a-z)',
    ],
    [
      'another protocol',
      { ports: [{ port: 80, protocol: 'ICMP' }] },
      'spec.ports[0].protocol: Unsupported value: "ICMP": supported values: "SCTP", "TCP", "UDP"',
    ],
    [
      'another type',
      { type: 'External', ports: [port] },
      'spec.type: Unsupported value: "External": supported values: "ClusterIP", "ExternalName", "LoadBalancer", "NodePort"',
    ],
    [
      'a node port of a ClusterIP',
      { ports: [{ port: 80, nodePort: 30_000 }] },
      "spec.ports[0].nodePort: Forbidden: may not be used when `type` is 'ClusterIP'",
    ],
    [
      'a headless NodePort',
      { type: 'NodePort', clusterIP: 'None', ports: [port] },
      'spec.clusterIPs[0]: Invalid value: "None": may not be set to \'None\' for NodePort services',
    ],
    [
      'an address that is none',
      { clusterIP: '10.96.0', ports: [port] },
      'spec.clusterIPs[0]: Invalid value: "10.96.0": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
    ],
    [
      'an IPv6 address of somebody else',
      { clusterIP: 'fd00::1', ports: [port] },
      'spec.clusterIPs: Invalid value: ["fd00::1"]: failed to allocate IP fd00::1: the provided IP (fd00::1) is not in the valid range. The range of valid IPs is fd00:10:96::/112',
    ],
    [
      'an address of another family than it asks for',
      { clusterIP: 'fd00:10:96::7', ipFamilies: ['IPv4'], ports: [port] },
      'spec.clusterIPs[0]: Invalid value: "fd00:10:96::7": expected an IPv4 value as indicated by `ipFamilies[0]`',
    ],
    [
      'two families for a single one',
      { ipFamilyPolicy: 'SingleStack', ipFamilies: ['IPv4', 'IPv6'], ports: [port] },
      "spec.ipFamilyPolicy: Invalid value: \"SingleStack\": must be 'RequireDualStack' or 'PreferDualStack' when multiple IP families are specified",
    ],
    [
      'an external policy of a Service that is not external',
      { externalTrafficPolicy: 'Local', ports: [port] },
      'spec.externalTrafficPolicy: Invalid value: "Local": may only be set for externally-accessible services',
    ],
    [
      'other traffic policies',
      { type: 'NodePort', externalTrafficPolicy: 'Near', internalTrafficPolicy: 'Far', ports: [port] },
      '[spec.externalTrafficPolicy: Unsupported value: "Near": supported values: "Cluster", "Local", spec.internalTrafficPolicy: Unsupported value: "Far": supported values: "Cluster", "Local"]',
    ],
    ['an ExternalName without the name', { type: 'ExternalName' }, 'spec.externalName: Required value'],
    [
      'an ExternalName with an address',
      { type: 'ExternalName', externalName: 'a.example.com', clusterIP: '10.96.0.9' },
      'spec.clusterIPs: Forbidden: may not be set for ExternalName services',
    ],
    [
      'another affinity',
      { sessionAffinity: 'Cookie', ports: [port] },
      'spec.sessionAffinity: Unsupported value: "Cookie": supported values: "ClientIP", "None"',
    ],
  ])('%s', async (_what, spec, why) => {
    const { code, body } = await post(await newCollection(), 'web', spec);
    expect([code, body.message]).toEqual([422, `Service "web" is invalid: ${why}`]);
  });

  it('a name that begins with a digit', async () => {
    const { body } = await post(await newCollection(), '1web', { ports: [port] });
    expect(body.message).toBe(`Service "1web" is invalid: metadata.name: Invalid value: "1web": ${LABEL}`);
  });

  it('a field that there is not', async () => {
    const services = await newCollection();
    const { body } = await cluster.call('POST', `${services}?fieldValidation=Strict`, {
      metadata: { name: 'web' },
      spec: { ports: [{ port: 80, target: 8080 }] },
    });
    expect(body.message).toContain('unknown field "spec.ports[0].target"');
  });
});

describe('what may change', () => {
  it('ports, the selector and the policies, and the address stays', async () => {
    const services = await newCollection();
    const { clusterIP } = (await post(services, 'web', { ports: [{ port: 80 }] })).body.spec;
    const next = {
      selector: { app: 'web' },
      ports: [{ port: 80, targetPort: 8080 }],
      internalTrafficPolicy: 'Local',
    };
    expect(await patch(services, 'web', next)).toMatchObject({ ...next, clusterIP });
    // Who replaces the whole Service need not know what it was given.
    const put = await cluster.call('PUT', `${services}/web`, {
      metadata: { name: 'web' },
      spec: { ports: [{ port: 81 }] },
    });
    expect(put.body.spec).toMatchObject({ clusterIP, clusterIPs: [clusterIP] });
  });

  it('not the address', async () => {
    const services = await newCollection();
    await post(services, 'web', { ports: [{ port: 80 }] });
    expect(await patch(services, 'web', { clusterIP: '10.96.0.77' })).toBe(
      'Service "web" is invalid: spec.clusterIPs[0]: Invalid value: ["10.96.0.77"]: may not change once set',
    );
    expect(await patch(services, 'web', { clusterIP: 'None' })).toBe(
      'Service "web" is invalid: spec.clusterIPs[0]: Invalid value: ["None"]: may not change once set',
    );
  });

  it('the type, with what belongs to it', async () => {
    const services = await newCollection();
    const { clusterIP } = (await post(services, 'web', { ports: [{ port: 80 }] })).body.spec;
    const asNodePort = await patch(services, 'web', { type: 'NodePort' });
    expect(asNodePort).toMatchObject({
      clusterIP,
      externalTrafficPolicy: 'Cluster',
      ports: [{ port: 80, nodePort: expect.any(Number) }],
    });
    const asBefore = await patch(services, 'web', { type: 'ClusterIP' });
    expect(asBefore).toEqual({
      type: 'ClusterIP',
      ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
      clusterIP,
      clusterIPs: [clusterIP],
      ipFamilies: ['IPv4'],
      ipFamilyPolicy: 'SingleStack',
      internalTrafficPolicy: 'Cluster',
      sessionAffinity: 'None',
    });
    expect(
      await patch(services, 'web', { type: 'ExternalName', externalName: 'a.example.com' }),
    ).toMatchObject({
      type: 'ExternalName',
    });
    expect((await cluster.call('GET', `${services}/web`)).body.spec.clusterIP).toBeUndefined();
    expect(await patch(services, 'web', { type: 'ClusterIP', externalName: null })).toMatchObject({
      clusterIP: expect.stringMatching(/^10\.96\./),
    });
  });

  it('ports, and those that stay keep their node ports', async () => {
    const services = await newCollection();
    const made = await post(services, 'web', { type: 'NodePort', ports: [{ name: 'http', port: 80 }] });
    const [{ nodePort }] = made.body.spec.ports;
    const put = await cluster.call('PUT', `${services}/web`, {
      metadata: { name: 'web' },
      spec: {
        type: 'NodePort',
        ports: [
          { name: 'https', port: 443 },
          { name: 'http', port: 80 },
        ],
      },
    });
    expect(put.body.spec.ports).toEqual([
      expect.objectContaining({ name: 'https', nodePort: expect.any(Number) }),
      expect.objectContaining({ name: 'http', nodePort }),
    ]);
    expect(put.body.spec.ports[0].nodePort).not.toBe(nodePort);
  });
});

describe('families', () => {
  const ports = [{ port: 80 }];
  const FOUR = expect.stringMatching(/^10\.96\./);
  const SIX = expect.stringMatching(/^fd00:10:96::[0-9a-f]+$/);

  it.each([
    ['the first where nothing is said', {}, ['IPv4'], [FOUR]],
    ['the one that is asked for', { ipFamilies: ['IPv6'] }, ['IPv6'], [SIX]],
    ['that of its address', { clusterIP: 'fd00:10:96::1077' }, ['IPv6'], ['fd00:10:96::1077']],
    ['both where it prefers them', { ipFamilyPolicy: 'PreferDualStack' }, ['IPv4', 'IPv6'], [FOUR, SIX]],
    [
      'both in its own order',
      { ipFamilyPolicy: 'RequireDualStack', ipFamilies: ['IPv6'] },
      ['IPv6', 'IPv4'],
      [SIX, FOUR],
    ],
    [
      'both, with one address of its own',
      { ipFamilyPolicy: 'RequireDualStack', clusterIP: '10.96.0.123' },
      ['IPv4', 'IPv6'],
      ['10.96.0.123', SIX],
    ],
    [
      'both where it is headless',
      { ipFamilyPolicy: 'PreferDualStack', clusterIP: 'None', selector: { app: 'web' } },
      ['IPv4', 'IPv6'],
      ['None'],
    ],
  ])('a Service has %s', async (_what, spec, ipFamilies, clusterIPs) => {
    const { body } = await post(await newCollection(), 'web', { ports, ...spec });
    expect(body.spec).toMatchObject({ ipFamilies, clusterIPs, clusterIP: clusterIPs[0] });
  });

  it('the second comes and goes, and the first stays', async () => {
    const services = await newCollection();
    const { clusterIP } = (await post(services, 'web', { ports })).body.spec;
    expect(await patch(services, 'web', { ipFamilyPolicy: 'PreferDualStack' })).toMatchObject({
      clusterIPs: [clusterIP, SIX],
      ipFamilies: ['IPv4', 'IPv6'],
    });
    expect(await patch(services, 'web', { clusterIPs: [clusterIP], ipFamilies: ['IPv4'] })).toContain(
      "must be 'SingleStack' to release the secondary cluster IP",
    );
    expect(await patch(services, 'web', { clusterIPs: [clusterIP, 'fd00:10:96::9'] })).toContain(
      'spec.clusterIPs[1]: Invalid value',
    );
    expect(await patch(services, 'web', { ipFamilies: ['IPv6', 'IPv4'] })).toContain(
      'spec.ipFamilies[0]: Invalid value: ["IPv6","IPv4"]: may not change once set',
    );
    expect(await patch(services, 'web', { ipFamilyPolicy: 'SingleStack' })).toMatchObject({
      clusterIP,
      clusterIPs: [clusterIP],
      ipFamilies: ['IPv4'],
    });
  });

  it('an address is the same however it is written', async () => {
    const services = await newCollection();
    await post(services, 'web', { ports, clusterIP: 'fd00:10:96::abc' });
    const { body } = await post(services, 'api', { ports, clusterIP: 'fd00:10:96:0:0:0:0:ABC' });
    expect(body.message).toContain('provided IP is already allocated');
  });
});

it('is shown as kubectl shows it', async () => {
  const services = await newCollection();
  await post(services, 'api', {
    type: 'NodePort',
    selector: { tier: 'back', app: 'api' },
    clusterIP: '10.96.0.50',
    ports: [
      { name: 'http', port: 80, nodePort: 30_050 },
      { name: 'dns', port: 53, protocol: 'UDP', nodePort: 30_053 },
    ],
  });
  await post(services, 'db', { clusterIP: 'None' });
  await post(services, 'mail', { type: 'ExternalName', externalName: 'mail.example.com' });
  await post(services, 'web', {
    type: 'LoadBalancer',
    clusterIP: '10.96.0.51',
    ports: [{ port: 443, nodePort: 30_051 }],
  });
  const { body } = await cluster.call('GET', services, undefined, {
    accept: 'application/json;as=Table;v=v1;g=meta.k8s.io',
  });
  expect(body.columnDefinitions.map(({ name }: { name: string }) => name)).toEqual([
    'Name',
    'Type',
    'Cluster-IP',
    'External-IP',
    'Port(s)',
    'Age',
    'Selector',
  ]);
  expect(body.rows.map(({ cells }: { cells: string[] }) => cells.toSpliced(5, 1))).toEqual([
    ['api', 'NodePort', '10.96.0.50', '<none>', '80:30050/TCP,53:30053/UDP', 'app=api,tier=back'],
    ['db', 'ClusterIP', 'None', '<none>', '<none>', '<none>'],
    ['mail', 'ExternalName', '<none>', 'mail.example.com', '<none>', '<none>'],
    ['web', 'LoadBalancer', '10.96.0.51', '<pending>', '443:30051/TCP', '<none>'],
  ]);
});
