import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PodreachError } from '../../../src/errors.ts';
import { reviewPlan } from '../../../src/policy/review.ts';
import { createProject } from '../project.ts';
import { deployment, object, policy, scenario, workload } from './manifests.ts';
import { testRenderer } from './renderer.ts';

const SHOP = 'namespaces: { shop: {} }\n';

/** The only plan of a scenario with these lines and files. */
async function planOf(lines: string, files: Readonly<Record<string, string>>) {
  await using project = await createProject({ 'a.yaml': scenario(lines), ...files });
  const [plan] = await project.load(['a.yaml'], { renderer: testRenderer() });
  if (plan === undefined) throw new Error('no plan');
  return plan;
}

async function failureOf(lines: string, files: Readonly<Record<string, string>>): Promise<string> {
  await using project = await createProject({ 'a.yaml': scenario(lines), ...files });
  return await project.failure(['a.yaml'], { renderer: testRenderer() });
}

function keys(objects: readonly { readonly namespace: string; readonly name: string }[]): readonly string[] {
  return objects.map(({ namespace, name }) => `${namespace}/${name}`);
}

describe('workloads become pods', () => {
  test.each([
    ['apps/v1', 'Deployment'],
    ['apps/v1', 'ReplicaSet'],
    ['apps/v1', 'StatefulSet'],
    ['apps/v1', 'DaemonSet'],
    ['batch/v1', 'Job'],
    ['v1', 'ReplicationController'],
  ])('%s %s', async (apiVersion, kind) => {
    const text = workload(
      apiVersion,
      kind,
      'web',
      'shop',
      'containers: [{ ports: [{ containerPort: 80 }] }]',
    );
    const plan = await planOf(`manifests: [w.yaml]\n${SHOP}pods: { shop/other: {} }\n`, { 'w.yaml': text });
    expect(plan.pods).toEqual([
      { namespace: 'shop', name: 'web', labels: { app: 'web' }, ports: [{ port: 80, protocol: 'TCP' }] },
      { namespace: 'shop', name: 'other', labels: {}, ports: [] },
    ]);
    expect(plan.manifests?.workloads).toEqual([
      { kind, pod: 'shop/web', name: 'web', location: { file: 'w.yaml', line: 1, column: 1 } },
    ]);
  });

  test('a Pod and a CronJob, whose pods are described elsewhere', async () => {
    const plan = await planOf(`manifests: [w.yaml]\n${SHOP}`, {
      'w.yaml': `apiVersion: v1
kind: Pod
metadata: { name: pod, namespace: shop, labels: { app: pod } }
spec: { containers: [{ name: a, ports: [{ containerPort: 80 }] }] }
---
apiVersion: batch/v1
kind: CronJob
metadata: { name: cron, namespace: shop, labels: { not: these } }
spec:
  jobTemplate:
    metadata: { labels: { nor: these } }
    spec:
      template:
        metadata: { labels: { app: cron } }
        spec: { containers: [{ name: a }] }
`,
    });
    expect(plan.pods.map(({ name, labels }) => [name, labels])).toEqual([
      ['pod', { app: 'pod' }],
      ['cron', { app: 'cron' }],
    ]);
  });

  test('with the ports of all containers, and one name and one listener for each', async () => {
    const plan = await planOf(`manifests: [w.yaml]\n${SHOP}pods: { shop/other: {} }\n`, {
      'w.yaml': deployment(
        'web',
        'shop',
        `containers: [
      { name: a, ports: [{ containerPort: 80 }, { containerPort: 53, protocol: UDP, name: dns }, { containerPort: 53, name: dns-tcp }] },
      { name: b, ports: [{ containerPort: 80, name: http }, { containerPort: 80, name: web }, { containerPort: 9, protocol: SCTP }, { containerPort: 81, name: http }] }],
      initContainers: [{ name: c, restartPolicy: Always, ports: [{ containerPort: 15090, name: proxy }] }, { name: d, ports: [{ containerPort: 7 }] }, { name: e }]`,
      ),
    });
    expect(plan.pods[0]?.ports).toEqual([
      { port: 80, protocol: 'TCP', name: 'http' },
      { port: 53, protocol: 'UDP', name: 'dns' },
      { port: 53, protocol: 'TCP', name: 'dns-tcp' },
      { port: 81, protocol: 'TCP' },
      { port: 15090, protocol: 'TCP', name: 'proxy' },
      { port: 7, protocol: 'TCP' },
    ]);
    expect(
      reviewPlan(plan)
        .filter(({ code }) => code === 'left-out-port')
        .map(({ message, location }) => `${location.line}: ${message}`),
    ).toEqual([
      '9: the name "web" of port 80/TCP of this Deployment is left out: the port has the name "http" already',
      '9: port 9/SCTP of this Deployment is left out: podreach tries TCP and UDP only',
      '9: the name "http" of port 81/TCP of this Deployment is left out: another port of the pod has it',
    ]);
  });

  test('pods: adds ports, leaves out, and gives another name', async () => {
    const plan = await planOf(
      `manifests: [w.yaml]
namespaces: { shop: {} }
pods:
  shop/web: { ports: [9999, { name: metrics, port: 9090 }] }
  shop/migrate: absent
  shop/web-cron: { workload: cronjob/web }
  shop/short: { workload: Deployment/short.long, created: later }
steps: [{ name: it comes, create: [shop/short] }]
`,
      {
        'w.yaml': [
          deployment('web', 'shop', 'containers: [{ ports: [{ containerPort: 80 }] }]'),
          workload('batch/v1', 'Job', 'migrate', 'shop', 'containers: 3'),
          `apiVersion: batch/v1
kind: CronJob
metadata: { name: web, namespace: shop }
spec: { jobTemplate: { spec: { template: { spec: { containers: [{}] } } } } }
`,
          deployment('short.long', 'shop'),
        ].join('---\n'),
      },
    );
    expect(keys(plan.pods)).toEqual(['shop/web', 'shop/web-cron', 'shop/short']);
    expect(plan.pods[0]?.ports).toEqual([
      { port: 80, protocol: 'TCP' },
      { port: 9999, protocol: 'TCP' },
      { name: 'metrics', port: 9090, protocol: 'TCP' },
    ]);
    expect(keys(plan.steps[0].pods)).toEqual(['shop/web', 'shop/web-cron']);
    expect(plan.manifests?.leftOut).toMatchObject([{ kind: 'Job', name: 'migrate' }]);
  });

  test('one on the network of its node stays there, on a node that the scenario chooses', async () => {
    const plan = await planOf(
      `manifests: [w.yaml]\n${SHOP}pods: { shop/exporter: { node: 2 }, shop/a: { node: 1, ports: [1] } }\n`,
      {
        'w.yaml': workload('apps/v1', 'DaemonSet', 'exporter', 'shop', 'hostNetwork: true, containers: [{}]'),
      },
    );
    expect(plan.pods).toMatchObject([
      { name: 'exporter', placement: 2, hostNetwork: true },
      { name: 'a', placement: 1 },
    ]);
    expect(plan.pods[1]).not.toHaveProperty('hostNetwork');
  });

  test('whether one is on the network of its node is not for the scenario to say', async () => {
    expect(
      await failureOf(`manifests: [w.yaml]\n${SHOP}pods: { shop/web: { hostNetwork: true } }\n`, {
        'w.yaml': deployment('web', 'shop'),
      }),
    ).toContain('whether "shop/web" is on the network of its node is for its Deployment to say');
  });

  test('what is wrong with workloads', async () => {
    expect(
      await failureOf(
        `manifests: [w.yaml]
namespaces: { shop: {} }
pods:
  shop/web: { labels: { app: web } }
  shop/wbe: absent
  shop/x: { workload: deployment/wbe }
  shop/y: { workload: deployment }
`,
        { 'w.yaml': deployment('web', 'shop') },
      ),
    ).toBe(`a.yaml:10:23: "deployment" is not a workload: write its kind and its name, such as "deployment/web"
  10 |   shop/y: { workload: deployment }
     |                       ^

scenario-invalid: 1 problem in a.yaml`);
    expect(
      await failureOf(
        `manifests: [w.yaml]
namespaces: { shop: {} }
pods:
  shop/web: { labels: { app: web } }
  shop/wbe: absent
  shop/x: { workload: deployment/wbe }
`,
        { 'w.yaml': deployment('web', 'shop') },
      ),
    ).toBe(`a.yaml:7:3: the labels of "shop/web" are those of its Deployment
  7 |   shop/web: { labels: { app: web } }
    |   ^
  w.yaml:1:1: it comes from here
  1 | apiVersion: apps/v1
    | ^
  hint: Leave "labels" out here: what is tested is what is deployed.

a.yaml:8:3: there is no workload "shop/wbe" to leave out
  8 |   shop/wbe: absent
    |   ^
  hint: Did you mean "shop/web"?

a.yaml:9:23: no manifest has the workload "deployment/wbe" in the namespace shop
  9 |   shop/x: { workload: deployment/wbe }
    |                       ^
  hint: Did you mean "deployment/web"?

scenario-invalid: 3 problems in a.yaml`);
  });

  test('rules that name one that was left out, or a workload without its namespace', async () => {
    const lines = (
      await failureOf(
        `manifests: [w.yaml]
${SHOP}pods: { shop/job: absent }
reachable: [{ from: shop/exporter, to: shop/job }]
`,
        {
          'w.yaml': [
            workload('apps/v1', 'DaemonSet', 'exporter', 'shop', 'hostNetwork: true, containers: [{}]'),
            workload('batch/v1', 'Job', 'job', 'shop', 'containers: [{}]'),
          ].join('---\n'),
        },
      )
    ).split('\n');
    expect(lines.filter((line) => /^a\.yaml|hint/.test(line))).toEqual([
      'a.yaml:7:40: unknown pod "shop/job"',
      '  hint: Job shop/job is left out: "pods" says that it is absent.',
    ]);
    expect(
      await failureOf(`manifests: [w.yaml]\n${SHOP}reachable: [{ from: web, to: shop/web }]\n`, {
        'w.yaml': deployment('web', 'shop'),
      }),
    ).toContain('hint: Write it with its namespace, such as "shop/web".');
  });

  test('two of one name, and one whose name no pod may have', async () => {
    expect(
      await failureOf(`manifests: [w.yaml]\n${SHOP}`, {
        'w.yaml': [
          deployment('web', 'shop'),
          workload('batch/v1', 'Job', 'web', 'shop', 'containers: [{}]'),
          deployment('api', 'shop'),
          deployment('api', 'shop'),
          deployment('a.b', 'shop'),
        ].join('---\n'),
      }),
    ).toBe(`w.yaml:9:1: two workloads are called "shop/web": Deployment and Job
  9 | apiVersion: batch/v1
    | ^
  w.yaml:1:1: first here
  1 | apiVersion: apps/v1
    | ^
  hint: Give one of them another name, under "pods": shop/web-job: { workload: job/web }.

w.yaml:25:1: Deployment shop/api is there twice
  25 | apiVersion: apps/v1
     | ^
  w.yaml:17:1: first here
  17 | apiVersion: apps/v1
     | ^
  hint: Take one of them out, or give it another name: name only manifests that are deployed together.

w.yaml:33:1: the name of Deployment "a.b" cannot be that of a pod: it has more than 63 characters, or others than lower-case letters, digits and "-"
  33 | apiVersion: apps/v1
     | ^
  hint: Give it another one, under "pods": shop/NAME: { workload: deployment/a.b }.

scenario-invalid: 3 problems in w.yaml`);
  });

  test('of a file that two entries bring', async () => {
    const lines = (
      await failureOf(`manifests: [m, m/w.yaml]\n${SHOP}`, {
        'm/w.yaml': [deployment('web', 'shop'), policy('p', 'shop'), service('web', 'shop')].join('---\n'),
      })
    ).split('\n');
    expect(lines.filter((line) => /there twice|first here|hint/.test(line))).toEqual([
      'm/w.yaml:1:1: Deployment shop/web is there twice',
      '  hint: Two entries bring this file: take it out of one of them.',
      'm/w.yaml:9:1: the policy "shop/p" is there twice',
      '  hint: Two entries bring this file: take it out of one of them.',
      'm/w.yaml:14:1: the Service "shop/web" is there twice',
      '  hint: Two entries bring this file: take it out of one of them.',
    ]);
  });

  test('without ports: what to write is told', async () => {
    const files = { 'w.yaml': `${deployment('web', 'shop')}---\n${deployment('api', 'shop')}` };
    expect(await failureOf(`manifests: [w.yaml]\n${SHOP}`, files)).toContain(
      'hint: No pod has a port to connect to. Give some, under "pods": shop/web: { ports: [80] }.',
    );
    const named = (port: string): Promise<string> =>
      failureOf(
        `manifests: [w.yaml]\n${SHOP}reachable: [{ from: shop/web, to: "shop/api:${port}" }]\n`,
        files,
      );
    expect(await named('8080')).toContain(
      'hint: If it does, say so under "pods": shop/api: { ports: [8080] }.',
    );
    expect(await named('53/UDP')).toContain(
      'hint: If it does, say so under "pods": shop/api: { ports: [53/UDP] }.',
    );
    expect(await named('http')).toContain('hint: Declare the ports that it listens on under "pods".');
  });

  test('what the API server would refuse in a template, as it reads it', async () => {
    const text = `apiVersion: apps/v1
kind: Deployment
metadata: { name: web, namespace: shop }
spec:
  template:
    metadata: { labels: { version: 1.0, debug: no, "a b": c, tier: "front end" } }
    spec:
      containers:
        - name: a
          ports:
            - containerPort: 70000
            - { containerPort: 80, name: UPPER }
            - { containerPort: 81, protocol: HTTP }
        - { name: b, ports: 80 }
---
apiVersion: apps/v1
kind: Deployment
metadata: { generateName: x-, namespace: shop }
---
apiVersion: apps/v1
kind: Deployment
metadata: { name: none, namespace: shop }
`;
    expect(
      (await failureOf(`manifests: [w.yaml]\n${SHOP}`, { 'w.yaml': text }))
        .split('\n')
        .filter((line) => /^w\.yaml|hint/.test(line)),
    ).toEqual([
      'w.yaml:6:36: the label version must be text',
      '  hint: Put its value in quotes.',
      'w.yaml:6:48: the label debug must be text: the API server reads YAML 1.1, where no is false',
      '  hint: Put it in quotes: "no".',
      'w.yaml:6:59: "a b" is not a label key',
      'w.yaml:6:68: "front end" is not a label value',
      'w.yaml:11:30: containerPort must be a number from 1 to 65535',
      'w.yaml:12:42: the name of a port has at most 15 lower-case letters, digits and single "-", with at least one letter',
      'w.yaml:13:46: a protocol is TCP, UDP or SCTP',
      'w.yaml:14:29: ports must be a list',
      'w.yaml:18:11: this Deployment has generateName and no name: kubectl apply refuses that',
      '  hint: Write metadata.name.',
      'w.yaml:20:1: a Deployment needs containers: spec.template.spec.containers',
    ]);
  });
});

