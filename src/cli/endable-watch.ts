/** A watch as the command line has it: options become what is watched, and the user may end it before anything else does. */
import type { Interruption } from '../errors.ts';
import { runCommand } from '../monitor/command.ts';
import type { MonitorOptions } from '../monitor/conduct.ts';
import type { ProgressListener } from '../progress.ts';
import type { RunSession } from './run-session.ts';
import type { WatchCommandOptions } from './watch-options.ts';

/** A watch that the user may end. */
export interface EndableWatch {
  /** The first signal ends the watch, as long as it goes on. @returns what happens now */
  readonly onSignal: (interruption: Interruption) => string | undefined;
  /** Listens to when it begins and ends. */
  readonly listener: (progress: ProgressListener) => ProgressListener;
  readonly optionsIn: (session: RunSession) => MonitorOptions;
}

/** @param line what is run meanwhile; undefined: nothing */
export function endableWatch(
  options: WatchCommandOptions,
  line: readonly string[] | undefined,
): EndableWatch {
  const enough = new AbortController();
  let isWatching = false;
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
    optionsIn({ options: { progress }, kubeconfigFile }) {
      const { for: forMs, every: everyMs, after: afterMs, held: isHeld } = options;
      const { maxLeak: maxLeakMs, maxGap: maxGapMs, maxUnknown } = options;
      return {
        forMs,
        everyMs,
        afterMs,
        isHeld,
        budgets: { maxLeakMs, maxUnknown, ...(maxGapMs === undefined ? {} : { maxGapMs }) },
        enough: enough.signal,
        command: line && {
          line,
          run: async (signal, kubeconfig) =>
            await runCommand(line, {
              env: { KUBECONFIG: (await kubeconfigFile(kubeconfig)).path },
              signal,
              onLine: (text) => progress({ type: 'command-line', text }),
            }),
        },
      };
    },
  };
}
