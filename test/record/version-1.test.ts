/** Records that earlier versions of podreach have written are rendered as they were then. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { readRecord } from '../../src/record/read.ts';
import type { RunRecord } from '../../src/record/schema.ts';
import type { ReportFormat } from '../../src/report/formats.ts';
import { REPORTS } from '../../src/report/report.ts';

const FOLDER = new URL('version-1/', import.meta.url);
const NAMES = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .map((file) => file.replace('.json', ''));
const EXTENSIONS = [
  ['terminal', 'txt'],
  ['markdown', 'md'],
  ['audit', 'audit.md'],
  ['junit', 'junit.xml'],
  ['github', 'github.txt'],
  ['openmetrics', 'prom'],
  ['tap', 'tap'],
] as const satisfies readonly (readonly [ReportFormat, string])[];

function read(value: unknown): RunRecord {
  const reading = readRecord(value);
  return reading.kind === 'record' ? reading.record : expect.unreachable(JSON.stringify(reading));
}

const render = (format: ReportFormat, record: RunRecord): string =>
  REPORTS[format](record, { width: 100, colour: false, verbose: true, quiet: false });

describe.each(NAMES)('the record of the run %s', (name) => {
  const record = read(JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8')));

  test.each(EXTENSIONS)('as %s', async (format, extension) => {
    await expect(render(format, record)).toMatchFileSnapshot(`version-1/golden/${name}.${extension}`);
  });

  test('as a page, but for its code and its style', async () => {
    const page = render('html', record).replaceAll(/<(script|style)\b.*?<\/\1>|'sha256-[^']*'/gs, '');
    await expect(page).toMatchFileSnapshot(`version-1/golden/${name}.html`);
  });

  test('as JSON that is a record again, of which every report is the same', () => {
    const again = read(JSON.parse(render('json', record)));
    for (const [format] of [...EXTENSIONS, ['html'] as const])
      expect(render(format, again)).toBe(render(format, record));
  });
});
