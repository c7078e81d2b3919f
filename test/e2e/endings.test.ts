/** Every way a run can end leaves nothing on the host, and never a record that looks complete. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type RunRecord, runRecordSchema } from '../../src/record/schema.ts';
import type { ReportFormat } from '../../src/report/formats.ts';
import { render } from '../report/render.ts';
import { leftOf, supervisorBelow, tracesBelow } from '../sandbox/traces.ts';
import { type Folder, folderWith, startCli } from '../support/cli.ts';

/** Settles never, so that every stage can be met: what it expects is not so. */
const SCENARIO = `apiVersion: podreach/v1
kind: Scenario
name: endless
namespaces:
  endless: {}
pods:
  endless/a: { ports: [80] }
  endless/b: {}
policies:
  - apiVersion: networking.k8s.io/v1
    kind: NetworkPolicy
    metadata: { name: deny, namespace: endless }
    spec: { podSelector: {} }
reachable:
  - { from: endless/b, to: endless/a }
`;
const ARGS = [
  'run',
  'endless.yaml',
  '--nodes',
  '1',
  '--verbose',
  '--report',
  'json=run.json',
  '--within',
  '60s',
];
/** What the plain progress says as each stage begins. */
const STAGES = {
  starting: /starting the cluster/,
  provision: /endless: starting pods/,
  control: /endless: connecting every pair/,
  apply: /endless: applying policies/,
  settle: /endless: waiting for the policies/,
} as const;

/** The same, after a step in which policies have cut it off. */
const STEPS = SCENARIO.replace('reachable:\n', 'unreachable:\n').concat(`steps:
  - name: nobody lets it in
    reachable:
      - { from: endless/b, to: endless/a }
`);
/** How each format says that a check passed. */
const PASSED = {
  terminal: /[1-9]\d* passed/,
  markdown: /[1-9]\d* passed/,
  github: /[1-9]\d* passed/,
  audit: /Confirmed/,
  tap: /^\s*ok (?!.*# SKIP)/m,
  junit: /<testcase [^>]*\/>/,
  openmetrics: /verdict="pass"[^}]*\} [1-9]/,
} as const satisfies Readonly<Partial<Record<ReportFormat, RegExp>>>;

function recordIn(folder: Folder): RunRecord {
  return runRecordSchema.parse(JSON.parse(readFileSync(join(folder.path, 'run.json'), 'utf8')));
}

describe.concurrent.each(Object.entries(STAGES))('while it is in %s', (_, stage) => {
  test('podreach is killed', async () => {
    using folder = folderWith({ 'endless.yaml': SCENARIO });
    const run = startCli(ARGS, { cwd: folder.path });
    await run.until(stage);
    const traces = tracesBelow(run.child.pid ?? 0);
    run.child.kill('SIGKILL');
    await run.ended;
    expect(await leftOf(traces)).toEqual([]);
    expect(recordIn(folder).run).toMatchObject({ incomplete: true });
    expect(recordIn(folder).run.exitCode).toBeUndefined();
  });
});

test.concurrent('podreach is killed in a later step: nothing has passed that only the closing control would have shown', async () => {
  using folder = folderWith({ 'endless.yaml': STEPS });
  const run = startCli(ARGS, { cwd: folder.path });
  await run.until(/endless: nobody lets it in: waiting/);
  const first = () => recordIn(folder).scenarios[0]?.steps[0]?.checks[0];
  await expect.poll(() => first()?.verdict, { timeout: 60_000, interval: 100 }).toBeDefined();
  const traces = tracesBelow(run.child.pid ?? 0);
  run.child.kill('SIGKILL');
  await run.ended;
  expect(await leftOf(traces)).toEqual([]);
  expect(recordIn(folder).run).toMatchObject({ incomplete: true });
  expect(recordIn(folder).scenarios[0]?.closingControl).toBeUndefined();
  expect(first()).toMatchObject({
    expected: 'unreachable',
    verdict: 'inconclusive',
    reason: 'it was cut off, but the policies were not taken away to see whether it was they that cut it',
  });
  const record = recordIn(folder);
  for (const format of Object.keys(PASSED) as (keyof typeof PASSED)[]) {
    const text = render(format, record);
    expect(text, format).toContain('endless');
    expect(text, format).not.toMatch(PASSED[format]);
  }
});

