import { describe, expect, test } from 'vitest';
import { REPORTS, type ReportFormat } from '../../src/report/report.ts';
import { escapeXml } from '../../src/report/text/xml.ts';
import { interruptedRun, missingRight, ROLE } from './records.ts';

describe('a manifest that would mend what podreach could not go on from', () => {
  const lines = ROLE.join('\n');
  const fenced = `\`\`\`yaml\n${lines}\n\`\`\`\n`;
  test.each<[ReportFormat, string]>([
    ['terminal', `\n\n${lines}\n`],
    ['json', JSON.stringify(ROLE[2])],
    ['junit', `\n${escapeXml(lines)}</error>`],
    ['markdown', `\n\n${fenced.trimEnd().replaceAll(/^/gm, '  ')}\n`],
    ['github', `%0A${ROLE.join('%0A')}\n`],
    ['html', `<pre>${escapeXml(lines)}</pre></div>`],
    ['audit', `\n\n${fenced}`],
    ['tap', `manifest: ${JSON.stringify(lines)}\n`],
  ])('stands in the report %s', (format, expected) => {
    const options = { width: 100, colour: false, verbose: false, quiet: false };
    expect(REPORTS[format](missingRight(), options)).toContain(expected);
  });
});

test.each(['terminal', 'junit', 'markdown', 'github', 'html', 'audit', 'tap'] as const)(
  '%s tells an interruption together with what could not be cleaned up',
  (format) => {
    const record = interruptedRun();
    record.run.error = {
      code: 'api-error',
      message: 'cleaning up failed: the namespace stays',
      hint: 'Finish with: podreach clean --run abc',
    };
    const text = REPORTS[format](record, { width: 200, colour: false, verbose: false, quiet: false });
    expect(text).toContain('SIGINT');
    expect(text).toContain('cleaning up failed: the namespace stays');
    if (format !== 'tap') expect(text).toContain('podreach clean --run abc');
  },
);
