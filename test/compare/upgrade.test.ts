/** What the three runs of an upgrade come to together, and how far an upgrade goes on. */
import { describe, expect, test } from 'vitest';
import { compareUpgrade, mayBegin, mayFollow, type UpgradeRecords } from '../../src/compare/upgrade.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import type { RunRecord } from '../../src/record/schema.ts';
import { environmentFailure, interruptedRun, provisioningFailure } from '../report/records.ts';
import {
  calmDuring,
  calmUpgrade,
  failedUpgrade,
  narrowedUpgrade,
  roughUpgrade,
  runAfter,
  runBefore,
} from '../report/upgrade/records.ts';

/** The same record, of which one check came to something else. */
function came({ scenarios, ...rest }: RunRecord, verdict: Verdict): RunRecord {
  return {
    ...rest,
    scenarios: scenarios.map((scenario) => ({
      ...scenario,
      steps: scenario.steps.map((step) => ({
        ...step,
        checks: step.checks.map((check, index) =>
          index === 0 ? { ...check, verdict, reason: 'so it was' } : check,
        ),
      })),
    })),
  };
}

function interrupted(record: RunRecord): RunRecord {
  return { ...record, run: { ...record.run, interruptedBy: 'SIGTERM' } };
}

const said = (records: UpgradeRecords): readonly [string, number] => {
  const { outcome, exitCode } = compareUpgrade(records);
  return [outcome, exitCode];
};

describe('the answer', () => {
  test.each<[string, UpgradeRecords, readonly [string, number]]>([
    ['all passed', calmUpgrade(), ['go', 0]],
    ['leaked during it', roughUpgrade(), ['no-go', 1]],
    ['broken after it', { ...calmUpgrade(), after: came(runAfter(), 'broken') }, ['no-go', 1]],
    ['leaked before it, and the command was not run', { before: came(runBefore(), 'leaked') }, ['no-go', 1]],
    ['the command failed', failedUpgrade(), ['not-proven', 3]],
    [
      'the command failed, and it is broken since',
      { ...failedUpgrade(), after: came(runAfter(), 'broken') },
      ['no-go', 1],
    ],
    [
      'inconclusive after it',
      { ...calmUpgrade(), after: came(runAfter(), 'inconclusive') },
      ['not-proven', 4],
    ],
    ['inconclusive before it', { before: came(runBefore(), 'inconclusive') }, ['not-proven', 4]],
    [
      'inconclusive before it, and the command failed',
      { ...failedUpgrade(), before: came(runBefore(), 'inconclusive') },
      ['not-proven', 3],
    ],
    ['left out after it, as a Service lost a family', narrowedUpgrade(), ['not-proven', 4]],
    ['the cluster did not answer', { before: environmentFailure() }, ['not-proven', 3]],
    [
      'the watch did not come about',
      { before: runBefore(), during: provisioningFailure() },
      ['not-proven', 3],
    ],
    ['no run after it, whyever', { before: runBefore(), during: calmDuring() }, ['not-proven', 3]],
    [
      'interrupted while it went on',
      { before: runBefore(), during: interrupted(calmDuring()) },
      ['not-proven', 143],
    ],
    [
      'killed before its end',
      { before: { ...runBefore(), run: { ...runBefore().run, incomplete: true } } },
      ['not-proven', 3],
    ],
  ])('%s', (_, records, expected) => {
    expect(said(records)).toEqual(expected);
  });

  test('holds what each part adds to the run before it', () => {
    const { during, after: changed, command } = compareUpgrade(roughUpgrade());
    expect(command).toMatchObject({ exitCode: 0 });
    expect(during?.checks.some(({ change }) => change === 'leaked')).toBe(true);
    expect(changed).toMatchObject({
      outcome: 'not-worse',
      checks: [],
      circumstances: [{ what: 'network plugin', before: 'Calico v3.32.0', after: 'Calico v3.33.0' }],
    });
  });
});

describe('the command', () => {
  test('is run where the first run has passed, and otherwise only where somebody insists', () => {
    expect([mayBegin(runBefore(), false), mayBegin(runBefore(), true)]).toEqual([true, true]);
    for (const verdict of ['leaked', 'late', 'inconclusive'] as const)
      expect([
        mayBegin(came(runBefore(), verdict), false),
        mayBegin(came(runBefore(), verdict), true),
      ]).toEqual([false, true]);
  });

  test.each([
    ['the cluster did not answer', environmentFailure()],
    ['it was interrupted', interruptedRun()],
  ])('is never run where %s', (_, record) => {
    expect([mayBegin(record, false), mayBegin(record, true)]).toEqual([false, false]);
  });

  test('is followed by a run, also where it failed, but not where it was not run or the user wants it to end', () => {
    expect(mayFollow(calmDuring())).toBe(true);
    expect(mayFollow(failedUpgrade().during ?? runBefore())).toBe(true);
    expect(mayFollow(provisioningFailure())).toBe(false);
    expect(mayFollow(interrupted(calmDuring()))).toBe(false);
  });
});
