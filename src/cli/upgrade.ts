/** `podreach upgrade`: a run before an upgrade, a watch while it goes on, a run after it, and one answer. */
import type { Command } from 'commander';
import { PodreachError } from '../errors.ts';
import { COMPARISON_FORMATS } from '../report/formats.ts';
import { refuseNothing } from './beside.ts';
import type { SetExitCode } from './main.ts';
import { reportOption, SCENARIO_PATHS } from './options.ts';
import { printRole } from './run.ts';
import { addRunOptions, type RunCommandOptions } from './run-options.ts';
import { openRunSession } from './run-session.ts';
import { addWatchOptions, type OptionsAgain, type WatchCommandOptions } from './watch-options.ts';

const EXAMPLES = `
COMMAND is run while the checks are watched, with KUBECONFIG set to the cluster's. Where the first run does not pass, it is not run.

Examples:
  podreach upgrade --cluster context=staging -- ./upgrade-cni.sh v3.30.0
  podreach upgrade scenarios --output evidence --cluster context=staging -- helm upgrade cilium cilium/cilium --wait
  podreach upgrade --cluster kind -- podreach cluster upgrade --calico-version v3.32.1     a rehearsal
  podreach upgrade scenarios/upgrade -- podreach sandbox enforcement node-1 open --for 700ms   a leak, on the sandbox
  podreach upgrade --max-gap 5s --after 2m -- ./upgrade.sh    what a gap may last, and how long to watch on
  podreach upgrade --cluster context=staging -- sh -c 'read -r done'    until Enter, while somebody upgrades by hand

Exit codes:
  0  go: every check passed before, during and after it
  1  no go: at least one check leaked, was broken, flapped or was late in one of the parts
  2  wrong usage or an invalid scenario; nothing was started
  3  not proven: the environment failed, or COMMAND did
  4  not proven: no mismatch, but of at least one check nobody can tell
  130, 143  not proven: interrupted`;

interface UpgradeCommandOptions extends RunCommandOptions, WatchCommandOptions {
  readonly output?: string;
  readonly anyway?: boolean;
}

/** @param beside the words after `--`; absent: there are no dashes */
export function upgradeCommand(
  beside: readonly string[] | undefined,
): (program: Command, setExitCode: SetExitCode) => void {
  return (program, setExitCode) => {
    const command = program
      .command('upgrade')
      .description('run scenarios before an upgrade, watch them while it goes on, run them after it')
      .usage('[options] [paths...] -- COMMAND...')
      .argument('[paths...]', SCENARIO_PATHS)
      .option(
        '--output <folder>',
        'where the records and pages of all parts go (default: a new folder, podreach-upgrade-TIME)',
      )
      .option('--anyway', 'run COMMAND also where the first run did not pass');
    const watchedAgain = addWatchOptions(command);
    const again = addRunOptions(command, { report: reportOption(COMPARISON_FORMATS), isOnce: false });
    command.addHelpText('after', EXAMPLES).action(async (paths: string[], options: UpgradeCommandOptions) => {
      setExitCode(
        options.printRole === true
          ? await printRole(paths, options)
          : await upgradeScenarios(paths, options, { again, watchedAgain }, beside ?? []),
      );
    });
  };
}

/** @returns the exit code */
async function upgradeScenarios(
  paths: readonly string[],
  options: UpgradeCommandOptions,
  { again, watchedAgain }: OptionsAgain,
  line: readonly string[],
): Promise<number> {
  if (line.length === 0)
    throw new PodreachError('usage', 'no command is given that upgrades anything', {
      hint: 'Write it after --, as in: podreach upgrade scenarios -- ./upgrade.sh. Without one there is podreach monitor.',
    });
  refuseNothing(line);
  const { openProgress, recordSaver } = await import('./outputs.ts');
  const { openFolder, writePages, writePart } = await import('./upgrade-folder.ts');
  const { withSummary, withTerminal } = await import('./default-reports.ts');
  const { parseReportOptions } = await import('./report-requests.ts');
  const { printReports } = await import('./print-reports.ts');
  const { endableWatch, watchedCommand } = await import('./endable-watch.ts');
  const { compareUpgrade } = await import('../compare/upgrade.ts');
  const { UPGRADE_REPORTS } = await import('../report/upgrade/upgrade.ts');
  const { upgrade } = await import('../upgrade/upgrade.ts');

  const { quiet = false, verbose = false } = options;
  const asked = parseReportOptions(options.report ?? [], COMPARISON_FORMATS);
  const requests = withSummary(withTerminal(asked), process.env);
  const folder = openFolder(options.output);
  const { listen, note, close } = openProgress(options);
  const { onSignal, listener, options: watch } = endableWatch(options, watchedAgain);
  using session = await openRunSession(paths, options, again, {
    progress: listener(listen),
    note,
    onSignal,
  });
  const savers = {
    before: recordSaver([folder.recordOf('before')], note),
    during: recordSaver([folder.recordOf('during')], note, false),
    after: recordSaver([folder.recordOf('after')], note, false),
  };
  let failures = 0;
  const records = await upgrade(session.plans, {
    ...session.options,
    watch,
    command: watchedCommand(line, session),
    isAnyway: options.anyway === true,
    save: (part, record) => {
      session.noteRun(record.run.id);
      // Whatever becomes of the parts that follow, this one is complete.
      if (record.run.endedAt === undefined) {
        savers[part].save(record);
        return;
      }
      savers[part].stop();
      failures += writePart(folder, part, record);
    },
  });
  close();
  failures += writePages(folder, records);
  failures += printReports(UPGRADE_REPORTS, records, requests, { quiet, verbose });
  note(`records and pages of all parts: ${folder.path}`);
  const { exitCode } = compareUpgrade(records);
  return exitCode === 0 && failures > 0 ? 3 : exitCode;
}
