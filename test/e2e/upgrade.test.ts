/** `podreach upgrade` as its users run it: what it answers, what it leaves in its folder, and what it does where it is cut off. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checksOf, type RunRecord, runRecordSchema } from '../../src/record/schema.ts';
import { SCENARIO } from '../run/run-with.ts';
import { leftOf, tracesBelow } from '../sandbox/traces.ts';
import { CLI, type Folder, folderWith, ROOT, runCli, startCli } from '../support/cli.ts';

const scenarios = (text = SCENARIO): Folder => folderWith({ 'pair.yaml': text });
// Long enough for a few attempts of each check when the command has ended. One node is enough for what is not about nodes.
const ARGS = ['upgrade', 'pair.yaml', '--output', 'out', '--nodes', '1', '--every', '250ms', '--after', '3s'];
const NOTHING = [process.execPath, '-e', ''];

function recordOf({ path }: Folder, part: string): RunRecord {
  return runRecordSchema.parse(JSON.parse(readFileSync(join(path, 'out', `${part}.json`), 'utf8')));
}

const filesOf = ({ path }: Folder): string[] => readdirSync(join(path, 'out')).toSorted();
const ALL = ['after', 'before', 'during', 'upgrade'];

test.concurrent('a node that fails open for a moment is no go, and the folder holds all that shows it', {
  timeout: 300_000,
}, async () => {
  using folder = folderWith({});
  const { exitCode, stdout, stderr } = await runCli(
    [
      'upgrade',
      join(ROOT, 'scenarios/upgrade'),
      ...[
        '--output',
        'out',
        '--nodes',
        '2',
        '--every',
        '250ms',
        '--after',
        '3s',
        '--report',
        'terminal',
        '--report',
        'html=page.html',
      ],
      ...['--', process.execPath, CLI, 'sandbox', 'enforcement', 'node-1', 'open', '--for', '2s'],
    ],
    { cwd: folder.path },
  );
  expect(stdout).toMatch(/^No go: during the upgrade [1-9] checks? leaked \(open for .* s/);
  expect(stdout.replaceAll(/\s+/g, ' ')).toContain('; after the upgrade every check passed ');
  expect(exitCode).toBe(1);
  // Each part says that it begins, and the cluster is made once.
  expect(stderr.match(/^part \d of 3: .*$/gm)).toEqual([
    'part 1 of 3: before the upgrade',
    'part 2 of 3: while the upgrade goes on',
    'part 3 of 3: after the upgrade',
  ]);
  expect(stderr.match(/^starting the cluster/gm)).toHaveLength(1);
  expect(stderr.match(/^stopping the cluster/gm)).toHaveLength(1);
  expect(stderr).not.toMatch(/^(error|warning):/m);
  expect(filesOf(folder)).toEqual(
    [...ALL.flatMap((name) => [`${name}.html`, `${name}.json`]), 'upgrade.md'].toSorted(),
  );
  const [before, during, after] = ['before', 'during', 'after'].map((part) => recordOf(folder, part));
  expect([before?.run.exitCode, during?.run.exitCode, after?.run.exitCode]).toEqual([0, 1, 0]);
  expect([before?.watch, after?.watch]).toEqual([undefined, undefined]);
  // With these a part is run again as it was: a run knows nothing of a watch.
  expect([before, during, after].map((record) => record?.run.options.again)).toEqual([
    ['--nodes', '2'],
    ['--nodes', '2', '--every', '250ms', '--after', '3s'],
    ['--nodes', '2'],
  ]);
  const kinds = (during?.scenarios ?? [])
    .flatMap(checksOf)
    .flatMap(({ watched }) => watched?.windows.map(({ kind }) => kind) ?? []);
  expect(kinds).toContain('leak');
  const page = readFileSync(join(folder.path, 'out/upgrade.html'), 'utf8');
  expect(page).toContain('<a href="during.html">');
  // One that is somewhere else leads nowhere.
  expect(readFileSync(join(folder.path, 'page.html'), 'utf8')).not.toContain('during.html');
});

test.concurrent('an upgrade that harms nothing is a go', { timeout: 300_000 }, async () => {
  using folder = scenarios();
  const { exitCode, stdout } = await runCli([...ARGS, '--', ...NOTHING], { cwd: folder.path });
  expect(stdout).toMatch(
    /^Go: nothing was open or cut off during the upgrade that must not be, and every check/,
  );
  expect(exitCode).toBe(0);
  expect(recordOf(folder, 'during').watch).toMatchObject({ endedBy: 'command', command: { exitCode: 0 } });
});

test.concurrent('a command that fails proves nothing, and it is looked at afterwards all the same', {
  timeout: 300_000,
}, async () => {
  using folder = scenarios();
  const args = [...ARGS, '--', process.execPath, '-e', 'process.exit(7)'];
  const { exitCode, stdout } = await runCli(args, { cwd: folder.path });
  expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(
    /^Not proven: during the upgrade the command failed: it exited with 7; after the upgrade every check passed /,
  );
  expect(exitCode).toBe(3);
  expect(recordOf(folder, 'after').run.exitCode).toBe(0);
});

/** What must be reachable is not, and its policies say so. */
const BROKEN = SCENARIO.replace('reachable:', 'reachable:\n  - { from: pair/c, to: pair/b }');

