import { describe, expect, test } from 'vitest';
import { exitCodeFor } from '../../../src/judge/exit-code.ts';
import type { RunRecord } from '../../../src/record/schema.ts';
import { describeRun, runWord } from '../../../src/report/parts/summary.ts';
import { viewOf } from '../../../src/report/view/run.ts';
import { buildRecord, calmScenario, changedChecks, everyVerdict, unjudged } from '../fixture.ts';

test('the summary says what there is and nothing of what there is not', () => {
  expect(describeRun(viewOf(buildRecord([calmScenario('one')])))).toBe(
    '1 scenario, 2 checks: 2 passed (8.1 s, sandbox v1.36.0)',
  );
  expect(describeRun(viewOf(buildRecord([])))).toBe('0 scenarios, 0 checks (8.1 s, sandbox v1.36.0)');
  const skipped = unjudged(calmScenario('two', { status: 'skipped' }));
  expect(describeRun(viewOf(buildRecord([calmScenario('one'), skipped], { durationMs: 125_000 })))).toBe(
    '2 scenarios (1 not started), 4 checks: 2 passed, 2 not judged (2 min 5 s, sandbox v1.36.0)',
  );
});

describe('the word for a run is in step with its exit code', () => {
  const calm = calmScenario('one');
  const error = { code: 'api-error', message: 'gone' };
  const verdict = (given: 'inconclusive' | 'leaked') => ({
    ...calm,
    steps: changedChecks(calm, (check) => ({ ...check, verdict: given })),
  });
  const cases: [word: string, exitCode: number, record: RunRecord][] = [
    ['PASSED', 0, buildRecord([calm])],
    ['FAILED', 1, everyVerdict()],
    ['FAILED', 1, buildRecord([verdict('leaked')], { error, incomplete: true })],
    ['ERROR', 3, buildRecord([calm], { error, incomplete: true })],
    ['ERROR', 3, buildRecord([calmScenario('one', { error })])],
    ['INCONCLUSIVE', 4, buildRecord([verdict('inconclusive')])],
    ['INCONCLUSIVE', 4, buildRecord([])],
    ['INCOMPLETE', 130, buildRecord([verdict('leaked')], { incomplete: true, interruptedBy: 'SIGINT' })],
    ['INCOMPLETE', 143, buildRecord([calm], { incomplete: true, interruptedBy: 'SIGTERM' })],
  ];
  test.each(cases)('%s is %i', (word, exitCode, record) => {
    expect(exitCodeFor(record)).toBe(exitCode);
    expect(runWord(viewOf(record)).word).toBe(word);
  });

  test('and a record of a run that never ended is INCOMPLETE, even if every check in it passed', () => {
    expect(runWord(viewOf(buildRecord([calm], { incomplete: true }))).word).toBe('INCOMPLETE');
    expect(runWord(viewOf(buildRecord([unjudged(calm)], { incomplete: true }))).word).toBe('INCOMPLETE');
  });
});
