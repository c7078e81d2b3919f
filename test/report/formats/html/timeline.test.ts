/** The timeline of a watch in a real browser: buttons, keys, wheel and fingers, paper, and the page without its script. */
import type { BrowserContextOptions, Page } from 'playwright-core';
import { expect, test } from 'vitest';
import { renderHtml } from '../../../../src/report/formats/html/html.ts';
import { viewOf } from '../../../../src/report/view/run.ts';
import { buildRecord, meshScenario } from '../../fixture.ts';
import { calmWatch, manyWindows, upgradeWatched } from '../../watch.ts';
import { complaintsOf } from './accessibility.ts';
import { describeInBrowser, openerForTests } from './browser.ts';

const WHOLE = '02:00:06 to 02:02:36 UTC';

test('the page holds all of its script: nothing is left to be imported', () => {
  const page = renderHtml(viewOf(upgradeWatched()));
  expect(page.match(/<script type="module">/g)).toHaveLength(2);
  expect(page).not.toMatch(/^import /m);
});

test('what nobody watched has no timeline, nor what belongs to one', () => {
  const { watch: _, ...record } = upgradeWatched();
  const page = renderHtml(viewOf(record));
  expect(page.match(/<script type="module">/g)).toHaveLength(1);
  expect(page).not.toContain('timeline');
});

test('of thousands of windows the page holds as many as can be looked at, and says how many it leaves out', () => {
  const record = manyWindows(
    buildRecord([
      meshScenario(100, (from, to) => ({ expected: (from + to) % 2 === 0 ? 'reachable' : 'unreachable' })),
    ]),
  );
  const page = renderHtml(viewOf(record));
  expect(page.match(/<details class="lane">/g)).toHaveLength(60);
  expect(page).toMatch(/… and [\d,]+ more groups of windows: [\d,]+ leaks?, [\d,]+ gaps?\./);
  expect(page.length).toBeLessThan(4_000_000);
});

