/** A run that is watched: all of its scenarios stand side by side, and their checks are tried again and again before they are judged. */
import type { RunOptions } from '../run/job.ts';
import { type RunResult, run } from '../run/run.ts';
import type { Plan } from '../scenario/scenario.ts';
import { conductWatch, type MonitorOptions } from './conduct.ts';
import { refuseShared } from './side-by-side.ts';

export interface MonitoredRunOptions
  extends Omit<RunOptions, 'whileStanding' | 'makesPods' | 'parallel' | 'failFast'> {
  /** How it is watched, while what, and what ends it. */
  readonly watch: MonitorOptions;
}

/**
 * Runs scenarios as `run` does, and watches them while they stand.
 * @throws as {@link refuseWatch}; nothing has been started
 */
export async function monitor(
  plans: readonly Plan[],
  { watch, ...options }: MonitoredRunOptions,
): Promise<RunResult> {
  refuseWatch(plans, options.provider, watch);
  return await run(plans, {
    ...options,
    ...(options.again === undefined ? {} : { again: [...options.again, ...(watch.again ?? [])] }),
    // Those that stand keep their place: the watch decides how many stand at once.
    parallel: plans.length,
    failFast: false,
    makesPods: watch.churnPerMinute !== undefined,
    whileStanding: (standing, own) => conductWatch(standing, own, watch),
  });
}

/**
 * @throws PodreachError `usage` for scenarios that cannot stand side by side (`refuseShared`)
 * @throws RangeError for a period or a number of new pods a minute that is not above 0
 */
export function refuseWatch(
  plans: readonly Plan[],
  provider: Parameters<typeof refuseShared>[1],
  { everyMs, churnPerMinute }: Pick<MonitorOptions, 'everyMs' | 'churnPerMinute'>,
): void {
  requirePositive('everyMs', everyMs);
  requirePositive('churnPerMinute', churnPerMinute);
  refuseShared(plans, provider);
}

function requirePositive(name: string, value: number | undefined): void {
  if (value === undefined || (value > 0 && Number.isFinite(value))) return;
  throw new RangeError(`${name} must be a number above 0, and is ${value}`);
}
