/** Chromium for the page's tests: the system's own, without a network of its own and without a profile. */
import { existsSync } from 'node:fs';
import { type Browser, chromium, type Page } from 'playwright-core';
import { describe } from 'vitest';

const PROGRAMS = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'] as const;
const program = process.env['PODREACH_BROWSER'] ?? PROGRAMS.find((path) => existsSync(path));

if (program === undefined && process.env['PODREACH_REQUIRE_BROWSER'] !== undefined)
  throw new Error('no Chromium is installed, and PODREACH_REQUIRE_BROWSER asks for one');

/** Says why in the name of the tests that are left out. */
export const describeInBrowser: (name: string, tests: () => void) => void =
  program === undefined
    ? (name, tests) => describe.skip(`${name} (skipped: no Chromium; apt-get install chromium)`, tests)
    : describe;

export async function launch(): Promise<Browser> {
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

/** What went wrong in a page that nobody would see: errors, refusals of its policy, requests beside the file itself. */
export function troubles(page: Page): string[] {
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
