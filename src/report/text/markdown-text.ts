/**
 * Pieces of Markdown as GitHub renders it. Everything that is not the report's own comes in through `prose` or one of the
 * `code` functions, and stays text: no markup, no HTML, no link, no formula, nobody mentioned.
 */
import { shortenMiddle } from './text.ts';

/**
 * What begins or ends markup, an underscore only at the edge of a word; and what makes an address of a text.
 */
const MARKUP = /[\\`*[\]<>&~|$]|(?<![\p{L}\p{N}])_|_(?![\p{L}\p{N}])|:(?=\/\/)|(?<=www)\./giu;
/** Where GitHub would find a person or an issue even in finished text. An invisible blank in between prevents it. */
const REFERENCES = /(?<=@)|(?<=#)(?=\d)|(?<=\bGH-)(?=\d)/gi;
/** What begins a block where it begins a line. */
const BLOCK_START = /^(?:[-+=#:]|\d+(?=[.)]))/;
const ZERO_WIDTH_SPACE = '&#8203;';
/** Nothing in here means anything within or beside backticks. */
const PLAIN_CODE = /^[\p{L}\p{N}_/.:,→ ()=+*-]+$/u;

/** Text between the report's own words. Written with references, it means the same in Markdown and in HTML. */
export function prose(text: string): string {
  return text.replace(REFERENCES, '\u200b').replace(MARKUP, reference).replaceAll('\u200b', ZERO_WIDTH_SPACE);
}

/** The same where it begins a line, which could begin a list, a heading or a block of code. */
export function paragraph(text: string): string {
  return prose(text.trimStart()).replace(BLOCK_START, (start) => reference(start.charAt(0)) + start.slice(1));
}

/** A name. */
export function code(text: string): string {
  return PLAIN_CODE.test(text) && text.trim() === text ? `\`${text}\`` : htmlCode(text);
}

/** A name where Markdown is not read, as in the summary of details. */
export function htmlCode(text: string): string {
  return `<code>${prose(text)}</code>`;
}

/** Lines as they are, in a block of their own. */
export function fence(lines: readonly string[], language = 'text'): string {
  const longest = Math.max(
    2,
    ...lines.flatMap((line) => line.match(/`+/g) ?? []).map(({ length }) => length),
  );
  const marks = '`'.repeat(longest + 1);
  return [`${marks}${language}`, ...lines, marks].join('\n');
}

/** Cells are Markdown already. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const lines = [head, head.map(() => '---'), ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

/** What is shown when the reader opens it. `summary` is HTML, `body` Markdown. */
export function details(summary: string, body: string): string {
  return `<details><summary>${summary}</summary>\n\n${body}\n\n</details>`;
}

/** A name in a cell, where a very long one would push all others out of sight. */
export function shortCode(text: string): string {
  return code(shortenMiddle(text, 80));
}

function reference(character: string): string {
  return `&#${character.codePointAt(0)};`;
}
