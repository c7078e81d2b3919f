/** A first scenario, from the manifests to its text. */
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { PodreachError } from '../../../src/errors.ts';
import { renderProblem } from '../../../src/problems.ts';
import { type InitContext, writeFirstScenario } from '../../../src/scenario/init/init.ts';
import { deployment, object, policy, workload } from '../manifests/manifests.ts';
import { testRenderer } from '../manifests/renderer.ts';
import { createProject } from '../project.ts';

async function init(
  files: Readonly<Record<string, string>>,
  paths: readonly string[],
  more: Partial<Pick<InitContext, 'namespace' | 'file' | 'input'>> = {},
): Promise<string> {
  await using project = await createProject(files);
  const { folder } = project;
  try {
    const { text } = await writeFirstScenario(paths, {
      cwd: folder,
      folder,
      file: undefined,
      renderer: testRenderer(),
      input: undefined,
      ...more,
    });
    return text;
  } catch (thrown) {
    if (!(thrown instanceof PodreachError)) throw thrown;
    const problems = thrown.problems.map((problem) => `${renderProblem(problem)}\n`).join('');
    return `${problems}${thrown.code}: ${thrown.message}${thrown.hint === undefined ? '' : `\nhint: ${thrown.hint}`}`;
  }
}

function listening(name: string, ...ports: readonly string[]): string {
  return deployment(name, undefined, `containers: [{ name: a, ports: [${ports.join(', ')}] }]`);
}

function allowing(name: string, spec: string): string {
  return `apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: ${name} }\nspec: ${spec}\n`;
}

const HTTP = '{ name: http, containerPort: 8080 }';
const METRICS = '{ containerPort: 9090 }';

const page = await readFile(new URL('../../../docs/init.md', import.meta.url), 'utf8');
const EXAMPLE = /```yaml\n(# A first scenario.*?)```/s.exec(page)?.[1];

/** The lines of one part, up to the next empty line. */
function part(text: string, begin: RegExp): string {
  const lines = text.split('\n');
  const start = lines.findIndex((line) => begin.test(line));
  return lines.slice(start, lines.indexOf('', start)).join('\n');
}

const SHOP = {
  'deploy/apps.yaml': [
    `apiVersion: v1\nkind: Namespace\nmetadata: { name: shop, labels: { team: shop } }\n`,
    listening('web', HTTP),
    listening('api', HTTP, METRICS),
    listening('db', '{ containerPort: 5432 }', '{ containerPort: 5432, protocol: UDP }'),
    deployment('report'),
  ].join('---\n'),
  'policies/all.yaml': [
    policy('deny'),
    allowing(
      'api',
      `
  podSelector: { matchLabels: { app: api } }
  ingress:
    - from: [{ podSelector: { matchLabels: { app: web } } }]
      ports: [{ port: http }]
    - { ports: [{ port: 9090 }] }`,
    ),
    allowing(
      'db',
      '{ podSelector: { matchLabels: { app: db } }, ingress: [{ from: [{ podSelector: { matchLabels: { app: api } } }] }] }',
    ),
  ].join('---\n'),
};

test('has the manifests, what the policies allow with the policy that does, and questions: the example of docs/init.md', async () => {
  const text = await init(SHOP, ['deploy', 'policies'], { file: 'shop.yaml' });
  expect(text).toBe(EXAMPLE);
  expect(await init(SHOP, ['deploy', 'policies'], { file: 'shop.yaml' })).toBe(text);
});

test('is named after its file, as far as a scenario can be', async () => {
  const nameOf = async (file: string): Promise<string | undefined> =>
    /^name: .*$/m.exec(await init(SHOP, ['deploy'], { file }))?.[0];
  expect(await nameOf('checks/Shop front_2.yaml')).toBe('name: shop-front-2');
  expect(await nameOf('yes.yaml')).toBe('name: "yes"');
  expect(await nameOf('2026.yaml')).toBe('name: "2026"');
  expect(await nameOf('_.yaml')).toBe('name: shop');
});

