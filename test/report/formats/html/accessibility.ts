/** What axe-core complains of in an open page. */
import axe from 'axe-core';
import type { Page } from 'playwright-core';

/** By rule, the elements that break it, with every part of the page unfolded: all rules in light, and in dark that of contrast, which alone looks at colours. */
export async function complaintsOf(page: Page): Promise<(readonly [rule: string, elements: string[]])[]> {
  await page.evaluate(axe.source);
  await page.evaluate('for (const details of document.querySelectorAll("details")) details.open = true');
  const complaints: (readonly [string, string[]])[] = [];
  for (const [colorScheme, rules] of [
    ['light', undefined],
    ['dark', ['color-contrast']],
  ] as const) {
    await page.emulateMedia({ colorScheme });
    const options: axe.RunOptions = {
      resultTypes: ['violations'],
      ...(rules === undefined ? {} : { runOnly: [...rules] }),
    };
    const { violations } = (await page.evaluate(`axe.run(${JSON.stringify(options)})`)) as axe.AxeResults;
    complaints.push(
      ...violations.map(({ id, nodes }) => [`${id}, ${colorScheme}`, nodes.map(({ html }) => html)] as const),
    );
  }
  return complaints;
}
