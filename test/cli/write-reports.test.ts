import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, readdir, readFile, readlink, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { writeReportFile, writeReports } from '../../src/cli/write-reports.ts';
import { PodreachError } from '../../src/errors.ts';
import { renderJson } from '../../src/report/formats/json.ts';
import { renderMarkdown } from '../../src/report/formats/markdown.ts';
import { REPORTS } from '../../src/report/report.ts';
import { viewOf } from '../../src/report/view/run.ts';
import { everyVerdict } from '../report/fixture.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'podreach-report-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe('a report in a file', () => {
  test('replaces what was there and leaves nothing else behind', async () => {
    const file = join(folder, 'run.json');
    await writeFile(file, 'a much longer text than the new one');
    writeReportFile(file, 'new');
    expect(await readFile(file, 'utf8')).toBe('new');
    expect(await readdir(folder)).toEqual(['run.json']);
  });

  test('creates the folders on its way', async () => {
    writeReportFile(join(folder, 'a/b/run.json'), 'new');
    expect(await readFile(join(folder, 'a/b/run.json'), 'utf8')).toBe('new');
  });

  test('goes through a link, which stays one', async () => {
    await mkdir(join(folder, 'real'));
    await writeFile(join(folder, 'real/run.json'), 'old');
    await symlink('real/run.json', join(folder, 'latest.json'));
    writeReportFile(join(folder, 'latest.json'), 'new');
    expect(await readlink(join(folder, 'latest.json'))).toBe('real/run.json');
    expect(await readFile(join(folder, 'real/run.json'), 'utf8')).toBe('new');
  });

  test('can be a pipe, which stays one', async () => {
    const pipe = join(folder, 'pipe');
    execFileSync('sh', ['-c', `mkfifo '${pipe}'`]);
    const reader = spawn('cat', [pipe], { stdio: ['ignore', 'pipe', 'inherit'] });
    const closed = once(reader, 'close');
    const received = text(reader.stdout);
    writeReportFile(pipe, 'through the pipe');
    expect(await received).toBe('through the pipe');
    await closed;
    expect((await stat(pipe)).isFIFO()).toBe(true);
  });

  test('that cannot be written is an error that names it, and the old one stays', async () => {
    await writeFile(join(folder, 'file'), 'old');
    for (const place of [folder, join(folder, 'file/run.json')]) {
      expect(() => writeReportFile(place, 'new')).toThrow(PodreachError);
      expect(() => writeReportFile(place, 'new')).toThrow(`the report ${place} cannot be written: `);
    }
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe('old');
    expect(await readdir(folder)).toEqual(['file']);
  });
});

describe('a report that others share a file with', () => {
  const options = { width: 80, colour: false, verbose: false, quiet: true };

  test('is written below what is there', async () => {
    const file = join(folder, 'summary.md');
    await writeFile(file, '# Another step\n');
    const request = { format: 'markdown', file, append: true } as const;
    expect(writeReports(REPORTS, everyVerdict(), [request], { options, print: () => {} })).toEqual([]);
    expect(await readFile(file, 'utf8')).toBe(
      `# Another step\n${renderMarkdown(viewOf(everyVerdict()), options)}`,
    );
  });

  test('is a problem that names the file where it cannot be written', () => {
    const [problem] = writeReports(
      REPORTS,
      everyVerdict(),
      [{ format: 'markdown', file: folder, append: true }],
      {
        options,
        print: () => {},
      },
    );
    expect(problem?.error).toBeInstanceOf(PodreachError);
    expect(String(problem?.error)).toContain(`the report ${folder} cannot be written: `);
  });
});

describe('several reports', () => {
  const options = {
    width: 80,
    colour: true,
    verbose: true,
    quiet: false,
    linkTo: (file: string) => `file://host/${file}`,
  };

  test('are all written, though one of them fails', async () => {
    const printed: string[] = [];
    const problems = writeReports(
      REPORTS,
      everyVerdict(),
      [
        { format: 'json', file: folder },
        { format: 'json', file: join(folder, 'run.json') },
        { format: 'terminal' },
      ],
      { options, print: (part) => printed.push(part) },
    );
    expect(problems).toEqual([
      { request: { format: 'json', file: folder }, error: expect.any(PodreachError) },
    ]);
    expect(await readFile(join(folder, 'run.json'), 'utf8')).toBe(renderJson(everyVerdict()));
    expect(printed.join('')).toContain('FAILED');
  });

  test('hold colours and links on standard output only', async () => {
    const printed: string[] = [];
    writeReports(
      REPORTS,
      everyVerdict(),
      [{ format: 'terminal' }, { format: 'terminal', file: join(folder, 'run.txt') }],
      {
        options,
        print: (part) => printed.push(part),
      },
    );
    expect(printed.join('')).toContain('\u001b[');
    expect(printed.join('')).toContain('\u001b]8;;file://host/');
    expect(await readFile(join(folder, 'run.txt'), 'utf8')).not.toContain('\u001b');
  });

  test('survive a standard output that is gone', async () => {
    const gone = new Error('write EPIPE');
    const problems = writeReports(
      REPORTS,
      everyVerdict(),
      [{ format: 'terminal' }, { format: 'json', file: join(folder, 'run.json') }],
      {
        options,
        print: () => {
          throw gone;
        },
      },
    );
    expect(problems).toEqual([{ request: { format: 'terminal' }, error: gone }]);
    expect(await readdir(folder)).toEqual(['run.json']);
  });
});