test('without a policy everything is open, and who may reach whom is the question', async () => {
  const text = await init({ 'a.yaml': SHOP['deploy/apps.yaml'] }, ['a.yaml']);
  expect(text).toContain('\nname: shop\n');
  expect(text).toContain('# There is no policy: everything is open.\n');
  expect(part(text, /^reachable/)).toBe(
    'reachable:\n  # No policy isolates either end: these are open to each other.\n  - { from: "*", to: "*" }',
  );
  expect(text).toContain('# 1. Who may reach these, and whom may they reach?');
});

test('paths are relative to where the scenario stands, and keep the namespace that they are given', async () => {
  const files = {
    'deploy/a.yaml': `${listening('a', HTTP)}---\n${listening('b', HTTP)}`,
    'deploy/p q.yaml': policy('p'),
  };
  await using project = await createProject(files);
  const { text } = await writeFirstScenario(['shop=deploy/a.yaml', 'deploy/p*.yaml'], {
    cwd: project.folder,
    folder: `${project.folder}/checks`,
    file: 'checks/a.yaml',
    namespace: 'shop',
    renderer: undefined,
    input: undefined,
  });
  expect(part(text, /^manifests/)).toBe(`manifests:
  - { path: ../deploy/a.yaml, namespace: shop }
  - { path: "../deploy/p*.yaml", namespace: shop }`);
  expect(part(text, /^namespaces/)).toBe(`namespaces:
  # No manifest declares them. Write the labels that they have: policies may select by these.
  shop: {}`);
});

test('what came in at standard input is left to the command line', async () => {
  const input = async (): Promise<string> => `${listening('a', HTTP)}---\n${listening('b', HTTP)}`;
  const text = await init({}, ['shop=-'], { input });
  expect(text).not.toContain('manifests:');
  expect(text.replaceAll('\n# ', ' ')).toContain('So every command needs it again: --manifests shop=-\n');
});

test('what came in at standard input may need a namespace', async () => {
  expect(await init({}, ['-'], { input: async () => listening('a', HTTP) })).toContain(
    '\nhint: Say it as for kubectl: podreach init --namespace shop -',
  );
});

test('long lists have a line for each, and ports of many pods one name', async () => {
  const names = Array.from({ length: 12 }, (_, index) => `a-service-with-a-long-name-${index + 10}`);
  const allowed = names.slice(0, 10);
  const files = {
    'a.yaml': [
      ...names.map((name) => listening(name, METRICS, '{ containerPort: 80 }')),
      listening('prometheus', '{ containerPort: 3000 }'),
      allowing(
        'metrics',
        '{ podSelector: {}, ingress: [{ from: [{ podSelector: { matchLabels: { app: prometheus } } }], ports: [{ port: 9090 }] }] }',
      ),
      allowing(
        'some',
        `{ podSelector: { matchLabels: { app: prometheus } }, ingress: [{ from: [{ podSelector: { matchExpressions: [{ key: app, operator: In, values: [${allowed.join(', ')}] }] } }] }] }`,
      ),
    ].join('---\n'),
  };
  const rules = part(await init(files, ['shop=a.yaml']), /^reachable/);
  expect(rules.split('\n').filter((line) => !line.includes('#'))).toEqual([
    'reachable:',
    '  - { from: shop/prometheus, to: "*:9090" }',
    '  - from:',
    ...allowed.map((name) => `      - shop/${name}`),
    '    to: "shop/prometheus:3000"',
  ]);
});

test('a kustomization is named as the folder that it is', async () => {
  const files = {
    'app/kustomization.yaml': 'resources: [a.yaml, b.yaml]\n',
    'app/a.yaml': listening('a', HTTP),
    'app/b.yaml': listening('b', HTTP),
  };
  const text = await init(files, ['shop=app']);
  expect(part(text, /^manifests/)).toBe('manifests:\n  - { path: app, namespace: shop }');
});

