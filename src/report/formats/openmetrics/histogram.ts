/** How many times there were up to each bound. */
import type { Sample, SeriesLabels } from './family.ts';

/**
 * Upper bounds in seconds, written as OpenMetrics wants floats to be. A sandbox settles in tenths, a large cluster may take a
 * minute.
 */
const BUCKETS = ['0.1', '0.25', '0.5', '1.0', '2.5', '5.0', '10.0', '30.0', '60.0'];

/** @param timesMs in any order */
export function histogram(labels: SeriesLabels, timesMs: readonly number[]): Sample[] {
  const upTo = (bound: string): number => timesMs.filter((ms) => ms <= Number(bound) * 1000).length;
  return [
    ...BUCKETS.map((le) => ({ suffix: '_bucket', labels: { ...labels, le }, value: upTo(le) })),
    { suffix: '_bucket', labels: { ...labels, le: '+Inf' }, value: timesMs.length },
    { suffix: '_sum', labels, value: timesMs.reduce((sum, ms) => sum + ms, 0) / 1000 },
    { suffix: '_count', labels, value: timesMs.length },
  ];
}
