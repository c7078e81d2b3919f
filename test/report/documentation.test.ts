import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { renderJson } from '../../src/report/json.ts';
import { CELLS } from '../../src/report/parts/matrix.ts';
import { REPORTS } from '../../src/report/report.ts';
import { everyVerdict } from './fixture.ts';

const documentation = await readFile(new URL('../../docs/reports.md', import.meta.url), 'utf8');
const golden = (name: string) => readFile(new URL(`golden/${name}.txt`, import.meta.url), 'utf8');

test.each(['every-verdict', 'interrupted', 'environment-failure'])(
  'docs/reports.md shows the real report of %s',
  async (name) => {
    expect(documentation).toContain(`\`\`\`text\n${await golden(name)}\`\`\`\n`);
  },
);

/** The first block of a language in a section. */
function blockIn(title: string, language: string): string {
  const [, section = ''] = documentation.split(`\n## ${title}\n`);
  const [end = ''] = section.split('\n## ');
  // The piece of Markdown that is shown has headings of its own.
  const text = language === 'markdown' ? section : end;
  const [, block = ''] = new RegExp(`\`\`\`${language}\n(.*?)\n\`\`\``, 's').exec(text) ?? [];
  return block;
}

test.each([
  ['The JUnit report', 'xml', 'every-verdict.junit.xml'],
  ['The TAP report', 'text', 'every-verdict.tap'],
])('docs/reports.md leaves nothing out of what it shows in "%s"', async (title, language, file) => {
  const text = await readFile(new URL(`golden/${file}`, import.meta.url), 'utf8');
  expect(blockIn(title, language)).not.toBe('');
  expect(text).toContain(`${blockIn(title, language)}\n`);
});

test.each([
  ['The Markdown report', 'markdown', 'every-verdict.md'],
  ['Annotations on GitHub', 'text', 'every-verdict.github.txt'],
  ['The audit report', 'markdown', 'every-verdict.audit.md'],
  ['The audit report', 'mermaid', 'every-verdict.audit.md'],
  ['Metrics', 'text', 'every-verdict.prom'],
])('docs/reports.md shows in "%s" real lines (%s)', async (title, language, file) => {
  const block = blockIn(title, language);
  const lines = new Set((await readFile(new URL(`golden/${file}`, import.meta.url), 'utf8')).split('\n'));
  expect(block).not.toBe('');
  expect(block.split('\n').filter((line) => !lines.has(line))).toEqual([]);
});

test('docs/reports.md explains every fact of a mismatch', async () => {
  const text = await golden('every-verdict');
  const labels = new Set([...text.matchAll(/^ {4}([a-z]+(?: [a-z]+)?) {2,}/gm)].map(([, label]) => label));
  expect(labels).toContain('at fault');
  for (const label of labels) expect(documentation).toMatch(new RegExp(`^\\| .*\`${label}\`.* \\| `, 'm'));
});

test('docs/reports.md names every format', () => {
  for (const format of Object.keys(REPORTS))
    expect(documentation).toMatch(new RegExp(`^\\| \\[?\`${format}\``, 'm'));
});

test('docs/reports.md shows a real line of the JSON report', () => {
  const [, line = ''] = /```json\n(.*)\n```/.exec(documentation) ?? [];
  expect(renderJson(everyVerdict())).toContain(`        ${line},\n`);
});

test('docs/reports.md explains every glyph', () => {
  for (const { glyph } of Object.values(CELLS)) expect(documentation).toContain(`| \`${glyph}\` |`);
});