function service(name: string, namespace: string): string {
  return `apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} }
spec: { selector: { app: ${name} }, ports: [{ port: 80 }] }
`;
}

describe('namespaces', () => {
  test('of the scenario and of manifests are one list, and their labels add up', async () => {
    const plan = await planOf(
      'manifests: [n.yaml]\nnamespaces: { shop: { labels: { team: shop } }, ops: {} }\npods: { shop/a: {}, shop/b: { ports: [1] } }\n',
      {
        'n.yaml': `apiVersion: v1
kind: Namespace
metadata: { name: shop, labels: { env: test, team: shop } }
---
apiVersion: v1
kind: Namespace
metadata: { name: data, labels: { kubernetes.io/metadata.name: data } }
`,
      },
    );
    expect(plan.namespaces).toEqual([
      { name: 'shop', labels: { team: 'shop', env: 'test' } },
      { name: 'ops', labels: {} },
      { name: 'data', labels: { 'kubernetes.io/metadata.name': 'data' } },
    ]);
  });

  test('that contradict each other, and one that exists nowhere', async () => {
    expect(
      await failureOf(
        `manifests: [n.yaml, { path: p.yaml, namespace: data }]
namespaces:
  shop: { labels: { team: shop } }
`,
        {
          'n.yaml': 'apiVersion: v1\nkind: Namespace\nmetadata: { name: shop, labels: { team: other } }\n',
          'p.yaml': policy('p'),
        },
      ),
    ).toBe(`n.yaml:1:1: the label team of the namespace "shop" is "other" here, and "shop" elsewhere
  1 | apiVersion: v1
    | ^
  a.yaml:6:3: first here
  6 |   shop: { labels: { team: shop } }
    |   ^
  hint: Leave it out in one of the two.

a.yaml:4:21: the namespace "data" exists nowhere: neither the scenario nor its manifests declare it
  4 | manifests: [n.yaml, { path: p.yaml, namespace: data }]
    |                     ^
  hint: Declare it: under "namespaces", write data: {}.

scenario-invalid: 2 problems in 2 files`);
  });

  test('a workload and a policy in one that is declared nowhere', async () => {
    expect(
      await failureOf(`manifests: [w.yaml]\n${SHOP}`, {
        'w.yaml': `${deployment('web', 'shpo')}---\n${policy('p', 'default')}`,
      }),
    ).toBe(`w.yaml:3:35: the scenario does not declare the namespace "shpo"
  3 | metadata: { name: web, namespace: shpo }
    |                                   ^
  hint: Did you mean "shop"?

w.yaml:11:33: the scenario does not declare the namespace "default"
  11 | metadata: { name: p, namespace: default }
     |                                 ^
  hint: "default" is a namespace of Kubernetes itself: give what is deployed there another one.

scenario-invalid: 2 problems in w.yaml`);
  });

  test('with a name that none may have', async () => {
    expect(
      await failureOf(`manifests: [n.yaml]\n${SHOP}`, { 'n.yaml': object('v1', 'Namespace', 'Shop_X') }),
    ).toContain(`n.yaml:3:19: "Shop_X" is not the name of a namespace
  3 | metadata: { name: Shop_X }
    |                   ^
  hint: Write lower-case letters, digits and "-", at most 63 characters.`);
  });

  test('a workload in a namespace of which no manifest is there, as most repositories have it', async () => {
    const failure = await failureOf('manifests: [w.yaml]\n', { 'w.yaml': deployment('web', 'shop') });
    expect(failure).toContain('the scenario does not declare the namespace "shop"');
    expect(failure).toContain('hint: Declare it: under "namespaces", write shop: {}.');
  });

  test('kubectl -n refuses what names another; helm takes it', async () => {
    const text = `${deployment('web')}---\n${deployment('db', 'data')}`;
    const namespaces = 'namespaces: { shop: {}, data: {} }\n';
    expect(
      await failureOf(`manifests: [{ path: w.yaml, namespace: shop }]\n${namespaces}`, { 'w.yaml': text }),
    ).toBe(`w.yaml:11:34: this Deployment is in the namespace "data", and is to be applied to "shop": kubectl refuses that
  11 | metadata: { name: db, namespace: data }
     |                                  ^
  hint: Leave metadata.namespace out here, or name the file without a namespace.

scenario-invalid: 1 problem in w.yaml`);
    await using project = await createProject({
      'a.yaml': scenario(
        `manifests: [{ helm: chart, release: r, namespace: shop }]\n${namespaces}pods: { shop/web: { ports: [80] } }\n`,
      ),
      'chart/Chart.yaml': '',
    });
    const [plan] = await project.load(['a.yaml'], { renderer: testRenderer(text) });
    expect(keys(plan?.pods ?? [])).toEqual(['shop/web', 'data/db']);
  });
});

