import fc from 'fast-check';
import { XmlDocument, XmlElement } from 'libxml2-wasm';
import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import { describe, expect, test } from 'vitest';
import { type RunRecord, runRecordSchema } from '../../../src/record/schema.ts';
import { renderAudit } from '../../../src/report/formats/audit/markdown.ts';
import { renderMarkdown } from '../../../src/report/formats/markdown.ts';
import type { RenderOptions } from '../../../src/report/render-options.ts';
import { MARKDOWN_LIMIT } from '../../../src/report/text/markdown-limit.ts';
import { code, details, htmlCode, paragraph, prose, table } from '../../../src/report/text/markdown-text.ts';
import { neutralise } from '../../../src/report/text/text.ts';
import { viewOf } from '../../../src/report/view/run.ts';
import { attempts, buildRecord, calmScenario, everyVerdict, meshScenario } from '../fixture.ts';
import {
  environmentFailure,
  HOSTILE,
  hostileRecord,
  interruptedRun,
  provisioningFailure,
} from '../records.ts';

const PLAIN: RenderOptions = { width: 80, colour: false, verbose: false, quiet: false };
/** Everything that the reports themselves are made of. */
const OWN_ELEMENTS = new Set(
  'page h1 h2 h3 p ul ol li table thead tbody tr th td strong em code pre br details summary b blockquote'.split(
    ' ',
  ),
);

function render(record: RunRecord, options: Partial<RenderOptions> = {}): string {
  return renderMarkdown(viewOf(runRecordSchema.parse(record)), { ...PLAIN, ...options });
}