test.concurrent('where the first run fails the command is not run, unless somebody insists', {
  timeout: 300_000,
}, async () => {
  using folder = scenarios(BROKEN);
  const told = [process.execPath, '-e', 'console.log("it was run")'];
  const refused = await runCli([...ARGS, '--', ...told], { cwd: folder.path });
  expect(refused.stdout).toMatch(/^No go: before the upgrade 1 check was broken; the command was not run\n/);
  expect(refused.stderr).not.toContain('it was run');
  expect(refused.exitCode).toBe(1);
  expect(filesOf(folder)).toEqual(
    ['before.html', 'before.json', 'upgrade.html', 'upgrade.json', 'upgrade.md'].toSorted(),
  );

  const again = await runCli([...ARGS, '--', ...told], { cwd: folder.path });
  expect(again.stderr).toMatch(/out\/before\.json is there already.*\n.*--output/);
  expect(again.exitCode).toBe(2);

  const args = ARGS.map((arg) => (arg === 'out' ? 'out/anyway' : arg));
  const insisted = await runCli([...args, '--anyway', '--', ...told], { cwd: folder.path });
  expect(insisted.stderr).toContain('it was run');
  expect(insisted.stdout).toMatch(
    /^No go: before the upgrade 1 check was broken; during the upgrade 1 check/,
  );
  expect(insisted.exitCode).toBe(1);
});

describe('cut off', () => {
  test.concurrent('by Ctrl-C while the command goes on, it is cleaned up, judged so far, and not followed', {
    timeout: 300_000,
  }, async () => {
    using folder = scenarios();
    const args = [...ARGS, '--', process.execPath, '-e', 'setTimeout(() => {}, 600_000)'];
    const upgrading = startCli(args, { cwd: folder.path });
    await upgrading.until(/watching 2 checks/);
    upgrading.child.kill('SIGINT');
    const { exitCode, stdout, stderr } = await upgrading.ended;
    expect(stderr).toContain('ending the watch');
    expect(stdout.replaceAll(/\s+/g, ' ')).toMatch(/^Not proven: during the upgrade .*it was interrupted/);
    expect(exitCode).toBe(130);
    expect(recordOf(folder, 'during').run.interruptedBy).toBe('SIGINT');
    expect(filesOf(folder)).not.toContain('after.json');
  });

  test.concurrent('by Ctrl-C in its first part, the command is not run', { timeout: 300_000 }, async () => {
    using folder = scenarios();
    const upgrading = startCli([...ARGS, '--', ...NOTHING], { cwd: folder.path });
    await upgrading.until(/connecting every pair/);
    upgrading.child.kill('SIGTERM');
    const { exitCode, stdout } = await upgrading.ended;
    expect(stdout).toMatch(/^Not proven: before the upgrade it was interrupted/);
    expect(exitCode).toBe(143);
    expect(filesOf(folder)).not.toContain('during.json');
  });

  test.concurrent('by being killed, it leaves the records so far, and nothing else', {
    timeout: 300_000,
  }, async () => {
    using folder = scenarios();
    // Nobody ends the command: it ends by itself, some time after it has begun.
    const args = [...ARGS, '--', process.execPath, '-e', 'setTimeout(() => {}, 15_000)'];
    const upgrading = startCli(args, { cwd: folder.path });
    await upgrading.until(/watching 2 checks/);
    const traces = tracesBelow(upgrading.child.pid ?? 0);
    upgrading.child.kill('SIGKILL');
    await upgrading.ended;
    expect(await leftOf(traces, 120_000)).toEqual([]);
    expect(recordOf(folder, 'before').run).toMatchObject({ incomplete: false, exitCode: 0 });
    expect(recordOf(folder, 'during').run).toMatchObject({ incomplete: true });
  });
});

describe('is refused before anything starts', () => {
  test.concurrent.each<[string, readonly string[], RegExp]>([
    ['no command', [], /no command is given.*\n.*podreach monitor/],
    ['dashes without a command', ['--'], /no command is given/],
    ['a command that is not there', ['--', './upgrade.sh'], /there is no program \.\/upgrade\.sh\n/],
    ['--keep', ['--keep', '--', 'true'], /unknown option '--keep'/],
    [
      'another format',
      ['--report', 'junit', '--', 'true'],
      /the formats are: terminal, json, markdown, html/,
    ],
  ])('%s', async (_, args, words) => {
    using folder = scenarios();
    const { exitCode, stderr } = await runCli(['upgrade', 'pair.yaml', ...args], { cwd: folder.path });
    expect(stderr).toMatch(words);
    expect(stderr).not.toContain('starting');
    expect(exitCode).toBe(2);
    expect(readdirSync(folder.path)).toEqual(['pair.yaml']);
  });
});
