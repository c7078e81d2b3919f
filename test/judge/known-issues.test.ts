/** A known issue never changes a verdict, only whether it fails the run. */
import { describe, expect, test } from 'vitest';
import { exitCodeFor } from '../../src/judge/exit-code.ts';
import {
  countsAs,
  expiredIssueOf,
  failsRun,
  goneIssues,
  knownIssueOf,
} from '../../src/judge/known-issues.ts';
import { MISMATCHES, type MismatchVerdict, VERDICTS, type Verdict } from '../../src/model/verdict.ts';
import type { RunRecord, ScenarioRecord } from '../../src/record/schema.ts';
import { startRecord } from '../../src/run/start-record.ts';
import { buildRecord, buildScenario, changedChecks } from '../report/fixture.ts';

type Issue = NonNullable<ScenarioRecord['knownIssues']>[number];

function issue(is: MismatchVerdict, parts: Partial<Issue> = {}): Issue {
  const location = { file: 'a.yaml', line: 7, column: 5 };
  return { is, reason: 'a bug', owner: 'us', expires: '2027-01-31', location, checks: 1, ...parts };
}

/** A run of one scenario whose checks have these verdicts; each with all of the known issues. */
function recordWith(verdicts: readonly (Verdict | undefined)[], knownIssues: readonly Issue[]): RunRecord {
  const places = knownIssues.map((_, place) => place);
  const scenario = buildScenario(
    'a',
    {
      pods: { 'shop/web': [], 'shop/db': [5432] },
      checks: verdicts.map((_, id) => ({ id, knownIssues: places })),
    },
    { knownIssues },
  );
  const steps = changedChecks(scenario, ({ verdict: _, ...check }, index) => {
    const verdict = verdicts[index];
    return verdict === undefined ? check : { ...check, verdict };
  });
  return buildRecord([{ ...scenario, steps }]);
}

const ALL: readonly (Verdict | undefined)[] = [...VERDICTS, undefined];
const ISSUES: readonly Issue[] = MISMATCHES.flatMap((is) => [issue(is), issue(is, { expired: true })]);
/** No issue, each of them, and each two of them. */
const LISTS = [
  [],
  ...ISSUES.map((one) => [one]),
  ...ISSUES.flatMap((one) => ISSUES.map((other) => [one, other])),
];

describe('for every verdict and all known issues that it may have', () => {
  const cases = ALL.flatMap((verdict) => LISTS.map((list) => [verdict, list] as const));

  test('it counts as its verdict, or as known, and known only what is listed and has not expired', () => {
    for (const [verdict, list] of cases) {
      const scenario = { knownIssues: list };
      const check = {
        ...(verdict === undefined ? {} : { verdict }),
        knownIssues: list.map((_, place) => place),
      };
      const isExcused = list.some((one) => one.is === verdict && one.expired === undefined);
      expect(countsAs(check, scenario)).toBe(isExcused ? 'known' : verdict);
      const isMismatch = MISMATCHES.some((one) => one === verdict);
      expect(failsRun(check, scenario)).toBe(isMismatch && !isExcused);
      expect(knownIssueOf(check, scenario)?.is).toBe(isExcused ? verdict : undefined);
    }
  });

  test('it makes of no exit code another than 0 in the place of 1', () => {
    for (const [verdict, list] of cases) {
      const code = exitCodeFor(recordWith([verdict, 'pass'], list));
      const bare = exitCodeFor(recordWith([verdict, 'pass'], []));
      if (code !== bare) expect([bare, code]).toEqual([1, 0]);
    }
  });

  test('what was not proven stays so', () => {
    for (const list of LISTS) {
      for (const verdict of ['inconclusive', undefined] as const)
        expect(exitCodeFor(recordWith([verdict, 'leaked', 'pass'], list))).not.toBe(0);
    }
  });

  test('a pass is never worse for it', () => {
    for (const list of LISTS) expect(exitCodeFor(recordWith(['pass'], list))).toBe(0);
  });
});

