/** Services in scenarios: declared or found in manifests, named as destinations, and translated into the pods behind them. */
import { describe, expect, test } from 'vitest';
import { describeConnection } from '../../src/pair.ts';
import { reviewPlan } from '../../src/policy/review.ts';
import { nodePortsOf } from '../../src/run/placement.ts';
import { dialledServices } from '../../src/scenario/scenario.ts';
import { createProject } from './project.ts';

const HEAD = `apiVersion: podreach/v1
kind: Scenario
name: example
namespaces: { shop: {} }
pods:
  shop/web: { labels: { app: web } }
  shop/api-1: { labels: { app: api }, ports: [{ name: http, port: 8080 }] }
  shop/api-2: { labels: { app: api, old: "yes" }, ports: [{ name: http, port: 8080 }] }
  shop/late: { labels: { app: late }, ports: [8080] }
services:
  shop/api: { selector: { app: api }, ports: [{ name: web, port: 80, targetPort: http }] }
  shop/pods: { clusterIP: None, selector: { app: api }, ports: [{ port: 8080 }] }
  shop/door: { type: NodePort, externalTrafficPolicy: Local, selector: { app: api }, ports: [{ port: 80, targetPort: http, nodePort: 30080 }] }
hosts: { office: { address: 203.0.113.7 } }
`;

async function planOf(lines: string, checks: readonly string[] = []) {
  await using project = await createProject({ 'example.yaml': HEAD + lines });
  const [plan] = await project.load(['example.yaml'], { checks });
  if (plan === undefined) throw new Error('there is no plan');
  return plan;
}

async function failureOf(lines: string, files: Readonly<Record<string, string>> = {}): Promise<string> {
  await using project = await createProject({ 'example.yaml': HEAD + lines, ...files });
  return await project.failure(['example.yaml']);
}

const both = [
  { pod: 'shop/api-1', port: 8080 },
  { pod: 'shop/api-2', port: 8080 },
];

describe('a rule that names a Service', () => {
  test('makes a check of its port, with the pods behind it', async () => {
    const plan = await planOf('reachable: [{ from: shop/web, to: "service/shop/api:80" }]\n');
    expect(plan.steps[0].checks).toMatchObject([
      {
        from: 'shop/web',
        to: 'service/shop/api',
        port: 80,
        portName: 'web',
        path: 'clusterIP',
        backends: both,
      },
    ]);
    expect(dialledServices(plan).map(({ name }) => name)).toEqual(['api']);
  });

  test('makes one for each way to it', async () => {
    const plan = await planOf(`reachable:
  - { from: shop/web, to: "service/shop/api:web", via: [clusterIP, dns] }
  - { from: shop/web, to: service/shop/pods }
`);
    expect(plan.steps[0].checks.map(describeConnection)).toEqual([
      'shop/web → service/shop/api:80/TCP',
      'shop/web → service/shop/api:80/TCP via dns',
      'shop/web → service/shop/pods:8080/TCP via dns',
    ]);
    expect(plan.steps[0].checks.map(({ headless }) => headless)).toEqual([undefined, undefined, true]);
  });

  test('lets hosts in by the ports of nodes, and takes such a port only where one does', async () => {
    const plan = await planOf(`reachable: [{ from: host/office, to: service/shop/door, via: nodePort }]
unreachable: [{ from: shop/web, to: [service/shop/door, service/shop/api] }]
`);
    const { checks } = plan.steps[0];
    expect(checks.map(describeConnection)).toEqual([
      'shop/web → service/shop/api:80/TCP',
      'shop/web → service/shop/door:80/TCP',
      'host/office → service/shop/door:80/TCP via nodePort',
    ]);
    expect(checks.map(({ externalTrafficPolicy }) => externalTrafficPolicy)).toEqual([
      undefined,
      undefined,
      'Local',
    ]);
    const door = { type: 'NodePort', externalTrafficPolicy: 'Local', ports: [{ nodePort: 30080 }] };
    expect(dialledServices(plan)[1]).toMatchObject(door);
    expect([...nodePortsOf(plan)]).toEqual(['30080/TCP']);
    const inside = await planOf('reachable: [{ from: shop/web, to: service/shop/door }]\n');
    expect(dialledServices(inside)).toEqual([
      {
        namespace: 'shop',
        name: 'door',
        selector: { app: 'api' },
        ports: [{ port: 80, protocol: 'TCP', targetPort: 'http' }],
      },
    ]);
  });

  test('is chosen by its way, as reports write it', async () => {
    const rule = 'reachable: [{ from: shop/web, to: service/shop/door, via: [clusterIP, dns, nodePort] }]\n';
    const chosen = async (pair: string) =>
      (await planOf(rule, [`shop/web → service/shop/door${pair}`])).steps[0].checks.map(({ path }) => path);
    expect(await chosen(':80/TCP via nodePort')).toEqual(['nodePort']);
    expect(await chosen(':80/TCP via dns')).toEqual(['dns']);
    expect(await chosen('')).toEqual(['clusterIP', 'dns', 'nodePort']);
    await expect(chosen(' via ip')).rejects.toThrow('there is no way "ip"');
  });

  test('leaves out what its exceptions name, whatever the way', async () => {
    const plan = await planOf(`reachable:
  - { from: shop/*, to: service/shop/api, via: [clusterIP, dns], except: [shop/late, { from: shop/api-1, to: "service/shop/api:80" }] }
otherwise: unreachable
`);
    const toServices = plan.steps[0].checks.filter(({ path }) => path !== undefined);
    expect(toServices.map(describeConnection)).toEqual([
      'shop/web → service/shop/api:80/TCP',
      'shop/web → service/shop/api:80/TCP via dns',
      'shop/api-2 → service/shop/api:80/TCP',
      'shop/api-2 → service/shop/api:80/TCP via dns',
    ]);
  });

  test('follows the labels of each step', async () => {
    const plan = await planOf(`reachable: [{ from: shop/web, to: service/shop/api }]
steps:
  - name: another stands behind it
    label: { shop/late: { app: api } }
  - name: one is gone
    remove: [shop/api-1]
`);
    // shop/late calls its port by no name.
    expect(plan.steps.map(({ checks }) => checks[0]?.backends?.map(({ pod }) => pod))).toEqual([
      ['shop/api-1', 'shop/api-2'],
      ['shop/api-1', 'shop/api-2'],
      ['shop/api-2'],
    ]);
  });
});

