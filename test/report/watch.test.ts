/** What was seen while checks were watched, in every format. */
import { expect, test } from 'vitest';
import { type RunRecord, runRecordSchema } from '../../src/record/schema.ts';
import type { ReportFormat } from '../../src/report/formats.ts';
import { REPORTS } from '../../src/report/report.ts';
import { calmWatch, upgradeWatched } from './watch.ts';

const PLAIN = { width: 100, colour: false, verbose: false, quiet: false };

function render(format: ReportFormat, record: RunRecord, options: Partial<typeof PLAIN> = {}): string {
  return REPORTS[format](runRecordSchema.parse(record), { ...PLAIN, ...options });
}

/** The page without what changes with every line of its style sheet and its script. */
function withoutMachinery(page: string): string {
  return page
    .replace(/<style>.*?<\/style>/s, '<style>…</style>')
    .replaceAll(/(<script[^>]*>).*?<\/script>/gs, '$1…</script>')
    .replaceAll(/'sha256-[^']+'/g, "'sha256-…'");
}

test.each<[ReportFormat, string]>([
  ['terminal', 'txt'],
  ['json', 'json'],
  ['junit', 'junit.xml'],
  ['markdown', 'md'],
  ['github', 'github.txt'],
  ['html', 'html'],
  ['audit', 'audit.md'],
  ['openmetrics', 'prom'],
  ['tap', 'tap'],
])('an upgrade that was watched in the report %s', async (format, ending) => {
  const text = render(format, upgradeWatched());
  await expect(format === 'html' ? withoutMachinery(text) : text).toMatchFileSnapshot(
    `golden/upgrade-watched.${ending}`,
  );
});

test('an upgrade that was watched in the terminal, all of it told', async () => {
  await expect(render('terminal', upgradeWatched(), { verbose: true })).toMatchFileSnapshot(
    'golden/upgrade-watched-verbose.txt',
  );
});

test('a watch in which all is well takes a paragraph in the terminal, and nothing where quiet is asked for', async () => {
  await expect(render('terminal', calmWatch())).toMatchFileSnapshot('golden/calm-watch.txt');
  expect(render('terminal', calmWatch(), { quiet: true })).toMatch(/^PASSED .*\n$/);
});
