/** `podreach monitor` as its users run it: what ends a watch, and what the exit code says then. */
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { connectKube } from '../../src/kube/connect.ts';
import { checksOf, type RunRecord, runRecordSchema } from '../../src/record/schema.ts';
import { FORMAT_NAMES, type ReportFormat } from '../../src/report/formats.ts';
import { render } from '../report/render.ts';
import { SCENARIO } from '../run/run-with.ts';
import { leftOf, tracesBelow } from '../sandbox/traces.ts';
import { type Folder, folderWith, ROOT, runCli, startCli } from '../support/cli.ts';

const ARGS = ['monitor', 'pair.yaml', '--report', 'json=run.json'];
/** One node is enough for what is not about nodes. */
const ON_ONE_NODE = [...ARGS, '--nodes', '1'];
const scenarios = (text = SCENARIO): Folder => folderWith({ 'pair.yaml': text });

function recordIn({ path }: Folder): RunRecord {
  return runRecordSchema.parse(JSON.parse(readFileSync(join(path, 'run.json'), 'utf8')));
}

/** How each format says that a run did not come to its own end. */
const INCOMPLETE: Readonly<Record<ReportFormat, RegExp>> = {
  terminal: /did not come to its own end/,
  json: /"incomplete": ?true/,
  junit: /did not come to its own end/,
  markdown: /did not come to its own end/,
  github: /did not come to its own end/,
  html: /did not come to its own end/,
  audit: /did not come to its end/,
  openmetrics: /podreach_run_complete\{[^}]*\} 0/,
  tap: /did not come to its own end/,
};

/** A command that says where its kubeconfig is, and whether it is a cluster's. */
const LOOK = `
  const text = require('node:fs').readFileSync(process.env.KUBECONFIG, 'utf8');
  console.log('server of a cluster:', /server: https/.test(text), 'at', process.env.KUBECONFIG);
`;

test('watches two scenarios side by side while a command runs, and for a while after it', async () => {
  using folder = scenarios(`${SCENARIO}---\n${SCENARIO.replaceAll('pair', 'other')}`);
  const args = [...ON_ONE_NODE, '--after', '3s', '--', process.execPath, '-e', LOOK];
  const { exitCode, stdout, stderr } = await runCli(args, { cwd: folder.path });
  const [, kubeconfig = ''] = /server of a cluster: true at (\S+)/.exec(stderr) ?? [];
  expect(kubeconfig).not.toBe('');
  expect(() => readFileSync(kubeconfig)).toThrow(/ENOENT/);
  expect(stderr).toMatch(
    /watching 4 checks, each every 1.0 s \(that stays below 500 connections a second for each core of the smallest node\)/,
  );
  // The report names the command, and what it prints is no part of it.
  expect(stdout).not.toContain('server of a cluster: true');
  const { run, watch, scenarios: all } = recordIn(folder);
  expect(watch).toMatchObject({ everyMs: 1_000, endedBy: 'command', command: { exitCode: 0 } });
  expect(watch?.durationMs).toBeGreaterThan(3_000);
  expect(all.map(({ status }) => status)).toEqual(['finished', 'finished']);
  expect(run).toMatchObject({ incomplete: false, exitCode });
  expect(exitCode).toBe(0);
});

test('a command that fails makes exit code 3', async () => {
  using folder = scenarios();
  const args = [...ON_ONE_NODE, '--after', '0', '--', process.execPath, '-e', 'process.exit(7)'];
  const { exitCode, stderr } = await runCli(args, { cwd: folder.path });
  expect(stderr).toContain('failed: it exited with 7');
  expect(recordIn(folder).watch?.command).toMatchObject({ exitCode: 7, failure: 'it exited with 7' });
  expect(exitCode).toBe(3);
});

test('Ctrl-C ends a watch that nothing else ends, and the verdicts make the exit code', async () => {
  using folder = scenarios();
  const watching = startCli(ON_ONE_NODE, { cwd: folder.path });
  await watching.until(/watching 2 checks/);
  watching.child.kill('SIGINT');
  const { exitCode, stderr } = await watching.ended;
  expect(stderr).toContain('ending the watch; press Ctrl-C again to leave at once');
  const { run, watch } = recordIn(folder);
  expect(watch).toMatchObject({ endedBy: 'signal' });
  expect(run.interruptedBy).toBeUndefined();
  expect(run.incomplete).toBe(false);
  expect(exitCode).toBe(run.exitCode);
  expect([0, 4]).toContain(exitCode);
});

