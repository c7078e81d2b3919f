/** Known issues in every format: who answers for them and until when; what has expired, and what is gone. */
import { describe, expect, test } from 'vitest';
import { MISMATCHES, type MismatchVerdict } from '../../src/model/verdict.ts';
import { checksOf, type RunRecord, runRecordSchema } from '../../src/record/schema.ts';
import type { ReportFormat } from '../../src/report/formats.ts';
import { REPORTS } from '../../src/report/report.ts';
import { escapeXml } from '../../src/report/text/xml.ts';
import { knownAmong } from '../../src/report/view/mismatch.ts';
import { viewOf } from '../../src/report/view/run.ts';
import { changedChecks, everyVerdict } from './fixture.ts';
import { knownIssues } from './known-issues.ts';
import { ENDINGS, withoutMachinery } from './render.ts';

const PLAIN = { width: 100, colour: false, verbose: false, quiet: false };
const KNOWN = knownIssues({ expired: false });
const EXPIRED = knownIssues({ expired: true });

function render(format: ReportFormat, record: RunRecord, options: Partial<typeof PLAIN> = {}): string {
  return REPORTS[format](runRecordSchema.parse(record), { ...PLAIN, ...options });
}

/** On one line, and without what a format makes of characters that are its own. */
const wordsOf = (text: string): string =>
  text
    .replaceAll(/<\/?(?:em|code)>|[*`]/g, '')
    .replaceAll('%3A', ':')
    .replaceAll(/\s+/g, ' ');

test.each(ENDINGS)('known issues in the report %s', async (format, ending) => {
  const text = render(format, KNOWN);
  await expect(format === 'html' ? withoutMachinery(text) : text).toMatchFileSnapshot(
    `golden/known-issues.${ending}`,
  );
});

test('known issues in the terminal, all of them told, one of them expired', async () => {
  await expect(render('terminal', EXPIRED, { verbose: true })).toMatchFileSnapshot(
    'golden/known-issues-expired-verbose.txt',
  );
});

describe.each(ENDINGS.map(([format]) => format))('the report %s', (format) => {
  test('says reason, owner and day of what is known', () => {
    const text = wordsOf(render(format, KNOWN));
    // Metrics have no room for a reason.
    const reasons = [
      'the plugin forgets this policy when its node restarts',
      'the old firewall is still in the way',
    ];
    for (const word of [
      'network-team',
      'data-centre',
      ...(format === 'openmetrics' ? [] : [...reasons, '2027-01-31']),
    ])
      expect(text).toContain(word);
  });

  test('says of what has expired until when it was known', () => {
    if (format === 'openmetrics') return;
    expect(wordsOf(render(format, EXPIRED))).toContain('2026-11-19');
  });

  test('warns of what is gone, at its place', () => {
    const text = wordsOf(render(format, KNOWN));
    if (format === 'json' || format === 'openmetrics')
      return expect(text).toContain(format === 'json' ? 'the API restarts' : 'podreach_known_issue_gone');
    expect(text).toMatch(/known-issues\.yaml:18 is gone: its check passed/);
  });
});

test('what is known fails nothing, and what has expired does', () => {
  expect(viewOf(KNOWN)).toMatchObject({
    exitCode: 0,
    mismatches: [],
    counts: { pass: 2, known: 2, leaked: 0 },
  });
  expect(viewOf(EXPIRED)).toMatchObject({ exitCode: 1, counts: { pass: 2, known: 1, broken: 1 } });
});

test('the last line counts what is known', () => {
  expect(render('terminal', KNOWN, { quiet: true })).toMatch(
    /^PASSED {2}1 scenario, 4 checks: 2 passed, 2 known \(/m,
  );
});

test('CI servers see what is known as skipped, and what has expired as failed', () => {
  const known = render('junit', KNOWN);
  expect(known).toContain('tests="4" failures="0" errors="0" skipped="2"');
  expect(known).toContain(
    escapeXml(
      'known until 2027-01-31: the old firewall is still in the way (owner: data-centre; known-issues.yaml:12)',
    ),
  );
  expect(render('junit', EXPIRED)).toContain('tests="4" failures="1" errors="0" skipped="1"');
});

test('TAP says that it is to be done, which fails no test', () => {
  expect(render('tap', KNOWN).match(/^ +not ok .*$/gm)).toEqual([
    expect.stringMatching(/ # TODO known until 2027-01-31: the plugin forgets/),
    expect.stringMatching(/ # TODO known until 2027-01-31: the old firewall/),
  ]);
  expect(render('tap', KNOWN)).toMatch(/^ok 1 - shop$/m);
  expect(render('tap', EXPIRED)).toMatch(/^not ok 1 - shop$/m);
});

test('an auditor is told that the statement does not hold, and that somebody answers for it', () => {
  const text = render('audit', KNOWN);
  expect(text).toContain('2 statements about who can reach whom, all contradicted.');
  expect(wordsOf(text)).toContain('2 of them known, which did not fail the run');
});

test('GitHub gets a notice at the entry, and no error', () => {
  expect(render('github', KNOWN).match(/^::\w+ file=[^,]+,line=\d+/gm)).toEqual([
    '::warning file=known-issues.yaml,line=18',
    '::notice file=known-issues.yaml,line=5',
    '::notice file=known-issues.yaml,line=12',
  ]);
});

/** Each set of verdicts that fail a run. */
const SETS = Array.from({ length: 2 ** MISMATCHES.length }, (_, number) =>
  MISMATCHES.filter((_verdict, place) => Math.floor(number / 2 ** place) % 2 === 1),
);

test.each(SETS.map((known) => [known]))('known issues of %j change no verdict, only what fails', (known) => {
  const record = everyVerdict();
  const listed = {
    ...record,
    scenarios: record.scenarios.map((scenario) => ({
      ...scenario,
      knownIssues: known.map((is) => ({
        is,
        reason: 'a bug',
        owner: 'us',
        expires: '2027-01-31',
        location: scenario.location,
        checks: checksOf(scenario).length,
      })),
      steps: changedChecks(scenario, (check) => ({ ...check, knownIssues: known.map((_, place) => place) })),
    })),
  };
  const [bare, view] = [viewOf(record), viewOf(listed)];
  expect(view.checks.map(({ verdict }) => verdict)).toEqual(bare.checks.map(({ verdict }) => verdict));
  const isKnown = ({ verdict }: { readonly verdict: MismatchVerdict }): boolean =>
    known.some((one) => one === verdict);
  expect(view.mismatches.map(({ pair }) => pair)).toEqual(
    bare.mismatches.filter((check) => !isKnown(check)).map(({ pair }) => pair),
  );
  expect(knownAmong(view.checks).map(({ pair }) => pair)).toEqual(
    bare.mismatches.filter(isKnown).map(({ pair }) => pair),
  );
  expect(view.counts.inconclusive).toBe(bare.counts.inconclusive);
  // Something of it was not proven.
  expect(view.exitCode).not.toBe(0);
});
