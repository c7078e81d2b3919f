/** What many records show, in each format: whole, harmless, and short where it is long. */
import { describe, expect, test } from 'vitest';
import { HistoryBuilder } from '../../../src/compare/history.ts';
import type { RunRecord } from '../../../src/record/schema.ts';
import { HISTORY_FORMATS, type HistoryFormat } from '../../../src/report/formats.ts';
import { HISTORY_REPORTS, type ReadHistory } from '../../../src/report/history/history.ts';
import type { RenderOptions } from '../../../src/report/render-options.ts';
import { nights } from '../../compare/records.ts';
import { everyVerdict } from '../fixture.ts';
import { withoutStyle } from '../formats/html/without-style.ts';
import { ATTACK, hostileBySchema } from '../hostile.ts';
import { expectHarmless } from '../obeyed.ts';
import { interruptedRun } from '../records.ts';
import { fortnight } from './fortnight.ts';

const PLAIN: RenderOptions = { width: 100, colour: false, verbose: false, quiet: false };

function historyOf(records: readonly RunRecord[], leftOut: ReadHistory['leftOut'] = []): ReadHistory {
  const builder = new HistoryBuilder();
  for (const record of records) builder.add(record, `records/${record.run.id}.json`);
  return { ...builder.finish(), leftOut };
}

function render(format: HistoryFormat, history: ReadHistory, options: Partial<RenderOptions> = {}): string {
  return HISTORY_REPORTS[format](history, { ...PLAIN, ...options });
}

test.each([
  ['terminal', 'txt'],
  ['json', 'json'],
  ['html', 'html'],
] as const)('two weeks with a leak, a flaky check and an upgrade, as %s', async (format, end) => {
  const leftOut = [{ file: 'records/notes.json', why: 'is no run record: run: missing' }];
  await expect(withoutStyle(render(format, historyOf(fortnight(), leftOut)))).toMatchFileSnapshot(
    `../golden/history.${end}`,
  );
});

test('quiet says which checks failed or are flaky, and the sum', () => {
  const text = render('terminal', historyOf(fortnight()), { quiet: true });
  expect(text).toMatch(/^FLAPPING /);
  expect(text).not.toContain('times\n');
});

test.each(['terminal', 'html'] as const)(
  '%s tells where all was well from where nothing is known',
  (format) => {
    expect(render(format, historyOf(nights([{}, {}])))).toContain('2 PASSED');
    expect(render(format, historyOf([interruptedRun()]))).toContain('1 INCOMPLETE');
  },
);

test('of many runs and checks the terminal shows the newest, and says how much is missing', () => {
  const many = nights(
    Array.from({ length: 28 }, (_, night) => ({ cut: night % 9 === 0 ? 'leaked' : 'pass' })),
  );
  const text = render('terminal', historyOf(many));
  expect(text).toContain('… 8 earlier runs (--verbose shows all)');
  expect(text.match(/^2026-11-/gm)).toHaveLength(20);
  expect(render('terminal', historyOf(many), { verbose: true }).match(/^2026-11-/gm)).toHaveLength(28);
});

test('the page draws a bar for each run, and a time for each step', () => {
  const page = render('html', historyOf(fortnight()));
  expect(page.match(/<rect class="bar-leaked" x/g)).toHaveLength(3);
  expect(page.match(/<svg class="trend"/g)).toHaveLength(1);
  expect(page).not.toContain('<script');
});

describe.each(HISTORY_FORMATS)('as %s', (format) => {
  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
    'no text of a record is obeyed, with word %i of those that are given',
    (choice) => {
      const history = historyOf([hostileBySchema(choice), everyVerdict()], [{ file: ATTACK, why: ATTACK }]);
      for (const verbose of [false, true]) expectHarmless(render(format, history, { verbose }));
    },
  );
});
