import { expect, it } from 'vitest';
import { holesBetween } from '../../../src/run/watching/spans.ts';

const WITHIN = { fromMs: 0, toMs: 100 };
const holes = (seen: readonly (readonly [number, number])[], toleratedMs = 10) =>
  holesBetween(
    seen.map(([fromMs, toMs]) => ({ fromMs, toMs })),
    WITHIN,
    toleratedMs,
  ).map(({ fromMs, toMs }) => [fromMs, toMs]);

it.each<[string, readonly (readonly [number, number])[], readonly (readonly [number, number])[]]>([
  ['nothing was seen', [], [[0, 100]]],
  [
    'before, between and after',
    [
      [20, 40],
      [60, 80],
    ],
    [
      [0, 20],
      [40, 60],
      [80, 100],
    ],
  ],
  [
    'none is told that is as long as is tolerated',
    [
      [10, 45],
      [55, 90],
    ],
    [],
  ],
  [
    'spans come in any order and overlap',
    [
      [50, 100],
      [0, 70],
      [20, 30],
    ],
    [],
  ],
  [
    'what reaches beyond the time in question',
    [
      [-50, 30],
      [70, 150],
    ],
    [[30, 70]],
  ],
  [
    'what lies outside of it',
    [
      [-50, -20],
      [120, 150],
    ],
    [[0, 100]],
  ],
])('%s', (_, seen, expected) => {
  expect(holes(seen)).toEqual(expected);
});
