/** What a cluster says of Services that are there already, before anything is created: where they are, who is behind them, and what does not do. */
import { describe, expect, test } from 'vitest';
import { goneIssues } from '../../../src/judge/known-issues.ts';
import type { Kube, KubeObject } from '../../../src/kube/kube.ts';
import type { Check } from '../../../src/model/check.ts';
import { describeConnection } from '../../../src/pair.ts';
import { checksOf } from '../../../src/record/schema.ts';
import { tryInOwnFamilies } from '../../../src/run/existing-families.ts';
import { endpointsFor, meetServices } from '../../../src/run/existing-services.ts';
import { familiesToProve } from '../../../src/run/families.ts';
import { refuseMissingNamespaces } from '../../../src/run/preflight.ts';
import { startScenario } from '../../../src/run/start-record.ts';
import { chooseChecks } from '../../../src/scenario/chosen-checks.ts';
import type { Plan } from '../../../src/scenario/scenario.ts';
import { createProject } from '../../scenario/project.ts';

async function planTo(
  target: string,
  via: Check['path'] = 'clusterIP',
  {
    families,
    late = false,
    rule = '',
  }: { readonly families?: string; readonly late?: boolean; readonly rule?: string } = {},
): Promise<Plan> {
  await using project = await createProject({
    'example.yaml': `apiVersion: podreach/v1
kind: Scenario
name: example
namespaces: { shop: {} }
pods: { shop/web: {}${late ? ', shop/late: { created: later }' : ''} }
services: { system/dns: existing }
reachable: [{ from: ${late ? 'shop/*' : 'shop/web'}, to: "service/system/dns:${target}", via: ${via} }]
${families === undefined ? '' : `families: ${families}\n`}${rule}`,
  });
  const [plan] = await project.load();
  if (plan === undefined) throw new Error('there is no plan');
  return plan;
}

const SERVICE = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'system', name: 'dns' },
  spec: {
    clusterIP: '10.96.0.10',
    ports: [
      { name: 'dns', port: 53, protocol: 'UDP' },
      { name: 'dns-tcp', port: 53, protocol: 'TCP', targetPort: 'dns-tcp' },
      { name: 'metrics', port: 9153 },
    ],
  },
};
const SLICE = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: 'system', name: 'dns-1' },
  addressType: 'IPv4',
  ports: [
    { name: 'dns', port: 1053, protocol: 'UDP' },
    { name: 'dns-tcp', port: 2053, protocol: 'TCP' },
  ],
  endpoints: [
    {
      addresses: ['10.244.1.9'],
      conditions: { ready: true },
      targetRef: { kind: 'Pod', namespace: 'system', name: 'a' },
    },
    { addresses: ['10.244.1.8'], conditions: { ready: false } },
    { addresses: ['172.18.0.2'], targetRef: { kind: 'Pod', namespace: 'system', name: 'b' } },
    { addresses: ['172.18.0.3'] },
    { addresses: ['203.0.113.1'] },
    { addresses: ['203.0.113.1'] },
  ],
};
const PODS = [
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'system', name: 'a', labels: { app: 'dns' } },
    spec: {
      nodeName: 'n1',
      containers: [
        {
          ports: [
            { name: 'dns-tcp', containerPort: 2053 },
            { containerPort: 1, protocol: 'SCTP' },
          ],
        },
      ],
    },
  },
  {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'system', name: 'b' },
    spec: { nodeName: 'n2', hostNetwork: true, containers: [{}] },
  },
];
const NODES = [
  {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'n3' },
    status: { addresses: [{ type: 'InternalIP', address: '172.18.0.3' }] },
  },
];

/** A cluster with these objects. Time passes only where somebody waits. */
function clusterWith(service: KubeObject | undefined, slices: () => readonly KubeObject[] = () => [SLICE]) {
  const objects: Readonly<Record<string, () => readonly KubeObject[]>> = {
    endpointslices: slices,
    pods: () => PODS,
    namespaces: () => [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'system', labels: { team: 'core' } } },
    ],
  };
  let now = 0;
  const kube: Pick<Kube, 'get' | 'list'> = {
    get: async () => service,
    list: async ({ resource }) => objects[String(resource)]?.() ?? [],
  };
  return {
    kube,
    signal: new AbortController().signal,
    timing: { readyWithinMs: 5_000 },
    clock: {
      now: () => now,
      date: () => new Date(now),
      sleep: async (ms: number) => {
        now += ms;
      },
    },
  };
}

