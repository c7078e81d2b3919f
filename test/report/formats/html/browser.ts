/** Chromium for the page's tests: the system's own, without a network of its own and without a profile. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe } from 'vitest';
import { type RunRecord, runRecordSchema } from '../../../../src/record/schema.ts';
import { renderHtml } from '../../../../src/report/formats/html/html.ts';
import { viewOf } from '../../../../src/report/view/run.ts';
import { folderWith } from '../../../support/cli.ts';

/** The first is one without windows of its own, which takes less than half the processor time. */
const PROGRAMS = [
  '/usr/bin/chromium-headless-shell',
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
] as const;
const program = process.env['PODREACH_BROWSER'] ?? PROGRAMS.find((path) => existsSync(path));

if (program === undefined && process.env['PODREACH_REQUIRE_BROWSER'] !== undefined)
  throw new Error('no Chromium is installed, and PODREACH_REQUIRE_BROWSER asks for one');

/** Says why in the name of the tests that are left out. */
export const describeInBrowser: (name: string, tests: () => void) => void =
  program === undefined
    ? (name, tests) =>
        describe.skip(`${name} (skipped: no Chromium; apt-get install chromium-headless-shell)`, tests)
    : describe;

export interface OpenPage {
  readonly page: Page;
  /** What went wrong in it so far. */
  readonly seen: string[];
}

type OpenOptions = BrowserContextOptions & {
  readonly hash?: string;
  /** Runs before the page's own script. */
  readonly before?: string;
};

/**
 * A browser for all tests of a group, each with pages of its own.
 * @returns opens a page from disk, given its text
 */
export function pagesOfGroup(): (text: string, options?: OpenOptions) => Promise<OpenPage> {
  let browser: Browser;
  const folder = folderWith({});
  beforeAll(async () => {
    browser = await launch();
  });
  afterAll(async () => {
    await browser.close();
    folder[Symbol.dispose]();
  });
  afterEach(async () => {
    for (const context of browser.contexts()) await context.close();
  });
  return async (text, { hash = '', before, ...options } = {}) => {
    const file = join(folder.path, 'report.html');
    writeFileSync(file, text);
    const page = await (await browser.newContext(options)).newPage();
    const seen = troubles(page);
    if (before !== undefined) await page.addInitScript(before);
    await page.goto(`${pathToFileURL(file)}${hash}`);
    return { page, seen };
  };
}

async function launch(): Promise<Browser> {
  return await chromium.launch({
    executablePath: program ?? '',
    // The page is our own, and root cannot have Chromium's sandbox.
    chromiumSandbox: false,
    args: [
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** The same for reports: opens the page of a record, and waits until it shows something. */
export function openerForTests(): (record: RunRecord, options?: OpenOptions) => Promise<OpenPage> {
  const openText = pagesOfGroup();
  return async (record, options = {}) => {
    const opened = await openText(renderHtml(viewOf(runRecordSchema.parse(record))), options);
    // A script that runs before those of the page may keep them from working.
    if (options.javaScriptEnabled !== false && options.before === undefined)
      await opened.page.locator('#shown:not(:empty)').waitFor();
    return opened;
  };
}

/** What went wrong in a page that nobody would see: errors, refusals of its policy, requests beside the file itself. */
function troubles(page: Page): string[] {
  const seen: string[] = [];
  page.on('pageerror', (error) => seen.push(error.message));
  page.on('console', (message) => seen.push(message.text()));
  page.on('request', (request) => {
    if (!request.isNavigationRequest()) seen.push(`request: ${request.url()}`);
  });
  page.on('dialog', (dialog) => {
    seen.push(`dialog: ${dialog.message()}`);
    void dialog.dismiss();
  });
  return seen;
}
