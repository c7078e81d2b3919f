/** What was seen while checks were watched, in every format. */
import { expect, test } from 'vitest';
import { observeAll } from '../../src/model/observation.ts';
import type { RunRecord } from '../../src/record/schema.ts';
import type { ReportFormat } from '../../src/report/formats.ts';
import type { RenderOptions } from '../../src/report/render-options.ts';
import { viewOf } from '../../src/report/view/run.ts';
import { attempts, buildRecord, meshScenario } from './fixture.ts';
import { ENDINGS, render } from './render.ts';
import { calmWatch, failedCommand, manyWindows, upgradeWatched, watchedWithNewPods } from './watch.ts';

test.each(ENDINGS)('an upgrade that was watched in the report %s', async (format, ending) => {
  await expect(render(format, upgradeWatched())).toMatchFileSnapshot(`golden/upgrade-watched.${ending}`);
});

test('an upgrade that was watched in the terminal, all of it told', async () => {
  await expect(render('terminal', upgradeWatched(), { verbose: true })).toMatchFileSnapshot(
    'golden/upgrade-watched-verbose.txt',
  );
});

test('a watch in which all is well takes a paragraph in the terminal, and nothing where quiet is asked for', async () => {
  await expect(render('terminal', calmWatch())).toMatchFileSnapshot('golden/calm-watch.txt');
  expect(render('terminal', calmWatch(), { quiet: true })).toMatch(/^PASSED .*\n$/);
});

test.each(['txt', 'audit.md', 'prom'] as const)('new pods in the report %s', async (ending) => {
  const [format] = ENDINGS.find(([, one]) => one === ending) ?? ENDINGS[0] ?? ['terminal'];
  await expect(render(format as ReportFormat, watchedWithNewPods())).toMatchFileSnapshot(
    `golden/new-pods.${ending}`,
  );
});

