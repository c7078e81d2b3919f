/** Reports of records that are proven to be some, as golden files hold them. */
import { type RunRecord, runRecordSchema } from '../../src/record/schema.ts';
import type { ReportFormat } from '../../src/report/formats.ts';
import type { RenderOptions } from '../../src/report/render-options.ts';
import { REPORTS } from '../../src/report/report.ts';

const PLAIN: RenderOptions = { width: 100, colour: false, verbose: false, quiet: false };

/** Every format, and how the name of its golden file ends. */
export const ENDINGS: readonly (readonly [ReportFormat, string])[] = [
  ['terminal', 'txt'],
  ['json', 'json'],
  ['junit', 'junit.xml'],
  ['markdown', 'md'],
  ['github', 'github.txt'],
  ['html', 'html'],
  ['audit', 'audit.md'],
  ['openmetrics', 'prom'],
  ['tap', 'tap'],
];

/** The page is without what changes with every line of its style sheet and its scripts. */
export function render(
  format: ReportFormat,
  record: RunRecord,
  options: Partial<RenderOptions> = {},
): string {
  const text = REPORTS[format](runRecordSchema.parse(record), { ...PLAIN, ...options });
  return format === 'html' ? withoutMachinery(text) : text;
}

export function withoutMachinery(page: string): string {
  return page
    .replace(/<style>.*?<\/style>/s, '<style>…</style>')
    .replaceAll(/(<script[^>]*>).*?<\/script>/gs, '$1…</script>')
    .replaceAll(/'sha256-[^']+'/g, "'sha256-…'");
}
