/** The pages of a comparison, of a history and of an upgrade in a real browser, from disk: what they show, on any screen, and whatever the records say. */
import { expect, test } from 'vitest';
import { compareRecords } from '../../src/compare/compare.ts';
import { HistoryBuilder } from '../../src/compare/history.ts';
import type { UpgradeRecords } from '../../src/compare/upgrade.ts';
import type { RunRecord } from '../../src/record/schema.ts';
import { COMPARISON_REPORTS } from '../../src/report/comparison/comparison.ts';
import { HISTORY_REPORTS } from '../../src/report/history/history.ts';
import { UPGRADE_REPORTS } from '../../src/report/upgrade/upgrade.ts';
import { afterUpgrade, beforeUpgrade } from '../compare/records.ts';
import { complaintsOf } from './formats/html/accessibility.ts';
import { describeInBrowser, pagesOfGroup } from './formats/html/browser.ts';
import { fortnight } from './history/fortnight.ts';
import { hostileBySchema } from './hostile.ts';
import { hostileRecord } from './records.ts';
import { roughUpgrade } from './upgrade/records.ts';

const OPTIONS = { width: 80, colour: false, verbose: false, quiet: false };

function comparisonPage(before: RunRecord, after: RunRecord): string {
  return COMPARISON_REPORTS.html(compareRecords(before, after), OPTIONS);
}

function historyPage(records: readonly RunRecord[]): string {
  const builder = new HistoryBuilder();
  for (const record of records) builder.add(record, `${record.run.id}.json`);
  return HISTORY_REPORTS.html({ ...builder.finish(), leftOut: [] }, OPTIONS);
}

const upgradePage = (records: UpgradeRecords): string => UPGRADE_REPORTS.html(records, OPTIONS);

/** With how many scripts each has: a timeline has one, and is read without it, too. */
const PAGES = [
  ['comparison', () => comparisonPage(beforeUpgrade(), afterUpgrade()), 0],
  ['history', () => historyPage(fortnight()), 0],
  ['report of an upgrade', () => upgradePage(roughUpgrade()), 1],
] as const;

describeInBrowser('the page of', () => {
  const open = pagesOfGroup();

  for (const [name, render, scripts] of PAGES) {
    test(`a ${name} gives axe-core nothing to complain of, light or dark`, async () => {
      const { page, seen } = await open(render());
      expect(await complaintsOf(page)).toEqual([]);
      expect(seen).toEqual([]);
    });

    test(`a ${name} is the same without scripts, and fits a small screen and paper`, async () => {
      const { page, seen } = await open(render(), {
        javaScriptEnabled: false,
        viewport: { width: 390, height: 800 },
      });
      expect(await page.locator('script').count()).toBe(scripts);
      expect(await page.locator('h2').count()).toBeGreaterThan(2);
      await page.emulateMedia({ media: 'print' });
      expect((await page.pdf({ format: 'A4' })).length).toBeGreaterThan(1000);
      expect(seen).toEqual([]);
      const { page: small } = await open(render(), { viewport: { width: 390, height: 800 } });
      expect(await small.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    });
  }

  test('one of hostile names runs nothing, loads nothing and opens nothing', async () => {
    const hostile = hostileRecord();
    for (const text of [
      comparisonPage(beforeUpgrade(), hostile),
      comparisonPage(hostile, beforeUpgrade()),
      historyPage([hostile, beforeUpgrade()]),
    ]) {
      const { page, seen } = await open(text);
      expect(await page.locator('script, img, iframe, object').count()).toBe(0);
      expect(seen).toEqual([]);
    }
    const { page, seen } = await open(
      upgradePage({ before: hostile, during: hostileBySchema(0), after: hostile }),
    );
    expect(await page.locator('script').count()).toBe(1);
    expect(await page.locator('img, iframe, object').count()).toBe(0);
    expect(seen).toEqual([]);
  });
});
