/** Where a moment of a watch lies in its timeline. It imports nothing: the page's script is given it as it is, and Node.js reads it too. */

/** What is shown of a watch, or lasts in it, in milliseconds after it began. */
export interface AxisSpan {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Of the timeline, in units of its drawings. */
export const WIDTH = 960;
/** What lasts less than can be seen is drawn as wide as this. */
const LEAST_WIDTH = 4;
const MOST_TICKS = 8;
const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
/** Distances that are round on a clock. */
const STEPS_MS = [
  ...[10, 20, 50, 100, 200, 500],
  ...[1, 2, 5, 10, 15, 30].map((number) => number * SECOND_MS),
  ...[1, 2, 5, 10, 15, 30].map((number) => number * MINUTE_MS),
  ...[1, 2, 3, 6, 12, 24].map((number) => number * HOUR_MS),
];

export function placeOf(ms: number, { fromMs, toMs }: AxisSpan): number {
  return round(((ms - fromMs) / (toMs - fromMs)) * WIDTH);
}

/** Undefined where nothing of it is shown. */
export function extentOf(
  span: AxisSpan,
  shown: AxisSpan,
): { readonly x: number; readonly width: number } | undefined {
  if (span.toMs < shown.fromMs || span.fromMs > shown.toMs) return undefined;
  const x = Math.max(0, placeOf(span.fromMs, shown));
  const end = Math.min(WIDTH, placeOf(span.toMs, shown));
  const width = Math.max(LEAST_WIDTH, round(end - x));
  return { x: Math.min(x, WIDTH - width), width };
}

/** @param startedAt when the watch began, in milliseconds since 1970 @returns moments that are round on a clock in UTC */
export function ticksOf(
  { fromMs, toMs }: AxisSpan,
  startedAt: number,
): { readonly ms: number; readonly label: string }[] {
  const stepMs =
    STEPS_MS.find((step) => (toMs - fromMs) / step <= MOST_TICKS) ??
    Math.ceil((toMs - fromMs) / MOST_TICKS / (24 * HOUR_MS)) * 24 * HOUR_MS;
  const first = Math.ceil((startedAt + fromMs) / stepMs) * stepMs - startedAt;
  return Array.from({ length: Math.floor((toMs - first) / stepMs) + 1 }, (_, index) => {
    const ms = first + index * stepMs;
    return { ms, label: labelOf(startedAt + ms, stepMs) };
  });
}

function labelOf(time: number, stepMs: number): string {
  const text = new Date(time).toISOString();
  if (stepMs < SECOND_MS) return text.slice(11, 23);
  if (time % (24 * HOUR_MS) === 0) return text.slice(5, 10);
  return stepMs < MINUTE_MS ? text.slice(11, 19) : text.slice(11, 16);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
