/** `podreach init`: what it writes, and that it runs on the sandbox as it is written. */
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { loadPlans } from '../../src/scenario/load-plans.ts';
import { folderWith, ROOT, runCli } from '../support/cli.ts';

const TREES = join(ROOT, 'test/scenario/manifests/trees');

function app(namespace: string, name: string, ports: string): string {
  return `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec: { containers: [{ name: a, image: a, ports: [${ports}] }] }
---
`;
}

function policy(namespace: string, name: string, spec: string): string {
  return `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: ${namespace} }
spec: ${spec}
---
`;
}

function namespace(name: string, team: string): string {
  return `apiVersion: v1\nkind: Namespace\nmetadata: { name: ${name}, labels: { team: ${team} } }\n---\n`;
}

const TOPOLOGY = [
  namespace('shop', 'shop'),
  namespace('ops', 'devops'),
  app('shop', 'web', '{ containerPort: 80 }'),
  app('shop', 'api', '{ name: http, containerPort: 8080 }, { name: metrics, containerPort: 9090 }'),
  app('shop', 'dns', '{ name: dns, containerPort: 53, protocol: UDP }, { containerPort: 53 }'),
  app('ops', 'prometheus', ''),
].join('');
const DENY = policy('shop', 'deny', '{ podSelector: {}, policyTypes: [Ingress, Egress] }');

const FIXTURES: readonly (readonly [string, string])[] = [
  ['without any policy', TOPOLOGY],
  ['with nothing but a default deny', TOPOLOGY + DENY],
  [
    'with selectors of namespaces, UDP and named ports',
    [
      TOPOLOGY,
      DENY,
      policy(
        'shop',
        'metrics',
        '{ podSelector: { matchLabels: { app: api } }, ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: devops } } }], ports: [{ port: metrics }] }] }',
      ),
      policy(
        'shop',
        'ask',
        '{ podSelector: {}, policyTypes: [Egress], egress: [{ ports: [{ port: dns, protocol: UDP }] }] }',
      ),
      policy(
        'shop',
        'answer',
        '{ podSelector: { matchLabels: { app: dns } }, ingress: [{ from: [{ podSelector: {} }], ports: [{ port: 53, protocol: UDP }] }] }',
      ),
    ].join(''),
  ],
  [
    'with corners that are left to the network plugin',
    [
      TOPOLOGY,
      policy('shop', 'dns', '{ podSelector: { matchLabels: { app: dns } } }'),
      policy(
        'shop',
        'web',
        '{ podSelector: { matchLabels: { app: web } }, policyTypes: [Egress], egress: [{ to: [{ ipBlock: { cidr: 0.0.0.0/0, except: [192.0.2.0/24] } }] }] }',
      ),
    ].join(''),
  ],
];

test.concurrent.each(FIXTURES)('manifests %s run on the sandbox as written', async (_, text) => {
  using folder = folderWith({ 'all.yaml': text });
  const cwd = folder.path;
  const written = await runCli(['init', 'all.yaml', '--output', 'checks/shop.yaml'], { cwd });
  expect(written.exitCode).toBe(0);
  expect(written.stdout).toBe('');
  expect(written.stderr).toMatch(
    /^4 pods, \d polic(y|ies), \d+ reachable, \d+ unreachable, \d questions? at its end\nnext: read checks\/shop\.yaml, and then: podreach run checks\/shop\.yaml\n$/,
  );
  const { exitCode, stdout } = await runCli(['run', 'checks/shop.yaml', '--nodes', '1'], { cwd });
  expect(stdout).toMatch(/PASSED {2}1 scenario, (\d+) checks: \1 passed/);
  expect(exitCode).toBe(0);
});

test.concurrent.each([
  ['a dozen services', 'storefront', ['storefront/deploy', 'storefront/policies/*.yaml']],
  ['an operator', 'metrics-system', ['operator/policies.yaml', 'operator/manager.yaml']],
  ['a folder with everything in it', undefined, ['mixed/manifests']],
])('%s runs on the sandbox as written', async (_, name, paths) => {
  using folder = folderWith({});
  const file = join(folder.path, 'first.yaml');
  const given = name === undefined ? [] : ['--namespace', name];
  expect((await runCli(['init', ...given, ...paths, '-o', file], { cwd: TREES })).exitCode).toBe(0);
  const { exitCode, stdout } = await runCli(['run', file, '--nodes', '1'], { cwd: TREES });
  expect(stdout).toMatch(/PASSED {2}1 scenario, (\d+) checks: \1 passed/);
  expect(exitCode).toBe(0);
});