test('workloads of one name, of names that no pod can have, and on the network of their nodes', async () => {
  const container = 'containers: [{ name: a, ports: [{ containerPort: 80 }] }]';
  const files = {
    'a.yaml': [
      workload('apps/v1', 'Deployment', 'web', 'shop', container),
      workload('apps/v1', 'StatefulSet', 'web', 'shop', container),
      workload('v1', 'ReplicationController', 'web.v1', 'shop', container),
      workload('apps/v1', 'DaemonSet', 'agent', 'shop', `hostNetwork: true, ${container}`),
    ].join('---\n'),
  };
  const text = await init(files, ['a.yaml']);
  expect(part(text, /^pods/)).toBe(`pods:
  # Another workload has its name.
  shop/web-statefulset: { workload: statefulset/web }
  # No pod can have its own name.
  shop/web-v1: { workload: replicationcontroller/web.v1 }`);
  expect(text).toContain('#   shop/agent, DaemonSet: 80/TCP');
});

test('a workload that is alone gets somebody to be tried from', async () => {
  const alone = { 'a.yaml': listening('web', HTTP), 'b.yaml': policy('deny') };
  const given = await init(alone, ['a.yaml', 'b.yaml'], { namespace: 'shop' });
  expect(part(given, /^pods/)).toContain('\n  elsewhere/anybody: {}');
  const namespace = object('v1', 'Namespace', 'shop');
  const only = await init({ ...alone, 'c.yaml': namespace }, ['a.yaml', 'b.yaml', 'c.yaml']);
  expect(part(only, /^pods/)).toContain('\n  shop/anybody: {}');
  expect(only).not.toContain('#   shop/anybody');
});