test.concurrent('the supervisor is killed', async () => {
  using folder = folderWith({ 'endless.yaml': SCENARIO });
  const run = startCli(ARGS, { cwd: folder.path });
  await run.until(STAGES.settle);
  const pid = run.child.pid ?? 0;
  const traces = tracesBelow(pid);
  process.kill(supervisorBelow(pid), 'SIGKILL');
  const { exitCode, stdout } = await run.ended;
  expect(exitCode).toBe(3);
  expect(stdout).toMatch(/the sandbox (ended|died|has ended)/);
  expect(await leftOf(traces)).toEqual([]);
  expect(recordIn(folder).run).toMatchObject({
    incomplete: true,
    exitCode: 3,
    error: { code: 'cluster-lost' },
  });
});

test.concurrent.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s ends it with %i after a clean-up', async (signal, code) => {
  using folder = folderWith({ 'endless.yaml': SCENARIO });
  const run = startCli(ARGS, { cwd: folder.path });
  await run.until(STAGES.settle);
  const traces = tracesBelow(run.child.pid ?? 0);
  run.child.kill(signal);
  const { exitCode, stdout, stderr } = await run.ended;
  expect(exitCode).toBe(code);
  expect(stderr).toContain('interrupted: cleaning up');
  expect(stdout).toContain('INCOMPLETE');
  expect(await leftOf(traces)).toEqual([]);
  expect(recordIn(folder).run).toMatchObject({ incomplete: true, interruptedBy: signal, exitCode: code });
});

test.concurrent('an interrupt while the sandbox starts is heard as well', async () => {
  using folder = folderWith({ 'endless.yaml': SCENARIO });
  const run = startCli(ARGS, { cwd: folder.path });
  await run.until(STAGES.starting);
  const traces = tracesBelow(run.child.pid ?? 0);
  run.child.kill('SIGINT');
  expect((await run.ended).exitCode).toBe(130);
  expect(await leftOf(traces)).toEqual([]);
});

test.concurrent('--keep stays until Ctrl-C, with a kubeconfig to look around', async () => {
  using folder = folderWith({
    'endless.yaml': SCENARIO.replace('spec: { podSelector: {} }', 'spec: { podSelector: {}, ingress: [{}] }'),
  });
  const run = startCli(['run', 'endless.yaml', '--keep'], { cwd: folder.path });
  const [, kubeconfig = ''] = await run.until(/kubeconfig: (\S+)/);
  expect(readFileSync(kubeconfig, 'utf8')).toContain('podreach-sandbox');
  const traces = tracesBelow(run.child.pid ?? 0);
  run.child.kill('SIGINT');
  const { exitCode, stdout } = await run.ended;
  expect(exitCode).toBe(0);
  // Standard output is the report's alone.
  expect(stdout).not.toContain('kubeconfig');
  expect(() => readFileSync(kubeconfig)).toThrow('ENOENT');
  expect(await leftOf(traces)).toEqual([]);
});

test.concurrent('the kubeconfig of a sandbox that was killed is replaced by the next, and that of one that runs is not', async () => {
  using folder = folderWith({ 'mine.yaml': 'current-context: mine\n' });
  const file = join(folder.path, 'sandbox.yaml');
  const start = (path: string) => startCli(['sandbox', '--kubeconfig', path], { cwd: folder.path });
  const killed = start(file);
  await killed.until(/The sandbox is running/);
  const left = readFileSync(file, 'utf8');
  killed.child.kill('SIGKILL');
  await killed.ended;
  const next = start(file);
  await next.until(/The sandbox is running/);
  expect(readFileSync(file, 'utf8')).not.toBe(left);
  for (const path of [file, 'mine.yaml']) {
    const { exitCode, stderr } = await start(path).ended;
    expect({ exitCode, stderr }).toEqual({
      exitCode: 2,
      stderr: `error: cannot write the kubeconfig ${path}: EEXIST: file already exists, open '${path}'\nhint: Name a file that does not exist yet, in a folder that does.\n`,
    });
  }
  next.child.kill('SIGINT');
  expect((await next.ended).exitCode).toBe(0);
  expect(existsSync(file)).toBe(false);
});
