/** What was seen while checks were watched, in every format. */
import { expect, test } from 'vitest';
import { observeAll } from '../../src/model/observation.ts';
import type { RunRecord } from '../../src/record/schema.ts';
import type { ReportFormat } from '../../src/report/formats.ts';
import type { RenderOptions } from '../../src/report/render-options.ts';
import { viewOf } from '../../src/report/view/run.ts';
import { attempts, buildRecord, meshScenario } from './fixture.ts';
import { ENDINGS, render } from './render.ts';
import { calmWatch, failedCommand, manyWindows, upgradeWatched } from './watch.ts';

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