describe('the report for GitHub', () => {
  test('begins with the verdict and what is not as expected', async () => {
    await expect(render(everyVerdict())).toMatchFileSnapshot('../golden/every-verdict.md');
  });

  test('says what only several scenarios together show before what each shows', () => {
    const leaks = (...sources: number[]) =>
      meshScenario(4, (from, to) => ({
        expected: 'unreachable',
        ...(to === 1 && sources.includes(from) ? { verdict: 'leaked' } : {}),
      }));
    expect(render(buildRecord([leaks(0, 3), leaks(0, 2, 3)]))).toContain(
      [
        '- all 5 leaks, in 2 scenarios, lead into team-1/service-1:8080/TCP (5 of the 6 checks that do)',
        '- `mesh`: all 3 leaks lead into team-1/service-1:8080/TCP (3 of the 3 checks that do)',
      ].join('\n'),
    );
  });

  test('is short where all is well', async () => {
    await expect(render(buildRecord([calmScenario('done')]))).toMatchFileSnapshot('../golden/passed.md');
  });

  test.each([
    ['environment-failure', environmentFailure()],
    ['provisioning-failure', provisioningFailure()],
    ['interrupted', interruptedRun()],
  ])('tells what kept the run from its end: %s', async (name, record) => {
    await expect(render(record)).toMatchFileSnapshot(`../golden/${name}.md`);
  });

  const leak = {
    expected: 'unreachable',
    verdict: 'leaked',
    attempts: [...attempts('control', ['connected']), ...attempts('settle', ['connected', 'connected'])],
  } as const;

  test('stays within what GitHub takes, in whole parts, and says what is missing', () => {
    const scenarios = Array.from({ length: 12 }, (_, number) => ({
      ...meshScenario(60, (from, to) => ((from + to) % 2 === 0 ? {} : leak)),
      name: `mesh-${number}`,
    }));
    const output = render(buildRecord(scenarios), { verbose: true });
    expect(output.length).toBeLessThanOrEqual(MARKDOWN_LIMIT);
    expect(output.split('\n')[0]).toBe('## podreach: FAILED');
    expect(output).toContain('… and 21,550 more.\n');
    expect(output.trimEnd().split('\n').at(-1)).toMatch(
      /^\*Left out to stay within what GitHub takes: [\d,]+ parts\. /,
    );
    expect(countOf(output, '<details>')).toBe(countOf(output, '</details>'));
    expect(() => readPage(output)).not.toThrow();
  });

  test('stays within it even if a single text is as long as a book', () => {
    const text = 'never ending '.repeat(20_000);
    const { scenarios } = everyVerdict();
    const record = buildRecord(
      scenarios.map((scenario) => ({ ...scenario, description: text, owner: text, name: text })),
      { error: { code: text, message: text, hint: text } },
      { cluster: text },
    );
    expect(render(record).length).toBeLessThanOrEqual(MARKDOWN_LIMIT);
    expect(render(record)).toMatch(/^## podreach: FAILED\n/);
  });
});

describe.each([
  ['markdown', (record: RunRecord) => render(record)],
  ['audit', (record: RunRecord) => renderAudit(viewOf(record))],
])('%s', (_, renderReport) => {
  test('holds no markup and no link that it did not write itself', () => {
    const page = readPage(renderReport(hostileRecord()));
    const elements = [...find(page, '//*')];
    expect(elements.filter(({ name }) => !OWN_ELEMENTS.has(name)).map(({ name }) => name)).toEqual([]);
    // Only code says of which language it is.
    const attributes = elements.flatMap(({ name, attrs }) =>
      attrs.map((attribute) => `${name}@${attribute.name}`),
    );
    expect([...new Set(attributes)]).toEqual(['code@class']);
  });

  test('mentions nobody and refers to no issue', () => {
    // In code GitHub takes a name for a name.
    const page = readPage(renderReport(hostileRecord()));
    const texts = page.find('//*[not(ancestor-or-self::code)]/text()');
    expect(texts.length).toBeGreaterThan(Object.keys(HOSTILE).length);
    for (const { content } of texts) expect(content).not.toMatch(/@[\w-]|#\d|\bGH-\d/i);
  });

  test('shows hostile names in full or shortened, never changed', () => {
    const text = readPage(renderReport(hostileRecord())).content;
    for (const name of [HOSTILE.html, HOSTILE.cdata, HOSTILE.control, HOSTILE.direction, HOSTILE.quote])
      expect(text.replaceAll('\u200b', '')).toContain(neutralise(name));
  });
});

describe('text from a record', () => {
  const anything = fc.string({
    unit: fc.constantFrom(...'ab1 _*`~|\\[]()<>&#@$!:/.-+=w"\'', 'www.', '://', 'é', '数'),
  });

  test('is the same text after rendering, in a paragraph, a cell, a code span and a summary', () => {
    fc.assert(
      fc.property(anything, (written) => {
        const text = neutralise(written);
        fc.pre(text.trim() !== '');
        const page = readPage(
          [
            `${paragraph(text)}`,
            `- **${prose(`x${text}x`)}**`,
            table(['a', 'b'], [[code(text), `x${prose(text)}x`]]),
            details(htmlCode(text), 'x'),
          ].join('\n\n'),
        );
        const read = (path: string) =>
          find(page, path).map(({ content }) => content.replaceAll('\u200b', ''));
        expect(read('/page/p[1]').map((one) => one.trim())).toEqual([text.trim()]);
        expect(read('//strong')).toEqual([`x${text}x`]);
        expect(read('//td[1]/code')).toEqual([text]);
        expect(read('//td[2]')).toEqual([`x${text}x`]);
        expect(read('//summary')).toEqual([text]);
        expect(read('//a')).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});

/** Renders as GitHub does before it cleans up, and reads the HTML as XML, which would notice anything left open. */
function readPage(markdown: string): XmlElement {
  const html = micromark(markdown, {
    extensions: [gfm()],
    htmlExtensions: [gfmHtml()],
    allowDangerousHtml: true,
  });
  return XmlDocument.fromString(`<page>${html.replaceAll('<br>', '<br/>')}</page>`).root;
}

function find(element: XmlElement, path: string): XmlElement[] {
  return element.find(path).filter((node) => node instanceof XmlElement);
}

function countOf(text: string, part: string): number {
  return text.split(part).length - 1;
}