test('what the policies leave to the network plugin is asked, and not tried', async () => {
  const files = {
    'a.yaml': [
      listening('web', HTTP),
      listening('api', HTTP),
      listening('db', '{ containerPort: 5432 }'),
      allowing('api', '{ podSelector: { matchLabels: { app: api } } }'),
      allowing(
        'web',
        `
  podSelector: { matchLabels: { app: web } }
  policyTypes: [Egress]
  egress: [{ to: [{ ipBlock: { cidr: 0.0.0.0/0, except: [192.0.2.0/24] } }] }]`,
      ),
    ].join('---\n'),
  };
  const text = await init(files, ['shop=a.yaml']);
  expect(text).not.toContain('\notherwise:');
  expect(part(text, /^unreachable/)).toBe('unreachable:\n  - { from: "*", to: "shop/api:http" }');
  expect(part(text, /^reachable/)).toContain(
    '- { from: [shop/api, shop/db], to: ["shop/db:5432", "shop/web:http"] }',
  );
  const questions = text.slice(text.indexOf('# Questions'));
  expect(questions.replaceAll(/\n#\s+/g, ' ')).toContain(
    'Are these to connect? It is not tried, because network plugins differ in whether an ipBlock matches the address of a pod (I1): egress rule 1 of policy shop/web (a.yaml:36). Put each under "reachable" or "unreachable". - { from: shop/web, to: "shop/db:5432" } #',
  );
  expect(questions).toContain(
    '#      egress rule 1 of policy shop/web (a.yaml:36): addresses in 0.0.0.0/0 except 192.0.2.0/24\n',
  );
});

test('where a policy of another kind may decide about everything, it is named, and no block of addresses blamed', async () => {
  const files = {
    'a.yaml': `${listening('web', HTTP)}---\n${listening('api', HTTP)}`,
    'l7.yaml': object('cilium.io/v2', 'CiliumNetworkPolicy', 'l7'),
  };
  const text = await init(files, ['shop=a.yaml', 'shop=l7.yaml']);
  expect(text).toContain(
    'usage: there is nothing to try: CiliumNetworkPolicy shop/l7 may decide about every connection, and what that means is for the network plugin to say',
  );
  expect(text).toContain('hint: Name the files beside it one by one, or with a glob');
});

test('what validate will say is asked: who selects nobody, and ports that nobody declares', async () => {
  const files = {
    'a.yaml': [
      listening('web', HTTP),
      listening('api', HTTP),
      allowing('typo', '{ podSelector: { matchLabels: { app: ap1 } } }'),
      allowing(
        'api',
        '{ podSelector: { matchLabels: { app: api } }, ingress: [{ ports: [{ port: 9999 }] }] }',
      ),
    ].join('---\n'),
  };
  const text = (await init(files, ['shop=a.yaml'])).replaceAll(/\n#\s+/g, ' ');
  expect(text).toContain('Is this meant? a.yaml:20: policy shop/typo: ');
  expect(text).toContain('[selects-no-pod]');
  expect(text).toContain('no pod that this policy selects listens on TCP 9999 [unused-port]');
});

test('names and messages cannot leave their comment', async () => {
  const files = {
    'a.yaml': `${listening('web', HTTP)}---\n${listening('api', HTTP)}---\n${policy('"x\\notherwise: reachable"')}`,
  };
  const text = await init(files, ['shop=a.yaml']);
  expect(text.match(/^otherwise: .*$/gm)).toEqual(['otherwise: unreachable']);
});

test.each([
  [
    'manifests without any namespace',
    { 'a.yaml': listening('web', HTTP) },
    'usage: no manifest says which namespace anything belongs to\nhint: Say it as for kubectl: podreach init --namespace shop a.yaml',
  ],
  [
    'policies alone',
    { 'a.yaml': policy('deny', 'shop') },
    'usage: there is nothing to try: the manifests have no workload that can take part\nhint: Name the manifests of Deployments and other workloads as well as those of policies.',
  ],
  [
    'workloads that listen nowhere',
    { 'a.yaml': `${deployment('a', 'shop')}---\n${deployment('b', 'shop')}` },
    'usage: there is nothing to try: no workload declares a port (shop/a, shop/b)\nhint: Write containerPort in their manifests: what nothing listens on cannot be reached, whatever policies say.',
  ],
  [
    'what is in a namespace of Kubernetes itself',
    { 'a.yaml': deployment('a', 'kube-system') },
    `a.yaml:1:1: this is in the namespace "kube-system", which is one of Kubernetes itself: a run makes its namespaces, and deletes them when it ends
  hint: Leave such manifests out, or give what they hold another namespace.
scenario-invalid: 1 problem in a.yaml`,
  ],
  [
    'a policy that no API server takes',
    {
      'a.yaml': `${listening('a', HTTP)}---\n${listening('b', HTTP)}---\n${allowing('p', '{ podSelector: {}, ingress: [{ from: [{}] }] }')}---\n${object('v1', 'Namespace', 'shop')}`,
    },
    `a.yaml:20:45: the API server will refuse the policy shop/p: a peer needs a podSelector, a namespaceSelector or an ipBlock
scenario-invalid: 1 problem in a.yaml`,
  ],
  [
    'a chart',
    { 'a.yaml/Chart.yaml': 'name: shop\n' },
    `podreach init:1:1: there is a chart in a.yaml, and its templates are no manifests
  1 | a.yaml
    | ^
  hint: Have helm render it, and name what comes out: helm template a.yaml a.yaml --namespace … --skip-tests > rendered.yaml
scenario-invalid: 1 problem in podreach init`,
  ],
  [
    'a path that leads nowhere',
    { 'b.yaml': '' },
    `podreach init:1:1: no such file or folder: a.yaml
  1 | a.yaml
    | ^
  hint: Did you mean "b.yaml"?
scenario-invalid: 1 problem in podreach init`,
  ],
])('%s: what is wrong, where, and what to do', async (_, files, message) => {
  expect(await init(files as Readonly<Record<string, string>>, ['a.yaml'])).toBe(message);
});

test('of several namespaces, it says how to give one', async () => {
  const files = {
    'a.yaml': `${deployment('a', 'shop')}---\n${deployment('b', 'ops')}---\n${deployment('c')}`,
  };
  expect(await init(files, ['a.yaml'])).toContain('as kubectl apply -n does: podreach init ops=a.yaml');
});
