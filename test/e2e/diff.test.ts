/** Two records compared, and a folder of them read, by the built command line. */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { renderJson } from '../../src/report/formats/json.ts';
import { afterUpgrade, beforeUpgrade } from '../compare/records.ts';
import { buildRecord, meshScenario } from '../report/fixture.ts';
import { fortnight } from '../report/history/fortnight.ts';
import { folderWith, ROOT, runCli } from '../support/cli.ts';

const EXAMPLES = join(ROOT, 'docs/examples');
const RUN = join(EXAMPLES, 'run.json');
const INTERRUPTED = join(EXAMPLES, 'interrupted.json');

describe('diff', () => {
  test('says what is worse, and ends with 1', async () => {
    using folder = folderWith({
      'before.json': renderJson(beforeUpgrade()),
      'after.json': renderJson(afterUpgrade()),
    });
    const { exitCode, stdout, stderr } = await runCli(['diff', 'before.json', 'after.json'], {
      cwd: folder.path,
    });
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
    expect(stdout).toBe(readFileSync(join(ROOT, 'test/report/golden/comparison.txt'), 'utf8'));
  });

  test('says of the same record that nothing differs, whatever the run came to', async () => {
    const { exitCode, stdout } = await runCli(['diff', RUN, RUN, '--quiet']);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: 'SAME  nothing differs; the same: 41 checks (39 passed, 1 leaked, 1 broken)\n',
    });
  });

  test('reads a record of an earlier version too', async () => {
    const old = join(ROOT, 'test/record/version-1/run.json');
    const { exitCode, stdout } = await runCli(['diff', old, RUN, '--quiet']);
    expect({ exitCode, stdout }).toEqual({
      exitCode: 0,
      stdout: 'SAME  nothing differs; the same: 41 checks (39 passed, 1 leaked, 1 broken)\n',
    });
  });

  test('of a run that did not come to its end ends with 3', async () => {
    const { exitCode, stdout } = await runCli(['diff', RUN, INTERRUPTED]);
    expect(exitCode).toBe(3);
    expect(stdout).toContain('INCOMPLETE  the second run did not come to its end');
  });

  test('of a folder says that it is one', async () => {
    const { exitCode, stderr } = await runCli(['diff', EXAMPLES, RUN]);
    expect({ exitCode, stderr }).toEqual({
      exitCode: 3,
      stderr: `error: ${EXAMPLES} is a folder\nhint: Give a file that podreach run --report json=FILE has written. Folders of manifests are compared with podreach diff --manifests.\n`,
    });
  });

  test('of records of other scenarios is 3: nothing was compared', async () => {
    const other = buildRecord([meshScenario(2, () => ({ verdict: 'pass' }))]);
    using folder = folderWith({ 'other.json': renderJson(other) });
    const { exitCode, stdout } = await runCli(['diff', RUN, 'other.json', '--quiet'], { cwd: folder.path });
    expect(exitCode).toBe(3);
    expect(stdout).toMatch(/^NOTHING COMPARED {2}the second run has none of the checks of the first; /m);
  });

  test('writes each report where it was asked for', async () => {
    using folder = folderWith({});
    const reports = ['html=diff.html', 'json=diff.json', 'markdown'].flatMap((one) => ['--report', one]);
    const { exitCode, stdout } = await runCli(['diff', INTERRUPTED, RUN, ...reports], { cwd: folder.path });
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(/^## podreach diff: WORSE\n/);
    expect(JSON.parse(readFileSync(join(folder.path, 'diff.json'), 'utf8')).outcome).toBe('worse');
    expect(readFileSync(join(folder.path, 'diff.html'), 'utf8')).toMatch(/^<!doctype html>/);
  });

  test('with a report that cannot be written is 3, unless it is worse', async () => {
    using folder = folderWith({ file: '' });
    const report = ['--report', `json=${join(folder.path, 'file', 'diff.json')}`];
    expect((await runCli(['diff', RUN, RUN, ...report])).exitCode).toBe(3);
    expect((await runCli(['diff', INTERRUPTED, RUN, ...report])).exitCode).toBe(1);
  });

  test('of a file that is no record, or is not there, ends with 3 and names it', async () => {
    using folder = folderWith({ 'other.json': '{}' });
    const missing = await runCli(['diff', 'missing.json', RUN], { cwd: folder.path });
    expect(missing.exitCode).toBe(3);
    expect(missing.stderr).toMatch(/^error: missing\.json cannot be read: ENOENT/);
    const other = await runCli(['diff', RUN, 'other.json'], { cwd: folder.path });
    expect(other.exitCode).toBe(3);
    expect(other.stderr).toMatch(/^error: other\.json is no run record: /);
    expect(other.stderr).toContain('hint: Give a file that podreach run --report json=FILE has written.');
  });

  test.each([
    [['diff', RUN], "missing required argument 'after'"],
    [['diff', RUN, RUN, '--report', 'junit'], 'the formats are: terminal, json, markdown, html.'],
    [['diff', RUN, RUN, '--format', 'html'], 'Write --report json, or --report FORMAT=FILE.'],
    [['history', join(ROOT, 'no-such-folder')], 'cannot be read: ENOENT'],
  ])('wrong usage ends with 2: %j', async (args, words) => {
    const { exitCode, stderr } = await runCli(args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain(words);
  });
});

