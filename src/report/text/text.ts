/** Text for people: made harmless, measured, shortened, wrapped, and numbers with their units. */
import stringWidth from 'string-width';
import { duration } from '../../duration.ts';
import { greatest, least } from '../../numbers.ts';

export { duration };

const BLANKS = /[\t\n\r]+/g;
const OUTER_BREAKS = /^[\t\n\r]+|\s*[\t\n\r]\s*$/g;
const PRINTABLE_ASCII = /^[\x20-\x7e]*$/;
/** Blanks where a line may end: not between a number and what it counts or measures, nor before what would be a command there. */
const BREAKS = /(?<!(?:^|[ (])[\d.,]+) +(?!\s*::)/;
/** What GitHub Actions would obey in what a step prints: in its place, and in the older form anywhere. */
const COMMANDS = /^[^\S\n]*:(?=:)|#(?=#\[)/gm;
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}]/gu;

/**
 * The text on one line, with everything made visible that a terminal would obey instead of show: escape sequences, control
 * characters, changes of writing direction, zero-width characters, lone surrogates, and what is no character at all.
 */
export function neutralise(text: string): string {
  if (PRINTABLE_ASCII.test(text)) return text;
  return text.replace(OUTER_BREAKS, '').replace(BLANKS, ' ').replace(INVISIBLE, escapeCharacter);
}

/** Lines with the commands of GitHub Actions in them made visible instead. */
export function disarmCommands(text: string): string {
  return text.replace(COMMANDS, (start) => start.slice(0, -1) + escapeCharacter(start.slice(-1)));
}

/** Makes one character visible: `\x1b`, `\u{202e}`. */
export function escapeCharacter(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16);
  return code.length <= 2 ? `\\x${code.padStart(2, '0')}` : `\\u{${code}}`;
}

/**
 * The same data with every string in it neutralised, keys such as those of labels too, so that whatever is printed of it is harmless.
 * What needs no change is shared with the original, not copied.
 */
export function neutraliseAll<Data>(data: Data): Data {
  // The copy has the shape of the original: strings become strings, everything else stays.
  return neutraliseValue(data) as Data;
}

function neutraliseValue(value: unknown): unknown {
  if (typeof value === 'string') return neutralise(value);
  if (Array.isArray(value)) {
    const items = value.map(neutraliseValue);
    return items.every((item, index) => item === value[index]) ? value : items;
  }
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value);
  let isSame = true;
  for (const entry of entries) {
    const [key, old] = entry;
    entry[0] = neutralise(key);
    entry[1] = neutraliseValue(old);
    isSame &&= entry[0] === key && entry[1] === old;
  }
  return isSame ? value : Object.fromEntries(entries);
}

/** Fills up with blanks to `width` columns of the terminal. */
export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)));
}

/** The columns of the widest text. */
export function widest(texts: readonly string[]): number {
  return texts.reduce((width, text) => Math.max(width, stringWidth(text)), 0);
}

/** Takes characters out of the middle until the text is at most `width` columns wide. */
export function shortenMiddle(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  if (width < 1) return '';
  const characters = splitCharacters(text);
  const tailWidth = Math.floor((width - 1) / 2);
  const head = takeColumns(characters, width - 1 - tailWidth);
  const tail = takeColumns(characters.toReversed(), tailWidth).toReversed();
  return `${head.join('')}…${tail.join('')}`;
}

/** Cuts the end off until the text is at most `width` columns wide. */
export function shortenEnd(text: string, width: number): string {
  if (stringWidth(text) <= width) return text;
  return width < 1 ? '' : `${takeColumns(splitCharacters(text), width - 1).join('')}…`;
}

/** Characters as a reader counts them, so that none is cut in two. */
function splitCharacters(text: string): string[] {
  return Array.from(new Intl.Segmenter().segment(text), ({ segment }) => segment);
}

function takeColumns(characters: readonly string[], width: number): readonly string[] {
  let used = 0;
  const end = characters.findIndex((character) => {
    used += stringWidth(character);
    return used > width;
  });
  return end === -1 ? characters : characters.slice(0, end);
}

/**
 * Breaks a text between words, and not between a number and its unit, into lines of at most `width` columns, the first after `first`, the others after as many
 * blanks. A word that is longer than a line is never broken: names, paths and commands stay fit to be copied.
 */
export function wrap(text: string, width: number, first = ''): string[] {
  const indent = stringWidth(first);
  const lines = groupByWidth(text.split(BREAKS), { room: width - indent, gap: 1, widthOf: stringWidth });
  return lines.map((words, index) => (index === 0 ? first : ' '.repeat(indent)) + words.join(' '));
}

/** Spreads items over as few lines as they need in their order, with `gap` columns between two on a line. */
export function groupByWidth<Item>(
  items: readonly Item[],
  {
    room,
    gap,
    widthOf,
  }: { readonly room: number; readonly gap: number; readonly widthOf: (item: Item) => number },
): Item[][] {
  const lines: Item[][] = [];
  let left = 0;
  for (const item of items) {
    const line = lines.at(-1);
    const width = widthOf(item);
    if (line === undefined || gap + width > left) {
      lines.push([item]);
      left = room - width;
    } else {
      line.push(item);
      left -= gap + width;
    }
  }
  return lines;
}

const GROUPED = new Intl.NumberFormat('en-US');

/** `2,450` */
export function formatNumber(number: number): string {
  return GROUPED.format(number);
}

/** A number and its noun: `1 check`, `2,450 checks`. */
export function count(number: number, noun: string): string {
  return `${formatNumber(number)} ${noun}${number === 1 ? '' : 's'}`;
}

/** A range of durations, or the one that both ends read as. */
export function durationRange(valuesMs: readonly number[]): string {
  const shortest = duration(least(valuesMs));
  const longest = duration(greatest(valuesMs));
  return shortest === longest ? shortest : `${shortest} to ${longest}`;
}
