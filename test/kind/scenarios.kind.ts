/**
 * The shipped scenarios on real kind clusters with Calico, with the built command line. What a machine needs is read from the
 * environment: see docs/kind.md.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemRunner } from '../../src/cluster/command-runner.ts';
import { DEFAULT_CALICO_VERSION } from '../../src/cluster/kind/choices.ts';
import { listNodes } from '../../src/cluster/kind/nodes.ts';
import { askDocker, askKind } from '../../src/cluster/kind/tools.ts';
import { messageOf } from '../../src/errors.ts';
import { checksOf, type RunRecord, runRecordSchema } from '../../src/record/schema.ts';
import { type CliResult, folderWith, ROOT, runCli } from '../support/cli.ts';

const SENTINEL = '# no tool of this test may touch this file\n';

const reason = await whyNot();
if (reason !== undefined) {
  if (process.env['PODREACH_KIND_REQUIRED'] === '1') throw new Error(`kind cannot be used here: ${reason}`);
  process.stderr.write(`\ntest:kind is skipped: ${reason}\n\n`);
}

async function whyNot(): Promise<string | undefined> {
  try {
    await askKind(systemRunner);
    await askDocker(systemRunner, process.env);
    return undefined;
  } catch (thrown) {
    return messageOf(thrown);
  }
}

// Where all is skipped, nothing would take it away again.
const folder = reason === undefined ? mkdtempSync(join(tmpdir(), 'podreach-kind-test-')) : tmpdir();
const reports = process.env['PODREACH_KIND_REPORTS'] ?? folder;
const foreignKubeconfig = join(folder, 'kubeconfig');
// Short, since a node's name has to fit; the process id keeps two runs on one Docker apart.
const kept = `prt-${process.pid}`;
const ephemeral = `pre-${process.pid}`;
const upgraded = `pru-${process.pid}`;
/** All that are shipped, but for those about hosts, which are the real ones here. */
const SHIPPED = readdirSync(join(ROOT, 'scenarios'), { withFileTypes: true })
  .filter((entry) => entry.name !== 'outside' && entry.name !== 'policies')
  .map(({ name }) => `scenarios/${name}`);
/** The nodes that take pods. */
const workers = [`${kept}-worker`, `${kept}-worker2`];

/** An option, where its variable is set. */
function given(option: string, variable: string): string[] {
  const value = process.env[`PODREACH_KIND_${variable}`] ?? '';
  return value === '' ? [] : [option, value];
}

const probe = given('--probe-image', 'PROBE_IMAGE');
const loading = process.env['PODREACH_KIND_LOAD_IMAGES'] === '1' ? ['--load-images'] : [];
const calico = [...given('--calico-version', 'CALICO'), ...given('--calico-manifest', 'CALICO_MANIFEST')];
/** All that makes a cluster, but for its Calico. */
const nodes = [
  ...given('--kind-config', 'CONFIG'),
  ...given('--node-image', 'NODE_IMAGE'),
  ...given('--calico-encapsulation', 'ENCAPSULATION'),
  ...loading,
  '--retain',
];
const recipe = [...nodes, ...calico];
const olderManifest = given('--calico-manifest', 'OLD_CALICO_MANIFEST');
const older = olderManifest.length > 0 ? olderManifest : ['--calico-version', 'v3.31.7'];
const isOlder = calico[1]?.endsWith('3.31.7') === true;
const newer = calico.length > 0 && !isOlder ? calico : ['--calico-version', DEFAULT_CALICO_VERSION];

async function podreach(...args: readonly string[]): Promise<CliResult> {
  const result = await runCli(args, {
    env: { KUBECONFIG: foreignKubeconfig, XDG_STATE_HOME: reports },
  });
  process.stderr.write(
    `$ podreach ${args.join(' ')}\n${result.stderr}${result.stdout}=> ${result.exitCode}\n`,
  );
  return result;
}

function readRecord(name: string): RunRecord {
  return runRecordSchema.parse(JSON.parse(readFileSync(join(reports, name), 'utf8')));
}

beforeAll(() => {
  mkdirSync(reports, { recursive: true });
  writeFileSync(foreignKubeconfig, SENTINEL);
});

afterAll(async () => {
  for (const cluster of reason === undefined ? [kept, ephemeral, upgraded] : [])
    await podreach('cluster', 'delete', cluster);
  rmSync(folder, { recursive: true, force: true });
});

