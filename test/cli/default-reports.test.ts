import { describe, expect, test } from 'vitest';
import { defaultReports } from '../../src/cli/default-reports.ts';
import { parseReportOptions, type ReportRequest } from '../../src/cli/report-requests.ts';
import { FORMAT_NAMES } from '../../src/report/formats.ts';

const TERMINAL: ReportRequest = { format: 'terminal' };
const GITHUB: ReportRequest = { format: 'github' };
const SUMMARY: ReportRequest = {
  format: 'markdown',
  file: '/home/runner/summary.md',
  append: true,
  unasked: true,
};

describe('away from GitHub', () => {
  test.each<[readonly string[], readonly ReportRequest[]]>([
    [[], [TERMINAL]],
    [['json=run.json'], [TERMINAL, { format: 'json', file: 'run.json' }]],
    [['json'], [{ format: 'json' }]],
    [['terminal=run.txt'], [{ format: 'terminal', file: 'run.txt' }]],
  ])('%j becomes what was asked for, and the terminal where nothing else is there', (asked, expected) => {
    expect(defaultReports(parseReportOptions(asked, FORMAT_NAMES), {})).toEqual(expected);
    expect(defaultReports(parseReportOptions(asked, FORMAT_NAMES), { GITHUB_ACTIONS: 'false' })).toEqual(
      expected,
    );
  });
});

describe('on GitHub Actions', () => {
  const env = { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: '/home/runner/summary.md' };

  test.each<[readonly string[], readonly ReportRequest[]]>([
    [[], [GITHUB, TERMINAL, SUMMARY]],
    [['terminal'], [GITHUB, TERMINAL, SUMMARY]],
    [['junit=a.xml'], [GITHUB, TERMINAL, { format: 'junit', file: 'a.xml' }, SUMMARY]],
    // What a program reads stays clean.
    [['json'], [{ format: 'json' }, SUMMARY]],
    [['tap'], [{ format: 'tap' }, SUMMARY]],
    // What was asked for by name is made once, where it was asked for.
    [['markdown=pr.md'], [GITHUB, TERMINAL, { format: 'markdown', file: 'pr.md' }]],
    [['github=annotations.txt'], [TERMINAL, { format: 'github', file: 'annotations.txt' }, SUMMARY]],
    [['github'], [{ format: 'github' }, SUMMARY]],
  ])('%j brings annotations and a summary with it', (asked, expected) => {
    expect(defaultReports(parseReportOptions(asked, FORMAT_NAMES), env)).toEqual(expected);
  });

  test('there is no summary where the runner offers no file', () => {
    expect(defaultReports([], { GITHUB_ACTIONS: 'true' })).toEqual([GITHUB, TERMINAL]);
    expect(defaultReports([], { GITHUB_ACTIONS: 'true', GITHUB_STEP_SUMMARY: '' })).toEqual([
      GITHUB,
      TERMINAL,
    ]);
  });
});
