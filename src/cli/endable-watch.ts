/** A watch as the command line has it: options become what is watched, and the user may end it before anything else does. */
import type { Interruption } from '../errors.ts';
import { runCommand } from '../monitor/command.ts';
import type { MonitorOptions, WatchedCommand } from '../monitor/conduct.ts';
import type { ProgressListener } from '../progress.ts';
import type { RunSession } from './run-session.ts';
import type { WatchCommandOptions } from './watch-options.ts';

/** A watch that the user may end. */
export interface EndableWatch {
  /** The first signal ends the watch, as long as it goes on. @returns what happens now */
  readonly onSignal: (interruption: Interruption) => string | undefined;
  /** Listens to when it begins and ends. */
  readonly listener: (progress: ProgressListener) => ProgressListener;
  readonly options: Omit<MonitorOptions, 'command'>;
}

/** @param again those options as they were written */
export function endableWatch(
  {
    for: forMs,
    every: everyMs,
    after: afterMs,
    maxLeak: maxLeakMs,
    maxGap: maxGapMs,
    maxUnknown,
    held: isHeld,
    churn: churnPerMinute,
  }: WatchCommandOptions,
  again: readonly string[],
): EndableWatch {
  const enough = new AbortController();
  let isWatching = false;
  const budgets = { maxLeakMs, maxUnknown, ...(maxGapMs === undefined ? {} : { maxGapMs }) };
  return {
    onSignal(interruption) {
      if (!isWatching) return undefined;
      enough.abort(interruption);
      return 'ending the watch';
    },
    listener: (progress) => (event) => {
      if (event.type === 'watch-began') isWatching = true;
      if (event.type === 'watch-ending') isWatching = false;
      progress(event);
    },
    options: { forMs, everyMs, afterMs, budgets, isHeld, churnPerMinute, again, enough: enough.signal },
  };
}

/** The command of the user, with the kubeconfig of the cluster in a file; what it prints is told beside the progress. */
export function watchedCommand(
  line: readonly string[],
  { options: { progress }, kubeconfigFile }: RunSession,
): WatchedCommand {
  return {
    line,
    run: async (signal, kubeconfig) =>
      await runCommand(line, {
        env: { KUBECONFIG: (await kubeconfigFile(kubeconfig)).path },
        signal,
        onLine: (text) => progress({ type: 'command-line', text }),
      }),
  };
}