describeInBrowser('the timeline', () => {
  const openReport = openerForTests();
  const open = (record = upgradeWatched(), options: BrowserContextOptions = {}) =>
    openReport(record, { hash: '#watch', ...options });

  const shown = (page: Page): Promise<string> => page.locator('.tools output').innerText();
  const ticks = (page: Page): Promise<string[]> => page.locator('.ticks text').allTextContents();
  const button = (page: Page, name: string) => page.locator('.tools button', { hasText: name });

  test('shows the whole time at first, and by buttons any part of it', async () => {
    const { page, seen } = await open();
    expect(await shown(page)).toBe(WHOLE);
    await button(page, 'Zoom in').click();
    expect(await shown(page)).toBe('02:00:43 to 02:01:58 UTC');
    expect(await ticks(page)).toEqual([
      '02:00:50',
      '02:01:00',
      '02:01:10',
      '02:01:20',
      '02:01:30',
      '02:01:40',
      '02:01:50',
    ]);
    await button(page, 'Earlier').click();
    expect(await shown(page)).toBe('02:00:24 to 02:01:39 UTC');
    await button(page, 'Later').click();
    await button(page, 'Later').click();
    await button(page, 'Later').click();
    // There is nothing after its end.
    expect(await shown(page)).toBe('02:01:21 to 02:02:36 UTC');
    expect(await page.locator('.incident:not([hidden]) title').allTextContents()).toEqual([
      '4: the command ended',
    ]);
    await button(page, 'Zoom out').click();
    expect(await shown(page)).toBe(WHOLE);
    await button(page, 'Zoom in').click();
    await button(page, 'Whole time').click();
    expect(await shown(page)).toBe(WHOLE);
    expect(seen).toEqual([]);
  });

  test('the tabulator goes through the windows, each with a name, and the keys go through time', async () => {
    const { page, seen } = await open();
    await page.locator('.timeline .scroll').focus();
    const names: string[] = [];
    for (let lane = 0; lane < 3; lane += 1) {
      await page.keyboard.press('Tab');
      names.push(await page.locator(':focus').innerText());
    }
    expect(names).toEqual([
      '02:01:07 UTC: leak of 0.5 to 1.3 s on 9 checks, all to node-2, after calico-node on node-2 restarted',
      '02:01:04 UTC: gap of 2.6 to 3.8 s on 10 checks, all to node-2 and across nodes, while calico-node on node-2 restarted',
      '02:01:36 UTC: unknown for 4.9 to 5.6 s on 8 checks, all from shop/cache: the agent of shop/cache did not run',
    ]);
    // Zooms to the window that is looked at.
    for (const key of ['+', '=', '+', '+']) await page.keyboard.press(key);
    expect(await shown(page)).toBe('02:01:32.892 to 02:01:42.267 UTC');
    await page.keyboard.press('ArrowRight');
    expect(await shown(page)).toBe('02:01:35.235 to 02:01:44.610 UTC');
    await page.keyboard.press('ArrowLeft');
    await page.keyboard.press('-');
    expect(await shown(page)).toBe('02:01:27 to 02:01:45 UTC');
    await page.keyboard.press('0');
    expect(await shown(page)).toBe(WHOLE);
    await page.keyboard.press('Enter');
    expect(await page.locator('.lane[open] li').count()).toBe(8);
    expect(seen).toEqual([]);
  });

  test('a bar lies where its time lies, and is gone when that is not shown', async () => {
    const { page } = await open();
    const bar = page.locator('.lane').first().locator('summary .sure');
    const place = async (): Promise<number[]> =>
      [await bar.getAttribute('x'), await bar.getAttribute('width')].map(Number);
    // 61.261 s of 150 s.
    expect(await place()).toEqual([392.1, 4]);
    await button(page, 'Zoom in').click();
    expect((await place())[0]).toBeCloseTo(((61.261 - 37.5) / 75) * 960, 0);
    await button(page, 'Later').click();
    await button(page, 'Later').click();
    expect(await bar.getAttribute('hidden')).toBe('');
  });

  test('the wheel zooms with Ctrl around the pointer, and otherwise scrolls the page', async () => {
    const { page } = await open();
    const box = await page.locator('.tracks').boundingBox();
    if (box === null) throw new Error('the timeline has no place');
    await page.mouse.move(box.x + box.width, box.y + 80);
    await page.mouse.wheel(0, 40);
    expect(await shown(page)).toBe(WHOLE);
    await page.keyboard.down('Control');
    await page.mouse.move(box.x + box.width - 1, box.y + 60);
    await page.mouse.wheel(0, -200);
    await page.keyboard.up('Control');
    // What is pointed at stays: the end.
    await expect.poll(() => shown(page)).toMatch(/^02:01:2\d to 02:02:3[56] UTC$/);
  });

  test('two fingers zoom', async () => {
    const { page } = await open(upgradeWatched(), { hasTouch: true });
    await page.evaluate(`(() => {
      const tracks = document.querySelector('.tracks');
      const { left, width, top } = tracks.getBoundingClientRect();
      const touch = (name, pointerId, share) => tracks.dispatchEvent(new PointerEvent(name,
        { pointerType: 'touch', pointerId, clientX: left + share * width, clientY: top + 50, bubbles: true }));
      touch('pointerdown', 1, 0.45);
      touch('pointerdown', 2, 0.55);
      touch('pointermove', 1, 0.4);
      touch('pointermove', 2, 0.6);
      touch('pointerup', 1, 0.4);
      touch('pointermove', 2, 0.9);
    })()`);
    expect(await shown(page)).toMatch(/^02:00:4\d to 02:0[12]:\d\d UTC$/);
  });

  test('paper shows the whole time and no buttons, and afterwards it is as it was', async () => {
    const { page, seen } = await open();
    await button(page, 'Zoom in').click();
    const before = await shown(page);
    await page.evaluate('dispatchEvent(new Event("beforeprint"))');
    await page.emulateMedia({ media: 'print' });
    expect((await ticks(page))[0]).toBe('02:00:30');
    expect(await page.locator('.tools').isVisible()).toBe(false);
    expect(await page.locator('.lane:not([open])').count()).toBe(0);
    expect((await page.pdf()).byteLength).toBeGreaterThan(10_000);
    await page.emulateMedia({ media: 'screen' });
    await page.evaluate('dispatchEvent(new Event("afterprint"))');
    expect(await shown(page)).toBe(before);
    expect(seen).toEqual([]);
  });

  test('kinds of windows differ by their patterns, not by colour alone', async () => {
    const { page } = await open();
    const fills = await page.evaluate(
      `[...document.querySelectorAll('.legend .sure')].map((bar) => getComputedStyle(bar).fill)`,
    );
    expect(fills).toEqual(['url("#is-leak")', 'url("#is-gap")', 'url("#is-unknown")']);
  });

  test('without scripts it is a picture of the whole time, with all of it in words', async () => {
    const { page } = await open(upgradeWatched(), { javaScriptEnabled: false });
    expect(await page.locator('.tools').isVisible()).toBe(false);
    expect(await page.locator('.ticks text').allTextContents()).toContain('02:01:00');
    expect(await page.locator('.lane summary .sure').first().isVisible()).toBe(true);
    await page.locator('#watch summary', { hasText: 'The same as a table' }).click();
    expect(await page.locator('#watch table tbody th').allInnerTexts()).toEqual(['leak', 'gap', 'unknown']);
  });

  test('a watch in which all was well has a time axis and no lanes', async () => {
    const { page, seen } = await open(calmWatch());
    expect(await page.locator('.lane').count()).toBe(0);
    expect(await page.locator('#watch').innerText()).toContain('no window on 72 checks');
    expect(seen).toEqual([]);
  });

  test('a small screen moves the timeline by itself', async () => {
    const { page } = await open(upgradeWatched(), { viewport: { width: 390, height: 800 } });
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  });

  test('axe-core finds nothing to complain of, light or dark', async () => {
    const { page } = await open();
    expect(await complaintsOf(page)).toEqual([]);
  });
});
