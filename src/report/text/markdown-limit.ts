/** Markdown that GitHub takes: it refuses what is too long, and a reader does too. */
import { prose } from './markdown-text.ts';
import { count, formatNumber, shortenEnd } from './text.ts';

/**
 * GitHub refuses a comment of more than 65,536 characters, and a step summary of more than 1 MiB. One text serves both, and
 * leaves room for a few words of whoever posts it.
 */
export const MARKDOWN_LIMIT = 65_000;
export const LONGEST_SENTENCE = 300;

/** Text within a line. */
export function sentence(text: string): string {
  return prose(shortenEnd(text, LONGEST_SENTENCE));
}

/** Items of a list, no more than so many. */
export function limitLines(lines: readonly string[], most: number): string {
  const left = lines.length - most;
  return [...lines.slice(0, most), ...(left > 0 ? [`- and ${formatNumber(left)} more`] : [])].join('\n');
}

/** Parts in the order of their weight; they are left out whole: half a table or an open code block would spoil what follows. */
export function joinWithin(limit: number, parts: readonly string[]): string {
  const note = (left: number): string =>
    `*Left out to stay within what GitHub takes: ${count(left, 'part')}. The terminal's report and \`--report json=FILE\` have all of it.*`;
  const room = limit - note(parts.length).length - 4;
  let used = 0;
  const shown = parts.filter((part) => {
    const fits = used + part.length + 2 <= room;
    if (fits) used += part.length + 2;
    return fits;
  });
  const left = parts.length - shown.length;
  return `${[...shown, ...(left === 0 ? [] : [note(left)])].join('\n\n')}\n`;
}
