/** Two states of manifests compared by the built command line: folders, revisions, kustomizations, and what cannot be compared. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { createRepository } from '../revisions/repository.ts';
import { type CliResult, folderWith, ROOT, runCli } from '../support/cli.ts';
import { writePrograms } from '../support/programs.ts';

const workload = (name: string, ports = ''): string => `apiVersion: apps/v1
kind: Deployment
metadata: { name: ${name} }
spec:
  selector: { matchLabels: { app: ${name} } }
  template:
    metadata: { labels: { app: ${name} } }
    spec: { containers: [{ name: a, image: a, ports: [${ports}] }] }
---
`;
const SHOP = workload('web') + workload('api') + workload('db', '{ name: postgres, containerPort: 5432 }');
const GUARD = `apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db }
spec:
  podSelector: { matchLabels: { app: db } }
  policyTypes: [Ingress]
  ingress: [{ from: [{ podSelector: { matchLabels: { app: api } } }] }]
`;
/** One selector, widened. */
const WIDE = GUARD.replace('{ matchLabels: { app: api } } }]', '{} }]');
const FILES = { 'old.yaml': SHOP + GUARD, 'new.yaml': SHOP + WIDE };

const diff = (cwd: string, ...args: readonly string[]): Promise<CliResult> =>
  runCli(['diff', '--manifests', ...args], { cwd });

test('a widened selector is newly open, by workload and port, with the policy before and after', async () => {
  using folder = folderWith(FILES);
  const { exitCode, stdout, stderr } = await diff(folder.path, 'shop=old.yaml', 'shop=new.yaml');
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
  expect(stdout.replaceAll(/[0-9a-f]{12}/g, 'SHA')).toBe(`before     shop=old.yaml: 3 workloads, 1 policy
after      shop=new.yaml: 3 workloads, 1 policy

NEWLY OPEN  shop/web → shop/db:5432/TCP (postgres)
  before     denied by the ingress of policy shop/db (old.yaml:28)
  after      allowed by ingress rule 1 of policy shop/db (new.yaml:34)

what else differs
  policy shop/db: SHA (old.yaml:28) → SHA (new.yaml:28)

OPENS  1 newly open; changed: 1 policy; the same: 1 connection (1 allowed)
`);
});

test.each([
  ['open', 1, 0],
  ['closed', 0, 1],
  ['any', 1, 1],
])('--fail-on %s ends with %i, and the other way round with %i', async (failOn, there, back) => {
  using folder = folderWith(FILES);
  const run = (...states: readonly string[]): Promise<CliResult> =>
    diff(folder.path, ...states, '--fail-on', failOn, '--quiet');
  expect((await run('shop=old.yaml', 'shop=new.yaml')).exitCode).toBe(there);
  expect((await run('shop=new.yaml', 'shop=old.yaml')).exitCode).toBe(back);
  expect(await run('shop=old.yaml', 'shop=old.yaml')).toEqual({
    exitCode: 0,
    stderr: '',
    stdout: 'SAME  nothing opens or closes; the same: 2 connections (1 allowed, 1 denied)\n',
  });
});

test('each report goes where it is wanted, JSON as its published schema says', async () => {
  using folder = folderWith(FILES);
  const { exitCode, stdout } = await diff(
    folder.path,
    'shop=old.yaml',
    'shop=new.yaml',
    ...['--report', 'json=diff.json', '--report', 'markdown'],
  );
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^## podreach diff: OPENS\n\n1 newly open; [\s\S]*\n### Newly open: 1 connection\n/);
  const comparison = JSON.parse(readFileSync(join(folder.path, 'diff.json'), 'utf8'));
  const { stdout: schema } = await runCli(['schema', 'manifest-comparison']);
  const validate = new Ajv({ strict: false }).compile(JSON.parse(schema));
  expect(validate(comparison), JSON.stringify(validate.errors)).toBe(true);
  expect(comparison.outcome).toBe('opens');
  expect(validate({ ...comparison, outcome: 'fine' })).toBe(false);
});

