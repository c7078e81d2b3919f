/** What is run while checks are watched: the user's own command. */
import { execa } from 'execa';

/** How a command ended. */
export interface CommandEnd {
  /** Absent: it did not start, or a signal ended it. */
  readonly exitCode?: number;
  /** Why it counts as failed, as a clause; absent: it did not. */
  readonly failure?: string;
}

export interface UserCommandOptions {
  /** On top of this process's own environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Ends it: by SIGTERM, and by SIGKILL where it is still there after a while. */
  readonly signal: AbortSignal;
  /** Hears of each line that it prints, on either stream. */
  readonly onLine: (line: string) => void;
}

/** Long enough for a tool that rolls back what it has begun. */
const KILLED_AFTER_MS = 30_000;

/** How long the last lines are waited for when it has ended. */
const LAST_LINES_MS = 1_000;

/** Runs a program to its end, without a shell. Never throws: that it failed is an outcome. */
export async function runCommand(
  [program = '', ...args]: readonly string[],
  { env, signal, onLine }: UserCommandOptions,
): Promise<CommandEnd> {
  const running = execa(program, args, {
    reject: false,
    all: true,
    buffer: false,
    stdin: 'inherit',
    env,
    cancelSignal: signal,
    forceKillAfterDelay: KILLED_AFTER_MS,
  });
  // Whoever leaves at once leaves nothing behind that works on a cluster whose kubeconfig is gone.
  const kill = (): void => void running.kill('SIGKILL');
  process.once('exit', kill);
  // What it has left running may hold its output for ever.
  const { nodeChildProcess } = running;
  nodeChildProcess.once('exit', () => {
    setTimeout(() => {
      running.stdout.destroy();
      running.stderr.destroy();
    }, LAST_LINES_MS).unref();
  });
  try {
    // Of a program that does not start there are no lines.
    for await (const line of running.iterable({ from: 'all' })) onLine(line);
  } catch {
    // Its output was let go.
  }
  const { failed, exitCode, signal: killedBy, code, originalMessage } = await running;
  process.off('exit', kill);
  if (!failed) return { exitCode: 0 };
  const known = exitCode === undefined ? {} : { exitCode };
  if (signal.aborted) return { ...known, failure: 'it was ended with the watch' };
  if (exitCode !== undefined) return { ...known, failure: `it exited with ${exitCode}` };
  if (killedBy !== undefined) return { failure: `it was ended by ${killedBy}` };
  if (code === 'ENOENT') return { failure: 'there is no such program' };
  return { failure: `it did not start: ${originalMessage ?? code ?? 'for no known reason'}` };
}
