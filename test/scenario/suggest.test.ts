import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Names, nearest, quote, suggest } from '../../src/scenario/suggest.ts';

describe('the nearest word', () => {
  test.each([
    ['shop/ap', ['shop/web', 'shop/api', 'shop/db'], 'shop/api'],
    ['becuase', ['from', 'to', 'except', 'because'], 'because'],
    ['Reachable', ['reachable', 'unreachable'], 'reachable'],
    ['prots', ['labels', 'ports'], 'ports'],
    ['x', ['y'], 'y'],
    ['ab', ['xy'], undefined],
    ['namespace', ['pods'], undefined],
    ['', [], undefined],
  ])('of %j among %j is %j', (word, candidates, expected) => {
    expect(nearest(word, candidates)).toBe(expected);
  });

  test('is the word itself where it is there', () => {
    const property = fc.property(fc.string(), fc.array(fc.string()), (word, others) => {
      expect(nearest(word, [...others, word])?.toLowerCase()).toBe(word.toLowerCase());
    });
    return fc.assert(property);
  });

  test('is found after one slip', () => {
    const words = ['namespaces', 'policies', 'unreachable', 'otherwise', 'description'];
    return fc.assert(
      fc.property(
        fc.constantFrom(...words),
        fc.nat(8),
        fc.constantFrom('drop', 'double', 'swap'),
        (word, at, slip) => {
          const letters = [...word];
          if (slip === 'drop') letters.splice(at, 1);
          else if (slip === 'double') letters.splice(at, 0, letters[at] ?? '');
          else letters.splice(at, 2, letters[at + 1] ?? '', letters[at] ?? '');
          expect(nearest(letters.join(''), words)).toBe(word);
        },
      ),
    );
  });

  test('is the one that the whole table of distances says', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', 'c', '/'), maxLength: 9 });
    return fc.assert(
      fc.property(word, fc.array(word, { maxLength: 6 }), (sought, candidates) => {
        const allowed = Math.max(1, Math.floor(sought.length / 3));
        const distances = candidates.map((candidate) => distanceOf(sought, candidate));
        const least = Math.min(allowed + 1, ...distances);
        expect(nearest(sought, candidates)).toBe(
          least > allowed ? undefined : candidates[distances.indexOf(least)],
        );
      }),
      { numRuns: 2000 },
    );
  });

  test('of thousands of names is found for each of a thousand, and none where none is near', () => {
    const names = Array.from({ length: 4000 }, (_, index) => `team-${index % 40}/service-${index}`);
    const known = new Names(names);
    for (let index = 0; index < 1000; index += 1) {
      expect(known.nearest(`team-${index % 40}/servcie-${index + 4000}`)).toBeDefined();
      expect(known.nearest(`no-such-namespace/of-any-${index}`)).toBeUndefined();
    }
  });
});

/** The textbook's, with swaps of neighbours. */
function distanceOf(from: string, to: string): number {
  const table = Array.from({ length: from.length + 1 }, (_, row) =>
    Array.from({ length: to.length + 1 }, (_, column) => (row === 0 ? column : column === 0 ? row : 0)),
  );
  const at = (row: number, column: number): number => table[row]?.[column] ?? Number.POSITIVE_INFINITY;
  for (let row = 1; row <= from.length; row += 1) {
    for (let column = 1; column <= to.length; column += 1) {
      const isSwap = from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      (table[row] ?? [])[column] = Math.min(
        at(row - 1, column) + 1,
        at(row, column - 1) + 1,
        at(row - 1, column - 1) + (from[row - 1] === to[column - 1] ? 0 : 1),
        row > 1 && column > 1 && isSwap ? at(row - 2, column - 2) + 1 : Number.POSITIVE_INFINITY,
      );
    }
  }
  return at(from.length, to.length);
}

test.each([
  ['shop/ap', ['shop/api'], 'Did you mean "shop/api"?'],
  ['zzz', ['shop', 'ops'], 'The namespaces are: shop, ops.'],
  ['zzz', [], 'There are no namespaces.'],
  [
    'zzz',
    Array.from({ length: 24 }, (_, index) => `name-${index}`),
    `The namespaces are: ${Array.from({ length: 20 }, (_, index) => `name-${index}`).join(', ')}, and 4 more.`,
  ],
])('a hint for %j among %j', (word, candidates, hint) => {
  expect(suggest(word, candidates, 'namespaces')).toBe(hint);
});

test('quoted text stays on one line and short', () => {
  expect(quote('a "b"\nc\u001B')).toBe('"a \\"b\\"\\nc\\u001b"');
  expect(quote('x'.repeat(200))).toBe(`"${'x'.repeat(79)}…"`);
});
