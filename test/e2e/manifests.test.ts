/** Manifests from the command line, and those that programs render. kustomize and helm are programs that write what the real ones do. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, test } from 'vitest';
import { type Folder, folderWith, runCli, startCli } from '../support/cli.ts';
import { writePrograms } from '../support/programs.ts';

const CHECKS = `apiVersion: podreach/v1
kind: Scenario
name: checks
namespaces: { shop: {}, ops: { labels: { team: ops } } }
pods: { ops/prometheus: {} }
reachable: [{ from: ops/prometheus, to: "shop/web:metrics" }]
unreachable: [{ from: ops/prometheus, to: "shop/web:http" }]
`;
const SHOP = `---
# Source: shop/templates/policies.yaml
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: monitoring }
spec:
  podSelector: {}
  ingress: [{ from: [{ namespaceSelector: { matchLabels: { team: ops } } }], ports: [{ port: metrics }] }]
---
# Source: shop/templates/web.yaml
apiVersion: apps/v1
kind: Deployment
metadata: { name: web }
spec:
  selector: { matchLabels: { app: web } }
  template:
    metadata: { labels: { app: web } }
    spec:
      containers:
        - name: web
          image: registry.example.com/shop/web:1
          ports: [{ name: http, containerPort: 8080 }, { name: metrics, containerPort: 9090 }]
`;
const CHART = `${CHECKS}manifests: [{ helm: charts/shop, release: shop, namespace: shop }]\n`;

function projectWith(files: Readonly<Record<string, string>>): Folder {
  const folder = folderWith({});
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder.path, name)), { recursive: true });
    writeFileSync(join(folder.path, name), text);
  }
  return folder;
}

/** The programs, before all others. */
function withPrograms({ path }: Folder, programs: Readonly<Record<string, string>>): NodeJS.ProcessEnv {
  const bin = join(path, 'bin');
  mkdirSync(bin, { recursive: true });
  writePrograms({ path: bin, [Symbol.dispose]: () => undefined }, programs);
  return { PATH: `${bin}:${process.env['PATH']}` };
}

test('what is piped in is run, and a mismatch says how to run it again', async () => {
  using folder = projectWith({ 'checks.yaml': CHECKS });
  const wide = SHOP.replace(', ports: [{ port: metrics }]', '');
  const args = ['run', '--manifests', 'shop=-', 'checks.yaml'];
  const good = await runCli(args, { cwd: folder.path, input: Readable.from([SHOP]) });
  expect({ exitCode: good.exitCode, stdout: good.stdout }).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining('2 checks: 2 passed'),
  });
  const bad = await runCli(args, { cwd: folder.path, input: Readable.from([wide]) });
  expect(bad.exitCode).toBe(1);
  expect(bad.stdout).toContain('shop/monitoring');
  expect(bad.stdout).toContain(
    "podreach run checks.yaml --check 'ops/prometheus → shop/web:8080/TCP' --manifests shop=- --keep",
  );
});

test('every command that reads scenarios takes manifests', async () => {
  using folder = projectWith({ 'checks.yaml': CHECKS, 'deploy/shop.yaml': SHOP });
  const run = (command: readonly string[], manifests: string) =>
    runCli([...command, '--manifests', manifests, 'checks.yaml'], { cwd: folder.path });
  for (const command of [['validate'], ['plan'], ['explain', '--all']]) {
    expect({ command, ...(await run(command, 'shop=deploy')) }).toMatchObject({ command, exitCode: 0 });
  }
  for (const command of [['run'], ['monitor']]) {
    const { exitCode, stderr } = await run(command, 'shop=deplyo');
    expect({ command, exitCode, stderr }).toEqual({
      command,
      exitCode: 2,
      stderr: `--manifests:1:1: no such file or folder: deplyo
  1 | shop=deplyo
    | ^
  hint: Did you mean "deploy"?

error: 1 problem in --manifests
`,
    });
  }
});

test('a chart is rendered, and so told where its objects are', async () => {
  using folder = projectWith({
    'checks.yaml': CHART,
    'charts/shop/Chart.yaml': 'name: shop\n',
    'shop.txt': SHOP,
  });
  const env = withPrograms(folder, {
    helm: `echo "$@" >> ${folder.path}/asked; cat ${folder.path}/shop.txt`,
  });
  const { exitCode, stdout } = await runCli(['plan', 'checks.yaml'], { cwd: folder.path, env });
  expect(exitCode).toBe(0);
  expect(stdout).toContain('shop/monitoring  helm template charts/shop (shop/templates/policies.yaml):3\n');
  expect(readFileSync(join(folder.path, 'asked'), 'utf8')).toBe(
    `template shop ${folder.path}/charts/shop --namespace shop --skip-tests\n`,
  );
});

