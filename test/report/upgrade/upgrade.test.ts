/** What an upgrade came to, in each format: the answer first, whole, and harmless. */
import { describe, expect, test } from 'vitest';
import type { UpgradeRecords } from '../../../src/compare/upgrade.ts';
import { COMPARISON_FORMATS, type ComparisonFormat } from '../../../src/report/formats.ts';
import type { RenderOptions } from '../../../src/report/render-options.ts';
import { UPGRADE_REPORTS } from '../../../src/report/upgrade/upgrade.ts';
import type { ToldUpgrade } from '../../../src/report/upgrade/view.ts';
import { everyVerdict } from '../fixture.ts';
import { withoutStyle } from '../formats/html/without-style.ts';
import { hostileBySchema } from '../hostile.ts';
import { expectHarmless } from '../obeyed.ts';
import { environmentFailure, interruptedRun, provisioningFailure } from '../records.ts';
import { upgradeWatched } from '../watch.ts';
import {
  briefUpgrade,
  calmDuring,
  calmUpgrade,
  failedUpgrade,
  narrowedUpgrade,
  roughUpgrade,
  runAfter,
  runBefore,
} from './records.ts';

const PLAIN: RenderOptions = { width: 100, colour: false, verbose: false, quiet: false };

function render(format: ComparisonFormat, told: ToldUpgrade, options: Partial<RenderOptions> = {}): string {
  return UPGRADE_REPORTS[format](told, { ...PLAIN, ...options });
}

test.each([
  ['terminal', 'txt'],
  ['markdown', 'md'],
  ['json', 'json'],
  ['html', 'html'],
] as const)('an upgrade that leaked and was cut off for a while, as %s', async (format, end) => {
  // The script of the timeline has its own tests.
  const text = withoutStyle(render(format, roughUpgrade()))
    .replace(/<script.*<\/script>/s, '')
    .replace(/script-src '[^']*'/, "script-src ''");
  await expect(text).toMatchFileSnapshot(`../golden/upgrade.${end}`);
});

test('one leak, as docs/upgrades.md shows it', async () => {
  await expect(render('terminal', briefUpgrade())).toMatchFileSnapshot('../golden/upgrade-brief.txt');
});

test('quiet says the answer and what is worse', async () => {
  await expect(render('terminal', calmUpgrade(), { quiet: true })).toMatchFileSnapshot(
    '../golden/upgrade-calm-quiet.txt',
  );
});

describe('the first line is the answer', () => {
  /** As a terminal of any width has it. */
  const answer = (records: UpgradeRecords): string =>
    render('terminal', records, { width: 1_000 }).split('\n')[0] ?? '';

  test.each<[UpgradeRecords, string]>([
    [
      calmUpgrade(),
      'Go: nothing was open or cut off during the upgrade that must not be, and every check is after it as it was before',
    ],
    [
      { ...calmUpgrade(), after: everyVerdict() },
      'No go: after the upgrade 1 check leaked, 2 checks were broken, 1 check flapped, 5 checks were inconclusive',
    ],
    [
      failedUpgrade(),
      'Not proven: during the upgrade the command failed: it exited with 3; after the upgrade every check passed',
    ],
    [
      roughUpgrade(),
      'No go: during the upgrade 9 checks leaked (open for 0.5 to 1.4 s at the longest), 10 checks were broken (cut off for 2.6 to 4.2 s at the longest); after the upgrade every check passed',
    ],
    [
      narrowedUpgrade(),
      'Not proven: after the upgrade 1 check was not tried: service/default/both has no IPv6 any more',
    ],
    [{ before: upgradeWatched() }, 'No go: before the upgrade 9 checks leaked'],
    [{ before: environmentFailure() }, 'Not proven: before the upgrade podreach could not go on: '],
    [{ before: interruptedRun() }, 'Not proven: before the upgrade it was interrupted'],
    [{ before: runBefore(), during: provisioningFailure() }, 'Not proven: during the upgrade '],
  ])('%#: %s', (records, words) => {
    expect(answer(records)).toContain(words);
    expect(answer(records).startsWith(words.slice(0, 10))).toBe(true);
  });

  test('and what is left out since is told with the check', () => {
    const where = 'not tried: service/default/both has no IPv6 any more';
    for (const format of ['terminal', 'markdown', 'html'] as const)
      expect(render(format, narrowedUpgrade(), { width: 1_000 })).toMatch(
        new RegExp(`service/default/both:\\d+/TCP via dns over IPv6[^]*${where}`),
      );
  });

  test('also where windows are within what is allowed', () => {
    const { during, ...rest } = roughUpgrade();
    if (during === undefined) throw new Error('there is a watch');
    const allowed = {
      ...during,
      scenarios: during.scenarios.map((scenario) => ({
        ...scenario,
        steps: scenario.steps.map((step) => ({
          ...step,
          checks: step.checks.map(({ reason: _, ...check }) => ({ ...check, verdict: 'pass' as const })),
        })),
      })),
    };
    expect(answer({ ...rest, during: allowed })).toMatch(
      /^Go: what was open or cut off during the upgrade is within what is allowed or known \(\d+ leaks, \d+ gaps\), and/,
    );
  });

  test('and says where the command was not run, and what was not made', () => {
    const records = { before: upgradeWatched() };
    expect(answer(records)).toMatch(/; the command was not run$/);
    for (const format of ['terminal', 'markdown', 'html'] as const)
      expect(render(format, records)).toContain('not made');
    expect(render('markdown', calmUpgrade())).toMatch(/^## Go: /);
    expect(JSON.parse(render('json', calmUpgrade()))).toMatchObject({ outcome: 'go', exitCode: 0 });
  });
});

test('what was amiss before it is listed', () => {
  for (const format of ['terminal', 'markdown', 'html'] as const)
    expect(render(format, { ...calmUpgrade(), before: upgradeWatched() })).toMatch(
      /shop.web.*billing.worker/,
    );
});

test('the page leads to those of the parts, where there are any', () => {
  expect(render('html', { ...calmUpgrade(), pages: { during: 'during.html' } })).toContain(
    '<a href="during.html">during the upgrade</a>',
  );
  expect(render('html', calmUpgrade())).not.toContain('during.html');
});

describe.each(COMPARISON_FORMATS)('as %s', (format) => {
  test.each([0, 1, 2, 3, 4, 5, 6, 7, 8])(
    'no text of a record is obeyed, with word %i of those that are given',
    (choice) => {
      const hostile = hostileBySchema(choice);
      for (const records of [
        { before: hostile, during: hostileBySchema(choice + 1), after: hostile },
        { before: runBefore(), during: calmDuring(), after: hostile },
        { before: hostile, during: hostile, after: runAfter() },
      ])
        expectHarmless(render(format, records));
    },
  );
});