/** Those of SLICE that are ready, behind port 53 over TCP. */
const ENDPOINTS = [
  {
    address: '10.244.1.9',
    port: 2053,
    pod: {
      namespace: 'system',
      name: 'a',
      labels: { app: 'dns' },
      namespaceLabels: { team: 'core' },
      ports: [{ name: 'dns-tcp', port: 2053, protocol: 'TCP' }],
    },
  },
  expect.objectContaining({ address: '172.18.0.2', port: 2053, node: 'n2' }),
  { address: '172.18.0.3', port: 2053, node: 'n3' },
  { address: '203.0.113.1', port: 2053 },
];

const meet = async (plan: Plan, ...cluster: Parameters<typeof clusterWith>) =>
  (await meetServices([plan], NODES, clusterWith(...cluster))).get('service/system/dns');

test('who is behind a port is who is ready there, with what policies see of him', async () => {
  expect(await meet(await planTo('53'), SERVICE)).toEqual({
    families: ['IPv4'],
    addresses: ['10.96.0.10'],
    endpoints: new Map([['IPv4', [{ port: 53, protocol: 'TCP', endpoints: ENDPOINTS }]]]),
  });
});

test('one number is a port of each protocol', async () => {
  const plan = await planTo('53');
  const [step] = plan.steps;
  const [check] = step.checks;
  if (check === undefined) throw new Error('there is no check');
  const checks = [check, { ...check, id: 1, protocol: 'UDP' as const }];
  const met = await meet({ ...plan, steps: [{ ...step, checks }] }, SERVICE);
  const behind = (protocol: 'TCP' | 'UDP') =>
    met && endpointsFor(met, { port: 53, protocol }, 'IPv4').map(({ port }) => port);
  expect(behind('TCP')).toEqual([2053, 2053, 2053, 2053]);
  expect(behind('UDP')).toEqual([1053, 1053, 1053, 1053]);
});

test('of a headless one nothing is translated', async () => {
  const headless = { ...SERVICE, spec: { ...SERVICE.spec, clusterIP: 'None' } };
  const met = await meet(await planTo('53', 'dns'), headless);
  expect(met?.addresses).toEqual([]);
  expect(met?.endpoints.get('IPv4')?.flatMap(({ endpoints }) => endpoints.map(({ port }) => port))).toEqual([
    53, 53, 53, 53,
  ]);
});

test('its endpoints are waited for', async () => {
  const later = [[], [], [SLICE]];
  const met = await meet(await planTo('53'), SERVICE, () => later.shift() ?? []);
  expect(met?.endpoints.get('IPv4')?.[0]?.endpoints).toHaveLength(4);
});

describe('of a Service in two families', () => {
  const BOTH = {
    ...SERVICE,
    spec: { ...SERVICE.spec, ipFamilies: ['IPv4', 'IPv6'], clusterIPs: ['10.96.0.10', 'fd00::10'] },
  };
  const OTHER_SLICE = { ...SLICE, addressType: 'IPv6', endpoints: [{ addresses: ['2001:db8::1'] }] };

  test('each that is asked for is met, with those behind it there', async () => {
    const plan = await planTo('53', 'clusterIP', { families: '[IPv4, IPv6]' });
    expect(await meet(plan, BOTH, () => [SLICE, OTHER_SLICE])).toEqual({
      families: ['IPv4', 'IPv6'],
      addresses: ['10.96.0.10', 'fd00::10'],
      endpoints: new Map([
        ['IPv4', [{ port: 53, protocol: 'TCP', endpoints: ENDPOINTS }]],
        ['IPv6', [{ port: 53, protocol: 'TCP', endpoints: [{ address: '2001:db8::1', port: 2053 }] }]],
      ]),
    });
  });

  test('where nothing is said of families, that is its first', async () => {
    const met = await meet(await planTo('53'), BOTH);
    expect([...(met?.endpoints.keys() ?? [])]).toEqual(['IPv4']);
  });

  test('nobody in one of them is somebody missing', async () => {
    const plan = await planTo('53', 'clusterIP', { families: '[IPv4, IPv6]' });
    await expect(meet(plan, BOTH)).rejects.toMatchObject({
      hint: expect.stringContaining('at IPv6 addresses'),
    });
  });
});