test('killed, it leaves a record that can be read, and says that it is incomplete', async () => {
  using folder = scenarios();
  const watching = startCli([...ON_ONE_NODE, '--verbose', '--for', '10m'], { cwd: folder.path });
  await watching.until(/watched for \S+ s of 10 min 0 s, [1-9]\d* attempts/);
  const traces = tracesBelow(watching.child.pid ?? 0);
  watching.child.kill('SIGKILL');
  await watching.ended;
  expect(await leftOf(traces)).toEqual([]);
  const { run, watch } = recordIn(folder);
  expect(run).toMatchObject({ incomplete: true });
  expect(watch).toMatchObject({ everyMs: 1_000 });
  expect(watch?.durationMs).toBeUndefined();
  const { stdout } = await runCli(['report', 'run.json'], { cwd: folder.path });
  expect(stdout).toContain('did not come to its own end');
});

/** Says who it is, does not end when it is asked to, and ends by itself when a test has failed. */
const STUBBORN = `
  process.on('SIGTERM', () => console.log('asked to end'));
  console.log('command', process.pid, process.env.KUBECONFIG);
  setTimeout(() => process.exit(0), 120_000);
`;

test('killed on a cluster that goes on, it leaves a record that every format tells honestly, and what clean takes away', async () => {
  using folder = scenarios();
  const kubeconfig = join(folder.path, 'kubeconfig');
  const sandbox = startCli(['sandbox', '--kubeconfig', kubeconfig]);
  await sandbox.until(/The sandbox is running/);
  const at = ['--cluster', 'context', '--kubeconfig', kubeconfig];
  // A folder of its own for temporary files: others put theirs where everybody does.
  const temporary = join(folder.path, 'tmp');
  mkdirSync(temporary);
  const env = { KUBECONFIG: '/nowhere', TMPDIR: temporary };
  const args = [...ARGS, '--verbose', ...at, '--for', '10m', '--', process.execPath, '-e', STUBBORN];
  const watching = startCli(args, { cwd: folder.path, env });
  const [, command = '', commandConfig = ''] = await watching.until(/command (\d+) (\S+)/);
  await watching.until(/watched for \S+ s of 10 min 0 s, [1-9]\d* attempts/);
  watching.child.kill('SIGKILL');
  await watching.ended;
  process.kill(Number(command), 'SIGKILL');
  expect(existsSync(commandConfig)).toBe(true);

  const record = recordIn(folder);
  const { run, watch } = record;
  expect(run.incomplete).toBe(true);
  expect(watch?.attempts.collected).toBeGreaterThan(0);
  for (const format of FORMAT_NAMES) {
    const text = render(format, record);
    expect.soft(text, format).toMatch(INCOMPLETE[format]);
    expect.soft(text, format).not.toMatch(/all \d+ checks passed|podreach_watch_duration_seconds\{/i);
  }

  const cleaned = await runCli(['clean', '--run', run.id, ...at], { cwd: folder.path, env });
  expect(cleaned.exitCode).toBe(0);
  const kube = await connectKube(readFileSync(kubeconfig, 'utf8'));
  const left = await Promise.all(
    (['namespaces', 'pods', 'networkpolicies'] as const).map((resource) => kube.list({ resource })),
  );
  kube.close();
  const own = left
    .flat()
    .filter(({ metadata }) => !/^(kube-.*|default)$/.test(metadata.namespace ?? metadata.name));
  expect(own).toEqual([]);
  expect(readdirSync(temporary)).toEqual([]);
  sandbox.child.kill('SIGTERM');
  await sandbox.ended;
});

test('the second Ctrl-C leaves at once, and takes the kubeconfig with it', async () => {
  using folder = scenarios();
  const args = [...ON_ONE_NODE, '--for', '10m', '--', process.execPath, '-e', STUBBORN];
  const watching = startCli(args, { cwd: folder.path });
  const [, kubeconfig = ''] = await watching.until(/command \d+ (\S+)/);
  // The command is among them.
  const traces = tracesBelow(watching.child.pid ?? 0);
  watching.child.kill('SIGINT');
  // The first ends the watch, and the command is waited for.
  await watching.until(/asked to end/);
  watching.child.kill('SIGINT');
  const { exitCode, stderr } = await watching.ended;
  expect(exitCode).toBe(130);
  expect(stderr).toContain('left at once');
  expect(existsSync(kubeconfig)).toBe(false);
  expect(recordIn(folder).run.incomplete).toBe(true);
  expect(await leftOf(traces)).toEqual([]);
});

describe('is refused before anything starts', () => {
  const SHARED = `${SCENARIO}---\n${SCENARIO.replace('name: pair', 'name: again')}`;
  test.each<[string, readonly string[], string, RegExp]>([
    [
      'a namespace that two scenarios share',
      [],
      SHARED,
      /pair and again share the namespace pair, .*\n.*--only/,
    ],
    [
      'a policy of the whole cluster beside another scenario',
      [],
      `${SCENARIO.replace('policies:\n', 'policies:\n  - { apiVersion: cilium.io/v2, kind: CiliumClusterwideNetworkPolicy, metadata: { name: all } }\n')}---\n${SCENARIO.replaceAll('pair', 'other')}`,
      /CiliumClusterwideNetworkPolicy all of pair holds for the whole cluster, .*side by side\n.*--only pair/,
    ],
    ['dashes without a command', ['--'], SCENARIO, /no command follows --/],
    [
      'a command that is not there',
      ['--', 'podreach-no-such-program', '--now'],
      SCENARIO,
      /there is no program podreach-no-such-program\n.*-- sh -c/,
    ],
    ['a bare number', ['--for', '30'], SCENARIO, /Write it with a unit/],
    ['no time at all', ['--every', '0s'], SCENARIO, /Write a duration/],
    ['too often', ['--every', '50ms'], SCENARIO, /Write 100ms or more/],
    ['longer than a timer can wait', ['--for', '600h'], SCENARIO, /Write 480h or less/],
    [
      'a part that is none',
      ['--max-unknown', '0.1'],
      SCENARIO,
      /Write a percentage from 0% to 100%, such as 10%/,
    ],
    ['no new pods at all', ['--churn', '0'], SCENARIO, /more than 0 and at most 60/],
    ['more new pods than make sense', ['--churn', '61'], SCENARIO, /more than 0 and at most 60/],
    ['--parallel', ['--parallel', '2'], SCENARIO, /unknown option '--parallel'/],
  ])('%s', async (_, args, text, words) => {
    using folder = scenarios(text);
    const { exitCode, stderr } = await runCli(['monitor', 'pair.yaml', ...args], { cwd: folder.path });
    expect(stderr).toMatch(words);
    expect(stderr).not.toContain('starting');
    expect(exitCode).toBe(2);
  });
});

test('the demonstration of an upgrade shows a leak, on the node that failed open, and when', async () => {
  const { scripts } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
  const [, line = ''] = /node dist\/cli\.js (monitor .*)$/.exec(scripts['demo:upgrade']) ?? [];
  using folder = folderWith({});
  const record = join(folder.path, 'run.json');
  const [own, beside] = line.split(' -- ').map((part) => part.split(' '));
  const args = [
    ...(own ?? []),
    '--report',
    'terminal',
    '--report',
    `json=${record}`,
    '--',
    ...(beside ?? []),
  ];
  const { exitCode, stdout, stderr } = await runCli(args, { cwd: ROOT });
  expect(exitCode).toBe(1);
  expect(stdout).toMatch(/LEAK.*the network of node-1/s);
  expect(stderr).toMatch(/node\/node-1: enforcement is open/);
  const { watch, scenarios: all } = recordIn(folder);
  const leaks = all
    .flatMap(checksOf)
    .flatMap(({ watched }) => watched?.windows ?? [])
    .filter(({ kind }) => kind === 'leak');
  expect(leaks.length).toBeGreaterThan(0);
  const incidents = leaks.map(({ incident }) => watch?.incidents[incident ?? -1]?.object);
  expect(new Set(incidents)).toEqual(new Set(['node/node-1']));
});
