import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { codeFrame, renderProblem } from '../src/problems.ts';

function at(line: number, column: number) {
  return { file: 'a.yaml', line, column };
}

describe('a code frame', () => {
  test.each([
    ['plain', 'key: value', 6, ['7 | key: value', '  |      ^']],
    ['behind the end', 'key:', 5, ['7 | key:', '  |     ^']],
    ['after tabs', '\ta: \tb', 6, ['7 |   a:   b', '  |        ^']],
    ['after wide characters', '名前: x', 5, ['7 | 名前: x', '  |       ^']],
    ['after an emoji', '👩‍💻: x', 8, ['7 | 👩‍💻: x', '  |     ^']],
    ['after control characters', '\u001B[1m: x', 7, ['7 | \uFFFD[1m: x', '  |       ^']],
  ])('%s', (_, line, column, frame) => {
    expect(codeFrame(line, at(7, column))).toBe(frame.join('\n'));
  });

  test('of a long line shows the part around the place', () => {
    const line = `${'a'.repeat(150)}X${'b'.repeat(150)}`;
    expect(codeFrame(line, at(12, 151))).toBe(
      `12 | …${'a'.repeat(54)}X${'b'.repeat(53)}…\n   | ${' '.repeat(55)}^`,
    );
  });

  test('has its caret under the character, wherever that is', () => {
    const word = fc.string({ unit: fc.constantFrom('a', 'b', ' '), maxLength: 300 });
    return fc.assert(
      fc.property(word, word, fc.integer({ min: 1, max: 99_999 }), (before, after, number) => {
        const [shown = '', caret = ''] = codeFrame(`${before}X${after}`, at(number, before.length + 1)).split(
          '\n',
        );
        expect(shown[caret.indexOf('^')]).toBe('X');
        expect(shown.length).toBeLessThanOrEqual(120);
      }),
    );
  });
});

describe('a rendered problem', () => {
  test('has its message, frame, related places and hint', () => {
    expect(
      renderProblem({
        message: 'it is wrong',
        location: at(3, 5),
        frame: codeFrame('a:  b', at(3, 5)),
        hint: 'Make it right.',
        related: [
          { message: 'first here', location: at(1, 1), frame: codeFrame('x', at(1, 1)) },
          { message: 'and here', location: at(2, 1) },
        ],
      }),
    ).toBe(`a.yaml:3:5: it is wrong
  3 | a:  b
    |     ^
  a.yaml:1:1: first here
  1 | x
    | ^
  a.yaml:2:1: and here
  hint: Make it right.`);
  });

  test('may be a message alone', () => {
    expect(renderProblem({ message: 'it is wrong', location: at(1, 1) })).toBe('a.yaml:1:1: it is wrong');
  });
});