describe('in which families it is tried', () => {
  const tried = async (plan: Plan, service: KubeObject = SERVICE) => {
    const met = await meetServices([plan], NODES, clusterWith(service));
    const { plan: made, scenario } = tryInOwnFamilies({ plan, scenario: startScenario(plan) }, met);
    expect(checksOf(scenario).map(describeConnection)).toEqual(connectionsOf(made));
    return { made, scenario };
  };
  const connectionsOf = ({ steps }: Plan): readonly string[] =>
    steps.flatMap(({ checks }) => checks.map(describeConnection));
  const LISTED = { families: '[IPv4, IPv6]' };

  test('a rule about several means those that it has, and the record says what was left out', async () => {
    const plan = await planTo('53', 'clusterIP', LISTED);
    expect(connectionsOf(plan)).toEqual([
      'shop/web → service/system/dns:53/TCP',
      'shop/web → service/system/dns:53/TCP over IPv6',
    ]);
    const { made, scenario } = await tried(plan);
    expect(connectionsOf(made)).toEqual(['shop/web → service/system/dns:53/TCP']);
    expect(scenario.existingServices?.[0]?.untried).toEqual({ family: 'IPv6', checks: 1 });
  });

  test('a known issue speaks of the checks that were made, and of none where all were left out', async () => {
    const issue = (is: string, more = ''): string =>
      `{ from: shop/web, to: "service/system/dns:53", ${more}is: ${is}, reason: a bug, owner: us, expires: 2027-01-31 }`;
    const rule = `knownIssues: [${issue('broken')}, ${issue('flapping', 'families: [IPv6], ')}]`;
    const { scenario } = await tried(await planTo('53', 'clusterIP', { ...LISTED, rule }));
    expect(scenario.knownIssues?.map(({ checks }) => checks)).toEqual([1, 0]);
    const checks = checksOf(scenario).map((check) => ({ ...check, verdict: 'pass' as const }));
    expect(goneIssues({ knownIssues: scenario.knownIssues ?? [], checks }).map(({ is }) => is)).toEqual([
      'broken',
    ]);
  });

  test('without "families" it is its first, whatever that of the cluster is', async () => {
    const spec = { ...SERVICE.spec, clusterIP: 'fd00::10', ipFamilies: ['IPv6'] };
    const plan = await planTo('53');
    const slices = () => [{ ...SLICE, addressType: 'IPv6' }];
    const met = await meetServices([plan], NODES, clusterWith({ ...SERVICE, spec }, slices));
    const { scenario } = tryInOwnFamilies({ plan, scenario: startScenario(plan) }, met);
    expect(checksOf(scenario).map(({ family }) => family)).toEqual(['IPv6']);
    expect(scenario.existingServices?.[0]).not.toHaveProperty('untried');
  });

  test.each([
    [
      'a rule about one that it lacks',
      LISTED,
      'steps: [{ name: x, unreachable: [{ from: shop/web, to: "service/system/dns:53", families: [IPv6] }] }]',
      9,
    ],
    ['a scenario about one that it lacks', { families: '[IPv6]' }, '', 7],
  ])('%s is refused with its place', async (_, families, rule, line) => {
    await expect(
      planTo('53', 'clusterIP', { ...families, rule }).then((plan) => tried(plan)),
    ).rejects.toMatchObject({
      code: 'not-supported',
      message: 'shop/web → service/system/dns:53/TCP over IPv6: the Service has only IPv4 on this cluster',
      location: { line },
    });
  });

  test('a rule about both is not refused for what another says of one of its connections in the family that there is', async () => {
    const rule = `steps:
  - name: late
    create: [shop/late]
    unreachable: [{ from: shop/late, to: "service/system/dns:53", families: [IPv4] }]`;
    const { made } = await tried(await planTo('53', 'clusterIP', { ...LISTED, late: true, rule }));
    expect(connectionsOf(made)).toEqual([
      'shop/web → service/system/dns:53/TCP',
      'shop/web → service/system/dns:53/TCP',
      'shop/late → service/system/dns:53/TCP',
    ]);
  });

  test('what was chosen in one that it lacks is refused, and not its rule', async () => {
    const chosen = async (text: string): Promise<Plan> => {
      const [plan] = chooseChecks([await planTo('53', 'clusterIP', LISTED)], [text]);
      if (plan === undefined) throw new Error('it chooses a check');
      return plan;
    };
    const pair = 'shop/web -> service/system/dns:53';
    const { made, scenario } = await tried(await chosen(pair));
    expect(connectionsOf(made)).toHaveLength(1);
    // What was left out was not left to choose.
    expect(scenario.declaredChecks).toBe(1);
    await expect(chosen(`${pair} over IPv6`).then(tried)).rejects.toMatchObject({
      code: 'not-supported',
      message: 'shop/web → service/system/dns:53/TCP over IPv6: the Service has only IPv4 on this cluster',
      hint: 'Leave the family out of --check: then it is tried in IPv4.',
    });
  });

  test('a rule of a later step about one that it has takes nothing from the rule before', async () => {
    const rule =
      'steps: [{ name: x, unreachable: [{ from: shop/web, to: "service/system/dns:53", families: [IPv4] }] }]';
    const { made, scenario } = await tried(await planTo('53', 'clusterIP', { ...LISTED, rule }));
    expect(made.steps.map(({ checks }) => checks.map(({ family }) => family))).toEqual([['IPv4'], ['IPv4']]);
    expect(scenario.existingServices?.[0]?.untried).toEqual({ family: 'IPv6', checks: 2 });
  });
});

