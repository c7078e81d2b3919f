import { expect, test } from 'vitest';
import { disagreementOf } from '../../src/judge/opinions.ts';

test.each([
  ['reachable', 'allowed', 'pass', undefined],
  ['unreachable', 'denied', 'pass', undefined],
  ['unreachable', 'allowed', 'leaked', 'policy'],
  ['reachable', 'denied', 'broken', 'policy'],
  ['unreachable', 'denied', 'leaked', 'cluster'],
  ['reachable', 'allowed', 'broken', 'cluster'],
  ['unreachable', 'allowed', 'pass', 'outside'],
  ['reachable', 'denied', 'pass', 'outside'],
  ['unreachable', 'undefined', 'leaked', 'open'],
  ['reachable', 'undefined', 'pass', undefined],
  ['reachable', 'denied', 'flapping', undefined],
  ['reachable', 'denied', 'inconclusive', undefined],
  ['reachable', 'denied', undefined, undefined],
] as const)('declared %s, predicted %s, verdict %s: %s', (declared, predicted, verdict, who) => {
  expect(disagreementOf(declared, predicted, verdict)).toBe(who);
});
