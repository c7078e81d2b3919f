/** Problems of input files as text: the line with its caret, and the block that the command line prints. */
import stringWidth from 'string-width';
import type { Location, Problem } from './errors.ts';

/** In UTF-16 code units; with its gutter, such a line fits into 120 columns. */
const LONGEST_LINE = 108;

/**
 * The line of a file with its number and a caret under the column.
 *
 * @param line the text of the whole line, without its end
 * @param location where the caret points; only its line and column matter
 */
export function codeFrame(line: string, location: Location): string {
  const { text, column } = cut(line, location.column - 1);
  const number = String(location.line);
  const gutter = ' '.repeat(number.length);
  const indent = ' '.repeat(stringWidth(printable(text.slice(0, column))));
  return `${number} | ${printable(text)}\n${gutter} | ${indent}^`.replaceAll(/ +$/gm, '');
}

/** What of a long line is shown: a caret under a wrapped line would point nowhere. */
function cut(line: string, column: number): { readonly text: string; readonly column: number } {
  if (line.length <= LONGEST_LINE) return { text: line, column };
  const start = Math.max(0, Math.min(column - LONGEST_LINE / 2, line.length - LONGEST_LINE));
  const end = start + LONGEST_LINE;
  const before = start > 0 ? '…' : '';
  return {
    text: `${before}${line.slice(start, end)}${end < line.length ? '…' : ''}`,
    column: column - start + before.length,
  };
}

/** A problem as plain text: `file:line:column: message`, the frame, related places, the note and the hint, without a last newline. */
export function renderProblem(problem: Problem): string {
  const related = (problem.related ?? []).flatMap((other) => [
    `  ${renderLocation(other.location)}: ${onOneLine(other.message)}`,
    ...indented(other.frame),
  ]);
  const note = problem.note === undefined ? [] : [`  note: ${onOneLine(problem.note)}`];
  const hint = problem.hint === undefined ? [] : [`  hint: ${onOneLine(problem.hint)}`];
  return [
    `${renderLocation(problem.location)}: ${onOneLine(problem.message)}`,
    ...indented(problem.frame),
    ...related,
    ...note,
    ...hint,
  ].join('\n');
}

function renderLocation(location: Location): string {
  return `${onOneLine(location.file)}:${location.line}:${location.column}`;
}

/** What a message names, such as a file, begins no line of its own. */
function onOneLine(text: string): string {
  return printable(text.replaceAll(/[\n\r\u2028\u2029]+/g, ' '));
}

function indented(frame: string | undefined): readonly string[] {
  return frame === undefined ? [] : frame.split('\n').map((line) => `  ${line}`);
}

/** Text that cannot move the cursor, colour the terminal or turn the reading direction, whatever a file contains. */
function printable(text: string): string {
  return text.replaceAll('\t', '  ').replaceAll(/(?!\n)[\p{Cc}\u202A-\u202E\u2066-\u2069]/gu, '\uFFFD');
}
