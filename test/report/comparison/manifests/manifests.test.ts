/** What a change of manifests opens and closes, in each format: every connection once, harmless, and short where it is long. */
import fc from 'fast-check';
import { micromark } from 'micromark';
import { gfm, gfmHtml } from 'micromark-extension-gfm';
import { describe, expect, test } from 'vitest';
import { compareManifests } from '../../../../src/compare/manifests/compare.ts';
import { manifestComparisonSchema } from '../../../../src/compare/manifests/schema.ts';
import type { DeployedState } from '../../../../src/policy/deployed.ts';
import { MANIFEST_REPORTS } from '../../../../src/report/comparison/manifests/manifests.ts';
import { groupConnections } from '../../../../src/report/comparison/manifests/words.ts';
import type { ManifestFormat } from '../../../../src/report/formats.ts';
import type { RenderOptions } from '../../../../src/report/render-options.ts';
import { MARKDOWN_LIMIT } from '../../../../src/report/text/markdown-limit.ts';
import { harmless } from '../../../../src/report/view/harmless.ts';
import { admitting, deployed, state, workload } from '../../../compare/manifests/states.ts';
import { hostileFor } from '../../hostile.ts';
import { expectHarmless } from '../../obeyed.ts';

const PLAIN: RenderOptions = { width: 100, colour: false, verbose: false, quiet: false };

const render = (
  format: ManifestFormat,
  before: DeployedState,
  after: DeployedState,
  options: Partial<RenderOptions> = {},
): string => MANIFEST_REPORTS[format](compareManifests(before, after), { ...PLAIN, ...options });

const names = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, index) => `shop/w${index}`);

/** A pull request that has something of everything. */
const before = state(
  [workload('shop/web', ['8080=http']), workload('shop/api', [80]), workload('shop/db', ['5432=postgres'])],
  [
    deployed('shop/db', admitting('db', 'api'), 10),
    deployed('shop/api', { podSelector: { matchLabels: { app: 'api' } } }, 20),
  ],
  {
    name: 'main',
    commit: '0123456789abcdef0123456789abcdef01234567',
    doubts: [{ message: 'charts is not in main' }],
  },
);
const after = state(
  [
    workload('shop/web', ['8080=http']),
    workload('shop/api', [80, 9090], { labels: { app: 'api', tier: 'back' } }),
    workload('shop/db', ['5432=postgres']),
    workload('shop/report', [], { kind: 'CronJob' }),
  ],
  [
    deployed('shop/db', admitting('db', 'web', 'report'), 10),
    deployed(
      'shop/web',
      {
        podSelector: { matchLabels: { app: 'web' } },
        ingress: [{ from: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }],
      },
      30,
    ),
  ],
  {
    name: 'HEAD',
    commit: 'fedcba9876543210fedcba9876543210fedcba98',
    namespaces: [{ name: 'shop', labels: { team: 'shop' } }],
  },
);

test.each([
  ['terminal', 'txt'],
  ['markdown', 'md'],
  ['json', 'json'],
] as const)('a pull request that opens and closes, as %s', async (format, end) => {
  await expect(render(format, before, after)).toMatchFileSnapshot(`../../golden/manifest-comparison.${end}`);
});

test('quiet says what opens and closes, and the outcome', () => {
  const quiet = render('terminal', before, after, { quiet: true });
  expect(quiet).toContain('NEWLY OPEN');
  expect(quiet).not.toContain('what else differs');
  expect(quiet).not.toContain('before     main');
});

test('nothing differs', () => {
  const calm = { ...before, doubts: [] };
  expect(render('terminal', calm, calm, { quiet: true })).toBe(
    'SAME  nothing opens or closes; the same: 6 connections (3 allowed, 3 denied)\n',
  );
  expect(render('markdown', calm, calm)).toMatch(
    /^## podreach diff: SAME\n\nnothing opens or closes; the same: 6 connections \(3 allowed, 3 denied\)\n/,
  );
});

describe('what is said of many', () => {
  const workloads = [...names(12).map((name) => workload(name)), workload('shop/db', [5432, 9187])];
  const open = state(workloads, []);
  const shut = state(workloads, [deployed('shop/db', admitting('db'))]);

  test('is said once, with all ends that it holds for', () => {
    expect(render('terminal', shut, open, { verbose: true })).toContain(`NEWLY OPEN  12 workloads → 2 ports
  from       shop/w0, shop/w1, shop/w2, shop/w3, shop/w4, shop/w5, shop/w6, shop/w7, shop/w8,
             shop/w9, shop/w10, shop/w11
  to         shop/db:5432/TCP, shop/db:9187/TCP
  before     denied by the ingress of policy shop/db (deploy.yaml:1)
  after      allowed: no policy has a say
`);
  });

  test('is cut off, and says how much is missing', () => {
    expect(render('terminal', shut, open)).toContain('shop/w9 and 2 more (--verbose shows all)\n');
    expect(render('markdown', shut, open)).toContain('`shop/w4` and 7 more | `shop/db:5432/TCP`');
  });

  test('stays within what GitHub takes, and is opened by whoever wants it', () => {
    const many = names(120).map((name) => workload(name, [80]));
    const guards = many.map(({ namespace, name }, index) =>
      deployed(`${namespace}/${name}`, admitting(name), index + 1),
    );
    const markdown = render('markdown', state(many, guards), state(many, []));
    expect(markdown.length).toBeLessThanOrEqual(MARKDOWN_LIMIT);
    expect(markdown).toContain('### Newly open: 14,280 connections\n\n<details><summary>Show them</summary>');
    expect(markdown).toContain('… and 70 more.');
    const html = micromark(markdown, {
      extensions: [gfm()],
      htmlExtensions: [gfmHtml()],
      allowDangerousHtml: true,
    });
    expect(html.match(/<tr>/g)?.length).toBeGreaterThan(50);
    expect(html.split('<details>').length).toBe(html.split('</details>').length);
  });
});

test('each connection is in one group, and each group holds only connections', () => {
  const key = fc.constantFrom('web', 'api', 'db');
  const policies = fc
    .array(fc.tuple(key, fc.subarray(['web', 'api', 'db', 'job'])), { maxLength: 4 })
    .map((all) => all.map(([app, from], index) => deployed(`shop/p${index}`, admitting(app, ...from))));
  const states = fc.tuple(fc.subarray(['web', 'api', 'db', 'job']), policies).map(([apps, all]) =>
    state(
      apps.map((app) => workload(`shop/${app}`, [80, 90])),
      all,
    ),
  );
  fc.assert(
    fc.property(states, states, (one, other) => {
      const view = harmless(compareManifests(one, other));
      const grouped = groupConnections(view).flatMap(({ change, sources, targets }) =>
        sources.flatMap((from) => targets.map((to) => `${change} ${from} ${to}`)),
      );
      const told = view.connections.map(
        ({ change, from, to, port, protocol }) => `${change} ${from} ${to}:${port}/${protocol}`,
      );
      expect(grouped.toSorted()).toEqual(told.toSorted());
    }),
  );
});

test.each([0, 1, 2, 3, 4, 5])('texts that attack are shown and never obeyed (%i)', (choice) => {
  const comparison = manifestComparisonSchema.parse(hostileFor(manifestComparisonSchema, choice));
  expectHarmless(MANIFEST_REPORTS.terminal(comparison, { ...PLAIN, verbose: true }));
  expectHarmless(MANIFEST_REPORTS.markdown(comparison, PLAIN));
  expect(JSON.parse(MANIFEST_REPORTS.json(comparison, PLAIN))).toEqual(comparison);
});
