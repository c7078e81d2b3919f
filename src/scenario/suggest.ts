/** "Did you mean": the nearest of the words that would have been right. */

/** The most names that a hint lists. */
const LISTED = 20;
/** More slips than this are no slips any more, however long the word. */
const MOST_SLIPS = 4;

/** Words that would be right, made ready for thousands that are not. */
export class Names {
  readonly all: readonly string[];
  readonly #prepared: readonly Prepared[];
  readonly #rows: Rows;

  constructor(all: readonly string[]) {
    this.all = all;
    this.#prepared = all.map(prepare);
    const columns = 1 + this.#prepared.reduce((most, { codes }) => Math.max(most, codes.length), 0);
    this.#rows = [new Uint16Array(columns), new Uint16Array(columns), new Uint16Array(columns)];
  }

  /** The one nearest to a word, or undefined where none is near enough to be what was meant. */
  nearest(word: string): string | undefined {
    const sought = prepare(word);
    let best: string | undefined;
    /** Farther than this is not looked for: what has been found is to be beaten. */
    let limit = Math.min(MOST_SLIPS, Math.max(1, Math.floor(word.length / 3)));
    for (const [index, candidate] of this.#prepared.entries()) {
      if (!mayBeWithin(sought, candidate, limit)) continue;
      const distance = editDistance(sought.codes, candidate.codes, limit, this.#rows);
      if (distance > limit) continue;
      best = this.all[index];
      limit = distance - 1;
      if (limit < 0) break;
    }
    return best;
  }
}

/** The candidate nearest to a word, or undefined where none is near enough to be what was meant. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  return new Names(candidates).nearest(word);
}

/** A hint for a name that does not exist: the nearest that does or, where none is near, the ones there are. */
export function suggest(word: string, candidates: readonly string[] | Names, plural: string): string {
  const names = candidates instanceof Names ? candidates : new Names(candidates);
  const near = names.nearest(word);
  if (near !== undefined) return `Did you mean ${quote(near)}?`;
  const { all } = names;
  if (all.length === 0) return `There are no ${plural}.`;
  const more = all.length > LISTED ? `, and ${all.length - LISTED} more` : '';
  return `The ${plural} are: ${all.slice(0, LISTED).join(', ')}${more}.`;
}

const OR = new Intl.ListFormat('en-GB', { type: 'disjunction' });

/** `"a"`, `"a" or "b"`, `"a", "b" or "c"` */
export function quoteAny(words: readonly string[]): string {
  return OR.format(words.map(quote));
}

/** Text in quotes, on one line, shortened where it is long. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text);
}

/** A word without regard to capitals. */
interface Prepared {
  readonly codes: Uint16Array;
  /** How often each letter is in it, letters modulo {@link BINS}. */
  readonly letters: Uint16Array;
}

const BINS = 32;

/** Three rows of the table of distances, used again for every two words. */
type Rows = readonly [Uint16Array, Uint16Array, Uint16Array];

function prepare(word: string): Prepared {
  const lower = word.toLowerCase();
  const codes = Uint16Array.from({ length: lower.length }, (_, index) => lower.charCodeAt(index));
  const letters = new Uint16Array(BINS);
  for (const code of codes) letters[code % BINS] = (letters[code % BINS] ?? 0) + 1;
  return { codes, letters };
}

/** Each letter that only one of them has takes a change of its own: that is told without looking at their order. */
function mayBeWithin(one: Prepared, other: Prepared, limit: number): boolean {
  if (Math.abs(one.codes.length - other.codes.length) > limit) return false;
  let [missing, added] = [0, 0];
  for (let bin = 0; bin < BINS; bin += 1) {
    const difference = at(one.letters, bin) - at(other.letters, bin);
    if (difference > 0) missing += difference;
    else added -= difference;
    if (missing > limit || added > limit) return false;
  }
  return true;
}

/**
 * How many insertions, deletions, replacements and swaps of neighbours turn one word into the other, as long as it is not more than
 * the limit: then anything above it. Only what is within the limit of the diagonal is worked out.
 */
function editDistance(whole: Uint16Array, other: Uint16Array, limit: number, scratch: Rows): number {
  const [from, to] = withoutShared(whole, other);
  const [rows, columns] = [from.length, to.length];
  const beyond = limit + 1;
  let [beforeLast, last, current] = scratch;
  for (let column = 0; column <= columns; column += 1) last[column] = column;
  for (let row = 1; row <= rows; row += 1) {
    const [first, end] = [Math.max(1, row - limit), Math.min(columns, row + limit)];
    // Beside the diagonal's neighbourhood everything is beyond.
    current[first - 1] = first === 1 ? Math.min(row, beyond) : beyond;
    if (end < columns) current[end + 1] = beyond;
    let least = Math.min(row, beyond);
    for (let column = first; column <= end; column += 1) {
      const isSame = from[row - 1] === to[column - 1];
      let distance = Math.min(
        at(last, column) + 1,
        at(current, column - 1) + 1,
        at(last, column - 1) + (isSame ? 0 : 1),
      );
      const isSwap = row > 1 && from[row - 1] === to[column - 2] && from[row - 2] === to[column - 1];
      if (isSwap) distance = Math.min(distance, at(beforeLast, column - 2) + 1);
      current[column] = distance;
      least = Math.min(least, distance);
    }
    // Nothing comes back from there: also a swap, which reaches back two rows, costs one more than was there.
    if (least >= beyond) return beyond;
    [beforeLast, last, current] = [last, current, beforeLast];
  }
  return at(last, columns);
}

/** What they begin and end with alike takes no change. */
function withoutShared(from: Uint16Array, to: Uint16Array): readonly [Uint16Array, Uint16Array] {
  const shorter = Math.min(from.length, to.length);
  let start = 0;
  while (start < shorter && from[start] === to[start]) start += 1;
  let end = 0;
  while (end < shorter - start && from.at(-1 - end) === to.at(-1 - end)) end += 1;
  return [from.subarray(start, from.length - end), to.subarray(start, to.length - end)];
}

function at(row: Uint16Array, column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY;
}
