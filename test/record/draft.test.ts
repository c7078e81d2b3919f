/** The record of a run that goes on. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Attempt } from '../../src/model/attempt.ts';
import { observeAll } from '../../src/model/observation.ts';
import { Attempts, type CheckDraft } from '../../src/record/draft.ts';
import { attempt } from '../judge/attempts.ts';
import { attemptLists } from '../model/attempts.ts';

function untried(): CheckDraft {
  return {
    id: 0,
    from: 'x/from',
    to: 'x/to',
    port: 80,
    protocol: 'TCP',
    path: 'podIP',
    family: 'IPv4',
    expected: 'unreachable',
    declared: { file: 'x.yaml', line: 1, column: 1 },
  };
}

const countsIn = ({ observed = [] }: CheckDraft): (readonly [string, number])[] =>
  observed.map(({ outcome, count }) => [outcome, count]);

describe('an attempt that is held', () => {
  test('can be amended, also when others have come after it', () => {
    const [check, attempts] = [untried(), new Attempts()];
    const [first] = [1, 2, 3].map((round) => {
      const noted = attempts.note(check, attempt('settle', 'timeout', { round }));
      noted.hold();
      return noted;
    });
    expect(countsIn(check)).toEqual([['timeout', 3]]);
    first?.amend({ outcome: 'one-way' });
    expect(countsIn(check)).toEqual([
      ['one-way', 1],
      ['timeout', 2],
    ]);
  });

  test('does not change what has been read of its check before', () => {
    const [check, attempts] = [untried(), new Attempts()];
    const noted = attempts.note(check, attempt('settle', 'timeout'));
    const { observed } = check;
    const before = JSON.stringify(observed);
    noted.hold();
    noted.amend({ outcome: 'one-way' });
    expect(JSON.stringify(observed)).toBe(before);
    expect(check.observed).not.toBe(observed);
  });

  test('is so until the last of those who hold it lets go: then it cannot change unnoticed', () => {
    const [check, attempts] = [untried(), new Attempts()];
    const noted = attempts.note(check, attempt('settle', 'timeout'));
    noted.hold();
    noted.hold();
    noted.release();
    noted.amend({ late: true });
    noted.release();
    expect(() => noted.amend({ outcome: 'one-way' })).toThrow('nobody holds');
    expect(check.observed).toMatchObject([{ outcome: 'timeout', late: true }]);
  });
});

test('each observation has its own attempts', () => {
  const [check, attempts] = [untried(), new Attempts()];
  attempts.note(check, attempt('control', 'connected'));
  attempts.note(check, attempt('settle', 'timeout'));
  attempts.note(check, attempt('observe', 'timeout'));
  attempts.note(check, attempt('closing', 'connected'));
  expect(
    [check.control, check.observed, check.closing].map((seen) => seen?.map(({ count }) => count)),
  ).toEqual([[1], [2], [1]]);
});

test('what is known at last is what it would be if it had been known at once', () => {
  const changes = fc.array(
    fc.record({ which: fc.nat(200), outcome: fc.constantFrom<Attempt['outcome']>('one-way', 'timeout') }),
  );
  const holds = fc.array(fc.boolean(), { minLength: 40, maxLength: 40 });
  fc.assert(
    fc.property(attemptLists, changes, holds, (made, amendments, isHeld) => {
      const [check, attempts] = [untried(), new Attempts()];
      const noted = made.map((one, index) => {
        const written = attempts.note(check, one);
        if (isHeld[index % isHeld.length] === true) written.hold();
        return written;
      });
      for (const { which, outcome } of amendments) {
        const one = noted[which % Math.max(1, noted.length)];
        if (one?.isHeld === true) one.amend({ outcome });
      }
      const { control, turning, observed, closing } = check;
      const known = observeAll(noted.map(({ attempt: one }) => one));
      expect({ control, turning, observed, closing }).toEqual({
        control: undefined,
        turning: undefined,
        observed: undefined,
        closing: undefined,
        ...known,
      });
    }),
  );
});