test.each(['terminal', 'junit', 'markdown', 'github', 'html', 'tap'] as const)(
  '%s tells what new pods came to, and of a leak which of them saw it and how old it was',
  (format) => {
    const text = render(format, watchedWithNewPods()).replaceAll(/\s+/g, ' ');
    const plain = text
      .replaceAll(/%2C/g, ',')
      .replaceAll(/\n?# ?/g, '')
      .replaceAll('*', '')
      .replaceAll('\\', '');
    expect(plain).toContain(
      '3 new pods (2 a minute): 1 could reach what it must not; 1 saw nothing but what is expected; 2 of them allowed after 210 ms (median), 930 ms (95 of 100), 930 ms at most; of 1 nobody could tell all, for 1.2 s at most; each was seen from the age of 71 ms on, or earlier; 1 of 4 are missing: pod shop/web-new-N was not accepted: exceeded quota (1)',
    );
    expect(plain).toContain('seen by the new pod shop/web-new-2 on node-2, for its first 0.3 to 0.5 s');
  },
);

test('new pods that saw nothing but what they should are told in one line', () => {
  const { watch, ...record } = watchedWithNewPods();
  if (watch?.churn === undefined) throw new Error('the record has new pods');
  const [pod] = watch.churn.pods;
  const pods = [210, 180, 930].map((allowedMs, index) => ({
    ...pod,
    pod: `shop/web-new-${index}`,
    allowedMs,
  }));
  const churn = { perMinute: 6, due: 3, made: 3, failures: [], pods };
  const text = render('terminal', { ...record, watch: { ...watch, churn } } as RunRecord);
  expect(text.replaceAll(/\s+/g, ' ')).toContain(
    '3 new pods (6 a minute): none could reach what it must not; allowed after 210 ms (median), 930 ms (95 of 100), 930 ms at most; each was seen from the age of 64 ms on, or earlier',
  );
});

test('what new pods leave out is told with the reason', () => {
  const { watch, ...record } = watchedWithNewPods();
  if (watch?.churn === undefined) throw new Error('the record has new pods');
  const behind = ['web', 'api', 'db', 'cache'].map((name) => ({
    pod: `shop/${name}`,
    checks: 2,
    why: 'behind-service' as const,
  }));
  const leftOut = [...behind, { pod: 'shop/job', checks: 1, why: 'local-node-ports' as const }];
  const left = { ...record, watch: { ...watch, churn: { ...watch.churn, leftOut } } };
  const told = (format: ReportFormat): string => render(format, left).replaceAll(/\s+/g, ' ');
  expect(told('terminal')).toContain(
    'they leave out 8 checks of shop/web, shop/api, shop/db and 1 other, because a copy would answer for a Service that is watched; they leave out 1 check of shop/job, because which nodes lead there depends on the node of the source (externalTrafficPolicy: Local)',
  );
  expect(told('audit').replaceAll('*', '')).toContain(
    'They did not try 8 connections of shop/web, shop/api, shop/db and 1 other, because a copy would answer for a Service that is watched.',
  );
});

test.each<[ReportFormat, Partial<RenderOptions>]>([
  ['terminal', {}],
  ['terminal', { quiet: true }],
  ['junit', {}],
  ['markdown', {}],
  ['github', {}],
  ['html', {}],
  ['audit', {}],
  ['tap', {}],
])('%s is not green where the command failed, and says why, %o', (format, options) => {
  const text = render(format, failedCommand(), options).replaceAll(/\s+/g, ' ');
  expect(text).toContain('the command that was run while checks were watched failed: it exited with 3');
  expect(text).not.toMatch(/PASSED|errors="0" skipped="0" time="8/);
});

test('windows within their budgets fail nothing, and are told all the same', () => {
  const record = upgradeWatched();
  const [scenario] = viewOf(record).scenarios;
  const check = scenario?.checks.find(({ from, to }) => from === 'shop/cache' && to === 'shop/web');
  expect(check?.verdict).toBe('pass');
  for (const format of ['junit', 'tap', 'html'] as const)
    expect(render(format, record), format).toContain('because the agent of shop/cache did not run');
});

test('the terminal names so many groups of windows that they can be read, and with --verbose all', () => {
  const record = manyWindows(buildRecord([meshScenario(12, () => ({ expected: 'unreachable' }))]));
  const told = (options: Partial<RenderOptions>): number =>
    render('terminal', record, options).match(/^ {2}LEAK {2}/gm)?.length ?? 0;
  expect(told({})).toBe(20);
  expect(render('terminal', record)).toMatch(/^ {2}… and \d+ more\. --verbose shows them all\.$/m);
  expect(told({ verbose: true })).toBeGreaterThan(20);
});

test('a check that leaked before it was watched is told by what was seen then', () => {
  const record = upgradeWatched();
  const scenarios = record.scenarios.map((scenario) => ({
    ...scenario,
    steps: scenario.steps.map((step) => ({
      ...step,
      checks: step.checks.map(({ settledMs: _, reason, ...check }) =>
        check.verdict === 'leaked'
          ? {
              ...check,
              ...observeAll([...attempts('control', ['connected']), ...attempts('settle', ['connected'])]),
              reason: 'it connected although it must not',
            }
          : { ...check, ...(reason === undefined ? {} : { reason }) },
      ),
    })),
  }));
  expect(render('junit', { ...record, scenarios })).toContain(
    'leaked: shop/web → billing/worker:8080/TCP: expected unreachable, seen connected 1 of 1',
  );
  expect(render('audit', { ...record, scenarios })).toContain(
    'reached *worker* in *billing* on TCP 8080 although it must not',
  );
});

test('a watch that was cut off tells what is known of it', () => {
  const { watch, ...record } = upgradeWatched();
  if (watch === undefined) throw new Error('the record has a watch');
  const { durationMs: _, endedBy: __, command, ...rest } = watch;
  const cutOff: RunRecord = {
    ...record,
    run: { ...record.run, incomplete: true },
    watch: {
      ...rest,
      startedAt: '2026-11-20T23:59:00.000Z',
      ...(command === undefined ? {} : { command: { line: command.line, startedMs: command.startedMs } }),
    },
  };
  const text = render('terminal', cutOff);
  expect(text).toContain('watched    from 2026-11-20 23:59:00 UTC: it did not come to its end');
  expect(text).toContain('ended      it had not ended when the watch did');
  // It went on into the next day.
  expect(text).toContain('LEAK  2026-11-21 00:00:01 UTC: leak of');
  expect(render('html', cutOff)).toContain('data-end="118000"');
  expect(render('audit', cutOff)).toContain('It did not come to its end.');
});

test('a watch that heard of no check says so', () => {
  const record = calmWatch();
  const scenarios = record.scenarios.map((scenario) => ({
    ...scenario,
    steps: scenario.steps.map((step) => ({
      ...step,
      checks: step.checks.map(({ watched: _, ...check }) => check),
    })),
  }));
  expect(render('terminal', { ...record, scenarios })).toContain(
    'WATCH  not known: nothing was heard of any check',
  );
});

test('a watch that was cut off before anything was heard of it claims nothing', () => {
  const { watch, ...record } = calmWatch();
  if (watch === undefined) throw new Error('the record has a watch');
  const { durationMs: _, endedBy: __, ...rest } = watch;
  const text = render('terminal', {
    ...record,
    watch: { ...rest, attempts: { due: 0, made: 0, collected: 0 } },
  });
  expect(text).toContain('attempts   none was heard of');
  expect(text).toContain('stalls     not known');
});

test('the audit says in one sentence what came of the same pods', () => {
  const record = upgradeWatched();
  const scenarios = record.scenarios.map((scenario) => ({
    ...scenario,
    steps: scenario.steps.map((step) => ({
      ...step,
      checks: step.checks.map((check) =>
        check.to === 'billing/worker' && check.from.startsWith('shop/')
          ? check
          : { ...check, watched: { attempts: 150, unknownMs: 0, windows: [] } },
      ),
    })),
  }));
  expect(render('audit', { ...record, scenarios })).toContain(
    '- Between 02:01:07 and 02:01:08 UTC, after *calico-node on node-2 restarted*, all pods in *shop* could reach *worker* in *billing* on TCP 8080 although they must not. It lasted 0.5 to 1.3 s.',
  );
});

test('the audit says that everything came out as stated only where all of it was seen to', () => {
  expect(render('audit', calmWatch())).toContain('In all of that time everything came out as stated.');
  expect(render('audit', upgradeWatched())).not.toContain('everything came out as stated');
  expect(render('audit', calmWatch())).not.toContain('Of a time that nobody saw');
});
