/** What the page's script knows beside what stands in the page. It imports nothing: browsers and Node.js both read it. */

export interface PageData {
  readonly scenarios: readonly PackedChecks[];
}

/**
 * The checks of a scenario, step by step, by column. One check says much the same as the next, but each says a thousand letters: by column and
 * word, what is the same lies together, and packs to a tenth.
 */
export interface PackedChecks {
  /** Where each check stands in the matrix of its step: its row, and its column. */
  readonly rows: readonly number[];
  readonly columns: readonly number[];
  /** `shop/web → shop/db:5432/TCP` */
  readonly pairs: Lists;
  /** A verdict, `known` or `unjudged`. */
  readonly verdicts: Lists;
  /** What it came to, in words: `leaked: must be unreachable, connected`. */
  readonly meanings: Lists;
  /** Those of both ends. */
  readonly namespaces: Lists;
  /** Policies that have a say in it or isolate its ends, as `namespace/name`. */
  readonly policies: Lists;
  /** The numbers of those that passed, and not in every attempt. */
  readonly contrary: readonly number[];
  /** Which facts there are, in their order; all checks share a few such lists. */
  readonly shapes: readonly (readonly FactHead[])[];
  readonly shapeOf: readonly number[];
  /** The texts of the facts by their labels, of the checks that have one. */
  readonly facts: Readonly<Record<string, Lists>>;
}

export interface FactHead {
  readonly label: string;
  readonly isCommand?: boolean;
}

/** A list for each check, and so a text for each, which is a list of words: the first items of all lists, then the second ones. */
export interface Lists {
  readonly lengths: readonly number[];
  readonly places: readonly Items[];
}

/** Every item once, and which it is each time; where there is only one, that goes without saying. */
export interface Items {
  readonly values: readonly string[];
  readonly index: readonly number[];
}
