import { describe, expect, test } from 'vitest';
import { countContrary, hasFlapped, isConfirmed, wasCut } from '../../src/judge/judge.ts';
import { rowsOf, trailingRow } from '../../src/judge/rows.ts';
import type { Attempt } from '../../src/model/attempt.ts';
import { observe } from '../../src/model/observation.ts';
import { attempt, checked, closed, seenAt, sequence } from './attempts.ts';

const CONFIRM = 2;
const rules = { confirm: CONFIRM };
const shapeOf = (check: Parameters<typeof rowsOf>[0], confirm = CONFIRM): string =>
  rowsOf(check, confirm)
    .map(({ kind, count, isComplete }) => `${count} ${kind}${isComplete ? '!' : ''}`)
    .join(', ');

describe('rows', () => {
  test('are as long as attempts show the same, and what proves nothing ends them', () => {
    expect(shapeOf(sequence('unreachable', 'connected cut cut cut nothing cut'))).toBe(
      '1 contradicts!, 3 agrees!, 1 proves-nothing, 1 agrees',
    );
    expect(shapeOf(sequence('reachable', 'cut connected connected cut cut nothing nothing'))).toBe(
      '1 contradicts, 2 agrees!, 2 contradicts!, 2 proves-nothing',
    );
  });

  test('are made of what was tried under the policies', () => {
    expect(rowsOf(closed(sequence('unreachable', ''), 'timeout', 'connected'), CONFIRM)).toEqual([]);
  });

  test('may show a cut in different ways', () => {
    const check = checked('unreachable', [
      ['settle', 'timeout'],
      ['settle', 'refused'],
      ['observe', 'prohibited'],
    ]);
    expect(shapeOf(check)).toBe('3 agrees!');
  });
});

describe('a row is complete', () => {
  test.each([
    ['unreachable', 'cut', 1, '1 agrees'],
    ['unreachable', 'cut cut', 1, '2 agrees!'],
    ['unreachable', 'cut cut', 3, '2 agrees'],
    ['reachable', 'cut', 1, '1 contradicts'],
    ['reachable', 'cut cut', 1, '2 contradicts!'],
    ['reachable', 'cut cut', 3, '2 contradicts'],
    ['reachable', 'connected', 1, '1 agrees!'],
    ['reachable', 'connected connected', 3, '2 agrees'],
    ['unreachable', 'connected', 3, '1 contradicts!'],
  ] as const)('%s, %s, by --confirm %i: %s', (expected, words, confirm, shape) => {
    expect(shapeOf(sequence(expected, words), confirm)).toBe(shape);
  });

  test('where packets get lost: only as many cuts are enough as the check itself asks for', () => {
    const lossy = { confirm: 6 };
    const five = 'cut cut cut cut cut';
    for (const [expected, kind] of [
      ['unreachable', 'agrees'],
      ['reachable', 'contradicts'],
    ] as const) {
      expect(shapeOf({ ...sequence(expected, five), ...lossy })).toBe(`5 ${kind}`);
      expect(shapeOf({ ...sequence(expected, `${five} cut`), ...lossy })).toBe(`6 ${kind}!`);
    }
    expect(shapeOf({ ...sequence('reachable', 'connected connected'), ...lossy })).toBe('2 agrees!');
  });

  const row = (lastSeen: NonNullable<Attempt['seen']>) =>
    checked('unreachable', [
      ['settle', 'timeout', { atMs: 1000, seen: seenAt(900) }],
      ['settle', 'timeout', { atMs: 1600, seen: lastSeen }],
    ]);

  test('when every side was seen to work between its first dial and its last', () => {
    expect(shapeOf(row(seenAt(1000)))).toBe('2 agrees!');
  });

  test.each(['source', 'destination', 'between'] as const)(
    'not when the %s was seen to work only before it',
    (side) => {
      expect(shapeOf(row({ ...seenAt(1900), [side]: 999 }))).toBe('2 agrees');
    },
  );

  test('when a longer row spans what a shorter one did not', () => {
    const { expected, observed = [] } = row(seenAt(900));
    const longer = attempt('settle', 'timeout', { atMs: 2200, seen: seenAt(1900) });
    expect(shapeOf({ expected, observed: observe(observed, longer) })).toBe('3 agrees!');
  });
});

describe('the newest row', () => {
  test('says how many more it takes', () => {
    const { first, last, ...row } = trailingRow(sequence('unreachable', 'connected cut'), CONFIRM) ?? {};
    expect(row).toMatchObject({ isCut: true, needed: 2, isComplete: false });
    expect([first?.atMs, last?.atMs]).toEqual([1100, 1100]);
  });

  test.each(['', 'cut nothing'])('is none after "%s"', (words) => {
    expect(trailingRow(sequence('unreachable', words), CONFIRM)).toBeUndefined();
  });
});

describe('what a run asks while it goes on', () => {
  test.each([
    ['unreachable', 'cut cut', 'confirmed, cut'],
    ['unreachable', 'cut nothing cut', ''],
    ['unreachable', 'connected cut', ''],
    ['unreachable', 'cut connected', 'flapped'],
    ['unreachable', 'cut cut nothing connected', 'confirmed, flapped, cut'],
    ['reachable', 'connected connected', 'confirmed'],
    ['reachable', 'cut cut', 'cut'],
    ['reachable', 'connected cut', ''],
    ['reachable', 'connected cut cut', 'flapped, cut'],
    ['reachable', 'cut cut connected connected', 'confirmed, cut'],
  ] as const)('%s, after %s: %s', (expected, words, answers) => {
    const check = sequence(expected, words);
    const given = { confirmed: isConfirmed, flapped: hasFlapped, cut: wasCut };
    const isGiven = Object.entries(given).filter(([, ask]) => ask(check, rules));
    expect(isGiven.map(([name]) => name).join(', ')).toBe(answers);
  });

  test('contrary is every attempt under the policies that does not agree, proving or not', () => {
    const check = closed(sequence('unreachable', 'connected cut nothing'), 'timeout');
    expect(countContrary(check)).toBe(2);
  });
});

describe('connections that the policies deny', () => {
  const rowOf = (...times: readonly number[]) =>
    rowsOf(
      {
        ...checked(
          'reachable',
          times.map((atMs) => ['settle', 'connected', { atMs }]),
        ),
        predicted: { verdict: 'denied', grounds: 0 },
      },
      2,
    )[0];

  test('are believed when they last: a moment without enforcement is no permission', () => {
    expect(rowOf(1_000, 1_013)?.isComplete).toBe(false);
    expect(rowOf(1_000, 1_500, 1_999)?.isComplete).toBe(false);
    expect(rowOf(1_000, 2_000)?.isComplete).toBe(true);
  });
});
