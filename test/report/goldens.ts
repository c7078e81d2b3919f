/** What the golden files of all formats share. */
import type { ReportFormat } from '../../src/report/formats.ts';

/** Every format, and how its golden files end. */
export const ENDINGS: readonly (readonly [format: ReportFormat, ending: string])[] = [
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

/** The page without what changes with every line of its style sheet and its script. */
export function withoutMachinery(page: string): string {
  return page
    .replace(/<style>.*?<\/style>/s, '<style>…</style>')
    .replaceAll(/(<script[^>]*>).*?<\/script>/gs, '$1…</script>')
    .replaceAll(/'sha256-[^']+'/g, "'sha256-…'");
}
