import { describe, expect, test } from 'vitest';
import { PodreachError } from '../../src/errors.ts';
import {
  parseReportOption,
  parseReportOptions,
  REPORTS,
  type ReportFormat,
} from '../../src/report/report.ts';
import { escapeXml } from '../../src/report/xml.ts';
import { interruptedRun, missingRight, ROLE } from './records.ts';

describe('--report', () => {
  test('takes a format, and a file after the first equals sign', () => {
    expect(parseReportOption('terminal')).toEqual({ format: 'terminal' });
    expect(parseReportOption('json=out/run=1.json')).toEqual({ format: 'json', file: 'out/run=1.json' });
  });

  test.each([
    ['JSON=out.json', 'Did you mean json? '],
    ['term', 'Did you mean terminal? '],
    ['md', ''],
    ['junit-xml', 'Did you mean junit? '],
    ['xml', ''],
    ['', ''],
    ['toString', ''],
  ])('refuses %j and lists the formats', (text, guess) => {
    const error = errorOf(() => parseReportOption(text));
    expect(error.code).toBe('usage');
    expect(error.message).toBe(`unknown report format ${JSON.stringify(text.split('=')[0])}`);
    expect(error.hint).toBe(
      `${guess}Write --report FORMAT or --report FORMAT=FILE; the formats are: terminal, json, junit, markdown, github, html, audit, openmetrics, tap.`,
    );
  });

  test('refuses an equals sign without a file', () => {
    const error = errorOf(() => parseReportOption('json='));
    expect(error.message).toBe('--report json= names no file');
    expect(error.hint).toBe('Write --report json=FILE, or --report json for standard output.');
  });

  test('can be given several times, each with a place of its own', () => {
    expect(parseReportOptions(['terminal', 'json=a.json', 'json=b.json'])).toEqual([
      { format: 'terminal' },
      { format: 'json', file: 'a.json' },
      { format: 'json', file: 'b.json' },
    ]);
    expect(errorOf(() => parseReportOptions(['terminal', 'json'])).message).toBe(
      'two reports, terminal and json, cannot both go to standard output',
    );
    expect(errorOf(() => parseReportOptions(['terminal=a', 'json=./a'])).message).toBe(
      'two reports, terminal and json, cannot both go to ./a',
    );
  });
});

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

function errorOf(work: () => unknown): PodreachError {
  try {
    work();
  } catch (thrown) {
    if (thrown instanceof PodreachError) return thrown;
    throw thrown;
  }
  return expect.unreachable('nothing was thrown');
}

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
