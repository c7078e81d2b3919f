import { expect, test } from 'vitest';
import type { Attempt } from '../../../src/model/attempt.ts';
import { type Observation, observeAll } from '../../../src/model/observation.ts';
import {
  afterPolicies,
  beforePolicies,
  describeAttempts,
  describeOrder,
  isOneWay,
  underPolicies,
} from '../../../src/report/parts/attempts.ts';
import { attempts } from '../fixture.ts';

const seen = (made: readonly Attempt[]): Observation => observeAll(made).observed ?? [];
const MADE = [
  ...attempts('control', ['timeout', 'connected']),
  ...attempts('settle', ['connected', 'timeout']),
  ...attempts('observe', ['timeout']),
  ...attempts('closing', ['timeout', 'connected']),
];

test('attempts are told apart by what was in force', () => {
  const [before, under, after] = [beforePolicies, underPolicies, afterPolicies].map((those) =>
    those(observeAll(MADE)).map(({ first, outcome, count }) => [first.phase, outcome, count]),
  );
  expect(before).toEqual([
    ['control', 'timeout', 1],
    ['control', 'connected', 1],
  ]);
  expect(under).toEqual([
    ['settle', 'connected', 1],
    ['settle', 'timeout', 2],
  ]);
  expect(after).toEqual([
    ['closing', 'timeout', 1],
    ['closing', 'connected', 1],
  ]);
});

test('dials are told where it took more than one', () => {
  const once = attempts('settle', ['connected'], { durationMs: 1 });
  const twice = attempts('settle', ['connected'], { durationMs: 201, dials: 2 });
  expect(describeAttempts(seen(once))).toBe('connected 1 of 1 (in 1.0 ms)');
  expect(describeAttempts(seen([...once, ...twice]))).toBe(
    'connected 2 of 2 (in 1.0 ms to 201 ms, 1 to 2 dials)',
  );
  expect(describeAttempts(seen(attempts('settle', ['timeout'])))).toBe(
    'timeout 1 of 1 (after 500 ms, 3 dials)',
  );
  expect(describeAttempts(seen(attempts('settle', ['timeout', 'timeout'])))).toBe(
    'timeout 2 of 2 (after 500 ms, 3 dials each)',
  );
});

test('the order is told where there is one', () => {
  expect(describeOrder(seen(attempts('settle', ['timeout', 'timeout'])))).toBeUndefined();
  expect(describeOrder(seen(attempts('settle', ['connected', 'connected', 'timeout'])))).toBe(
    '2 × connected, timeout',
  );
});

test('a way is open in one direction where datagrams arrived, and none was ever answered', () => {
  const isOpen = (...made: Parameters<typeof attempts>[1]) => isOneWay(observeAll(attempts('settle', made)));
  expect([isOpen('one-way', 'timeout'), isOpen('one-way', 'connected'), isOpen('timeout')]).toEqual([
    true,
    false,
    false,
  ]);
});
