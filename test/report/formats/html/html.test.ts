/** The page as text: what stands in it, what may run in it, and how large it is. */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { type RunRecord, runRecordSchema } from '../../../../src/record/schema.ts';
import { renderHtml } from '../../../../src/report/formats/html/html.ts';
import { html } from '../../../../src/report/formats/html/markup.ts';
import type { Lists, PackedChecks, PageData } from '../../../../src/report/formats/html/page-data.ts';
import { ticksUpTo } from '../../../../src/report/formats/html/settling.ts';
import { viewOf } from '../../../../src/report/view/run.ts';
import { startRecord, startScenario } from '../../../../src/run/start-record.ts';
import { loadPlans } from '../../../../src/scenario/load-plans.ts';
import { folderWith } from '../../../support/cli.ts';
import { buildRecord, buildScenario, everyVerdict, meshScenario } from '../../fixture.ts';
import { environmentFailure, hostileRecord, interruptedRun, provisioningFailure } from '../../records.ts';
import { withoutMachinery } from '../../render.ts';
import { largeRun } from './large.ts';

function render(record: RunRecord): string {
  return renderHtml(viewOf(runRecordSchema.parse(record)));
}

function contentOf(page: string, element: 'style' | 'script', attributes = ''): string {
  return new RegExp(`<${element}${attributes}>(.*?)</${element}>`, 's').exec(page)?.[1] ?? '';
}

/** What the page's script knows, by scenario. */
function unpack(page: string): readonly PackedChecks[] {
  const packed = contentOf(page, 'script', ' type="application/octet-stream" id="checks"');
  const { scenarios }: PageData = JSON.parse(gunzipSync(Buffer.from(packed, 'base64')).toString('utf8'));
  return scenarios;
}

/** The items of one of the lists. */
function listAt({ lengths, places }: Lists, wanted: number): string[] {
  return places.slice(0, lengths[wanted]).map(({ values, index }, place) => {
    const before = lengths.slice(0, wanted).filter((length) => length > place).length;
    return values[index[before] ?? 0] ?? '';
  });
}