test('what names no namespace is in the only one that is named, and in default where none is', async () => {
  const inShop = GUARD.replace('name: db }', 'name: db, namespace: shop }');
  using folder = folderWith({ ...FILES, 'shop.yaml': SHOP + inShop });
  expect((await diff(folder.path, 'old.yaml', 'new.yaml')).stdout).toContain('default/web → default/db:5432');
  expect((await diff(folder.path, 'shop.yaml', 'new.yaml')).stdout).toContain('shop/web → shop/db:5432');
  const { exitCode, stderr } = await diff(folder.path, 'shop.yaml', 'ops=new.yaml');
  expect(exitCode).toBe(2);
  expect(stderr).toContain('this Deployment does not say which namespace it belongs to');
  expect(stderr).toContain('or give it as kubectl apply -n does: shop=shop.yaml. There are 2 namespaces.');
});

test('one state may come in at standard input', async () => {
  using folder = folderWith(FILES);
  const { exitCode, stdout } = await runCli(['diff', '--manifests', 'shop=old.yaml', 'shop=-'], {
    cwd: folder.path,
    input: Readable.from([SHOP + WIDE]),
  });
  expect(exitCode).toBe(0);
  expect(stdout).toContain('after      allowed by ingress rule 1 of policy shop/db (<stdin>:34)');
  expect((await diff(folder.path, '-', '-')).stderr).toContain('standard input is named twice');
});

describe('revisions', () => {
  test('a branch against what it left, with new and missing paths told', async () => {
    using repository = createRepository();
    repository.commit({ 'deploy/shop.yaml': SHOP + GUARD });
    repository.git('checkout', '--quiet', '-b', 'feature');
    const commit = repository.commit({
      'deploy/shop.yaml': SHOP + WIDE,
      'jobs/report.yaml': workload('report'),
    });
    repository.git('checkout', '--quiet', 'main');
    repository.commit({ 'deploy/shop.yaml': SHOP });
    repository.git('checkout', '--quiet', 'feature');
    const { exitCode, stdout, stderr } = await diff(
      repository.path,
      ...['main...HEAD', '--fail-on', 'open', '--', 'shop=deploy', 'shop=jobs'],
    );
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
    expect(stdout).toMatch(/^before {5}main \(where it parted\) \([0-9a-f]{12}\): 3 workloads, 1 policy$/m);
    expect(stdout).toContain(`after      HEAD (${commit.slice(0, 12)}): 4 workloads, 1 policy\n`);
    expect(stdout).toContain('warning  before: jobs is not in main (where it parted)\n');
    expect(stdout).toContain(`NEWLY OPEN  shop/web → shop/db:5432/TCP (postgres)
  before     denied by the ingress of policy shop/db (deploy/shop.yaml:28)
  after      allowed by ingress rule 1 of policy shop/db (deploy/shop.yaml:34)

OPEN WITH WHAT IS NEW  shop/report → shop/db:5432/TCP (postgres)
  before     there is no shop/report
  after      allowed by ingress rule 1 of policy shop/db (deploy/shop.yaml:34)
`);
    // Two dots compare the two as they are: on main the policy is gone, and all who are there may connect with either.
    expect((await diff(repository.path, 'main..HEAD', 'shop=deploy')).stdout).toContain(
      'CLOSES  1 newly closed elsewhere; ',
    );
  });

  test('the working tree, below the top of the repository', async () => {
    using repository = createRepository();
    repository.commit({ 'apps/deploy/shop.yaml': SHOP + GUARD });
    repository.write({ 'apps/deploy/shop.yaml': SHOP + WIDE });
    const below = join(repository.path, 'apps');
    const { stdout } = await diff(below, 'HEAD', '--', 'shop=deploy');
    expect(stdout).toContain('after      the working tree: 3 workloads, 1 policy');
    expect(stdout).toContain('NEWLY OPEN  shop/web → shop/db:5432/TCP (postgres)');
    expect((await diff(below, 'HEAD..', '--', 'shop=deploy')).stdout).toContain('SAME');
  });

  test('a kustomization is built as it was, with the base beside it', async () => {
    using repository = createRepository();
    using programs = folderWith({});
    // Enough of kustomize for a kustomization that names one file of its base.
    writePrograms(programs, { kustomize: 'cat "$2/../base/shop.yaml"' });
    const kustomization = 'resources: [../base]\nnamespace: shop\n';
    repository.commit({ 'overlay/kustomization.yaml': kustomization, 'base/shop.yaml': SHOP + GUARD });
    repository.commit({ 'base/shop.yaml': SHOP + WIDE });
    const { exitCode, stdout } = await runCli(['diff', '--manifests', 'HEAD~1..HEAD', '--', 'shop=overlay'], {
      cwd: repository.path,
      env: { PATH: `${programs.path}:${process.env['PATH']}` },
    });
    expect(exitCode).toBe(0);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      'after allowed by ingress rule 1 of policy shop/db (kustomize build overlay:34)',
    );
  });

  test('a kustomization that is not built is told with the revision that it is of', async () => {
    using repository = createRepository();
    using programs = folderWith({});
    writePrograms(programs, { kustomize: 'echo "Error: no such base" >&2; exit 1' });
    repository.commit({ 'deploy/shop.yaml': SHOP });
    repository.commit({ 'deploy/kustomization.yaml': 'resources: [../base]\n' });
    const { exitCode, stderr } = await runCli(['diff', '--manifests', 'HEAD~1..HEAD', '--', 'shop=deploy'], {
      cwd: repository.path,
      env: { PATH: `${programs.path}:${process.env['PATH']}` },
    });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: expect.stringMatching(/^HEAD:1:1: kustomize cannot render deploy: no such base\n/),
    });
  });

  test('what is wrong in one of them is told with its name, and no folder stays behind', async () => {
    using repository = createRepository();
    using temporary = folderWith({});
    repository.commit({ 'deploy/shop.yaml': SHOP });
    repository.commit({
      'deploy/shop.yaml': SHOP.replace('containers: [{ name: a', 'containres: [{ name: a'),
    });
    const { exitCode, stderr } = await runCli(['diff', '--manifests', 'HEAD~1..HEAD', '--', 'shop=deploy'], {
      cwd: repository.path,
      env: { TMPDIR: temporary.path },
    });
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(/^HEAD:deploy\/shop\.yaml:8:\d+: a Deployment needs containers/);
    expect(stderr).toMatch(/error: 1 problem in HEAD:deploy\/shop\.yaml\n$/);
    expect(readdirSync(temporary.path)).toEqual([]);
  });
});

