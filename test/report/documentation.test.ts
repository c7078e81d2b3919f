import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { LEAST_PAIRS, NOISE_MS } from '../../src/compare/times.ts';
import { CONNECTION_WORDS } from '../../src/report/comparison/manifests/words.ts';
import { CHANGE_WORDS } from '../../src/report/comparison/words.ts';
import { FORMATS } from '../../src/report/formats.ts';
import { CELLS } from '../../src/report/parts/matrix.ts';
import { ROOT } from '../support/cli.ts';

const documentation = await readFile(new URL('../../docs/reports.md', import.meta.url), 'utf8');

test('docs/reports.md shows what the records of docs/examples render to', () => {
  const { status, stderr } = spawnSync(process.execPath, ['scripts/examples.ts', '--check'], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  expect(status).toBe(0);
});

test('docs/reports.md shows every format but the page, which is a picture', () => {
  const shown = new Set([...documentation.matchAll(/^<!-- (\w+) of /gm)].map(([, format]) => format));
  expect(shown).toEqual(new Set(Object.keys(FORMATS).filter((format) => format !== 'html')));
});

test.each(['every-verdict', 'upgrade-watched'])(
  'docs/reports.md explains every fact of a mismatch: %s',
  async (name) => {
    const text = await readFile(new URL(`golden/${name}.txt`, import.meta.url), 'utf8');
    const labels = new Set([...text.matchAll(/^ {4}([a-z]+(?: [a-z]+)?) {2,}/gm)].map(([, label]) => label));
    expect(labels).toContain('at fault');
    for (const label of labels) expect(documentation).toMatch(new RegExp(`^\\| .*\`${label}\`.* \\| `, 'm'));
  },
);

test('docs/reports.md says of every format for whom it is', () => {
  const [table = ''] = /^\| format \| for \|.*?^$/ms.exec(documentation) ?? [];
  const rows = table.matchAll(/^\| \[?`(\w+)`(?:\]\(\S+\))? \| ([^|]+) \|/gm);
  const told = Array.from(rows, ([, format, readers]) => [format, readers]);
  expect(told).toEqual(Object.entries(FORMATS).map(([format, { readers }]) => [format, readers]));
});

test('docs/reports.md explains every glyph', () => {
  for (const { glyph } of Object.values(CELLS)) expect(documentation).toContain(`| \`${glyph}\` |`);
});

test.each([
  ['compare.md', 'comparison.txt'],
  ['compare.md', 'history.txt'],
  ['compare.md', 'manifest-comparison.txt'],
  ['upgrades.md', 'upgrade-brief.txt'],
])('docs/%s shows what podreach writes: %s', async (name, golden) => {
  const page = await readFile(new URL(`../../docs/${name}`, import.meta.url), 'utf8');
  expect(page).toContain(await readFile(new URL(`golden/${golden}`, import.meta.url), 'utf8'));
});

test('docs/compare.md explains every change of a check', async () => {
  const page = await readFile(new URL('../../docs/compare.md', import.meta.url), 'utf8');
  for (const { word } of Object.values(CHANGE_WORDS))
    expect(page).toMatch(new RegExp(`^\\| .*\`${word}\`.* \\| `, 'm'));
});

test('docs/compare.md explains every change of a connection', async () => {
  const page = await readFile(new URL('../../docs/compare.md', import.meta.url), 'utf8');
  for (const { word } of Object.values(CONNECTION_WORDS))
    expect(page).toMatch(new RegExp(`^\\| .*\`${word}\`.* \\| `, 'm'));
});

test('docs/compare.md says what is noise', async () => {
  const page = (await readFile(new URL('../../docs/compare.md', import.meta.url), 'utf8')).replaceAll(
    '\n',
    ' ',
  );
  expect(NOISE_MS.allow).toBe(NOISE_MS.enforce);
  expect(NOISE_MS.control).toBe(NOISE_MS.connect);
  expect(page).toContain(
    `more than **${NOISE_MS.enforce} ms** (to enforce, to allow) or **${NOISE_MS.connect} ms** (connecting)`,
  );
  expect(page).toContain(`fewer than **${LEAST_PAIRS} pairs**`);
});
