/** How a process that `unshare --fork` waits for has ended. */
import { constants } from 'node:os';

/** Up to 2.38, `unshare` cannot end by the one signal that nobody can handle, and says this instead. */
const DIED_OF_SIGKILL = /^unshare: sigprocmask unblock failed: .*\n?/m;

export interface UnshareEnding {
  /** As a shell counts: a signal is 128 + its number. */
  readonly exitCode: number;
  readonly signal: NodeJS.Signals | undefined;
  /** What was said on standard error, without what `unshare` itself said of the ending. */
  readonly stderr: string;
}

/** @param code and `signal`: how `unshare` itself has ended, as Node.js tells it */
export function endingOf(code: number | null, signal: NodeJS.Signals | null, stderr: string): UnshareEnding {
  const real = DIED_OF_SIGKILL.test(stderr) ? 'SIGKILL' : (signal ?? undefined);
  return {
    exitCode: real === undefined ? (code ?? 0) : 128 + constants.signals[real],
    signal: real,
    stderr: stderr.replace(DIED_OF_SIGKILL, '').trim(),
  };
}
