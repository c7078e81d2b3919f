/** What many records show: their order, when checks failed, and which are flaky. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type History, HistoryBuilder } from '../../src/compare/history.ts';
import type { RunRecord } from '../../src/record/schema.ts';
import { type Night, nights } from './records.ts';

function historyOf(records: readonly RunRecord[]): History {
  const builder = new HistoryBuilder();
  for (const record of records) builder.add(record, `${record.run.id}.json`);
  return builder.finish();
}

const flaky = (all: readonly Night[]): readonly string[] =>
  historyOf(nights(all)).checks.flatMap(({ isFlaky, from }) => (isFlaky ? [from] : []));

test('runs are in the order in which they began, however they are read', () => {
  const records = nights(Array.from({ length: 6 }, (_, night) => ({ cut: night === 2 ? 'leaked' : 'pass' })));
  fc.assert(
    fc.property(fc.shuffledSubarray(records, { minLength: 6 }), (shuffled) => {
      expect(historyOf(shuffled)).toEqual(historyOf(records));
    }),
    { numRuns: 20 },
  );
  expect(historyOf(records).runs.map(({ id }) => id)).toEqual(records.map(({ run }) => run.id));
});

test('the same run is taken in once, and the file that brought it first is named', () => {
  const builder = new HistoryBuilder();
  const [record] = nights([{ cut: 'pass' }]);
  if (record === undefined) return expect.unreachable();
  expect(builder.add(record, 'one.json')).toBeUndefined();
  expect(builder.add(record, 'two.json')).toBe('one.json');
  expect(builder.finish().runs).toHaveLength(1);
});

test('a check that failed says when first, when last and how often, also where it was not always there', () => {
  const { checks, checksSeen } = historyOf(
    nights([
      {},
      { cut: 'pass' },
      { cut: 'leaked' },
      { cut: 'inconclusive' },
      { cut: 'broken' },
      { cut: 'pass' },
    ]),
  );
  expect(checksSeen).toBe(3);
  expect(checks).toEqual([
    {
      place: { scenario: 'shop' },
      from: 'shop/web',
      to: 'shop/db',
      port: 5432,
      protocol: 'TCP',
      family: 'IPv4',
      path: 'podIP',
      verdicts: [null, 'pass', 'leaked', 'inconclusive', 'broken', 'pass'],
      last: 'pass',
      failures: 2,
      firstFailure: 2,
      lastFailure: 4,
      isFlaky: true,
    },
  ]);
});

test('what fails now comes first, the most dangerous of it at the top', () => {
  const { checks } = historyOf(
    nights([
      { cut: 'leaked', open: 'broken' },
      { cut: 'pass', open: 'broken' },
    ]),
  );
  expect(checks.map(({ from, last }) => [from, last])).toEqual([
    ['shop/api', 'broken'],
    ['shop/web', 'pass'],
  ]);
});

describe('a check is flaky', () => {
  test('where its verdict changed twice, and nothing else did', () => {
    expect(flaky([{ cut: 'pass' }, { cut: 'leaked' }, { cut: 'pass' }])).toEqual(['shop/web']);
    expect(flaky([{ cut: 'pass' }, { cut: 'leaked' }, { cut: 'leaked' }])).toEqual([]);
  });

  test('where it flapped once', () => {
    expect(flaky([{ cut: 'pass' }, { cut: 'flapping' }])).toEqual(['shop/web']);
  });

  test.each([
    ['network plugin', { plugin: 'v3.32.1' }],
    ['policies', { policy: 'spec: {}\n' }],
    ['watch, which sees more than a run', { isWatched: true }],
  ])('not where its verdict changed with the %s, and back with it', (_, change) => {
    expect(flaky([{ cut: 'pass' }, { cut: 'leaked', ...change }, { cut: 'pass' }])).toEqual([]);
    expect(
      flaky([
        { cut: 'pass' },
        { cut: 'leaked', ...change },
        { cut: 'pass', ...change },
        { cut: 'leaked', ...change },
      ]),
    ).toEqual(['shop/web']);
  });
});

test('what a step took is told of each run that has it', () => {
  const { times } = historyOf(nights([{ cut: 'pass', settledMs: 200 }, {}, { cut: 'pass', settledMs: 900 }]));
  expect(
    times.map(({ measure, points }) => [
      measure,
      points.map(({ run, medianMs, pairs }) => [run, medianMs, pairs]),
    ]),
  ).toEqual([
    [
      'enforce',
      [
        [0, 200, 2],
        [1, 250, 1],
        [2, 900, 2],
      ],
    ],
  ]);
});