test('what is piped in is piped in again', async () => {
  using folder = folderWith({});
  const cwd = folder.path;
  const text = app('shop', 'web', '') + app('shop', 'api', '{ containerPort: 80 }');
  const piped = () => ({ cwd, input: Readable.from([text]) });
  const { stderr } = await runCli(['init', '-', '--output', 'shop.yaml'], piped());
  expect(stderr).toContain('next: read shop.yaml, and then: … | podreach run shop.yaml --manifests -\n');
  expect((await runCli(['validate', 'shop.yaml', '--manifests', '-'], piped())).exitCode).toBe(0);
});

test('the scenario may lie among its manifests, and is printed where no file is named', async () => {
  using folder = folderWith({ 'all.yaml': TOPOLOGY });
  const cwd = folder.path;
  const { stdout, stderr } = await runCli(['init', '.'], { cwd });
  expect(stderr).toMatch(/\nnext: save it, or write it with --output FILE\. Then: podreach run FILE\n$/);
  await writeFile(join(cwd, 'a.yaml'), stdout);
  expect((await runCli(['validate', 'a.yaml'], { cwd })).exitCode).toBe(0);
});

test('a file that is there is not written over without --force', async () => {
  using folder = folderWith({ 'all.yaml': TOPOLOGY, 'shop.yaml': 'mine\n' });
  const cwd = folder.path;
  const file = join(cwd, 'shop.yaml');
  expect(await runCli(['init', 'all.yaml', '--output', 'shop.yaml'], { cwd })).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: 'error: shop.yaml is there already\nhint: Name another file, or write over it with --force.\n',
  });
  expect(readFileSync(file, 'utf8')).toBe('mine\n');
  expect((await runCli(['init', 'all.yaml', '-o', 'shop.yaml', '--force'], { cwd })).exitCode).toBe(0);
  expect(readFileSync(file, 'utf8')).toContain('name: shop\n');
});

test('nothing is written where the manifests are wrong, or the file cannot be', async () => {
  using folder = folderWith({ 'all.yaml': TOPOLOGY, 'none.yaml': 'a: 1\n' });
  const cwd = folder.path;
  const wrong = await runCli(['init', 'none.yaml', '-o', 'shop.yaml'], { cwd });
  expect(wrong.exitCode).toBe(2);
  expect(wrong.stderr).toContain('none.yaml:1:1: this is no Kubernetes object');
  expect(existsSync(join(cwd, 'shop.yaml'))).toBe(false);
  const file = await runCli(['init', 'all.yaml', '-o', 'all.yaml/shop.yaml'], { cwd });
  expect(file.exitCode).toBe(2);
  expect(file.stderr).toContain('error: the scenario all.yaml/shop.yaml cannot be written: ');
});

test('the example is the shipped scenario in one piece, and stands alone', async () => {
  using folder = folderWith({});
  const cwd = folder.path;
  await mkdir(join(cwd, 'a'));
  expect((await runCli(['init', '--example', '-o', 'a/example.yaml'], { cwd })).exitCode).toBe(0);
  const text = readFileSync(join(cwd, 'a/example.yaml'), 'utf8');
  expect(text).toMatch(/^apiVersion: podreach\/v1\n/);
  const shown = async (folder: string, file: string) => {
    const [plan] = await loadPlans([file], { cwd: folder });
    return {
      pods: plan?.pods,
      policies: plan?.steps[0].policies.map(({ object }) => object),
      checks: plan?.steps[0].checks.map(({ declared: _, ...check }) => check),
    };
  };
  expect(await shown(cwd, 'a/example.yaml')).toEqual(await shown(ROOT, 'scenarios/three-tier.yaml'));
  expect((await runCli(['validate', '--strict', 'a/example.yaml'], { cwd })).exitCode).toBe(0);
});

test.each([
  [[], 'error: no manifests are named'],
  [['--example', 'deploy'], 'error: --example is a scenario of its own'],
  [['--namespace', 'Shop_1', 'deploy'], 'Write lower-case letters, digits and "-"'],
  [['-', 'shop=-'], 'error: standard input is named twice'],
])('init %j is refused', async (args, words) => {
  const { exitCode, stdout, stderr } = await runCli(['init', ...args]);
  expect(stderr).toContain(words);
  expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: '' });
});
