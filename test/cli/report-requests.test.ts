import { describe, expect, test } from 'vitest';
import { parseReportOption, parseReportOptions } from '../../src/cli/report-requests.ts';
import { PodreachError } from '../../src/errors.ts';
import { FORMAT_NAMES } from '../../src/report/formats.ts';

describe('--report', () => {
  test('takes a format, and a file after the first equals sign', () => {
    expect(parseReportOption('terminal', FORMAT_NAMES)).toEqual({ format: 'terminal' });
    expect(parseReportOption('json=out/run=1.json', FORMAT_NAMES)).toEqual({
      format: 'json',
      file: 'out/run=1.json',
    });
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
    const error = errorOf(() => parseReportOption(text, FORMAT_NAMES));
    expect(error.code).toBe('usage');
    expect(error.message).toBe(`unknown report format ${JSON.stringify(text.split('=')[0])}`);
    expect(error.hint).toBe(
      `${guess}Write --report FORMAT or --report FORMAT=FILE; the formats are: terminal, json, junit, markdown, github, html, audit, openmetrics, tap.`,
    );
  });

  test('refuses an equals sign without a file', () => {
    const error = errorOf(() => parseReportOption('json=', FORMAT_NAMES));
    expect(error.message).toBe('--report json= names no file');
    expect(error.hint).toBe('Write --report json=FILE, or --report json for standard output.');
  });

  test('can be given several times, each with a place of its own', () => {
    expect(parseReportOptions(['terminal', 'json=a.json', 'json=b.json'], FORMAT_NAMES)).toEqual([
      { format: 'terminal' },
      { format: 'json', file: 'a.json' },
      { format: 'json', file: 'b.json' },
    ]);
    expect(errorOf(() => parseReportOptions(['terminal', 'json'], FORMAT_NAMES)).message).toBe(
      'two reports, terminal and json, cannot both go to standard output',
    );
    expect(errorOf(() => parseReportOptions(['terminal=a', 'json=./a'], FORMAT_NAMES)).message).toBe(
      'two reports, terminal and json, cannot both go to ./a',
    );
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