describe('what is read', () => {
  test('lists of lists, JSON, CRLF, a byte-order mark, anchors, and documents without content', async () => {
    const item = (name: string): object => ({
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name, namespace: 'shop' },
    });
    const list = (...items: object[]): object => ({ apiVersion: 'v1', kind: 'List', items });
    const plan = await planOf(`manifests: [folder]\n${SHOP}pods: { shop/a: {}, shop/b: { ports: [1] } }\n`, {
      'folder/a.json': JSON.stringify(list(item('a'), list(item('b'))), undefined, '\t'),
      'folder/b.yaml': `\uFEFF---\r\n# nothing\r\n---\r\n${policy('c', 'shop').replaceAll('\n', '\r\n')}---\r\n`,
      'folder/c.yaml': `apiVersion: networking.k8s.io/v1
kind: NetworkPolicyList
items:
  - &first
    apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: &meta { name: d, namespace: shop }
    spec: &spec { podSelector: { matchLabels: { on: "yes" } } }
  - { <<: *first, metadata: { <<: *meta, name: e } }
`,
      'folder/notes.txt': 'not: yaml: at all',
      'folder/.hidden.yaml': 'a: 1',
    });
    const { policies } = plan.steps[0];
    expect(keys(policies)).toEqual(['shop/a', 'shop/b', 'shop/c', 'shop/d', 'shop/e']);
    expect(policies[4]?.object.spec).toEqual({ podSelector: { matchLabels: { true: 'yes' } } });
    expect(policies.map(({ location }) => `${location.file}:${location.line}`)).toEqual([
      'folder/a.json:5',
      'folder/a.json:17',
      'folder/b.yaml:4',
      'folder/c.yaml:5',
      'folder/c.yaml:9',
    ]);
  });

  test('JSON objects one after another, each at its place', async () => {
    const pod = (name: string, image: unknown): string =>
      JSON.stringify(
        { apiVersion: 'v1', kind: 'Pod', metadata: { name }, spec: { containers: [{ image }] } },
        undefined,
        1,
      );
    const texts = [pod('a', '}\n{"'), pod('b', '\\'), pod('c', '{')];
    const stream = `\uFEFF \n${texts.join('\r\n')}${JSON.stringify({ kind: 'ConfigMap', apiVersion: 'v1' })}\n`;
    const plan = await planOf(`manifests: [s.json]\n${SHOP}pods: { shop/d: { ports: [1] } }\n`, {
      's.json': stream,
    });
    expect(keys(plan.pods)).toEqual(['shop/a', 'shop/b', 'shop/c', 'shop/d']);
    expect(plan.manifests?.skipped).toMatchObject([{ kind: 'ConfigMap' }]);
    const lines = stream.split('\n');
    for (const { name, location } of plan.manifests?.workloads ?? []) {
      expect(lines.slice(location.line - 1, location.line + 5).join('')).toContain(`"name": "${name}"`);
      expect(location.column).toBe(1);
    }
    const failure = await failureOf(`manifests: [s.json]\n${SHOP}`, {
      's.json': `${pod('a', '')}\n${pod('b', '').replace('"b"', '3')}`,
    });
    expect(failure.split('\n').slice(0, 3)).toEqual([
      's.json:19:11: a Pod needs a name, as text',
      '  19 |   "name": 3',
      '     |           ^',
    ]);
  });

  test.each([
    ['an object that is not closed', '{"apiVersion":"v1"}\n{"kind":\n', 's.json:2:9'],
    ['text between them', '{"apiVersion":"v1"}\nand\n{"kind":"x"}\n', 's.json:2:1'],
  ])('of %s, the place is told', async (_, text, place) => {
    expect(await failureOf(`manifests: [s.json]\n${SHOP}`, { 's.json': text })).toContain(`${place}: `);
  });

  test('lists of one kind, whose items need not repeat it', async () => {
    const plan = await planOf(`manifests: [l.yaml]\n${SHOP}pods: { shop/a: { ports: [1] } }\n`, {
      'l.yaml': `apiVersion: apps/v1
kind: DeploymentList
items:
  - metadata: { name: web, labels: { a: "yes" } }
    spec: { template: { metadata: { labels: { app: web } }, spec: { containers: [{ ports: [{ containerPort: 80 }] }] } } }
  - apiVersion: apps/v1
    kind: Deployment
    metadata: { name: api }
    spec: { template: { spec: { containers: [{}] } } }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicyList
metadata: { resourceVersion: "3" }
items:
  - metadata: { name: deny }
    spec: { podSelector: { matchLabels: { on: yes } } }
---
apiVersion: batch/v1
kind: JobList
items: null
`,
    });
    expect(keys(plan.pods)).toEqual(['shop/web', 'shop/api', 'shop/a']);
    expect(plan.manifests?.workloads.map(({ kind, location }) => [kind, location.line])).toEqual([
      ['Deployment', 4],
      ['Deployment', 6],
    ]);
    const [policy] = plan.steps[0].policies;
    expect(policy?.text).toBe(`apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: deny
spec:
  podSelector:
    matchLabels:
      "true": true
`);
    expect(policy?.location.line).toBe(15);
    expect(plan.manifests?.skipped).toEqual([]);
  });

  test('an item without a kind, in a list of everything', async () => {
    const failure = await failureOf(`manifests: [l.yaml]\n${SHOP}`, {
      'l.yaml': 'apiVersion: v1\nkind: List\nitems:\n  - metadata: { name: web }\n',
    });
    expect(failure).toContain('l.yaml:4:5: this is no Kubernetes object: it has neither apiVersion nor kind');
  });

  test('a glob takes manifests as they stand, also beside a kustomization', async () => {
    const plan = await planOf(`manifests: ["d/**/*.yaml"]\n${SHOP}pods: { shop/a: {} }\n`, {
      'd/kustomization.yaml': 'resources: [p.yaml]\n',
      'd/x/w.yaml': deployment('web', 'shop', 'containers: [{ ports: [{ containerPort: 80 }] }]'),
    });
    expect(keys(plan.pods)).toEqual(['shop/web', 'shop/a']);
    expect(plan.manifests?.skipped).toEqual([
      {
        apiVersion: 'kustomize.config.k8s.io/v1beta1',
        kind: 'Kustomization',
        count: 1,
        files: ['d/kustomization.yaml'],
      },
    ]);
  });

  test('what was rendered is told by the command, the template and the line of its output', async () => {
    await using project = await createProject({
      'a.yaml': scenario(
        `manifests: [{ helm: charts/shop, release: r, namespace: shop, values: [v.yaml], set: { a.b: 1 } }]\n${SHOP}pods: { shop/b: { ports: [1] } }\n`,
      ),
      'charts/shop/Chart.yaml': '',
    });
    const chart = `---
# Source: shop/templates/web.yaml
${deployment('web')}---
# Source: shop/templates/policy.yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: shpo }
`;
    const renderer = testRenderer(chart);
    expect(
      await project.failure(['a.yaml'], { renderer }),
    ).toBe(`helm template charts/shop (shop/templates/policy.yaml):14:35: the scenario does not declare the namespace "shpo"
  14 | metadata: { name: web, namespace: shpo }
     |                                   ^
  note: this is line 14 of what is printed by: helm template r charts/shop
  hint: Did you mean "shop"?

scenario-invalid: 1 problem in helm template charts/shop (shop/templates/policy.yaml)`);
    expect(renderer.requests).toEqual([
      {
        tool: 'helm',
        chart: join(project.folder, 'charts/shop'),
        release: 'r',
        namespace: 'shop',
        values: [join(project.folder, 'v.yaml')],
        set: { 'a.b': 1 },
        shown: 'charts/shop',
      },
    ]);
  });

  test('words of other tools for the keys of an entry', async () => {
    const failure = await failureOf(
      `manifests:
  - { chart: c, name: shop, namespace: shop, set: [a=b] }
  - { folder: c, ns: shop }
  - { kustomization: c }
  - { helm: c, release: Shop, namespace: shop }
  - { helm: c, release: shop }
namespaces: { shop: {} }
pods:
  shop/a: absnt
  shop/b: { absent: true }
`,
      { 'c/p.yaml': object('v1', 'Namespace', 'shop'), 'c/kustomization.yaml': 'resources: [p.yaml]' },
    );
    expect(failure.split('\n').filter((line) => /^\S|hint/.test(line))).toEqual([
      'a.yaml:5:7: unknown key "chart"',
      '  hint: Did you mean "helm"?',
      'a.yaml:5:17: unknown key "name"',
      '  hint: Did you mean "release"?',
      'a.yaml:5:51: expected a mapping, found a list',
      '  hint: Write values by their paths, such as { image.tag: "2" }.',
      'a.yaml:6:7: unknown key "folder"',
      '  hint: Did you mean "path"?',
      'a.yaml:6:18: unknown key "ns"',
      '  hint: Did you mean "namespace"?',
      'a.yaml:7:7: unknown key "kustomization"',
      '  hint: Did you mean "kustomize"?',
      'a.yaml:8:25: "Shop" is not the name of a release: use lower-case letters, digits, "-" and ".", at most 53 characters',
      'a.yaml:9:5: the key "namespace" is missing',
      'a.yaml:12:11: "absnt" is not a pod: write what it has, such as { ports: [8080] }, or "absent"',
      'a.yaml:13:13: unknown key "absent"',
      '  hint: Write "shop/b: absent".',
      'scenario-invalid: 10 problems in a.yaml',
    ]);
  });

  test('a template that nobody has rendered', async () => {
    expect(
      await failureOf(`manifests: [t]\n${SHOP}`, {
        't/web.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: {{ .Release.Name }}-web\n',
      }),
    ).toContain(`t/web.yaml:1:1: this is a template and no manifest: it has {{ }} in it`);
  });

  test('two scenarios that name the same have it rendered once', async () => {
    const one = scenario(`manifests: [d]\n${SHOP}pods: { shop/a: {}, shop/b: { ports: [1] } }\n`);
    await using project = await createProject({
      'a.yaml': `${one}---\n${one.replace('name: example', 'name: other')}`,
      'd/kustomization.yml': 'resources: [p.yaml]\n',
      'd/p.yaml': policy('p', 'shop'),
    });
    const renderer = testRenderer();
    const plans = await project.load(['a.yaml'], { renderer });
    expect(plans.map(({ manifests }) => manifests?.rendered)).toEqual([
      [{ command: 'kustomize build d', warnings: ['"commonLabels" is deprecated'] }],
      [{ command: 'kustomize build d', warnings: ['"commonLabels" is deprecated'] }],
    ]);
    expect(renderer.requests).toHaveLength(1);
  });

  test('a tool that is missing ends it, and says where it is needed; what it refuses is a problem', async () => {
    const failWith = (code: 'tool-missing' | 'scenario-invalid') => ({
      render: () => Promise.reject(new PodreachError(code, 'no kustomize', { hint: 'Install it.' })),
    });
    await using project = await createProject({
      'a.yaml': scenario(`manifests: [{ kustomize: d }]\n${SHOP}`),
      'd/kustomization.yaml': 'resources: []\n',
    });
    await expect(project.load(['a.yaml'], { renderer: failWith('tool-missing') })).rejects.toMatchObject({
      code: 'tool-missing',
      message: 'no kustomize',
      hint: 'Install it.',
      location: { file: 'a.yaml', line: 4, column: 13 },
    });
    expect(
      await project.failure(['a.yaml'], { renderer: failWith('scenario-invalid') }),
    ).toBe(`a.yaml:4:13: no kustomize
  4 | manifests: [{ kustomize: d }]
    |             ^
  hint: Install it.

scenario-invalid: 1 problem in a.yaml`);
  });

  test('what is wrong with an entry', async () => {
    await using project = await createProject({
      'a.yaml': scenario(`manifests:
  - nowhere
  - "*.yml"
  - overlays
  - charts
  - charts/shop
  - config.yaml
  - values.yaml
  - empty.yaml
  - nothing
  - notes
  - links
  - { path: config.yaml, namspace: shop }
  - 3
namespaces: { shop: {} }
`),
      'overlays/prod/kustomization.yaml': '',
      'charts/shop/Chart.yaml': '',
      'config.yaml': `${object('v1', 'ConfigMap', 'a')}---\n${object('v1', 'ConfigMap', 'b')}`,
      'values.yaml': 'replicas: 3\n',
      'empty.yaml': '# nothing\n',
      'nothing/.hidden/p.yaml': policy('p'),
      'notes/README.md': '',
      'links/p.yaml': policy('p', 'shop'),
    });
    await symlink('nowhere', join(project.folder, 'links/x.yaml'));
    const renderer = testRenderer();
    const failure = await project.failure(['a.yaml'], { renderer });
    const lines = failure.replaceAll(project.folder, '').split('\n');
    expect(lines.filter((line) => /^\S|hint/.test(line))).toEqual([
      'a.yaml:5:5: no such file or folder: nowhere',
      '  hint: Paths of manifests are relative to the scenario file.',
      'a.yaml:6:5: no YAML or JSON file matches *.yml',
      '  hint: Patterns are relative to the scenario file.',
      'a.yaml:7:5: overlays is no kustomization itself, but there is one below it: overlays/prod',
      '  hint: Name the folder of the kustomization that is deployed, such as overlays/prod. To read its files as they stand, write a pattern: "overlays/prod/*.yaml".',
      'a.yaml:8:5: there is a chart in charts/shop, and its templates are no manifests',
      '  hint: Have it rendered, under "manifests": { helm: charts/shop, release: shop, namespace: … }.',
      'a.yaml:9:5: there is a chart in charts/shop, and its templates are no manifests',
      '  hint: Have it rendered, under "manifests": { helm: charts/shop, release: shop, namespace: … }.',
      'a.yaml:10:5: there is nothing to test in config.yaml: no workload, policy, Service or Namespace',
      '  hint: There is: 2 ConfigMap.',
      'a.yaml:12:5: there is nothing to test in empty.yaml: the file is empty',
      'a.yaml:13:5: there is nothing to test in nothing: the folder is empty',
      '  hint: Hidden files and node_modules are passed over.',
      'a.yaml:14:5: there is nothing to test in notes: none of its files ends in .yaml, .yml or .json',
      'a.yaml:15:5: /links/x.yaml is a link that leads nowhere',
      '  hint: Mend it or remove it.',
      'a.yaml:16:5: there is nothing to test in config.yaml: no workload, policy, Service or Namespace',
      '  hint: There is: 2 ConfigMap.',
      'a.yaml:16:26: unknown key "namspace"',
      '  hint: Did you mean "namespace"?',
      'a.yaml:17:5: expected text or a mapping, found 3',
      'values.yaml:1:1: this is no Kubernetes object: it has neither apiVersion nor kind',
      '  hint: Leave the file out where it is something else, such as the values of a chart.',
      'scenario-invalid: 14 problems in 2 files',
    ]);
  });
});

