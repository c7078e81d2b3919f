/** What two watches say differently of the same check: windows that are new, gone, longer or shorter than they can have been. */
import { describe, expect, test } from 'vitest';
import { compareRecords } from '../../src/compare/compare.ts';
import type { Window } from '../../src/model/window.ts';
import type { RunRecord } from '../../src/record/schema.ts';
import { buildRecord, buildScenario, type CheckParts } from '../report/fixture.ts';
import { calmWatch, upgradedOtherwise, upgradeWatched } from '../report/watch.ts';

const WATCH = watchOf(calmWatch());

function watchOf({ watch }: RunRecord): NonNullable<RunRecord['watch']> {
  if (watch === undefined) throw new Error('the record has a watch');
  return watch;
}

/** It showed itself from one moment to the other, and an attempt each second tells. */
function window(kind: Window['kind'], fromMs: number, toMs: number, incident?: number): Window {
  return {
    kind,
    began: { earliestMs: fromMs - 1_000, latestMs: fromMs },
    ended: { earliestMs: toMs, latestMs: toMs + 1_000 },
    attempts: 1,
    ...(incident === undefined ? {} : { incident }),
  };
}

function watched(windows: readonly Window[], parts: CheckParts = { verdict: 'pass' }): RunRecord {
  const check = { ...parts, watched: { attempts: 150, unknownMs: 0, windows: [...windows] } };
  const record = buildRecord([
    buildScenario('shop', { pods: { 'shop/web': [], 'shop/db': [5432] }, checks: [check] }),
  ]);
  return { ...record, watch: WATCH };
}

const LEAKED: CheckParts = { verdict: 'leaked', expected: 'unreachable', reason: 'it was open' };

function said(before: RunRecord, after: RunRecord): string[] {
  return compareRecords(before, after).windows.map(({ kind, change }) => `${change} ${kind}`);
}

describe('a window', () => {
  const two = window('gap', 10_000, 12_000);

  test('is new, or gone, where the other watch had none of its kind', () => {
    expect(said(watched([]), watched([two]))).toEqual(['new gap']);
    expect(said(watched([two]), watched([]))).toEqual(['gone gap']);
    expect(said(watched([two]), watched([window('unknown', 10_000, 12_000)]))).toEqual([
      'new unknown',
      'gone gap',
    ]);
  });

  test('is the same whenever it was, as long as both may have lasted the same', () => {
    expect(said(watched([two]), watched([window('gap', 70_000, 72_000)]))).toEqual([]);
    // 2 to 4 s, and 4 to 6 s.
    expect(said(watched([two]), watched([window('gap', 10_000, 14_000)]))).toEqual([]);
    expect(said(watched([two]), watched([window('gap', 10_000, 14_001)]))).toEqual(['longer gap']);
    expect(said(watched([window('gap', 10_000, 14_001)]), watched([two]))).toEqual(['shorter gap']);
  });

  test('is held against the one that was as long, and not against the one that was first', () => {
    const [short, long] = [window('gap', 10_000, 11_000), window('gap', 50_000, 59_000)];
    const { windows } = compareRecords(
      watched([short, long]),
      watched([window('gap', 5_000, 14_000), window('gap', 30_000, 31_000), window('gap', 80_000, 80_500)]),
    );
    expect(windows).toMatchObject([{ change: 'new', after: { atLeastMs: 500, atMostMs: 2_500 } }]);
  });

  test('that had not ended lasted to the end of its watch', () => {
    const { ended: _, ...open } = window('gap', 50_000, 60_000);
    expect(compareRecords(watched([]), watched([open])).windows).toMatchObject([
      { after: { atLeastMs: 100_000, atMostMs: 101_000 } },
    ]);
  });

  test('that is worse stands first, and a leak before a gap', () => {
    const [leak, gap] = [window('leak', 10_000, 11_000), window('gap', 10_000, 11_000)];
    expect(said(watched([gap]), watched([leak]))).toEqual(['new leak', 'gone gap']);
    expect(said(watched([]), watched([gap, leak]))).toEqual(['new leak', 'new gap']);
    const { windows } = compareRecords(upgradeWatched(), upgradedOtherwise());
    expect(windows.map(({ isWorse }) => isWorse)).toEqual(
      windows.map(({ isWorse }) => isWorse).toSorted((one, other) => Number(other) - Number(one)),
    );
  });

  test('is told with what was nearest to it', () => {
    const { windows } = compareRecords(calmWatch(), upgradeWatched());
    expect(windows.find(({ kind }) => kind === 'leak')).toMatchObject({
      change: 'new',
      after: { incident: 'calico-node on node-2 restarted' },
    });
    expect(new Set(windows.map(({ kind }) => kind))).toEqual(new Set(['leak', 'gap', 'unknown']));
  });
});

describe('the second record is worse', () => {
  const [short, long] = [window('leak', 10_000, 10_500), window('leak', 10_000, 19_000)];

  test('where a mismatch leaks for longer, or once more, than it did before', () => {
    expect(compareRecords(watched([short], LEAKED), watched([long], LEAKED)).outcome).toBe('worse');
    expect(compareRecords(watched([short], LEAKED), watched([short, short], LEAKED)).outcome).toBe('worse');
  });

  test('not where it leaks for less, where its budget allows it, or where nobody could tell', () => {
    expect(compareRecords(watched([long], LEAKED), watched([short], LEAKED)).outcome).toBe('not-worse');
    expect(compareRecords(watched([short]), watched([long])).outcome).toBe('not-worse');
    const unknown = window('unknown', 60_000, 90_000);
    expect(compareRecords(watched([short], LEAKED), watched([short, unknown], LEAKED)).outcome).toBe(
      'not-worse',
    );
  });
});

describe('a run that was watched', () => {
  test('and one that was not have no windows to compare, and both say which they are', () => {
    const { watch: _, ...unwatched } = watched([]);
    const { windows, before, after, outcome } = compareRecords(unwatched, upgradeWatched());
    expect(windows).toEqual([]);
    expect([before.isWatched, after.isWatched, outcome]).toEqual([false, true, 'worse']);
  });

  test('otherwise than the other says how', () => {
    const often = { ...watched([]), watch: { ...WATCH, everyMs: 250 } };
    expect(compareRecords(watched([]), often).circumstances).toEqual([
      { what: 'watched every', before: '1000 ms', after: '250 ms' },
    ]);
  });
});
