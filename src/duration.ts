/** Durations as people write them, and as they read them. */

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

/** `500ms`, `1.5s`, `2m` or `8h`, more than nothing. A text without anchors, so that schemas can carry it as well. */
export const DURATION = '(?=[0.]*[1-9])[0-9]+(\\.[0-9]+)?(ms|s|m|h)';
const FORM = new RegExp(`^${DURATION}$`);

/** In milliseconds; undefined for a text that is none. */
export function readDuration(text: string): number | undefined {
  if (!FORM.test(text)) return undefined;
  const amount = Number.parseFloat(text);
  return amount * (UNITS[text.replace(/^[0-9.]+/, '')] ?? Number.NaN);
}

/** A duration with the unit that suits it: `0.4 ms`, `250 ms`, `4.1 s`, `2 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 9.95) return `${ms.toFixed(1)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