describe('it is a mistake', () => {
  const rule = (to: string, more = '') => `reachable: [{ from: shop/web, to: "${to}"${more} }]\n`;
  test.each([
    [
      'a Service that there is not',
      rule('service/shop/apj'),
      'unknown Service "service/shop/apj"',
      'service/shop/api',
    ],
    [
      'a port that it does not have',
      rule('service/shop/api:81'),
      'service/shop/api has no port 81/TCP',
      '80/TCP (web)',
    ],
    [
      'the port of its pods',
      rule('service/shop/api:8080'),
      'service/shop/api has no port 8080/TCP',
      'That is a port of its pods: at the Service it is 80/TCP.',
    ],
    [
      'the address of a headless Service',
      rule('service/shop/pods', ', via: clusterIP'),
      'service/shop/pods is headless: it has no address, so nothing goes there via clusterIP',
      'Write "via: dns"',
    ],
    [
      'the port on the nodes of one that has none',
      rule('service/shop/api', ', via: nodePort'),
      'example.yaml:15:35: service/shop/api has no port on the nodes, so nothing goes there via nodePort',
      'Give it "type: NodePort"',
    ],
    [
      'an address of a Service to a host',
      'reachable: [{ from: host/office, to: service/shop/door, via: [clusterIP, nodePort] }]\n',
      'a host is outside the cluster, where a Service has no address',
      'Write "via: nodePort"',
    ],
    [
      'a way where there is no Service',
      rule('shop/api-1', ', via: dns'),
      '"via" is about Services',
      'leave "via" out',
    ],
    [
      'a Service as a source',
      'reachable: [{ from: service/shop/api, to: shop/api-1 }]\n',
      'names no pods',
      '',
    ],
  ])('to name %s', async (_, lines, message, hint) => {
    const said = await failureOf(lines);
    expect(said).toContain(message);
    expect(said).toContain(hint);
  });

  const manifest = (spec: string) => ({
    'm/svc.yaml': `apiVersion: v1\nkind: Service\nmetadata: { name: other, namespace: shop }\nspec: ${spec}\n`,
  });
  const ofOther = `manifests: [m]\n${rule('service/shop/other')}`;
  test.each([
    [
      'nobody is behind',
      '{ selector: { app: none }, ports: [{ port: 80 }] }',
      'service/shop/other selects nobody',
    ],
    [
      'its pods do not listen',
      '{ selector: { app: api }, ports: [{ port: 80 }] }',
      'shop/api-1 and shop/api-2 do not listen',
    ],
    [
      'no pod has a port of that name',
      '{ selector: { app: api }, ports: [{ port: 80, targetPort: grpc }] }',
      'leads to the port "grpc", which none of its pods declares',
    ],
    ['others make its endpoints', '{ ports: [{ port: 80 }] }', 'it has no selector'],
    [
      'each source meets one pod',
      '{ selector: { app: api }, sessionAffinity: ClientIP, ports: [{ port: 80, targetPort: 8080 }] }',
      'sessionAffinity: ClientIP',
    ],
  ])('to go where %s', async (_, spec, message) => {
    expect(await failureOf(ofOther, manifest(spec))).toContain(message);
  });

  test.each([
    [
      'a port on the nodes without a type',
      '{ selector: { app: api }, ports: [{ port: 80, nodePort: 30080 }] }',
      'write "type: NodePort" as well',
    ],
    [
      'ports on the nodes of a headless one',
      '{ type: NodePort, clusterIP: None, selector: { app: api }, ports: [{ port: 80 }] }',
      'a headless Service has no ports on nodes',
    ],
  ])('to declare %s', async (_, service, message) => {
    const scenario = HEAD.replace('services:\n', `services:\n  shop/other: ${service}\n`);
    await using project = await createProject({ 'example.yaml': `${scenario}otherwise: reachable\n` });
    expect(await project.failure(['example.yaml'])).toContain(message);
  });

  test('to declare what the manifests have', async () => {
    const files = {
      'm/svc.yaml': manifest('{ selector: { app: api }, ports: [{ port: 80 }] }')['m/svc.yaml'].replace(
        'other',
        'api',
      ),
    };
    expect(await failureOf(`manifests: [m]\n${rule('service/shop/api')}`, files)).toContain(
      'the Service "shop/api" is there twice',
    );
  });
});

