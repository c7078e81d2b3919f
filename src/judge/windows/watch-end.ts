/** When a watch ended, also one that was cut off. */
import { greatest } from '../../numbers.ts';
import { checksOf, type RunRecord } from '../../record/schema.ts';

/** In milliseconds after it began; where it has not ended, the last that is known of it. 0 where there was none. */
export function watchEndOf({ watch, scenarios }: Pick<RunRecord, 'watch' | 'scenarios'>): number {
  if (watch === undefined) return 0;
  if (watch.durationMs !== undefined) return watch.durationMs;
  const windows = scenarios.flatMap(checksOf).flatMap(({ watched }) => watched?.windows ?? []);
  return greatest([
    0,
    ...watch.incidents.map(({ atMs }) => atMs),
    ...windows.map(({ began, ended = began }) => ended.latestMs),
  ]);
}