describe('what cannot be compared', () => {
  test.each([
    [['main..HEAD', '--', 'deploy'], 'there is no git repository here', 2],
    [['main..HEAD'], 'it is not said which manifests of the revisions are compared', 2],
    [['old.yaml'], 'there is nothing to compare old.yaml with', 2],
    [['shop=old.yaml', 'shop=nwe.yaml'], 'NEW:1:1: no such file or folder: nwe.yaml', 2],
    [['empty.yaml', 'empty.yaml'], 'there is neither a workload nor a policy to compare', 2],
    [['chart', 'chart'], 'helm template chart chart --namespace … --skip-tests > rendered.yaml', 2],
    [['old.yaml', 'new.yaml', '--report', 'html'], 'the formats are: terminal, json, markdown.', 2],
    [['old.yaml', 'new.yaml', '--fail-on', 'opened'], 'Allowed choices are open, closed, any.', 2],
  ])('%j is told', async (args, words, code) => {
    using folder = folderWith({ ...FILES, 'empty.yaml': 'apiVersion: v1\nkind: ConfigMap\n' });
    mkdirSync(join(folder.path, 'chart'));
    writeFileSync(join(folder.path, 'chart/Chart.yaml'), 'name: shop\n');
    const { exitCode, stderr } = await runCli(['diff', '--manifests', ...args], {
      cwd: folder.path,
      // The folder of a test may lie in a repository.
      env: { GIT_CEILING_DIRECTORIES: join(folder.path, '..') },
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: code, stderr: expect.stringContaining(words) });
  });

  test('--fail-on is for manifests', async () => {
    const run = join(ROOT, 'docs/examples/run.json');
    const { exitCode, stderr } = await runCli(['diff', run, run, '--fail-on', 'any']);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr:
        'error: --fail-on is for podreach diff --manifests\nhint: Leave it out, or write podreach diff --manifests.\n',
    });
  });

  test('revisions without git', async () => {
    using folder = folderWith(FILES);
    const { exitCode, stderr } = await runCli(['diff', '--manifests', 'main..HEAD', '--', 'deploy'], {
      cwd: folder.path,
      env: { PATH: folder.path },
    });
    expect({ exitCode, stderr }).toEqual({
      exitCode: 3,
      stderr: `error: revisions cannot be read: there is no \`git\` in the PATH
hint: Install git, or name two folders: podreach diff --manifests OLD NEW.
`,
    });
  });
});
