import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nearest, quote, suggest } from '../../src/scenario/suggest.ts';

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
});

test.each([
  ['shop/ap', ['shop/api'], 'Did you mean "shop/api"?'],
  ['zzz', ['shop', 'ops'], 'The namespaces are: shop, ops.'],
  ['zzz', [], 'There are no namespaces.'],
  [
    'zzz',
    Array.from({ length: 20 }, (_, index) => `name-${index}`),
    `The namespaces are: ${Array.from({ length: 16 }, (_, index) => `name-${index}`).join(', ')}, and 4 more.`,
  ],
])('a hint for %j among %j', (word, candidates, hint) => {
  expect(suggest(word, candidates, 'namespaces')).toBe(hint);
});

test('quoted text stays on one line and short', () => {
  expect(quote('a "b"\nc\u001B')).toBe('"a \\"b\\"\\nc\\u001b"');
  expect(quote('x'.repeat(200))).toBe(`"${'x'.repeat(79)}…"`);
});