test('under policies and apply only policies are taken, and all else is counted', async () => {
  const others = `---\n${deployment('web', 'shop')}---\n${object('v1', 'Service', 'web')}`;
  const plan = await planOf(
    `${SHOP}pods: { shop/a: {}, shop/b: { ports: [1] } }
policies: [first]
steps: [{ name: more, apply: [{ path: "second/*.yaml", namespace: shop }] }]
`,
    {
      'first/p.yaml': `${policy('p', 'shop')}${others}`,
      'first/p.json': '{ "not": "looked at" }',
      'second/q.yaml': `${policy('q')}${others}`,
      'first/r.yaml': `apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: { name: admin }\n`,
    },
  );
  expect(keys(plan.pods)).toEqual(['shop/a', 'shop/b']);
  expect(plan.steps.map(({ policies }) => keys(policies))).toEqual([['shop/p'], ['shop/p', 'shop/q']]);
  expect(plan.manifests).toMatchObject({
    objects: 7,
    workloads: [],
    skipped: [
      { kind: 'Deployment', count: 2, files: ['first/p.yaml', 'second/q.yaml'] },
      { kind: 'Service', count: 2 },
    ],
    foreignPolicies: [{ kind: 'AdminNetworkPolicy', name: 'admin' }],
  });
  expect(plan.manifests?.foreignPolicies[0]).not.toHaveProperty('namespace');
});

