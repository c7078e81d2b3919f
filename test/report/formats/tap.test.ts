import { type FinalResults, Parser, type Result } from 'tap-parser';
import { describe, expect, test } from 'vitest';
import { checksOf, type RunRecord, runRecordSchema } from '../../../src/record/schema.ts';
import { renderTap } from '../../../src/report/formats/tap.ts';
import { neutralise } from '../../../src/report/text/text.ts';
import { viewOf } from '../../../src/report/view/run.ts';
import { buildRecord, calmScenario, everyVerdict, meshScenario, unjudged } from '../fixture.ts';
import {
  environmentFailure,
  HOSTILE,
  hostileRecord,
  interruptedRun,
  provisioningFailure,
} from '../records.ts';
import { fiveSteps } from '../steps.ts';
import { upgradeWatched } from '../watch.ts';

test('holds a subtest per scenario and a point per check', async () => {
  await expect(renderTap(viewOf(runRecordSchema.parse(everyVerdict())))).toMatchFileSnapshot(
    '../golden/every-verdict.tap',
  );
});

test('is read by others for what it says', () => {
  const { results, points } = read(everyVerdict());
  expect(results).toMatchObject({ ok: false, count: 3, pass: 2, fail: 1 });
  expect(points.filter(({ ok }) => !ok).map(({ diag }) => [diag.kind, diag.at])).toEqual([
    ['broken', 'scenarios/three-tier.yaml:21'],
    ['leaked', 'scenarios/three-tier.yaml:22'],
    ['inconclusive', 'scenarios/three-tier.yaml:23'],
    ['flapping', 'scenarios/three-tier.yaml:24'],
    ['inconclusive', 'scenarios/three-tier.yaml:25'],
    ['inconclusive', 'scenarios/three-tier.yaml:27'],
    ['inconclusive', 'scenarios/three-tier.yaml:28'],
    ['broken', 'scenarios/three-tier.yaml:30'],
    ['inconclusive', 'scenarios/three-tier.yaml:32'],
  ]);
});

test('is well-formed, whatever names say', () => {
  const { results, points, stray } = read(hostileRecord());
  expect(stray).toEqual([]);
  expect(results.failures.filter((failure) => 'tapError' in failure && failure.tapError !== null)).toEqual(
    [],
  );
  const suites = Object.keys(HOSTILE).length;
  expect(points).toHaveLength(1 + suites * 6);
  expect(points.filter(({ skip, todo }) => skip || todo)).toEqual([]);
  expect(points[1]?.diag.message).toBe(`scenario ${neutralise(HOSTILE.html)}: ${neutralise(HOSTILE.cdata)}`);
});

test('has a point for each check of each step', () => {
  const { points, stray } = read(fiveSteps());
  expect(stray).toEqual([]);
  expect(points).toHaveLength(36);
});

test('tells the windows of a check with it, also of one that passed', () => {
  const { points, stray } = read(upgradeWatched());
  expect(stray).toEqual([]);
  expect(points).toHaveLength(72);
  const watched = points.filter(({ diag }) => String(diag?.watched).includes(' UTC'));
  expect(watched.filter(({ ok }) => ok)).toHaveLength(5);
  expect(watched.filter(({ ok }) => !ok)).toHaveLength(19);
});

test.each([
  ['interrupted', interruptedRun()],
  ['cut off', buildRecord([calmScenario('done')], { incomplete: true })],
  ['stopped by its environment', environmentFailure()],
])('bails out of a run that was %s', (_, record) => {
  const { results } = read(record);
  expect(results.ok).toBe(false);
  expect(results.bailout).not.toBe(false);
});

test.each([
  ['with pods that did not start', provisioningFailure()],
  ['without any check', buildRecord([])],
  ['with a check that nobody judged', buildRecord([unjudged(calmScenario('lost'))])],
])('is not ok for a run %s', (_, record) => {
  expect(read(record).results.ok).toBe(false);
});

test('is ok for a run in which every check passed', () => {
  const { results, points } = read(buildRecord([meshScenario(20, () => ({}))]));
  expect(results).toMatchObject({ ok: true, count: 1 });
  expect(points).toHaveLength(380);
});

test('comments on what something else cuts', () => {
  const comments = renderTap(viewOf(everyVerdict())).match(/^# warning: .*$/gm);
  expect(comments).toHaveLength(3);
  expect(comments?.[2]).toContain('not by these policies (shop/web → shop/db:5432/UDP)');
});

describe('a check that the run did not come to', () => {
  test('is skipped', () => {
    const { points } = read(provisioningFailure());
    expect(points.filter(({ skip }) => skip).map(({ skip }) => skip)).toEqual([
      'not judged: the run ended before',
      'not judged: the run ended before',
    ]);
  });
});

test('a scenario that was cut off is not ok, though all that was tried in it is', () => {
  const [done, cut] = [calmScenario('done'), calmScenario('cut')];
  const checks = [...checksOf(cut).slice(0, 1), ...checksOf(unjudged(cut)).slice(1)];
  const text = renderTap(
    viewOf(
      buildRecord([done, { ...cut, status: 'interrupted', steps: [{ checks }] }], {
        interruptedBy: 'SIGINT',
      }),
    ),
  );
  expect(text.match(/^(?:not )?ok .*$/gm)).toEqual([
    'not ok 1 - podreach',
    'ok 2 - done',
    'ok 3 - cut # SKIP not judged: the run ended before',
  ]);
});

/** Reads with the parser of the TAP project. `stray` is what is no TAP. */
function read(record: RunRecord): {
  readonly results: FinalResults;
  readonly points: readonly Result[];
  readonly stray: readonly string[];
} {
  const points: Result[] = [];
  const stray: string[] = [];
  let results: FinalResults | undefined;
  const listen = (parser: Parser): void => {
    parser.on('child', (child) => {
      listen(child);
      child.on('assert', (result: Result) => points.push(result));
    });
    parser.on('extra', (text) => stray.push(text));
  };
  const parser = new Parser({ strict: true }, (final) => {
    results = final;
  });
  listen(parser);
  parser.end(renderTap(viewOf(record)));
  if (results === undefined) throw new Error('the parser did not come to an end');
  return { results, points, stray };
}
