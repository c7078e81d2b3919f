import { expect, test } from 'vitest';
import { extentOf, placeOf, ticksOf, WIDTH } from '../../../../src/report/formats/html/time-axis.ts';

const HOUR_MS = 3_600_000;
const labels = (shown: { fromMs: number; toMs: number }, startedAt: string): string[] =>
  ticksOf(shown, Date.parse(startedAt)).map(({ label }) => label);

test('the first moment that is shown lies at the left, the last at the right', () => {
  const shown = { fromMs: 500, toMs: 1_500 };
  expect([500, 1_000, 1_500].map((ms) => placeOf(ms, shown))).toEqual([0, WIDTH / 2, WIDTH]);
});

test.each([
  ['inside', { fromMs: 250, toMs: 500 }, { x: 240, width: 240 }],
  ['cut off on both sides', { fromMs: -10, toMs: 2_000 }, { x: 0, width: WIDTH }],
  ['too short to be seen', { fromMs: 500, toMs: 500 }, { x: 480, width: 4 }],
  ['too short, and at the end', { fromMs: 1_000, toMs: 1_000 }, { x: WIDTH - 4, width: 4 }],
  ['before', { fromMs: -20, toMs: -10 }, undefined],
  ['after', { fromMs: 1_010, toMs: 1_020 }, undefined],
])('what lasts is drawn as long as it is shown: %s', (_, span, extent) => {
  expect(extentOf(span, { fromMs: 0, toMs: 1_000 })).toEqual(extent);
});

test.each([
  [
    'half a second',
    { fromMs: 0, toMs: 500 },
    '02:00:06.040Z',
    ['02:00:06.100', '02:00:06.200', '02:00:06.300', '02:00:06.400', '02:00:06.500'],
  ],
  [
    'two minutes',
    { fromMs: 0, toMs: 120_000 },
    '02:00:06.000Z',
    ['02:00:15', '02:00:30', '02:00:45', '02:01:00', '02:01:15', '02:01:30', '02:01:45', '02:02:00'],
  ],
  [
    'an hour',
    { fromMs: 0, toMs: HOUR_MS },
    '02:00:06.000Z',
    ['02:10', '02:20', '02:30', '02:40', '02:50', '03:00'],
  ],
  [
    'a night',
    { fromMs: 0, toMs: 8 * HOUR_MS },
    '21:30:00.000Z',
    ['22:00', '23:00', '11-21', '01:00', '02:00', '03:00', '04:00', '05:00'],
  ],
  [
    'a month',
    { fromMs: 0, toMs: 30 * 24 * HOUR_MS },
    '00:00:00.000Z',
    ['11-23', '11-27', '12-01', '12-05', '12-09', '12-13', '12-17'],
  ],
])('ticks stand at moments that are round on a clock: %s', (_, shown, time, expected) => {
  expect(labels(shown, `2026-11-20T${time}`)).toEqual(expected);
});