describe('the page', () => {
  test('holds everything that was found, for a record with every verdict', async () => {
    await expect(withoutMachinery(render(everyVerdict()))).toMatchFileSnapshot(
      '../../golden/every-verdict.html',
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
    const packed = unpack(render(everyVerdict()));
    expect(packed.map(({ pairs }) => pairs.lengths.length)).toEqual([2, 13, 2]);
    const [, threeTier] = packed;
    if (threeTier === undefined) throw new Error('the page lacks a scenario');
    const { pairs, verdicts, namespaces, policies, shapes, shapeOf, facts } = threeTier;
    expect([pairs, verdicts, namespaces, policies].map((lists) => listAt(lists, 1).join(' '))).toEqual([
      'shop/api → shop/db:5432/TCP',
      'broken',
      'shop',
      'shop/allow-api shop/deny-all',
    ]);
    expect(shapes[shapeOf[1] ?? 0]).toContainEqual({ label: 'reproduce', isCommand: true });
    expect(facts['declared'] && listAt(facts['declared'], 1)).toEqual(['scenarios/three-tier.yaml:21']);
    // It passed, so it has no such fact: the list begins with the check after it.
    expect(facts['ingress'] && listAt(facts['ingress'], 0).slice(0, 2)).toEqual(['of', 'shop/db:']);
  });

  test.each([
    ['9,900 checks of which half leaked', { ports: 1, every: 2 }, 1.5],
    ['29,700 checks of which one in ten leaked', { ports: 3, every: 10 }, 2],
  ])(
    'stays small for 100 pods: %s',
    (_, { ports, every }, megabytes) => {
      const page = render(largeRun({ pods: 100, ports, leaked: (check) => check % every === 0 }));
      expect(page.match(/<td class=[a-z]>/g)).toHaveLength(9_900 * ports);
      expect(Buffer.byteLength(page)).toBeLessThan(megabytes * 1_000_000);
    },
    90_000,
  );

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

describe('of each policy the page', () => {
  test('says which checks it has a say in, and where nothing tests it, as the warnings do', async () => {
    using folder = folderWith({
      'shop.yaml': `
apiVersion: podreach/v1
kind: Scenario
name: shop
namespaces: { shop: {} }
pods:
  shop/web: { labels: { app: web } }
  shop/batch: { labels: { app: batch } }
  shop/db: { labels: { app: db }, ports: [5432] }
policies: [policies.yaml]
reachable: [{ from: shop/web, to: shop/db }]
unreachable: [{ from: shop/batch, to: shop/db }]
`,
      'policies.yaml': `---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: default-deny, namespace: shop }
spec: { podSelector: {} }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: db, namespace: shop }
spec:
  podSelector: { matchLabels: { app: db } }
  ingress: [{ from: [{ podSelector: { matchLabels: { app: web } } }] }]
`,
    });
    const plans = await loadPlans(['shop.yaml'], { cwd: folder.path });
    const record = startRecord(plans.map(startScenario), {
      runId: '5f1c9a02b7',
      version: '0.1.0',
      startedAt: new Date(0),
      cluster: 'sandbox',
      options: { confirm: 2, keep: false, failFast: false },
    });
    const page = render(record);
    const found = [...page.matchAll(/<li>policy (\S+): .* \(untested-policy, D6\)/g)];
    expect(found.map(([, policy]) => policy)).toEqual(['shop/default-deny']);
    const rows =
      page
        .split('id="scenario-1-policies"')[1]
        ?.split('</table>')[0]
        ?.matchAll(/<tr><th scope="row">.*?<\/tr>/g) ?? [];
    expect([...rows].map(([row]) => row.replaceAll(/(?:<[^>]+>)+/g, ' ').trim())).toEqual([
      'shop/default-deny policies.yaml:2 1 check : 1 not judged Nothing tests it',
      'shop/db policies.yaml:7 2 checks : 2 not judged',
    ]);
  });
});

describe('of leaks into one pod the audit part', () => {
  /** The pods of all leaks but those that are incidents, and what is said of them. */
  function auditOf(leaks: (from: number, to: number) => boolean): string {
    const leak = { expected: 'unreachable', verdict: 'leaked' } as const;
    const page = render(buildRecord([meshScenario(100, (from, to) => (leaks(from, to) ? leak : {}))]));
    return /<section id="audit".*/s.exec(page)?.[0].replaceAll(/<\/?em>/g, '') ?? '';
  }

  test('names every one', () => {
    const audit = auditOf((_, to) => to === 7);
    // One cause is one incident, which names as many as there is room for.
    expect(audit).toContain(
      '1. 99 connections to service-7 in team-7 on TCP 8080 were possible although they must not be',
    );
    expect(audit.match(/<li class="pair">/g)).toHaveLength(99);
    for (const from of Array.from({ length: 100 }, (_, number) => number).filter((number) => number !== 7))
      expect(audit).toMatch(
        new RegExp(`<li>service-${from} in team-${from % 10} reached service-7(?: in team-7)? on TCP 8080 `),
      );
  });

  test('says of how many it does not, and where they are', () => {
    const audit = auditOf((_, to) => to < 10);
    expect(audit).toContain('990 came out otherwise (told below as 1 incident).');
    expect(audit).toContain('<p>All 990 connections:</p>');
    expect(audit.match(/<li class="pair">/g)).toHaveLength(140);
    expect(audit).toContain('<li>And 850 more, which the matrix shows.');
    expect(audit.match(/<li>service-\d+ in team-\d reached /g)).toHaveLength(400);
    expect(audit.match(/<li>And 59 more, which the matrix shows\./g)).toHaveLength(10);
  });

  test('names places by their files, the first 20 lines of each', () => {
    expect(auditOf((_, to) => to === 0)).toContain(
      '<code>scenarios/mesh.yaml:119, 218, 317, 416, 515, 614, 713, 812, 911, 1010, 1109, 1208, 1307, 1406, 1505, 1604, 1703, 1802, 1901, 2000</code> and 79 more lines of it.',
    );
  });
});

test('the summary says how fast policies took effect only of scenarios that passed', () => {
  const rows = [
    ...render(everyVerdict()).matchAll(
      /<a href="#scenario-\d">(.*?)<\/a>.*?(\d+ ms)?<\/td><td class="number">5\.8 s/g,
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
  const [first] = unpack(page);
  expect(first && listAt(first.pairs, 0).join(' ')).toContain('<script>alert(1)</script>');
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
