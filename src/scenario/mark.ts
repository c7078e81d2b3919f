/** Places in files, and problems at them. */
import type { LineCounter } from 'yaml';
import type { Location, Problem } from '../errors.ts';
import { codeFrame } from '../problems.ts';
import type { Mark } from './scenario.ts';

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
    frame: mark.frame,
    ...(mark.note === undefined ? {} : { note: mark.note }),
    ...(details.hint === undefined ? {} : { hint: details.hint }),
    ...(details.related === undefined
      ? {}
      : {
          related: details.related.map((other) => ({
            message: other.message,
            location: other.mark.location,
            frame: other.mark.frame,
          })),
        }),
  };
}

/** Of two places in the same file. */
export function isBefore(a: Location, b: Location): boolean {
  return a.line < b.line || (a.line === b.line && a.column < b.column);
}

/** A place in a file, by its offset in UTF-16 code units. */
export class SourceMark implements Mark {
  readonly #file: string;
  readonly #text: string;
  readonly #lines: LineCounter;
  readonly #offset: number;
  readonly #command: string | undefined;
  #location: Location | undefined;

  /** @param command that prints the text, where it is no file */
  constructor(file: string, text: string, lines: LineCounter, offset: number, command?: string) {
    this.#file = file;
    this.#text = text;
    this.#lines = lines;
    this.#command = command;
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
    if (this.#command === undefined) return undefined;
    return `this is line ${this.location.line} of what is printed by: ${this.#command}`;
  }

  get frame(): string {
    const location = this.location;
    const start = this.#offset - (location.column - 1);
    const end = this.#text.slice(start).search(/\r?\n|$/);
    return codeFrame(this.#text.slice(start, start + end), location);
  }
}
