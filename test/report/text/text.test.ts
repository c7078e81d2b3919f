import { describe, expect, test } from 'vitest';
import {
  duration,
  neutralise,
  neutraliseAll,
  shortenEnd,
  shortenMiddle,
  wrap,
} from '../../../src/report/text/text.ts';
import { shellCommand } from '../../../src/shell.ts';

test.each([
  ['shop/web', 'shop/web'],
  ['\u001b[31mred\u001b[0m', '\\x1b[31mred\\x1b[0m'],
  ['a\r\n\tb', 'a b'],
  ['  next: a → b', '  next: a → b'],
  ['\n  next: a → b \n\n', '  next: a → b'],
  ['\u009b2J', '\\x9b2J'],
  ['\u202egpj.exe', '\\u{202e}gpj.exe'],
  ['zero\u200bwidth', 'zero\\u{200b}width'],
  ['half\ud83d', 'half\\u{d83d}'],
  ['Müller 数据库 מסד 👩', 'Müller 数据库 מסד 👩'],
])('%j is shown as %j', (text, shown) => {
  expect(neutralise(text)).toBe(shown);
});

test('data is neutralised wherever it holds a text, keys included, and shared where it needs no change', () => {
  const labels = { app: 'web' };
  const data = { labels, nodes: [{ 'a\u009b': 'b\nc', port: 1 }], none: null };
  const harmless = neutraliseAll(data);
  expect(harmless).toEqual({ labels, nodes: [{ 'a\\x9b': 'b c', port: 1 }], none: null });
  expect(harmless.labels).toBe(labels);
  expect(neutraliseAll(labels)).toBe(labels);
});

describe('a text that is too wide', () => {
  test('loses its middle, or its end, and counts columns', () => {
    expect(shortenMiddle('namespace/pod-0123456789', 11)).toBe('names…56789');
    expect(shortenMiddle('数据库数据库', 7)).toBe('数…库');
    expect(shortenEnd('数据库数据库', 7)).toBe('数据库…');
    expect(shortenEnd('short', 5)).toBe('short');
    expect(shortenMiddle('anything', 0)).toBe('');
  });

  test('is wrapped between words, never within one, and never between a number and its unit', () => {
    expect(wrap('seen in 500 ms (12 of 40 times)', 12, '- ')).toEqual([
      '- seen in',
      '  500 ms',
      '  (12 of',
      '  40 times)',
    ]);
    expect(wrap('a policies/a-path-that-is-long.yaml', 12)).toEqual([
      'a',
      'policies/a-path-that-is-long.yaml',
    ]);
  });
});

test.each([
  [0, '0.0 ms'],
  [0.444, '0.4 ms'],
  [9.96, '10 ms'],
  [999.4, '999 ms'],
  [999.6, '1.0 s'],
  [59_949, '59.9 s'],
  [59_951, '1 min 0 s'],
  [125_400, '2 min 5 s'],
])('%d ms read %s', (ms, text) => {
  expect(duration(ms)).toBe(text);
});

test('arguments are quoted for the shell where they must be', () => {
  expect(shellCommand(['kubectl', '-n', 'a.b-c/d:1', '', 'two words', "it's", '$HOME'])).toBe(
    `kubectl -n a.b-c/d:1 '' 'two words' 'it'\\''s' '$HOME'`,
  );
});
