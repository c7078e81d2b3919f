/** `podreach monitor`: runs scenarios, and tries their checks again and again while something else happens to the cluster. */
import { type Command, InvalidArgumentError } from 'commander';
import { PodreachError } from '../errors.ts';
import type { CommandEnd } from '../monitor/command.ts';
import type { MonitorOptions } from '../monitor/conduct.ts';
import type { ProgressListener } from '../progress.ts';
import type { SetExitCode } from './main.ts';
import { parseDuration, parseSpan, SCENARIO_PATHS } from './options.ts';
import { addRunOptions, type Meanwhile, printRole, type RunCommandOptions, runScenarios } from './run.ts';

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

Exit codes:
  0  every check passed, and showed nothing else while it was watched
  1  at least one check leaked, was broken, flapped or was late, before the watch or in it
  2  wrong usage or an invalid scenario; nothing was started
  3  the environment failed, or COMMAND did
  4  no mismatch, but of at least one check nobody can tell
  130, 143  interrupted; a watch that nothing else ends is ended by Ctrl-C, and has an exit code from above`;

interface MonitorCommandOptions extends RunCommandOptions {
  readonly for?: number;
  readonly every?: number;
  readonly after: number;
  readonly maxLeak: number;
  readonly maxGap?: number;
  readonly maxUnknown: number;
  /** Absent: as many as cost little. */
  readonly held?: boolean;
}

const NAME = 'monitor';

/**
 * Takes apart what is podreach's and what follows `--`: a command that is run meanwhile.
 * @returns of any other command all as its own
 */
export function splitCommand(argv: readonly string[]): {
  readonly own: readonly string[];
  readonly beside: readonly string[] | undefined;
} {
  const dashes = argv.indexOf('--');
  if (argv[0] !== NAME || dashes === -1) return { own: argv, beside: undefined };
  return { own: argv.slice(0, dashes), beside: argv.slice(dashes + 1) };
}

/** @param beside the words after `--`; absent: there are no dashes */
export function monitorCommand(
  beside: readonly string[] | undefined,
): (program: Command, setExitCode: SetExitCode) => void {
  return (program, setExitCode) => {
    const command = program
      .command(NAME)
      .description(
        'run scenarios, and try every check again and again while something happens to the cluster',
      )
      .usage('[options] [paths...] [-- COMMAND...]')
      .argument('[paths...]', SCENARIO_PATHS)
      .option(
        '--for <duration>',
        'how long to watch (default: until COMMAND has ended, or Ctrl-C)',
        parseLength,
      )
      .option(
        '--every <duration>',
        'how often each check is tried (default: 1s, or less often where that would be too much for the cluster)',
        parseEvery,
      )
      .option(
        '--after <duration>',
        'how long to watch on when COMMAND has ended (default: 30s)',
        parseSpan,
        30_000,
      )
      .option(
        '--max-leak <duration>',
        'how long what must be unreachable may have been open (default: 0)',
        parseSpan,
        0,
      )
      .option(
        '--max-gap <duration>',
        'how long what must be reachable may have been cut off (default: not at all)',
        parseSpan,
      )
      .option(
        '--max-unknown <percent>',
        'the part of the time that may be unknown of a check (default: 10%)',
        parsePercent,
        0.1,
      )
      .option(
        '--held',
        'hold a connection open for each check that must be reachable, however many there are',
      )
      .option('--no-held', 'hold none (default: held where there are few enough to cost little)');
    const again = addRunOptions(command);
    command.addHelpText('after', EXAMPLES).action(async (paths: string[], options: MonitorCommandOptions) => {
      setExitCode(
        options.printRole === true
          ? await printRole(options)
          : await runScenarios(paths, options, again, await meanwhileOf(options, beside)),
      );
    });
  };
}

/** A timer cannot wait for longer than three weeks. */
const LONGEST_WATCH_MS = 20 * 24 * 3_600_000;
/** Attempts that follow each other faster say no more: an agent looks at its clock this often. */
const LEAST_EVERY_MS = 100;

function parseLength(text: string): number {
  const ms = parseDuration(text);
  if (ms > LONGEST_WATCH_MS) throw new InvalidArgumentError('Write 480h or less.');
  return ms;
}

function parseEvery(text: string): number {
  const ms = parseDuration(text);
  if (ms < LEAST_EVERY_MS) throw new InvalidArgumentError('Write 100ms or more.');
  return ms;
}

/** @returns a part of one */
function parsePercent(text: string): number {
  const [, number] = /^(\d+(?:\.\d+)?)%$/.exec(text) ?? [];
  const part = Number(number ?? Number.NaN) / 100;
  if (!(part <= 1)) throw new InvalidArgumentError('Write a percentage from 0% to 100%, such as 10%.');
  return part;
}

/** @throws PodreachError `usage` for dashes that no command follows */
async function meanwhileOf(
  options: MonitorCommandOptions,
  line: readonly string[] | undefined,
): Promise<Meanwhile> {
  if (line?.length === 0)
    throw new PodreachError('usage', 'no command follows --', {
      hint: 'Write the command that is to be run meanwhile after it, or leave it out.',
    });
  const { conductWatch } = await import('../monitor/conduct.ts');
  const { refuseShared } = await import('../monitor/side-by-side.ts');
  const enough = new AbortController();
  let isWatching = false;
  return {
    check: refuseShared,
    work:
      ({ progress, kubeconfig }) =>
      async (standing, run) => {
        isWatching = true;
        try {
          return await conductWatch(standing, run, {
            ...watchOptions(options),
            enough: enough.signal,
            command: line && { line, run: await commandRunner(line, await kubeconfig(), progress) },
          });
        } finally {
          isWatching = false;
        }
      },
    onSignal(interruption) {
      if (!isWatching) return undefined;
      enough.abort(interruption);
      return 'ending the watch';
    },
  };
}

function watchOptions({
  for: forMs,
  every: everyMs,
  after: afterMs,
  maxLeak: maxLeakMs,
  maxGap: maxGapMs,
  maxUnknown,
  held: isHeld,
}: MonitorCommandOptions): Pick<MonitorOptions, 'forMs' | 'everyMs' | 'afterMs' | 'budgets' | 'isHeld'> {
  const budgets = { maxLeakMs, maxUnknown, ...(maxGapMs === undefined ? {} : { maxGapMs }) };
  return { forMs, everyMs, afterMs, budgets, isHeld };
}

/** @param kubeconfig a file */
async function commandRunner(
  line: readonly string[],
  kubeconfig: string,
  progress: ProgressListener,
): Promise<(signal: AbortSignal) => Promise<CommandEnd>> {
  const { runCommand } = await import('../monitor/command.ts');
  return async (signal) =>
    await runCommand(line, {
      env: { KUBECONFIG: kubeconfig },
      signal,
      onLine: (text) => progress({ type: 'command-line', text }),
    });
}
