/**
 * Sentences in which the report's own words and the names of a record stay apart, so that each form of the document can show
 * a name as one, and no name is ever taken for markup.
 */

export interface Name {
  readonly name: string;
}

/** A text of the report's own, or a name. */
export type PhrasePart = string | Name;
export type Phrase = readonly PhrasePart[];

/** Marks what comes from the run: harmless to show, and markup for each form to escape. */
export function name(text: string): Phrase {
  return [{ name: text }];
}

/** A template of the report's own words around names and other phrases. */
export function say(words: TemplateStringsArray, ...values: readonly (Phrase | string | number)[]): Phrase {
  return melt(
    words.map((word, index) => {
      const value = values[index];
      return [word, ...(typeof value === 'object' ? value : value === undefined ? [] : [String(value)])];
    }),
  );
}

/** `a`, `a and b`, `a, b and c` */
export function list(phrases: readonly Phrase[], conjunction = 'and'): Phrase {
  return melt(
    phrases.map((phrase, index) => {
      if (index === 0) return phrase;
      return [index === phrases.length - 1 ? ` ${conjunction} ` : ', ', ...phrase];
    }),
  );
}

/** One after the other, with something in between. */
export function join(phrases: readonly Phrase[], between: string): Phrase {
  return melt(phrases.map((phrase, index) => (index === 0 ? phrase : [between, ...phrase])));
}

/** The same, beginning with a capital where it begins with a word of the report's own. */
export function capitalise([first, ...others]: Phrase): Phrase {
  if (typeof first !== 'string') return first === undefined ? [] : [first, ...others];
  return [first.charAt(0).toUpperCase() + first.slice(1), ...others];
}

/** As bare text, for what knows no emphasis. */
export function plainText(phrase: Phrase): string {
  return phrase.map((part) => (typeof part === 'string' ? part : part.name)).join('');
}

/** Neighbouring texts become one. */
function melt(phrases: readonly Phrase[]): Phrase {
  const parts: PhrasePart[] = [];
  for (const part of phrases.flat()) {
    const last = parts.at(-1);
    if (typeof part === 'string' && typeof last === 'string') parts[parts.length - 1] = last + part;
    else if (part !== '') parts.push(part);
  }
  return parts;
}
