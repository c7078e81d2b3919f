import { expect, test } from 'vitest';
import { count, UNVISITED } from '../../../src/sandbox/probes/tally.ts';

/** Readiness after each of a row of visits: `+` is a success. */
function readinessAfter(visits: string, successThreshold: number, failureThreshold: number): string {
  let tally = UNVISITED;
  return [...visits]
    .map((visit) => {
      tally = count(tally, visit === '+' ? 'success' : 'failure', { successThreshold, failureThreshold });
      return tally.isReady ? 'r' : '.';
    })
    .join('');
}

test.each([
  ['+', 1, 3, 'r'],
  ['-+', 1, 3, '.r'],
  ['+--+--+', 1, 3, 'rrrrrrr'],
  ['+---+', 1, 3, 'rrr.r'],
  ['++-+++', 3, 1, '.....r'],
  ['+++-+++', 3, 1, '..r...r'],
  ['----+', 1, 3, '....r'],
])('visits %s, with thresholds %i and %i, make %s', (visits, success, failure, readiness) => {
  expect(readinessAfter(visits, success, failure)).toBe(readiness);
});