test.each([
  ['NodePort', '', ['Local']],
  ['LoadBalancer', '', ['Local']],
  ['LoadBalancer', 'allocateLoadBalancerNodePorts: false, ', 'has no port on the nodes'],
  ['ClusterIP', '', 'has no port on the nodes'],
])('a Service of the manifests of type %s %s', async (type, more, expected) => {
  await using project = await createProject({
    'example.yaml': `${HEAD}manifests: [m]\nreachable: [{ from: host/office, to: service/shop/other, via: nodePort }]\n`,
    'm/svc.yaml': `apiVersion: v1\nkind: Service\nmetadata: { name: other, namespace: shop }\nspec: { type: ${type}, ${more}externalTrafficPolicy: Local, selector: { app: api }, ports: [{ port: 80, targetPort: 8080 }] }\n`,
  });
  if (typeof expected === 'string') expect(await project.failure(['example.yaml'])).toContain(expected);
  else {
    const [plan] = await project.load(['example.yaml']);
    expect(plan?.steps[0].checks.map((check) => check.externalTrafficPolicy)).toEqual(expected);
  }
});

test('a Service of the manifests is named as any other', async () => {
  await using project = await createProject({
    'example.yaml': `${HEAD}manifests: [m]\nreachable: [{ from: shop/web, to: "service/shop/other:80" }]\n`,
    'm/svc.yaml':
      'apiVersion: v1\nkind: Service\nmetadata: { name: other, namespace: shop }\nspec: { selector: { app: api }, ports: [{ port: 80, targetPort: 8080 }] }\n',
  });
  const [plan] = await project.load(['example.yaml']);
  expect(plan?.steps[0].checks[0]?.backends).toEqual(both);
});

const NAMES_SERVICE_PORT = `policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: api, namespace: shop }
    spec:
      podSelector: { matchLabels: { app: api } }
      ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }], ports: [{ port: 80 }] }]
reachable: [{ from: shop/web, to: "service/shop/api:80" }]
`;

test("a policy that names the Service's port is told what counts (D23)", async () => {
  const plan = await planOf(NAMES_SERVICE_PORT);
  const warnings = reviewPlan(plan).map(({ code, rule, message }) => [code, rule, message] as const);
  expect(warnings.map(([code, rule]) => `${code} ${rule}`)).toEqual([
    'contradicted-check D7',
    'unused-port D23',
  ]);
  expect(warnings[0]?.[2]).toContain(
    "port 80 is the Service's: the pods listen on 8080, and only that counts (D23)",
  );
  const byName = NAMES_SERVICE_PORT.replace('api:80" }', 'api:80", via: dns }');
  const [contradicted] = reviewPlan(await planOf(byName));
  expect(contradicted?.advice).toMatch(/example\.yaml shop\/web 'service\/shop\/api:80\/TCP via dns'$/);
  expect(warnings[1]?.[2]).toContain('that is a port of service/shop/api in front of it');
});

test('a policy that forgets one pod behind a Service is told which', async () => {
  const plan = await planOf(`policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: old, namespace: shop }
    spec: { podSelector: { matchLabels: { old: "yes" } } }
reachable: [{ from: shop/web, to: "service/shop/api:80" }]
`);
  expect(reviewPlan(plan)).toMatchObject([
    {
      code: 'contradicted-check',
      message:
        'shop/web → service/shop/api:80/TCP is to be reachable, but the policies deny shop/api-2 and allow the other pods',
    },
  ]);
});
