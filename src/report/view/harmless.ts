/** What came from outside, harmless to print: names, labels, messages, files. */
import { neutraliseAll } from '../text/text.ts';

declare const HARMLESS: unique symbol;

/** A text that has been made harmless. Only {@link harmless} gives one, so nothing else fits where it is asked for. */
export type Harmless = string & { readonly [HARMLESS]: true };

/** The same data, all of its texts harmless, to be read only. What can only be one of a few words stays that word. */
export type View<Data> = Data extends string
  ? string extends Data
    ? Harmless
    : Data
  : Data extends object
    ? { readonly [Key in keyof Data]: View<Data[Key]> }
    : Data;

/** The same data with every text in it made harmless, however deep it lies: no field has to be named for that. */
export function harmless<Data>(data: Data): View<Data> {
  // The shape stays, and what neutraliseAll has been through is what Harmless means.
  return neutraliseAll(data) as View<Data>;
}
