/** The page in a real browser, from disk: pointer, keys, filters, address, paper, and what machines say of its accessibility. */
import type { Page } from 'playwright-core';
import { describe, expect, test } from 'vitest';
import { factsOf } from '../../../../src/report/parts/mismatch.ts';
import { viewOf } from '../../../../src/report/view/run.ts';
import { buildRecord, everyVerdict, meshScenario } from '../../fixture.ts';
import { hostileRecord } from '../../records.ts';
import { calmSteps, fiveSteps } from '../../steps.ts';
import { complaintsOf } from './accessibility.ts';
import { describeInBrowser, openerForTests } from './browser.ts';
import { largeRun } from './large.ts';

describeInBrowser('the page', () => {
  const open = openerForTests();

  const cell = (page: Page, scenario: number, check: number) =>
    page.locator(`table[data-scenario="${scenario}"] td[data-check="${check}"]`);
  const detail = (page: Page) => page.locator('#scenario-2 .detail');
  const addressOf = (page: Page): Promise<unknown> => page.evaluate('location.hash');

  test('a cell that is pointed at shows what is known of its check', async () => {
    const { page, seen } = await open(everyVerdict());
    await cell(page, 1, 1).hover();
    expect(await detail(page).locator('h4').innerText()).toBe('shop/api → shop/db:5432/TCP');
    const text = await detail(page).innerText();
    for (const words of [
      'broken: must be reachable, was not',
      'timeout 3 of 3 (after 500 ms, 3 dials each)',
      'Both pods were on the network: the kubelets of their nodes visited shop/api at 02:00:02 UTC',
      'When the policies had been taken away, it connected again.',
      'allowed by ingress rule 1 of policy shop/allow-api (policies/three-tier.yaml:18)',
      'scenarios/three-tier.yaml:21',
    ])
      expect(text).toContain(words);
    await page.locator('table[data-scenario="1"] tbody tr td:not([data-check])').first().hover();
    expect(await detail(page).innerText()).toContain('Not tested');
    expect(seen).toEqual([]);
  });

  test('what is shown of a check is what the other reports tell, whatever it came to', async () => {
    const record = largeRun({ pods: 12, ports: 2, leaked: (check) => check % 3 === 0 });
    const { checks } = viewOf(record);
    const { page } = await open(record);
    for (const [number, check] of [...checks.entries()].filter(([index]) => index % 37 === 0)) {
      await cell(page, 0, number).hover();
      const panel = page.locator('.detail');
      expect(await panel.locator('h4').innerText()).toBe(check.pair);
      const facts = factsOf(check);
      expect(await panel.locator('dt').allInnerTexts()).toEqual(facts.map(({ label }) => label));
      expect(await panel.locator('dd').allInnerTexts()).toEqual(facts.map(({ text }) => text));
    }
  });

  test('a click keeps a check in view and in the address, a second one or Escape lets it go', async () => {
    const { page } = await open(everyVerdict());
    await cell(page, 1, 2).click();
    expect(await addressOf(page)).toBe('#check=1.2');
    expect(await cell(page, 1, 2).getAttribute('aria-selected')).toBe('true');
    await cell(page, 1, 0).hover();
    expect(await detail(page).locator('h4').innerText()).toBe('shop/web → shop/db:5432/TCP');
    await page.reload();
    await page.locator('#shown:not(:empty)').waitFor();
    expect(await detail(page).locator('h4').innerText()).toBe('shop/web → shop/db:5432/TCP');
    await page.keyboard.press('Escape');
    expect(await addressOf(page)).toBe('');
    await cell(page, 1, 2).click();
    await cell(page, 1, 2).click();
    expect(await page.locator('[aria-selected="true"]').count()).toBe(0);
  });

  test('the keys of a grid walk through the matrix', async () => {
    const { page } = await open(everyVerdict());
    const grid = page.locator('table[data-scenario="1"]');
    expect(await grid.getAttribute('role')).toBe('grid');
    expect(await grid.locator('td[tabindex="0"]').count()).toBe(1);
    const focused = (): Promise<unknown> =>
      page.evaluate(
        '[document.activeElement.parentElement.rowIndex, document.activeElement.cellIndex, document.activeElement.ariaLabel]',
      );
    await grid.locator('td[tabindex="0"]').focus();
    const steps: readonly (readonly [key: string, row: number, column: number, label: string])[] = [
      ['ArrowRight', 1, 2, 'reachable, as expected'],
      ['ArrowUp', 1, 2, 'reachable, as expected'],
      ['End', 1, 6, 'unreachable, as expected'],
      ['ArrowRight', 1, 6, 'unreachable, as expected'],
      ['ArrowDown', 2, 6, 'inconclusive: nothing was proven'],
      ['Control+End', 5, 6, 'not tested'],
      ['Control+Home', 1, 1, 'not tested'],
      ['PageDown', 5, 1, 'not tested'],
      ['PageUp', 1, 1, 'not tested'],
    ];
    for (const [key, ...place] of steps) {
      await page.keyboard.press(key);
      expect(await focused(), key).toEqual(place);
    }
    for (const key of ['ArrowRight', 'ArrowRight', 'ArrowRight', 'Enter']) await page.keyboard.press(key);
    expect(await addressOf(page)).toBe('#check=1.2');
    // The tabulator key leaves the grid, and comes back to the same cell.
    await page.keyboard.press('Tab');
    await page.keyboard.press('Shift+Tab');
    expect(await focused()).toEqual([1, 4, 'leaked: must be unreachable, got through']);
  });

  test('verdict, namespace, policy and words choose checks, and stand in the address', async () => {
    const { page, seen } = await open(everyVerdict());
    const shown = (): Promise<string> => page.locator('#shown').innerText();
    const rows = (): Promise<string[]> =>
      page.locator('table[data-scenario="1"] tbody tr:visible th').allInnerTexts();
    expect(await shown()).toBe('all 17 checks shown');
    await page.getByLabel('leaked (1)').check();
    await page.getByText('1 of 17 checks shown').waitFor();
    expect(await addressOf(page)).toBe('#verdict=leaked');
    expect(await rows()).toEqual(['shop/web']);
    expect(await page.locator('details.mismatch:visible').count()).toBe(1);
    expect(await page.locator('#scenario-1 .nothing').isVisible()).toBe(true);
    await page.getByLabel('broken (2)').check();
    await page.getByText('3 of 17 checks shown').waitFor();
    expect(await rows()).toEqual(['shop/web', 'shop/api']);
    expect(await page.locator('details.mismatch:visible').count()).toBe(3);
    await page.getByRole('button', { name: 'Show all' }).click();
    expect([await shown(), await addressOf(page)]).toEqual(['all 17 checks shown', '']);
    await page.locator('#filter').getByLabel('Namespace').selectOption('monitoring');
    await page.getByText('6 of 17 checks shown').waitFor();
    expect(await page.locator('table[data-scenario="1"] td.faded[data-check]:visible').count()).toBe(3);
    await page.locator('#filter').getByLabel('Text').fill('SHOP/API 9090 settled');
    await page.getByText('1 of 17 checks shown').waitFor();
    expect(await addressOf(page)).toBe('#namespace=monitoring&text=SHOP%2FAPI+9090+settled');
    await page.reload();
    await page.getByText('1 of 17 checks shown').waitFor();
    expect(await page.locator('#filter').getByLabel('Namespace').inputValue()).toBe('monitoring');
    expect(await page.locator('#filter').getByLabel('Text').inputValue()).toBe('SHOP/API 9090 settled');
    expect(seen).toEqual([]);
  });

  test('what passed, and not in every attempt, can be chosen, and tells what else was seen', async () => {
    const { page, seen } = await open(everyVerdict());
    await page.getByLabel('passed, but not in every attempt (1)').check();
    await page.getByText('1 of 17 checks shown').waitFor();
    expect(await addressOf(page)).toBe('#contrary=yes');
    await cell(page, 1, 9).hover();
    expect(await detail(page).innerText()).toContain(
      'cut off in 2 of 4 attempts with the policies applied; 2 connections before that, while the policies were taking effect',
    );
    await page.getByLabel('leaked (1)').check();
    await page.getByText('0 of 17 checks shown').waitFor();
    await page.getByRole('button', { name: 'Show all' }).click();
    expect([await page.locator('#shown').innerText(), await addressOf(page)]).toEqual([
      'all 17 checks shown',
      '',
    ]);
    await page.locator('#summary a[href="#contrary=yes"]').click();
    await page.getByText('1 of 17 checks shown').waitFor();
    expect(await page.getByLabel('passed, but not in every attempt (1)').isChecked()).toBe(true);
    const calm = await open(buildRecord([meshScenario(3, () => ({}))]));
    expect(await calm.page.locator('input[name=contrary]').count()).toBe(0);
    expect(seen).toEqual([]);
  });

  test('what is told beside the matrices follows the choice, and says where nothing is left of it', async () => {
    const { page } = await open(
      buildRecord([
        ...everyVerdict().scenarios,
        meshScenario(13, () => ({ verdict: 'broken' })),
        meshScenario(6, () => ({ verdict: 'inconclusive', reason: 'nothing was listening' })),
      ]),
    );
    const parts = page.locator('#unexpected, #unproven');
    const told = async (part: string): Promise<string[]> =>
      (await page.locator(`#${part} > :visible, #${part} .pairs > :visible`).allInnerTexts()).map(
        (text) => text.split('\n')[0] ?? '',
      );
    expect(await told('unexpected')).toContain('… and 110 more. The matrices below show every one.');
    expect(await told('unproven')).toContain('and 10 more');
    await page.getByLabel('leaked (1)').check();
    await page.locator('#shown', { hasText: /^1 of/ }).waitFor();
    expect(await told('unexpected')).toEqual([
      'Not as expected',
      expect.stringContaining('shop/web → shop/db:5432/TCP'),
    ]);
    expect(await told('unproven')).toEqual(['Not proven', 'None of these checks matches the filter.']);
    await page.goto(`${page.url().split('#')[0]}#verdict=inconclusive&text=shop/db+prometheus`);
    await page.locator('#shown', { hasText: /^1 of/ }).waitFor();
    expect(await told('unexpected')).toEqual([
      'Not as expected',
      'None of the 50 that are told here matches the filter.',
    ]);
    expect((await told('unproven')).slice(2)).toEqual(['shop/db → monitoring/prometheus:9090/TCP']);
    await page.getByRole('button', { name: 'Show all' }).click();
    expect(await parts.locator('.nothing:visible').count()).toBe(0);
  });

  test('policies and namespaces lead to their checks, parts of the page leave the choice alone', async () => {
    const { page } = await open(everyVerdict());
    await page.locator('a[href="#policy=shop%2Fallow-api"]').click();
    await page.getByText('6 of 17 checks shown').waitFor();
    expect(await page.locator('#filter').getByLabel('Policy').inputValue()).toBe('shop/allow-api');
    await page.getByRole('link', { name: 'Not as expected' }).click();
    expect(await page.locator('#shown').innerText()).toBe('6 of 17 checks shown');
    await page.locator('#filter').getByLabel('Policy').selectOption('');
    await page.locator('#scenario-2 svg a').last().click();
    await page.getByText('6 of 17 checks shown').waitFor();
    expect(await page.locator('#filter').getByLabel('Policy').inputValue()).toBe('');
  });

  test('a link is followed, also where what was typed goes into effect meanwhile', async () => {
    // Timers go off when the test says so.
    const { page } = await open(everyVerdict(), { before: 'setTimeout = (work) => { rest = work; };' });
    await page.getByText('all 17 checks shown').waitFor();
    await page.locator('#filter').getByLabel('Text').fill('nothing has this name');
    // The address changes at once, and the page is told of it after the timer.
    await page.evaluate('document.querySelector(\'a[href="#policy=shop%2Fallow-api"]\').click(); rest();');
    await page.getByText('6 of 17 checks shown').waitFor();
    expect(await page.locator('#filter').getByLabel('Text').inputValue()).toBe('');
    expect(await addressOf(page)).toBe('#policy=shop%2Fallow-api');
  });

  test('what is chosen and not typed goes into effect at once', async () => {
    const { page } = await open(everyVerdict(), { before: 'setTimeout = () => {};' });
    await page.getByText('all 17 checks shown').waitFor();
    await page.locator('#filter').getByLabel('Policy').selectOption('shop/allow-api');
    expect(await page.locator('#shown').innerText()).toBe('6 of 17 checks shown');
    await page.getByLabel('leaked (1)').check();
    expect(await page.locator('#shown').innerText()).not.toBe('6 of 17 checks shown');
  });

  test('a check that is kept leaves the matrices of other scenarios alone, and stays while focus moves on', async () => {
    const { page } = await open(everyVerdict(), { hash: '#check=1.2' });
    await cell(page, 2, 0).hover();
    expect(await page.locator('#scenario-3 .detail h4').innerText()).toBe('shop/web → shop/db:5432/TCP');
    await cell(page, 1, 2).focus();
    await page.keyboard.press('ArrowDown');
    expect(await page.evaluate('document.activeElement.parentElement.rowIndex')).toBe(2);
    expect(await detail(page).locator('.meaning').innerText()).toBe(
      'leaked: must be unreachable, got through',
    );
  });

  test('what has the focus is never below the heads of the matrix', async () => {
    const { page } = await open(buildRecord([meshScenario(60, () => ({}))]), {
      viewport: { width: 800, height: 600 },
    });
    await page.locator('.matrix td[tabindex="0"]').focus();
    await page.keyboard.press('Control+End');
    for (const key of [...Array<string>(40).fill('ArrowUp'), ...Array<string>(40).fill('ArrowLeft')])
      await page.keyboard.press(key);
    const isClear = await page.evaluate(`(() => {
      const cell = document.activeElement.getBoundingClientRect();
      const corner = document.querySelector('.corner').getBoundingClientRect();
      return document.activeElement.cellIndex === 20 && cell.top >= corner.bottom && cell.left >= corner.right;
    })()`);
    expect(isClear).toBe(true);
  });

  test('a part of the page that is jumped to stands below the filter, and the choice stays in the address', async () => {
    for (const width of [1500, 1100, 390]) {
      const { page } = await open(everyVerdict(), {
        hash: '#scenario-2',
        viewport: { width, height: 500 },
      });
      const clearance = (): Promise<number> =>
        page.evaluate(`(() => {
          const filter = document.getElementById('filter').getBoundingClientRect();
          return document.getElementById('scenario-2').getBoundingClientRect().top - Math.max(0, filter.bottom);
        })()`);
      expect(await clearance()).toBeGreaterThanOrEqual(0);
      expect(await addressOf(page)).toBe('#scenario-2');
      await page.locator('.card.is-leaked').click();
      await page.getByText('1 of 17 checks shown').waitFor();
      await page.locator('nav a[href="#scenario-2"]').click();
      await page.waitForFunction('location.hash === "#verdict=leaked"');
      expect(await clearance()).toBeGreaterThanOrEqual(0);
      expect(await clearance()).toBeLessThan(30);
      await page.close();
    }
  });

  test('on a small screen facts stand below their labels', async () => {
    const { page } = await open(everyVerdict(), { viewport: { width: 390, height: 800 } });
    const narrowest = await page
      .locator('#audit dl.facts > dd')
      .evaluateAll((texts) =>
        Math.min(...texts.map((text) => text.clientWidth).filter((width) => width > 0)),
      );
    expect(narrowest).toBeGreaterThan(250);
  });

  test('on a small screen a table moves by itself, with room for words in its cells', async () => {
    const { page } = await open(everyVerdict(), { viewport: { width: 390, height: 800 } });
    const widths = await page
      .locator('table.list td:not(.number)')
      .evaluateAll((cells) => cells.map(({ clientWidth }) => clientWidth));
    expect(Math.min(...widths)).toBeGreaterThan(120);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
  });

  test('arrows skip what is not chosen, and a choice that hides the entry moves it', async () => {
    const { page } = await open(everyVerdict(), { hash: '#verdict=flapping,inconclusive&text=shop/api' });
    await page.getByText('3 of 17 checks shown').waitFor();
    const grid = page.locator('table[data-scenario="1"]');
    await grid.locator('td[tabindex="0"]').focus();
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowRight');
    expect(await detail(page).locator('h4').innerText()).toBe(
      'monitoring/prometheus → shop/api:9090/TCP (metrics)',
    );
  });

  describe('a scenario that goes on in steps', () => {
    const stepsOf = (page: Page): Promise<string[]> => page.locator('.step:visible > h3').allInnerTexts();
    const ALL = [
      'Step 1: first step',
      'Step 2: monitoring is let in',
      'Step 3: the API is replaced',
      'Step 4: monitoring is shut out again',
      'Step 5: back to open',
    ];

    test('begins with the first step in which something is amiss, or with the first of all', async () => {
      const { page, seen } = await open(fiveSteps());
      expect(await stepsOf(page)).toEqual([ALL[1]]);
      const marked = page.locator('fieldset.steps label', { hasText: '(!)' });
      expect((await marked.allInnerTexts()).map((text) => text.trim())).toEqual([
        '2 monitoring is let in (!)',
        '3 the API is replaced (!)',
        '4 monitoring is shut out again (!)',
        '5 back to open (!)',
      ]);
      expect(await stepsOf((await open(calmSteps())).page)).toEqual([ALL[0]]);
      expect(seen).toEqual([]);
    });

    test('shows the step that is chosen, by keys too, and keeps it in the address', async () => {
      const { page } = await open(fiveSteps());
      await page.getByLabel('2 monitoring is let in').focus();
      await page.keyboard.press('ArrowRight');
      expect(await stepsOf(page)).toEqual([ALL[2]]);
      expect(await addressOf(page)).toBe('#step=0.2');
      await page.reload();
      await page.locator('#shown:not(:empty)').waitFor();
      expect(await stepsOf(page)).toEqual([ALL[2]]);
      await page.getByLabel('all steps').check();
      expect(await stepsOf(page)).toEqual(ALL);
      expect(await addressOf(page)).toBe('#step=0.all');
      await page.getByLabel('leaked (1)').check();
      await page.getByText('1 of 36 checks shown').waitFor();
      expect(await addressOf(page)).toBe('#verdict=leaked&step=0.all');
      expect(await page.locator('.step .nothing:visible').count()).toBe(4);
      await page.getByRole('button', { name: 'Show all' }).click();
      expect(await addressOf(page)).toBe('#step=0.all');
    });

    test('is led to a step by its link, and by a check that is kept in view', async () => {
      const { page } = await open(fiveSteps());
      await page.getByRole('link', { name: 'back to open' }).click();
      await page.locator('#scenario-1-step-5').waitFor();
      expect(await stepsOf(page)).toEqual([ALL[4]]);
      const kept = (await open(fiveSteps(), { hash: '#check=0.24' })).page;
      expect(await stepsOf(kept)).toEqual([ALL[3]]);
      const panel = kept.locator('#scenario-1-step-4 .detail');
      expect(await panel.locator('h4').innerText()).toBe('monitoring/prometheus → shop/api:8080/TCP');
      expect(await panel.innerText()).toContain('4 of 5, monitoring is shut out again');
      // It is kept in its own step only.
      await kept.getByLabel('1 first step').check();
      await cell(kept, 0, 1).hover();
      expect(await kept.locator('#scenario-1-step-1 .detail h4').innerText()).toBe(
        'shop/web → shop/db:5432/TCP',
      );
    });

    test('marks what changes, for the eye and for the ear', async () => {
      const { page } = await open(fiveSteps(), { hash: '#step=0.all' });
      const changed = (step: number) => page.locator(`#scenario-1-step-${step} td:is(.opens, .closes, .new)`);
      expect(await Promise.all([1, 2, 3, 4, 5].map((step) => changed(step).count()))).toEqual([
        0, 1, 0, 2, 5,
      ]);
      expect(
        await page.evaluate(
          `getComputedStyle(document.querySelector('#scenario-1-step-2 td.opens'), '::after').content`,
        ),
      ).toBe('"▴"');
      expect(await changed(2).getAttribute('aria-label')).toBe(
        'late: as expected, after its time; must be reachable from this step on',
      );
      expect(await changed(4).first().getAttribute('class')).toBe('l closes');
    });

    test('is told one step after the other without scripts, and on paper', async () => {
      const { page } = await open(fiveSteps(), { javaScriptEnabled: false });
      expect(await stepsOf(page)).toEqual(ALL);
      expect(await page.locator('fieldset.steps').isVisible()).toBe(false);
      const printed = (await open(fiveSteps())).page;
      await printed.evaluate('dispatchEvent(new Event("beforeprint"))');
      await printed.emulateMedia({ media: 'print' });
      expect(await stepsOf(printed)).toEqual(ALL);
      expect(await printed.locator('fieldset.steps').isVisible()).toBe(false);
      await printed.evaluate('dispatchEvent(new Event("afterprint"))');
      expect(await stepsOf(printed)).toEqual([ALL[1]]);
    });

    test('has nothing for axe-core to complain of, light or dark', async () => {
      const { page } = await open(fiveSteps(), { hash: '#step=0.all&check=0.24' });
      expect(await complaintsOf(page)).toEqual([]);
    });

    test('fits a small screen', async () => {
      const { page } = await open(fiveSteps(), { viewport: { width: 390, height: 800 } });
      expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    });
  });

  test('axe-core finds nothing to complain of, light or dark', async () => {
    for (const hash of ['', '#verdict=leaked&check=1.2']) {
      const { page } = await open(everyVerdict(), { hash });
      expect(await complaintsOf(page)).toEqual([]);
    }
  });

  test('axe-core complains of what is too pale to read in the dark alone, and of what has no name', async () => {
    const { page } = await open(everyVerdict());
    await page.evaluate(`(() => {
      document.adoptedStyleSheets = [new CSSStyleSheet()];
      document.adoptedStyleSheets[0].replaceSync('@media (prefers-color-scheme: dark) { h1 { color: #333 !important } }');
      document.querySelector('main').append(document.createElement('button'));
    })()`);
    expect((await complaintsOf(page)).map(([rule]) => rule)).toEqual([
      'button-name, light',
      'color-contrast, dark',
    ]);
  });

  test('every colour follows the choice of light or dark but that of alarms', async () => {
    const look = async (colorScheme: 'light' | 'dark') => {
      const { page } = await open(everyVerdict(), { colorScheme });
      const colours: Record<string, string> = await page.evaluate(`(() => {
        const [root] = document.styleSheets[0].cssRules;
        const names = [...root.style].filter((name) => name.startsWith('--'));
        const style = getComputedStyle(document.documentElement);
        return Object.fromEntries(names.map((name) => [name, style.getPropertyValue(name)]));
      })()`);
      const [ground = 0, sheet = 0, ink = 0]: number[] = await page.evaluate(`(() => {
        const lightness = (part, property) =>
          Math.max(...getComputedStyle(document.querySelector(part))[property].match(/[0-9]+/g).map(Number));
        return [lightness('html', 'backgroundColor'), lightness('section', 'backgroundColor'), lightness('section', 'color')];
      })()`);
      return { colours, ground, sheet, ink };
    };
    const [light, dark] = [await look('light'), await look('dark')];
    const same = Object.keys(light.colours).filter((name) => light.colours[name] === dark.colours[name]);
    expect(same).toEqual(['--alarm']);
    expect(Math.min(light.ground, light.sheet)).toBeGreaterThan(light.ink + 150);
    expect(Math.max(dark.ground, dark.sheet)).toBeLessThan(dark.ink - 150);
  });

  test('hostile names run nothing, load nothing and open nothing', async () => {
    const { page, seen } = await open(hostileRecord());
    await page.locator('td[data-check]').first().click();
    await page.locator('#filter').getByLabel('Text').fill('<script>');
    await page.getByText(/of 75 checks shown/).waitFor();
    expect(await page.locator('script').count()).toBe(2);
    expect(await page.locator('img, iframe, object').count()).toBe(0);
    expect(seen).toEqual([]);
  });

  test('without scripts everything but the details of passed checks can be read', async () => {
    const { page } = await open(everyVerdict(), { javaScriptEnabled: false });
    expect(await page.locator('#filter').isVisible()).toBe(false);
    expect(await page.getByText('Without JavaScript this page has no filters').isVisible()).toBe(true);
    expect(
      await page.getByText('the policies, or the scenario: they say different things').first().isVisible(),
    ).toBe(true);
    expect(await page.locator('table[data-scenario="1"] td.l').innerText()).toBe('L');
  });

  test('a browser that cannot unpack the facts says so, and shows all the rest', async () => {
    const { page } = await open(everyVerdict(), { before: 'delete globalThis.DecompressionStream' });
    await page
      .getByText("This browser is too old for the page's script. Without it this page has no")
      .waitFor();
    expect(await page.locator('#filter').isVisible()).toBe(false);
    expect(await page.locator('table[data-scenario="1"] td.l').innerText()).toBe('L');
  });

  test('on paper everything is open, and nothing is there to click on', async () => {
    const { page } = await open(everyVerdict());
    await page.evaluate('dispatchEvent(new Event("beforeprint"))');
    await page.emulateMedia({ media: 'print' });
    expect(await page.locator('details:not([open])').count()).toBe(0);
    expect(await page.locator('#filter').isVisible()).toBe(false);
    expect((await page.pdf()).byteLength).toBeGreaterThan(10_000);
    await page.evaluate('dispatchEvent(new Event("afterprint"))');
    expect(await page.locator('details:not([open])').count()).toBeGreaterThan(0);
  });

  test('on paper the audit follows the summary, whole pages long, with the policies as they were applied', async () => {
    const { page } = await open(everyVerdict());
    const tops = async (): Promise<string[]> =>
      page.evaluate(`[...document.querySelectorAll('main > section')]
        .sort((one, other) => one.getBoundingClientRect().top - other.getBoundingClientRect().top)
        .map(({ id }) => id)`);
    expect((await tops()).at(-1)).toBe('audit');
    await page.emulateMedia({ media: 'print' });
    expect((await tops()).slice(0, 3)).toEqual(['summary', 'audit', 'unexpected']);
    const breaks = await page.evaluate(
      `[...new Set([...document.querySelectorAll('.incident, .mismatch, .statements > li, #audit li:has(pre)')]
        .map((part) => getComputedStyle(part).breakInside))]`,
    );
    expect(breaks).toEqual(['auto']);
    const policy = page.locator('#audit pre').first();
    expect(await policy.isVisible()).toBe(true);
    expect(await policy.innerText()).toContain('kind: NetworkPolicy');
    expect(await page.locator('.signatures tbody tr').count()).toBe(3);
  });

  test('on paper the choice is lifted, of which paper says nothing, and is back afterwards', async () => {
    const { page } = await open(everyVerdict(), { hash: '#verdict=leaked' });
    await page.getByText('1 of 17 checks shown').waitFor();
    const visible = (): Promise<number[]> =>
      Promise.all(
        ['.matrix tbody tr', 'details.mismatch', 'td.faded[data-check]'].map((parts) =>
          page.locator(`${parts}:visible`).count(),
        ),
      );
    const chosen = await visible();
    await page.evaluate('dispatchEvent(new Event("beforeprint"))');
    expect(await visible()).toEqual([9, 4, 0]);
    await page.evaluate('dispatchEvent(new Event("afterprint"))');
    expect(await visible()).toEqual(chosen);
    expect(await addressOf(page)).toBe('#verdict=leaked');
  });

  test('on paper a wide matrix continues below, in parts that fit', async () => {
    const { page } = await open(buildRecord([meshScenario(60, () => ({}))]), {
      // As wide as A4 between narrow margins.
      viewport: { width: 698, height: 1000 },
    });
    await page.evaluate('dispatchEvent(new Event("beforeprint"))');
    await page.emulateMedia({ media: 'print' });
    const parts = page.locator('.matrix:visible');
    const rows = await parts.evaluateAll((tables) =>
      tables.map((table) => [
        table.querySelectorAll('tbody tr').length,
        table.querySelectorAll('thead th').length,
      ]),
    );
    expect(rows).toEqual([
      [60, 28],
      [60, 28],
      [60, 4],
    ]);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    const heads = await parts.locator('thead th').evaluateAll((cells) => cells.map(({ title }) => title));
    expect(new Set(heads).size).toBe(60);
    await page.evaluate('dispatchEvent(new Event("afterprint"))');
    expect(await page.locator('.matrix').count()).toBe(1);
    expect(await page.locator('.matrix thead th:visible').count()).toBe(60);
  });

  test('stays at hand with 100 pods, and fits a small screen', async () => {
    const record = buildRecord([
      meshScenario(100, (from, to) => (from === 3 && to % 10 === 0 ? { verdict: 'broken' } : {})),
    ]);
    const { page, seen } = await open(record, { viewport: { width: 390, height: 800 } });
    await page.getByLabel('broken (10)').check();
    await page.getByText('10 of 9,900 checks shown').waitFor();
    expect(await page.locator('.matrix tbody tr:visible').count()).toBe(1);
    expect(await page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true);
    expect(seen).toEqual([]);
  });
});
