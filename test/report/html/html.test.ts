/** The page as text: what stands in it, what may run in it, and how large it is. */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type RunRecord, runRecordSchema } from '../../../src/record.ts';
import { renderHtml } from '../../../src/report/html/html.ts';
import { html } from '../../../src/report/html/markup.ts';
import type { PageData } from '../../../src/report/html/page-data.ts';
import { ticksUpTo } from '../../../src/report/html/settling.ts';
import { attempts, buildRecord, buildScenario, everyVerdict, meshScenario } from '../fixture.ts';
import { environmentFailure, hostileRecord, interruptedRun, provisioningFailure } from '../records.ts';

function render(record: RunRecord): string {
  return renderHtml(runRecordSchema.parse(record));
}

function contentOf(page: string, element: 'style' | 'script', attributes = ''): string {
  return new RegExp(`<${element}${attributes}>(.*?)</${element}>`, 's').exec(page)?.[1] ?? '';
}

function unpack(page: string): PageData {
  const packed = contentOf(page, 'script', ' type="application/octet-stream" id="checks"');
  return JSON.parse(gunzipSync(Buffer.from(packed, 'base64')).toString('utf8'));
}

/** Without what changes with every line of the style sheet and the script. */
function withoutMachinery(page: string): string {
  return page
    .replace(/<style>.*?<\/style>/s, '<style>…</style>')
    .replaceAll(/(<script[^>]*>).*?<\/script>/gs, '$1…</script>')
    .replaceAll(/'sha256-[^']+'/g, "'sha256-…'");
}

