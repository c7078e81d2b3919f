import { expect, test } from 'vitest';
import { judge } from '../../src/judge/judge.ts';
import { disagreementOf } from '../../src/judge/opinions.ts';
import type { Verdict } from '../../src/model/verdict.ts';
import type { CheckRecord } from '../../src/record/schema.ts';
import { sequence } from './attempts.ts';

type Predicted = NonNullable<CheckRecord['predicted']>['verdict'];

const predicted = (verdict: Predicted) => ({ predicted: { verdict, grounds: 0 } });

test.each([
  ['reachable', 'allowed', 'pass', undefined],
  ['unreachable', 'denied', 'pass', undefined],
  ['unreachable', 'allowed', 'leaked', 'policy'],
  ['reachable', 'denied', 'broken', 'policy'],
  ['unreachable', 'denied', 'leaked', 'cluster'],
  ['reachable', 'allowed', 'broken', 'cluster'],
  ['reachable', 'denied', 'pass', 'outside'],
  ['unreachable', 'undefined', 'leaked', 'open'],
  ['reachable', 'undefined', 'broken', 'open'],
  ['unreachable', 'undefined', 'pass', undefined],
  ['reachable', 'undefined', 'pass', undefined],
  ['reachable', 'denied', 'flapping', undefined],
  ['reachable', 'denied', 'inconclusive', undefined],
] as const)('declared %s, predicted %s, verdict %s: %s', (expected, prediction, verdict, who) => {
  expect(disagreementOf({ expected, verdict, ...predicted(prediction) })).toBe(who);
});

test.each(['pass', 'leaked', undefined] as const)('nobody disagrees without an opinion (%s)', (verdict) => {
  const judged = verdict === undefined ? {} : { verdict };
  expect(disagreementOf({ expected: 'unreachable', ...judged })).toBeUndefined();
  expect(disagreementOf({ expected: 'unreachable', ...predicted('allowed') })).toBeUndefined();
});

test('what something else cut is outside', () => {
  const check = { ...sequence('unreachable', 'cut cut'), ...predicted('allowed') };
  const judged = judge(check, { confirm: 2, actedMs: 0, closing: 'left-out', others: 'a mesh' });
  expect(judged.reason).toContain(', such as a mesh:');
  expect(disagreementOf({ ...check, ...judged })).toBe('outside');
});

test.each<[Verdict, string | undefined]>([
  ['pass', undefined],
  ['leaked', 'outside'],
])('where the scenario says that others cut it: %s, %s', (verdict, who) => {
  for (const prediction of ['allowed', 'denied', 'undefined'] as const) {
    const check = { expected: 'unreachable', cutBy: 'others', verdict, ...predicted(prediction) } as const;
    expect(disagreementOf(check)).toBe(who);
  }
});
