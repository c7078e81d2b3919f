/** The form of what is told at length: a headline, and labelled facts. */
import type { Canvas, Style } from './paint.ts';
import { padEnd, wrap } from './text.ts';

const HEADLINE_INDENT = '  ';
/** What stands below a headline begins here. */
export const BLOCK_INDENT = '    ';
const LABEL_WIDTH = 'reproduce'.length + 2;

export interface Fact {
  readonly label: string;
  readonly text: string;
  /** A command or an address: stays on one line, however long, so that it can be copied. */
  readonly isCommand?: boolean;
}

/** The word that says what kind of block this is, and what it is about. */
export function renderHeadline(
  word: string,
  style: Style,
  text: string,
  canvas: Canvas,
  indent = HEADLINE_INDENT,
): string[] {
  const prefix = `${indent}${word}  `;
  return wrap(text, canvas.width, prefix).map((line, index) =>
    index === 0 ? `${indent}${canvas.paint(style, word)}  ${line.slice(prefix.length)}` : line,
  );
}

/** One line or more per fact, the texts aligned. */
export function renderFacts(facts: readonly Fact[], canvas: Canvas, indent = BLOCK_INDENT): string[] {
  return facts.flatMap(({ label, text, isCommand }) => {
    const prefix = indent + padEnd(label, LABEL_WIDTH);
    const lines = isCommand ? [prefix + text] : wrap(text, canvas.width, prefix);
    return lines.map((line, index) =>
      index === 0 ? canvas.paint('faint', prefix) + line.slice(prefix.length) : line,
    );
  });
}