test.each<[string, Verdict[], Issue[], number]>([
  ['a leak that is known', ['pass', 'leaked'], [issue('leaked')], 0],
  ['nothing but a leak that is known: it was shown', ['leaked'], [issue('leaked')], 0],
  ['a leak that was known', ['pass', 'leaked'], [issue('leaked', { expired: true })], 1],
  ['one of another direction', ['pass', 'flapping'], [issue('leaked')], 1],
  ['a known leak beside another mismatch', ['leaked', 'broken'], [issue('leaked')], 1],
  ['a known leak beside what proved nothing', ['leaked', 'inconclusive'], [issue('leaked')], 4],
  ['one of two directions that are both known', ['flapping'], [issue('leaked'), issue('flapping')], 0],
])('%s', (_, verdicts, list, code) => {
  expect(exitCodeFor(recordWith(verdicts, list))).toBe(code);
});

test('a known issue speaks of the checks that name it, and of no other', () => {
  const scenario = { knownIssues: [issue('leaked'), issue('leaked', { reason: 'another' })] };
  expect(countsAs({ verdict: 'leaked' }, scenario)).toBe('leaked');
  expect(knownIssueOf({ verdict: 'leaked', knownIssues: [1] }, scenario)?.reason).toBe('another');
  // A record that was cut off, or written by something else.
  expect(countsAs({ verdict: 'leaked', knownIssues: [2] }, scenario)).toBe('leaked');
  expect(countsAs({ verdict: 'leaked', knownIssues: [0] }, {})).toBe('leaked');
});

test('what has expired is named, so that it can be said until when it was known', () => {
  const scenario = { knownIssues: [issue('leaked', { expired: true })] };
  expect(expiredIssueOf({ verdict: 'leaked', knownIssues: [0] }, scenario)?.expires).toBe('2027-01-31');
  expect(expiredIssueOf({ verdict: 'broken', knownIssues: [0] }, scenario)).toBeUndefined();
});

describe('a known issue is gone', () => {
  const goneIn = (verdicts: readonly (Verdict | undefined)[], checks = verdicts.length): number => {
    const knownIssues = [issue('leaked', { checks })];
    const own = verdicts.map((verdict) => ({ ...(verdict && { verdict }), knownIssues: [0] }));
    return goneIssues({ knownIssues, checks: [...own, { verdict: 'pass' as const }] }).length;
  };

  test.each<[string, (Verdict | undefined)[], number]>([
    ['where all of its checks passed', ['pass', 'pass'], 1],
    ['not where one still comes to it', ['pass', 'leaked'], 0],
    ['not where one came to something else', ['pass', 'flapping'], 0],
    ['not where one proved nothing', ['pass', 'inconclusive'], 0],
    ['not where one was not judged', ['pass', undefined], 0],
  ])('%s', (_, verdicts, expected) => {
    expect(goneIn(verdicts)).toBe(expected);
  });

  test('not where some of its checks were not chosen for the run', () => {
    expect(goneIn(['pass'], 2)).toBe(0);
  });
});

test.each([
  ['2027-01-31T23:59:59.999Z', undefined],
  ['2027-02-01T00:00:00.000Z', true],
])('what has expired is decided by when the run starts: %s', (startedAt, expired) => {
  const [scenario] = recordWith(['leaked'], [issue('leaked')]).scenarios;
  if (scenario === undefined) return expect.unreachable('there is no scenario');
  const draft = structuredClone(scenario) as Parameters<typeof startRecord>[0][number];
  const record = startRecord([draft], {
    runId: 'r',
    version: '0',
    startedAt: new Date(startedAt),
    cluster: 'sandbox',
    options: { confirm: 2, keep: false, failFast: false },
  });
  expect(record.scenarios[0]?.knownIssues?.[0]?.expired).toBe(expired);
  expect(record.scenarios[0]).toBe(draft);
});
