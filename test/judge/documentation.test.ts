/** The page about verdicts says what the code does. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { judge } from '../../src/judge/judge.ts';
import { OUTCOMES } from '../../src/model/attempt.ts';
import { VERDICTS } from '../../src/model/verdict.ts';
import { closed, sequence } from './attempts.ts';
import { boundRows } from './loss/bound-table.ts';

const page = await readFile(new URL('../../docs/verdicts.md', import.meta.url), 'utf8');

/** The cells of the table that has such a head, without the code marks. */
function table(head: string): string[][] {
  const lines = page.slice(page.indexOf(head)).split('\n');
  const end = lines.findIndex((line) => !line.startsWith('|'));
  return lines.slice(2, end).map((line) =>
    line
      .replaceAll('`', '')
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

test('every outcome and every verdict is explained, and no other', () => {
  expect(
    table('| outcome |')
      .map(([outcome]) => outcome)
      .sort(),
  ).toEqual(OUTCOMES.toSorted());
  expect(table('| verdict | meaning |').map(([verdict]) => verdict)).toEqual([...VERDICTS]);
});

describe('the examples of sequences', () => {
  const rules = { confirm: 2, actedMs: 0, closing: 'made' } as const;
  const examples = table('| attempts under the policies |');

  test('are a good dozen', () => {
    expect(examples.length).toBeGreaterThan(11);
  });

  test.each(examples)('%s: %s, %s', (words, unreachable, reachable) => {
    const verdict = (expected: 'unreachable' | 'reachable') =>
      judge(closed(sequence(expected, words ?? ''), 'connected'), rules).verdict;
    expect([verdict('unreachable'), verdict('reachable')]).toEqual([unreachable, reachable]);
  });
});

test('the probabilities are those of the bound', () => {
  expect(table('| *p* |')).toEqual(boundRows());
});
