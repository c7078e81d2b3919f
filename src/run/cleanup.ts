/** Stage 6: take away what the run created, by its label, in every ending. */
import type { Clock } from '../clock.ts';
import { messageOf, PodreachError } from '../errors.ts';
import { cleanCommand } from './clean-command.ts';
import type { Owning, Requesting } from './context.ts';
import type { Serving } from './foreign/kinds.ts';
import { removeLeftOver } from './leftovers.ts';
import type { Sessions } from './sessions.ts';

/** What a run is cleaned up with. */
export type Cleaning = Requesting<'list' | 'delete'> &
  Owning &
  Serving & {
    readonly clock: Clock;
    readonly sessions: Pick<Sessions, 'close'>;
    /** See `Lifetime`; absent where the cluster ends with the run. */
    readonly cleanWith?: readonly string[] | undefined;
  };

/**
 * Deletes all namespaces that this run created, and waits until they are gone. Runs on its own deadline, not on the run's signal: an
 * interrupted run is cleaned up as well, and only one whose cluster is gone is not.
 * @param lost aborted by the loss of the cluster: then there is nothing left to take away
 * @throws PodreachError naming what is left, and the command that takes it away; `cluster-lost`
 */
export async function cleanUp(context: Cleaning, lost: AbortSignal): Promise<void> {
  await remove(context, lost);
}

/** The same for some of them, while the run goes on: where it is interrupted, {@link cleanUp} follows. @throws the signal's reason */
export async function cleanUpNamespaces(context: Cleaning, namespaces: readonly string[]): Promise<void> {
  await remove(context, context.signal, new Set(namespaces));
}

async function remove(
  { kube, clock, runId, cleanWith, sessions, served = [] }: Cleaning,
  signal: AbortSignal,
  only?: ReadonlySet<string>,
): Promise<void> {
  sessions.close(only);
  try {
    await removeLeftOver({ kube, clock, runId, signal, served, ...(only === undefined ? {} : { only }) });
  } catch (thrown) {
    signal.throwIfAborted();
    throw new PodreachError(
      thrown instanceof PodreachError ? thrown.code : 'internal',
      `cleaning up failed: ${messageOf(thrown)}`,
      {
        hint: cleanWith === undefined ? undefined : `Finish with: ${cleanCommand(runId, cleanWith)}`,
        cause: thrown,
      },
    );
  }
}
