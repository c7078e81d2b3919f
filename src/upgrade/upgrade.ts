/**
 * An upgrade from end to end, on one cluster: a run before it, a watched run while the command of the user goes on, and a run after it.
 * Each makes pods of its own. So those of the watch live through the upgrade, and those of the last run are made by what came with it.
 */
import { mayBegin, mayFollow, type UpgradeRecords } from '../compare/upgrade.ts';
import { UPGRADE_PARTS, type UpgradePart } from '../model/upgrade.ts';
import type { MonitorOptions, WatchedCommand } from '../monitor/conduct.ts';
import { monitor, refuseWatch } from '../monitor/monitor.ts';
import type { ProgressListener } from '../progress.ts';
import type { RunRecord } from '../record/schema.ts';
import type { RunOptions } from '../run/job.ts';
import { run } from '../run/run.ts';
import type { Plan } from '../scenario/scenario.ts';
import { shareCluster } from './shared-cluster.ts';

export interface UpgradeOptions extends Omit<RunOptions, 'keep' | 'failFast' | 'save' | 'whileStanding'> {
  readonly watch: Omit<MonitorOptions, 'command'>;
  /** What upgrades. */
  readonly command: WatchedCommand;
  /** Run the command also where the first run has found mismatches, or proven nothing. */
  readonly isAnyway: boolean;
  /** Called whenever the record of a part has changed in a way worth saving; it is the same object each time. */
  readonly save: (part: UpgradePart, record: RunRecord) => void;
}

/**
 * Runs, watches, and runs again, as far as it makes sense: where the first run does not pass, the command is not run, and where it was not
 * run there is nothing to look at afterwards. What goes wrong on the way is in the records.
 * @throws as {@link refuseWatch}; nothing has been started
 */
export async function upgrade(
  plans: readonly Plan[],
  { watch, command, isAnyway, save, provider, progress, ...options }: UpgradeOptions,
): Promise<UpgradeRecords> {
  refuseWatch(plans, provider, watch);
  await using shared = shareCluster(provider, () =>
    progress({ type: 'cluster-stopping', cluster: provider.kind }),
  );
  const begin = (part: UpgradePart): Omit<RunOptions, 'whileStanding'> => {
    const index = UPGRADE_PARTS.indexOf(part);
    progress({ type: 'part-started', part, number: index + 1, total: UPGRADE_PARTS.length });
    return {
      ...options,
      keep: false,
      failFast: false,
      provider: shared.provider(index + 1 === UPGRADE_PARTS.length),
      progress: index === 0 ? progress : withoutStart(progress),
      save: (record) => save(part, record),
    };
  };

  const { record: before } = await run(plans, begin('before'));
  if (!mayBegin(before, isAnyway)) return { before };
  const { record: during } = await monitor(plans, { ...begin('during'), watch: { ...watch, command } });
  if (!mayFollow(during)) return { before, during };
  const { record: after } = await run(plans, begin('after'));
  return { before, during, after };
}

/** The cluster is there already. */
function withoutStart(progress: ProgressListener): ProgressListener {
  return (event) => {
    if (event.type !== 'cluster-starting') progress(event);
  };
}