describe('namespaces that are there already', () => {
  const planWith = async (name: string): Promise<Plan> => {
    const plan = await planTo('53');
    return {
      ...plan,
      existingNamespaces: [{ name, location: { file: 'example.yaml', line: 4, column: 1 } }],
    };
  };

  test('are there', async () => {
    await refuseMissingNamespaces([await planWith('system')], clusterWith(SERVICE));
  });

  test('are refused with their place where they are not', async () => {
    const refused = refuseMissingNamespaces([await planWith('sytem')], clusterWith(SERVICE));
    await expect(refused).rejects.toMatchObject({
      code: 'not-supported',
      message: 'there is no namespace sytem on this cluster, and the scenario says that it exists',
      location: { line: 4 },
    });
  });
});

describe('what does not do is said with the place of the rule', () => {
  const withSpec = (spec: object): KubeObject => ({ ...SERVICE, spec: { ...SERVICE.spec, ...spec } });
  test.each<[string, string, KubeObject | undefined, string]>([
    ['that it is not there', '53', undefined, 'there is no Service system/dns on this cluster'],
    ['a port that it does not have', '80', SERVICE, 'the Service has no port 80/TCP on this cluster'],
    [
      'that it has no address',
      '53',
      withSpec({ clusterIP: 'None' }),
      'the Service is headless on this cluster',
    ],
    ['that it has no endpoints', '53', withSpec({ type: 'ExternalName' }), 'is of type ExternalName'],
    [
      'that one client meets one of them',
      '53',
      withSpec({ sessionAffinity: 'ClientIP' }),
      'reaches only some of',
    ],
    ['that a node has its own', '53', withSpec({ internalTrafficPolicy: 'Local' }), 'reaches only some of'],
  ])('%s', async (_, port, service, message) => {
    await expect(meet(await planTo(port), service)).rejects.toMatchObject({
      code: 'not-supported',
      message: expect.stringContaining(message),
      location: { file: 'example.yaml', line: 7 },
    });
  });

  test.each(['forZones', 'forNodes'])('that hints %s keep a pod from some of them', async (kind) => {
    const endpoints = SLICE.endpoints.map((one) => ({ ...one, hints: { [kind]: [{ name: 'here' }] } }));
    const hinted = () => [{ ...SLICE, endpoints }];
    await expect(meet(await planTo('53'), SERVICE, hinted)).rejects.toMatchObject({
      code: 'not-supported',
      message:
        'by the topology hints of its EndpointSlices a pod reaches only some of the endpoints of Service system/dns',
      location: { file: 'example.yaml', line: 7 },
    });
    const alone = () => [{ ...SLICE, endpoints: endpoints.slice(0, 1) }];
    await expect(meet(await planTo('53'), SERVICE, alone)).resolves.toBeDefined();
  });

  test('that nobody is ready in time', async () => {
    await expect(meet(await planTo('9153'), SERVICE)).rejects.toMatchObject({
      code: 'provision-failed',
      message: 'nobody is ready behind port 9153/TCP of service/system/dns within 5 s',
      location: { file: 'example.yaml', line: 7 },
    });
  });
});

test('the canary proves the family in which it is tried, also where nobody asks for that', async () => {
  const spec = { ...SERVICE.spec, clusterIP: 'fd00::10', ipFamilies: ['IPv6'] };
  const plan = await planTo('53');
  const slices = () => [{ ...SLICE, addressType: 'IPv6' }];
  const met = await meetServices([plan], NODES, clusterWith({ ...SERVICE, spec }, slices));
  const { plan: made } = tryInOwnFamilies({ plan, scenario: startScenario(plan) }, met);
  expect(familiesToProve([plan], ['IPv4', 'IPv6'])).toEqual(['IPv4']);
  expect(familiesToProve([made], ['IPv4', 'IPv6'])).toEqual(['IPv4', 'IPv6']);
});
