/** Revisions as git reads them, and what only looks like a range. */
import { expect, test } from 'vitest';
import { readRange, readRevisions } from '../../src/revisions/range.ts';

test.each([
  ['main..HEAD', 'main', 'HEAD', false],
  ['main...HEAD', 'main', 'HEAD', true],
  ['main..', 'main', 'HEAD', false],
  ['...feature/db', 'HEAD', 'feature/db', true],
  ['origin/main..v1.2.3', 'origin/main', 'v1.2.3', false],
  ['HEAD~1..HEAD^{commit}', 'HEAD~1', 'HEAD^{commit}', false],
])('%s is a range', (word, old, other, fromMergeBase) => {
  expect(readRange(word)).toEqual({ old, new: other, fromMergeBase });
});

test.each(['deploy', '..', '...', '../old', 'a/../b', 'a/..', '../..', './../old', 'v1.2.3'])(
  '%s is none',
  (word) => {
    expect(readRange(word)).toBeUndefined();
  },
);

test.each([
  [[], { old: 'HEAD', fromMergeBase: false }],
  [['main'], { old: 'main', fromMergeBase: false }],
  [['main..HEAD'], { old: 'main', new: 'HEAD', fromMergeBase: false }],
  [['v1', 'v2'], { old: 'v1', new: 'v2', fromMergeBase: false }],
])('%j before -- is what git diff compares', (words: readonly string[], range) => {
  expect(readRevisions(...words)).toEqual(range);
});
