import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { renderJson } from '../../src/report/json.ts';
import { CELLS } from '../../src/report/matrix.ts';
import { everyVerdict } from './fixture.ts';

const documentation = await readFile(new URL('../../docs/reports.md', import.meta.url), 'utf8');
const golden = (name: string) => readFile(new URL(`golden/${name}.txt`, import.meta.url), 'utf8');

test.each(['every-verdict', 'interrupted', 'environment-failure'])(
  'docs/reports.md shows the real report of %s',
  async (name) => {
    expect(documentation).toContain(`\`\`\`text\n${await golden(name)}\`\`\`\n`);
  },
);

test('docs/reports.md shows a real line of the JSON report', () => {
  const [, line = ''] = /```json\n(.*)\n```/.exec(documentation) ?? [];
  expect(renderJson(everyVerdict())).toContain(`        ${line},\n`);
});

test('docs/reports.md explains every glyph', () => {
  for (const { glyph } of Object.values(CELLS)) expect(documentation).toContain(`| \`${glyph}\` |`);
});