describe('the page', () => {
  test('holds everything that was found, for a record with every verdict', async () => {
    await expect(withoutMachinery(render(everyVerdict()))).toMatchFileSnapshot(
      '../golden/every-verdict.html',
    );
  });

  test.each([
    ['environment failure', environmentFailure(), 'the sandbox needs nft, which is not installed'],
    [
      'provisioning failure',
      provisioningFailure(),
      'pod shop/db did not become ready within 60 s: ErrImagePull',
    ],
    ['interrupted run', interruptedRun(), 'interrupted by SIGINT'],
  ])('tells what kept the run from its end: %s', (_name, record, words) => {
    expect(render(record)).toContain(words);
  });

  test('lets nothing run or load but its own script and style, by their fingerprints', () => {
    const page = render(everyVerdict());
    const hash = (text: string): string => createHash('sha256').update(text).digest('base64');
    expect(page).toContain(
      `content="default-src 'none'; script-src 'sha256-${hash(contentOf(page, 'script', ' type="module"'))}'; style-src 'sha256-${hash(contentOf(page, 'style'))}'; base-uri 'none'; form-action 'none'"`,
    );
    expect(page).not.toMatch(/<(?:img|link|iframe|object|embed|base)\b|\son\w+=|\sstyle=|@import/);
    // What it links to in the web is what the scenario says.
    const links = [...page.matchAll(/href="([^"#][^"]*)"/g)].map(([, link]) => link);
    expect(new Set(links)).toEqual(new Set(['https://wiki.example.org/runbooks/payments_network']));
  });

  test('holds the facts of every check for its script', () => {
    const { scenarios } = unpack(render(everyVerdict()));
    expect(scenarios.map(({ checks }) => checks.length)).toEqual([2, 9, 2]);
    expect(scenarios[1]?.checks[1]).toMatchObject({
      pair: 'shop/api → shop/db:5432/TCP',
      verdict: 'broken',
      namespaces: ['shop'],
      policies: ['shop/allow-api', 'shop/deny-all'],
      facts: expect.arrayContaining([{ label: 'declared', text: 'scenarios/three-tier.yaml:21' }]),
    });
  });

  test('is smaller than 2 MB for 100 pods, whatever became of them', () => {
    const leak = {
      expected: 'unreachable',
      verdict: 'leaked',
      attempts: [...attempts('control', ['connected']), ...attempts('settle', ['connected', 'connected'])],
    } as const;
    for (const outcome of [{}, leak]) {
      const page = render(buildRecord([meshScenario(100, () => outcome)]));
      expect(page.match(/data-check="/g)).toHaveLength(9_900);
      expect(Buffer.byteLength(page)).toBeLessThan(2_000_000);
    }
  });

  test('draws the busiest namespaces where there are too many for one drawing', () => {
    const names = Array.from({ length: 30 }, (_, number) => `team-${number}/pod`);
    const scenario = buildScenario('wide', {
      pods: Object.fromEntries(names.map((name) => [name, [80]])),
      checks: names.slice(1).map((from) => ({ from, to: 'team-0/pod', port: 80 })),
    });
    const page = render(buildRecord([scenario]));
    expect(page.match(/class="box"/g)).toHaveLength(24);
    expect(page).toContain('Left out: 6 namespaces with the fewest ways.');
  });
});

test('what only several scenarios together show comes before what each shows', () => {
  const leaks = (...sources: number[]) =>
    meshScenario(4, (from, to) => ({
      expected: 'unreachable',
      ...(to === 1 && sources.includes(from) ? { verdict: 'leaked' } : {}),
    }));
  expect(render(buildRecord([leaks(0, 3), leaks(0, 2, 3)]))).toContain(
    '<li>all 5 leaks, in 2 scenarios, lead into team-1/service-1:8080/TCP (5 of the 6 checks that do)</li><li><b>mesh</b>: all 3 leaks',
  );
});

test('the summary says how fast policies took effect only of scenarios that passed', () => {
  const rows = [
    ...render(everyVerdict()).matchAll(
      /<a href="#scenario-\d">(.*?)<\/a>.*?(\d+ ms)?<\/td><td class="number">1\.8 s/g,
    ),
  ];
  expect(rows.map(([, name, settled]) => [name, settled])).toEqual([
    ['default-deny-ingress', '280 ms'],
    ['three-tier', undefined],
    ['port-range', '280 ms'],
  ]);
});

test('a loop begins and ends at the edge of its box, however short the name', () => {
  const page = render(
    buildRecord([
      buildScenario('loops', {
        pods: { 'a/x': [1, 2, 3], 'a/y': [] },
        checks: [
          { from: 'a/y', to: 'a/x', port: 1 },
          { from: 'a/y', to: 'a/x', port: 2, expected: 'unreachable', verdict: 'leaked' },
          { from: 'a/y', to: 'a/x', port: 3, verdict: 'broken' },
        ],
      }),
    ]),
  );
  const [, x = 0, width = 0] = (/class="box" x="([\d.]+)" y="[\d.]+" width="([\d.]+)"/.exec(page) ?? []).map(
    Number,
  );
  const loops = [...page.matchAll(/<path d="M([\d.]+) [\d.]+C.* ([\d.]+) [\d.]+"/g)];
  expect(loops).toHaveLength(3);
  for (const [, start, end] of loops)
    for (const point of [Number(start), Number(end)]) {
      expect(point).toBeGreaterThan(x);
      expect(point).toBeLessThan(x + width);
    }
});

test('hostile names stay text in the page and in what its script reads', () => {
  const page = render(hostileRecord());
  expect(page).not.toMatch(/<script>|<img|<failure|<!--/);
  expect(page.match(/<script/g)).toHaveLength(2);
  expect(page.replaceAll('\n', '')).not.toMatch(/\p{Cc}|\p{Cf}/u);
  expect(unpack(page).scenarios[0]?.checks[0]?.pair).toContain('<script>alert(1)</script>');
});

test('templates escape texts, and leave markup as it is', () => {
  const text = `<b a="1">&'`;
  expect(html`<i title="${text}">${text}${html`<u>`}${[html`${1}`, html`${2}`]}</i>`.text).toBe(
    `<i title="&lt;b a=&quot;1&quot;&gt;&amp;'">&lt;b a=&quot;1&quot;&gt;&amp;'<u>12</i>`,
  );
});

test.each([
  [1, [0, 0.2, 0.4, 0.6, 0.8, 1]],
  [280, [0, 100, 200, 300]],
  [4500, [0, 1000, 2000, 3000, 4000, 5000]],
])('an axis up to %d ms has few round marks', (end, ticks) => {
  expect(ticksUpTo(end).map((tick) => Math.round(tick * 100) / 100)).toEqual(ticks);
});
