/** What reports are drawn on: so many columns, and colour. Nothing is said by colour alone. */
import { styleText } from 'node:util';

const STYLES = {
  passed: 'green',
  leaked: ['bold', 'white', 'bgRed'],
  broken: ['bold', 'red'],
  flapping: ['bold', 'magenta'],
  late: ['bold', 'cyan'],
  known: 'blue',
  inconclusive: ['bold', 'yellow'],
  error: ['bold', 'red'],
  name: 'bold',
  faint: 'dim',
} as const;

export type Style = keyof typeof STYLES;
/** What a report is drawn on. */
export interface Canvas {
  /** Columns of the terminal. */
  readonly width: number;
  readonly paint: Paint;
}

export type Paint = (style: Style, text: string) => string;

/** Narrower than this, nothing can be told. */
const NARROWEST = 40;
const USUAL = 80;

/** The width to draw for, given what a terminal says of itself: some say 0 when they do not know. */
export function usableWidth(columns: number): number {
  return columns > 0 ? Math.max(NARROWEST, columns) : USUAL;
}

/** `colour` is the caller's decision: a report does not look at the stream that it ends in. */
export function createPaint(colour: boolean): Paint {
  if (!colour) return (_style, text) => text;
  return (style, text) => styleText([...[STYLES[style]].flat()], text, { validateStream: false });
}