test('a folder of policies without any', async () => {
  const lines = (
    await failureOf(
      `${SHOP}pods: { shop/a: { ports: [1] } }\npolicies: [none, only-json]\nreachable: [{ from: shop/a, to: shop/a }]\n`,
      {
        'none/.keep': '',
        'only-json/p.json': '{}',
      },
    )
  ).split('\n');
  expect(lines.filter((line) => /^a\.yaml/.test(line))).toEqual([
    'a.yaml:6:12: there is no policy in none: the folder is empty',
    'a.yaml:6:18: there is no policy in only-json: none of its files ends in .yaml or .yml',
  ]);
});

test.each([
  ['matchLabels that differ', 'matchLabels: { app: wbe }', true],
  ['matchLabels that are there', 'matchLabels: { app: web }', false],
  [
    'an expression that does not hold',
    'matchExpressions: [{ key: app, operator: NotIn, values: [web] }]',
    true,
  ],
  ['one that does', 'matchExpressions: [{ key: app, operator: In, values: [web, api] }]', false],
  [
    'labels that hold, and an expression that does not',
    'matchLabels: { app: web }, matchExpressions: [{ key: tier, operator: Exists }]',
    true,
  ],
  ['an absence that does not hold', 'matchExpressions: [{ key: app, operator: DoesNotExist }]', true],
  ['an operator that there is not', 'matchExpressions: [{ key: app, operator: Is }]', true],
  ['nothing, which selects everything', '', true],
  ['text that the API server reads as a number', 'matchLabels: { app: 3 }', true],
])('of a workload, the selector with %s', async (_, selector, refused) => {
  const plan = await planOf(`manifests: [w.yaml]\n${SHOP}pods: { shop/a: { ports: [1] } }\n`, {
    'w.yaml': deployment('web', 'shop').replace('spec:\n', `spec:\n  selector: { ${selector} }\n`),
  });
  const codes = reviewPlan(plan).map(({ code }) => code);
  expect(codes.includes('refused-workload')).toBe(refused);
});

test('the manifest of a workload that its own controller does not select', async () => {
  const plan = await planOf(`manifests: [w.yaml]\n${SHOP}pods: { shop/a: { ports: [1] } }\n`, {
    'w.yaml': deployment('web', 'shop').replace(
      'spec:\n',
      'spec:\n  selector: { matchLabels: { app: wbe } }\n',
    ),
    'unused/w.yaml': '',
  });
  expect(reviewPlan(plan).map(({ code, location }) => [code, location.line])).toEqual([
    ['refused-workload', 5],
    ['workload-without-policy', 1],
  ]);
});