describe.skipIf(reason !== undefined)('a real kind cluster with Calico', () => {
  test('is made by a run, and gone after it', async () => {
    const report = `json=${join(reports, 'ephemeral.json')}`;
    const args = ['--cluster', `kind=${ephemeral}`, ...recipe, ...probe, '--report', report];
    const { exitCode } = await podreach('run', 'scenarios/three-tier.yaml', ...args);
    expect(exitCode).toBe(0);
    expect(readRecord('ephemeral.json').run).toMatchObject({ exitCode: 0, incomplete: false });
    expect(await listNodes(systemRunner, ephemeral)).toEqual([]);
  });

  test('is made to stay, with its images loaded from the local Docker', async () => {
    const { exitCode, stdout } = await podreach('cluster', 'create', kept, ...recipe, '--load-images');
    expect(exitCode).toBe(0);
    expect(readFileSync(stdout.trim(), 'utf8')).toContain(`kind-${kept}`);
    expect(await podreach('cluster', 'status', kept)).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining(`kind cluster "${kept}": ready`),
    });
  });

  test('passes all shipped scenarios', async () => {
    const report = `json=${join(reports, 'scenarios.json')}`;
    const args = ['--cluster', `kind=${kept}`, ...probe, '--report', report];
    const { exitCode } = await podreach('run', ...SHIPPED, ...args);
    const { scenarios, environment } = readRecord('scenarios.json');
    const verdicts = scenarios.flatMap(({ name, steps, error }) => [
      ...(error === undefined ? [] : [`${name}: ${error.message}`]),
      ...checksOf({ steps })
        .filter(({ verdict }) => verdict !== 'pass')
        .map(
          (check) => `${name}: ${check.from} to ${check.to}:${check.port}: ${check.verdict}: ${check.reason}`,
        ),
    ]);
    expect(verdicts).toEqual([]);
    expect(exitCode).toBe(0);
    expect(environment.nodes).toHaveLength(3);
    // What runs there is what was asked for, it was seen to enforce, and nothing else decides.
    expect(environment.networkPlugins).toEqual([
      expect.objectContaining({ name: 'Calico', daemonSet: 'kube-system/calico-node', enforces: true }),
    ]);
    expect(environment.canary?.nodes.map(({ name }) => name).toSorted()).toEqual(workers);
    expect(environment.warnings ?? []).toEqual([]);
    const nodes = new Set(scenarios.flatMap(({ pods }) => pods.map(({ node }) => node)));
    expect([...nodes].toSorted()).toEqual(workers);
  });

  test('shows a wrong expectation of each kind', async () => {
    using files = folderWith({
      'wrong.yaml': `apiVersion: podreach/v1
kind: Scenario
name: wrong
namespaces:
  wrong: {}
pods:
  wrong/open: { labels: { app: open }, ports: [80] }
  wrong/shut: { labels: { app: shut }, ports: [80] }
  wrong/client: {}
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: shut, namespace: wrong }
    spec: { podSelector: { matchLabels: { app: shut } }, policyTypes: [Ingress] }
reachable:
  - { from: wrong/client, to: wrong/shut }
unreachable:
  - { from: wrong/client, to: wrong/open }
`,
    });
    const report = `json=${join(reports, 'wrong.json')}`;
    const file = join(files.path, 'wrong.yaml');
    const args = ['--cluster', `kind=${kept}`, ...probe, '--report', report];
    const { exitCode } = await podreach('run', file, ...args);
    expect(exitCode).toBe(1);
    const verdicts = readRecord('wrong.json')
      .scenarios.flatMap(checksOf)
      .map(({ to, verdict }) => [to, verdict]);
    expect(Object.fromEntries(verdicts)).toEqual({ 'wrong/shut': 'broken', 'wrong/open': 'leaked' });
  });

  test('that is there already is made no second time', async () => {
    const { exitCode, stderr } = await podreach('cluster', 'create', kept);
    expect(exitCode).toBe(0);
    expect(stderr).toContain(`kind cluster "${kept}" was there already, and is ready`);
  });

  test('is deleted by name', async () => {
    expect((await podreach('cluster', 'delete', kept)).exitCode).toBe(0);
    expect(await listNodes(systemRunner, kept)).toEqual([]);
    expect((await podreach('cluster', 'status', kept)).exitCode).toBe(3);
  });

  test('is upgraded to another Calico, node by node, and passes with it', async () => {
    expect(await podreach('cluster', 'create', upgraded, ...nodes, ...older)).toMatchObject({ exitCode: 0 });
    const { exitCode, stderr } = await podreach('cluster', 'upgrade', upgraded, ...newer, ...loading);
    expect(exitCode).toBe(0);
    const [, before, after] = / is upgraded from Calico (v\S+) to (v\S+)\n/.exec(stderr) ?? [];
    expect(after).not.toBe(before);
    // Calico's DaemonSet replaces one pod after the other (updateStrategy.rollingUpdate.maxUnavailable: 1).
    expect(stderr).toMatch(
      /daemonset\/kube-system\/calico-node: [0-2] of 3 updated and ready; .*: still the old one/,
    );
    expect(stderr).toContain('waiting for the rollout of deployment/kube-system/calico-kube-controllers\n');
    expect(await podreach('cluster', 'status', upgraded)).toMatchObject({
      exitCode: 0,
      stdout: expect.not.stringContaining('has not ended'),
    });

    const report = `json=${join(reports, 'upgraded.json')}`;
    const args = ['--cluster', `kind=${upgraded}`, ...probe, '--report', report];
    expect(await podreach('run', 'scenarios/three-tier.yaml', ...args)).toMatchObject({ exitCode: 0 });
    expect(readRecord('upgraded.json').environment.networkPlugins).toEqual([
      expect.objectContaining({ name: 'Calico', version: after, enforces: true }),
    ]);

    const again = await podreach('cluster', 'upgrade', upgraded, ...newer, ...loading);
    expect(again.exitCode).toBe(0);
    expect(again.stderr).toContain(`has Calico ${after} already: there was nothing to do`);
    expect(await podreach('cluster', 'delete', upgraded)).toMatchObject({ exitCode: 0 });
  });

  test("leaves the user's kubeconfig alone", () => {
    expect(readFileSync(foreignKubeconfig, 'utf8')).toBe(SENTINEL);
  });
});
