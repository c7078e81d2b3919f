/** Places in files, and problems at them. */
import type { LineCounter } from 'yaml';
import type { Location, Problem } from '../errors.ts';
import { codeFrame } from '../problems.ts';
import type { Mark } from './scenario.ts';
import { UNSHOWN } from './secrecy.ts';

/** A problem at a place. */
export function problemAt(
  mark: Mark,
  message: string,
  details: {
    readonly hint?: string | undefined;
    readonly related?: readonly { readonly message: string; readonly mark: Mark }[];
  } = {},
): Problem {
  return {
    message,
    location: mark.location,
    ...frameOf(mark),
    ...(mark.note === undefined ? {} : { note: mark.note }),
    ...(details.hint === undefined ? {} : { hint: details.hint }),
    ...(details.related === undefined
      ? {}
      : {
          related: details.related.map((other) => ({
            message: other.message,
            location: other.mark.location,
            ...frameOf(other.mark),
          })),
        }),
  };
}

function frameOf({ frame }: Mark): Pick<Problem, 'frame'> {
  return frame === undefined ? {} : { frame };
}

/** Of two places in the same file. */
export function isBefore(a: Location, b: Location): boolean {
  return a.line < b.line || (a.line === b.line && a.column < b.column);
}

/** The text that places are in. */
export interface MarkedText {
  readonly file: string;
  readonly text: string;
  readonly lines: LineCounter;
  /** That prints the text, where it is no file. */
  readonly command: string | undefined;
  /** Whether its lines must not be shown. */
  readonly isSecret: boolean;
}

/** A place in a file, by its offset in UTF-16 code units. */
export class SourceMark implements Mark {
  readonly #file: string;
  readonly #text: string;
  readonly #lines: LineCounter;
  readonly #offset: number;
  readonly #command: string | undefined;
  readonly #isSecret: boolean;
  #location: Location | undefined;

  constructor(offset: number, { file, text, lines, command, isSecret }: MarkedText) {
    this.#file = file;
    this.#text = text;
    this.#lines = lines;
    this.#command = command;
    this.#isSecret = isSecret;
    // What is missing at the end is shown behind the last thing that is there.
    this.#offset = Math.min(offset, text.trimEnd().length);
  }

  get location(): Location {
    if (this.#location === undefined) {
      const { line, col } = this.#lines.linePos(this.#offset);
      this.#location = { file: this.#file, line: Math.max(line, 1), column: Math.max(col, 1) };
    }
    return this.#location;
  }

  get note(): string | undefined {
    const notes = [
      ...(this.#isSecret ? [UNSHOWN] : []),
      ...(this.#command === undefined
        ? []
        : [`this is line ${this.location.line} of what is printed by: ${this.#command}`]),
    ];
    return notes.length === 0 ? undefined : notes.join('; ');
  }

  get frame(): string | undefined {
    if (this.#isSecret) return undefined;
    const location = this.location;
    const start = this.#offset - (location.column - 1);
    const end = this.#text.slice(start).search(/\r?\n|$/);
    return codeFrame(this.#text.slice(start, start + end), location);
  }
}
