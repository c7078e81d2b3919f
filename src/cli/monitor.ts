/** `podreach monitor`: runs scenarios, and tries their checks again and again while something else happens to the cluster. */
import type { Command } from 'commander';
import { refuseNothing } from './beside.ts';
import type { SetExitCode } from './main.ts';
import { SCENARIO_PATHS } from './options.ts';
import { finishRun, printRole, saving } from './run.ts';
import { addRunOptions, type RunCommandOptions } from './run-options.ts';
import { openRunSession } from './run-session.ts';
import { addWatchOptions, type OptionsAgain, type WatchCommandOptions } from './watch-options.ts';

const EXAMPLES = `
COMMAND is run while the checks are watched, with KUBECONFIG set to the cluster's. What it prints goes to standard error,
beside the progress.

Examples:
  podreach monitor --for 10m                       the scenarios below scenarios/, on the sandbox
  podreach monitor web.yaml                        until Ctrl-C
  podreach monitor --cluster context=staging -- kubectl rollout restart -n kube-system daemonset/calico-node
  podreach monitor --cluster context=staging --after 2m -- ./upgrade-cni.sh v3.30.0
  podreach monitor --max-gap 5s --max-leak 500ms -- ./upgrade.sh   what a gap or a leak may last
  podreach monitor --every 250ms --for 1m          four times a second, to see what is short
  podreach monitor --for 8h --report json=watch.json               the record is saved as it goes
  podreach monitor --churn 12 -- ./upgrade.sh      what new pods can reach before policies hold for them

Exit codes:
  0  every check passed, and showed nothing else while it was watched
  1  at least one check leaked, was broken, flapped or was late, before the watch or in it
  2  wrong usage or an invalid scenario; nothing was started
  3  the environment failed, or COMMAND did
  4  no mismatch, but of at least one check nobody can tell
  130, 143  interrupted; a watch that nothing else ends is ended by Ctrl-C, and has an exit code from above`;

interface MonitorCommandOptions extends RunCommandOptions, WatchCommandOptions {}

/** @param beside the words after `--`; absent: there are no dashes */
export function monitorCommand(
  beside: readonly string[] | undefined,
): (program: Command, setExitCode: SetExitCode) => void {
  return (program, setExitCode) => {
    const command = program
      .command('monitor')
      .description(
        'run scenarios, and try every check again and again while something happens to the cluster',
      )
      .usage('[options] [paths...] [-- COMMAND...]')
      .argument('[paths...]', SCENARIO_PATHS);
    const watchedAgain = addWatchOptions(command);
    const again = addRunOptions(command);
    command.addHelpText('after', EXAMPLES).action(async (paths: string[], options: MonitorCommandOptions) => {
      setExitCode(
        options.printRole === true
          ? await printRole(paths, options)
          : await monitorScenarios(paths, options, { again, watchedAgain }, beside),
      );
    });
  };
}

/** @returns the exit code */
async function monitorScenarios(
  paths: readonly string[],
  options: MonitorCommandOptions,
  { again, watchedAgain }: OptionsAgain,
  beside: readonly string[] | undefined,
): Promise<number> {
  refuseNothing(beside);
  const { openOutputs } = await import('./outputs.ts');
  const { endableWatch, watchedCommand } = await import('./endable-watch.ts');
  const { monitor } = await import('../monitor/monitor.ts');
  const outputs = openOutputs(options, process.env);
  const { onSignal, listener, options: watch } = endableWatch(options, watchedAgain);
  const { note, progress } = outputs;
  using session = await openRunSession(paths, options, again, {
    note,
    progress: listener(progress),
    onSignal,
  });
  const result = await monitor(session.plans, {
    ...session.options,
    watch: { ...watch, command: beside && watchedCommand(beside, session) },
    save: saving(session, outputs),
  });
  return await finishRun(result, session, outputs);
}
