/** What two records say differently, in each format: whole, harmless, and short where it is long. */
import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import { describe, expect, test } from 'vitest';
import { compareRecords } from '../../../src/compare/compare.ts';
import type { RunRecord } from '../../../src/record/schema.ts';
import { COMPARISON_REPORTS } from '../../../src/report/comparison/comparison.ts';
import { COMPARISON_FORMATS, type ComparisonFormat } from '../../../src/report/formats.ts';
import type { RenderOptions } from '../../../src/report/render-options.ts';
import { MARKDOWN_LIMIT } from '../../../src/report/text/markdown-limit.ts';
import { afterUpgrade, beforeUpgrade } from '../../compare/records.ts';
import { buildRecord, everyVerdict, meshScenario } from '../fixture.ts';
import { withoutStyle } from '../formats/html/without-style.ts';
import { hostileBySchema } from '../hostile.ts';
import { expectHarmless } from '../obeyed.ts';
import { hostileRecord, interruptedRun } from '../records.ts';
import { calmSteps, fiveSteps } from '../steps.ts';
import { upgradedOtherwise, upgradeWatched } from '../watch.ts';

const PLAIN: RenderOptions = { width: 100, colour: false, verbose: false, quiet: false };

function render(
  format: ComparisonFormat,
  before: RunRecord,
  after: RunRecord,
  options: Partial<RenderOptions> = {},
): string {
  return COMPARISON_REPORTS[format](compareRecords(before, after), { ...PLAIN, ...options });
}

test.each([
  ['terminal', 'txt'],
  ['markdown', 'md'],
  ['json', 'json'],
  ['html', 'html'],
] as const)('an upgrade that made some checks worse and some better, as %s', async (format, end) => {
  await expect(withoutStyle(render(format, beforeUpgrade(), afterUpgrade()))).toMatchFileSnapshot(
    `../golden/comparison.${end}`,
  );
});

test('quiet says what is worse, and the outcome', async () => {
  await expect(render('terminal', beforeUpgrade(), afterUpgrade(), { quiet: true })).toMatchFileSnapshot(
    '../golden/comparison-quiet.txt',
  );
});

test('two watches of an upgrade differ in their windows', async () => {
  await expect(render('terminal', upgradeWatched(), upgradedOtherwise())).toMatchFileSnapshot(
    '../golden/comparison-watched.txt',
  );
});

test.each(['terminal', 'markdown', 'html'] as const)(
  '%s tells windows, and where there are none to compare',
  (format) => {
    const windows = render(format, upgradeWatched(), upgradedOtherwise(), { verbose: true }).replaceAll(
      /\s+/g,
      ' ',
    );
    expect(windows).toMatch(/longer gap: .*calico-node on node-2 restarted.*gone leak: /);
    const { watch: _, ...unwatched } = upgradeWatched();
    expect(render(format, unwatched, upgradeWatched()).replaceAll(/\s+/g, ' ')).toContain(
      'only the second run watched its checks: there are no windows to compare',
    );
  },
);

test('quiet tells windows only where they are worse', () => {
  const text = render('terminal', upgradeWatched(), upgradedOtherwise(), { quiet: true });
  expect(text).toContain('longer gap');
  expect(text).not.toContain('gone leak');
});

test.each(COMPARISON_FORMATS)('the same record twice differs in nothing, as %s', (format) => {
  expect(render(format, everyVerdict(), everyVerdict())).toMatch(/nothing differs|"outcome": "same"/);
});

test.each(['terminal', 'markdown', 'html'] as const)(
  '%s says that a run is not whole, or the later one',
  (format) => {
    const text = render(format, everyVerdict(), interruptedRun());
    expect(text).toContain('INCOMPLETE');
    expect(text).toContain('the second run did not come to its end: what it has not judged may be worse');
    expect(render(format, afterUpgrade(), beforeUpgrade())).toContain(
      'the first run is the later one: are the two records the wrong way round?',
    );
  },
);

test.each(['terminal', 'markdown', 'html'] as const)('%s says in which step a check is another', (format) => {
  const text = render(format, calmSteps(), fiveSteps()).replaceAll(/\s+/g, ' ');
  expect(text).toMatch(/rollout, step [2-5] \([a-z]/);
});

describe('a long list', () => {
  const mesh = (verdict: 'pass' | 'leaked' | 'inconclusive') =>
    buildRecord([meshScenario(12, () => ({ expected: 'unreachable', verdict, reason: 'so it was' }))]);

  test('is cut off in the terminal, which says how much is missing, unless all is asked for', () => {
    const text = render('terminal', mesh('pass'), mesh('leaked'));
    expect(text.match(/^LEAKED /gm)).toHaveLength(20);
    expect(text).toContain('… and 112 more (--verbose shows all)');
    expect(text).toMatch(/WORSE {2}132 leaked;/);
    expect(
      render('terminal', mesh('pass'), mesh('leaked'), { verbose: true }).match(/^LEAKED /gm),
    ).toHaveLength(132);
    expect(render('terminal', mesh('leaked'), mesh('pass'))).toContain(
      '… and 122 more (--verbose shows all)',
    );
  });

  test('is cut off in Markdown, which stays within what GitHub takes', () => {
    const text = render('markdown', mesh('pass'), mesh('leaked'));
    expect(text).toContain('… and 82 more.');
    expect(render('markdown', hostileRecord(), beforeUpgrade()).length).toBeLessThanOrEqual(MARKDOWN_LIMIT);
  });

  test('is whole in the page and as JSON', () => {
    expect(render('html', mesh('pass'), mesh('leaked')).match(/<th scope="row" class="pair">/g)).toHaveLength(
      132,
    );
    expect(JSON.parse(render('json', mesh('pass'), mesh('leaked'))).checks).toHaveLength(132);
  });
});

describe.each(COMPARISON_FORMATS)('as %s', (format) => {
  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
    'no text of a record is obeyed, with word %i of those that are given',
    (choice) => {
      const [hostile, other] = [hostileBySchema(choice), hostileBySchema(choice + 1)];
      for (const verbose of [false, true])
        for (const [before, after] of [
          [hostile, everyVerdict()],
          [everyVerdict(), hostile],
          [hostile, other],
        ] as const)
          expectHarmless(render(format, before, after, { verbose }));
    },
  );
});

test('in Markdown no text of a record is markup', () => {
  const html = micromark(render('markdown', beforeUpgrade(), hostileRecord()), {
    extensions: [gfm()],
    htmlExtensions: [gfmHtml()],
  });
  expect(html).not.toMatch(/<(?:script|img|a|del|em|input)\b/);
});