test('a chart that does not render is told at its entry, in the words of helm', async () => {
  using folder = projectWith({ 'checks.yaml': CHART, 'charts/shop/Chart.yaml': 'name: shop\n' });
  const env = withPrograms(folder, { helm: 'echo "Error: team is needed" >&2; exit 1' });
  expect(await runCli(['validate', 'checks.yaml'], { cwd: folder.path, env })).toEqual({
    exitCode: 2,
    stdout: '',
    stderr: `checks.yaml:8:13: helm cannot render charts/shop: team is needed
  8 | manifests: [{ helm: charts/shop, release: shop, namespace: shop }]
    |             ^
  hint: Try it: helm template shop charts/shop --namespace shop --skip-tests. What a chart must be told goes under "values" or "set".

error: 1 problem in checks.yaml
`,
  });
});

test('without helm, the environment has failed', async () => {
  using folder = projectWith({ 'checks.yaml': CHART, 'charts/shop/Chart.yaml': 'name: shop\n' });
  const env = { PATH: join(folder.path, 'nothing') };
  const { exitCode, stderr } = await runCli(['validate', 'checks.yaml'], { cwd: folder.path, env });
  expect({ exitCode, stderr }).toEqual({
    exitCode: 3,
    stderr: `error: checks.yaml:8:13: charts/shop cannot be rendered: there is no \`helm\` in the PATH
hint: Install helm (https://helm.sh/docs/intro/install/), or render it elsewhere and hand over what comes out: helm template … | podreach run --manifests - SCENARIO
`,
  });
});

/** However busy the machine is. */
const PATIENT = { timeout: 60_000 };

test.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends what is being rendered', async (signal, exitCode) => {
  using folder = projectWith({ 'checks.yaml': CHART, 'charts/shop/Chart.yaml': 'name: shop\n' });
  const env = withPrograms(folder, { helm: 'sleep 600 & echo $! > "$dir/sleeper"; wait' });
  const waiting = startCli(['validate', 'checks.yaml'], { cwd: folder.path, env });
  const note = join(folder.path, 'bin/sleeper');
  await expect.poll(() => existsSync(note) && readFileSync(note, 'utf8').trim(), PATIENT).toBeTruthy();
  waiting.child.kill(signal);
  expect(await waiting.ended).toEqual({ exitCode, stdout: '', stderr: `error: interrupted by ${signal}\n` });
  const stat = `/proc/${readFileSync(note, 'utf8').trim()}/stat`;
  // What has ended may wait for its new parent to take notice of it.
  const isRunning = () => existsSync(stat) && !/\) Z /.test(readFileSync(stat, 'utf8'));
  await expect.poll(isRunning, PATIENT).toBe(false);
});

test.concurrent('policies of other kinds are told beforehand, and a run on the sandbox ends before anything is created', async () => {
  using folder = projectWith({
    'checks.yaml': `${CHECKS}manifests: [{ path: deploy, namespace: shop }]\n`,
    'deploy/web.yaml': SHOP,
    'deploy/l7.yaml':
      'apiVersion: cilium.io/v2\nkind: CiliumNetworkPolicy\nmetadata: { name: l7 }\nspec: { endpointSelector: {} }\n',
    'deploy/all.yaml':
      'apiVersion: policy.networking.k8s.io/v1alpha1\nkind: AdminNetworkPolicy\nmetadata: { name: all }\nspec: { priority: 1 }\n',
  });
  const options = { cwd: folder.path };
  const plan = await runCli(['plan', 'checks.yaml'], options);
  expect(plan.stdout).toContain(
    [
      '  policies of other kinds, applied where the cluster serves them (2)',
      '    all      AdminNetworkPolicy (policy.networking.k8s.io/v1alpha1)  deploy/all.yaml:1',
      '    shop/l7  CiliumNetworkPolicy (cilium.io/v2)                      deploy/l7.yaml:1',
    ].join('\n'),
  );
  const explained = await runCli(['explain', 'checks.yaml', 'ops/prometheus', 'shop/web:http'], options);
  expect(explained.stdout.trimEnd().split('\n').at(-1)).toBe(
    'UNDEFINED, because it is decided by AdminNetworkPolicy all and CiliumNetworkPolicy shop/l7',
  );
  const validated = await runCli(['validate', 'checks.yaml', '--verbose'], options);
  expect(validated.exitCode).toBe(0);
  expect(
    validated.stdout.match(/predictions for (every pair|pairs that begin or end in namespace shop)/g),
  ).toHaveLength(2);
  const run = await runCli(
    ['run', 'checks.yaml', '--report', 'json=run.json', '--report', 'terminal'],
    options,
  );
  expect(run.exitCode).toBe(3);
  // What the record of a run says: the shape is its own.
  const record = JSON.parse(readFileSync(join(folder.path, 'run.json'), 'utf8'));
  expect(record.run.error).toMatchObject({
    code: 'kind-not-served',
    message:
      'the sandbox does not serve AdminNetworkPolicy (policy.networking.k8s.io/v1alpha1), the kind of all (deploy/all.yaml:1); nor CiliumNetworkPolicy (cilium.io/v2), the kind of shop/l7 (deploy/l7.yaml:1)',
  });
  expect(record.scenarios[0].phases).toEqual([]);
});
