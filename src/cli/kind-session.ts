/** What the commands about kind clusters share: the world, what is told of it, and the user's signals. */
import { systemClock } from '../clock.ts';
import type { KindContext } from '../cluster/kind/context.ts';
import type { StageListener } from '../cluster/kind/stages.ts';
import { INTERRUPTED, Interruption } from '../errors.ts';
import { listenToSignals } from './signals.ts';

interface KindCommand {
  readonly context: KindContext;
  /** Says something, unless it is to be quiet. */
  readonly say: (text: string) => void;
}

export interface KindSessionOptions {
  /** Nothing but warnings is told. */
  readonly isQuiet?: boolean;
  /** What is said of the first signal: what becomes of the cluster. */
  readonly onInterruption?: string;
  /** And of the second one, which ends it at once. */
  readonly onLeaving?: string;
}

/** Does something with the world as it is, and with the user's signals. @returns the exit code */
export async function inSession(
  {
    isQuiet = false,
    onInterruption = 'cleaning up',
    onLeaving = 'the next `podreach cluster create` of this name, or `delete`, cleans up',
  }: KindSessionOptions,
  work: (session: KindCommand) => Promise<number>,
): Promise<number> {
  const { systemWorld } = await import('../cluster/kind/context.ts');
  const { describeStageEvent } = await import('../cluster/kind/stages.ts');
  const print = (text: string): void => void process.stderr.write(`${text}\n`);
  using signals = listenToSignals(
    () => print(`\ninterrupted: ${onInterruption}; press Ctrl-C again to leave at once`),
    () => print(`left at once; ${onLeaving}`),
  );
  const tell: StageListener = (event) => {
    if (isQuiet && event.type !== 'warning') return;
    const text = describeStageEvent(event);
    if (text !== undefined) print(text);
  };
  const context: KindContext = { ...systemWorld(), clock: systemClock, signal: signals.signal, tell };
  try {
    return await work({ context, say: (text) => (isQuiet ? undefined : print(text)) });
  } catch (thrown) {
    if (!(thrown instanceof Interruption)) throw thrown;
    return INTERRUPTED[thrown.signalName];
  }
}