describe('history', () => {
  test('tells of every run in a folder and in those in it, and names what is none', async () => {
    using folder = folderWith({ 'notes.json': '{ "not": "a record" }', 'readme.txt': 'not read' });
    mkdirSync(join(folder.path, 'november'));
    for (const record of fortnight())
      writeFileSync(join(folder.path, 'november', `${record.run.id}.json`), renderJson(record));
    cpSync(join(folder.path, 'november/night-03.json'), join(folder.path, 'november/night-03-copy.json'));
    const { exitCode, stdout, stderr } = await runCli(['history', '.'], { cwd: folder.path });
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(stdout).toMatch(/^2026-11-01 02:00 {2}PASSED/);
    expect(stdout).toMatch(/^left out {2}notes\.json is no run record: /m);
    expect(stdout.replaceAll(/\s+/g, ' ')).toContain(
      'left out november/night-03.json is the run of november/night-03-copy.json once more',
    );
    expect(stdout).not.toContain('readme');
    expect(stdout).toMatch(/^history {2}14 runs: 7 PASSED, 6 FAILED, 1 INCONCLUSIVE; /m);
  });

  test('waits for nothing that is no file, whatever its name', async () => {
    using folder = folderWith({});
    cpSync(RUN, join(folder.path, 'run.json'));
    symlinkSync('run.json', join(folder.path, 'link.json'));
    symlinkSync('nowhere', join(folder.path, 'broken.json'));
    execFileSync('sh', ['-c', 'mkfifo pipe.json'], { cwd: folder.path });
    const { exitCode, stdout } = await runCli(['history', '.'], { cwd: folder.path });
    expect(exitCode).toBe(0);
    expect(stdout).toContain('history  1 run: ');
    expect(stdout).toContain('left out  broken.json cannot be read: ');
    expect(stdout).toContain('pipe.json cannot be read: it is no file');
  });

  test('draws it', async () => {
    using folder = folderWith({});
    const page = join(folder.path, 'history.html');
    const { exitCode, stdout } = await runCli(['history', EXAMPLES, '--report', `html=${page}`, '--quiet']);
    expect(exitCode).toBe(0);
    expect(stdout).toContain('4 runs: ');
    expect(readFileSync(page, 'utf8')).toContain('<svg class="runs"');
  });

  test('of a folder without a record ends with 3 and says why', async () => {
    using folder = folderWith({ 'cut.json': '{"schemaVersion": 2,' });
    const { exitCode, stderr } = await runCli(['history', '.'], { cwd: folder.path });
    expect(exitCode).toBe(3);
    expect(stderr).toMatch(/^error: \. holds no run record\nhint: cut\.json is not JSON: /);
  });
});
