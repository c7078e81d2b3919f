/** Stage 6: take away what the run created, by its label, in every ending. */
import type { RunContext } from './context.ts';
import { removeLeftOver } from './leftovers.ts';

/**
 * Deletes the namespaces that this run created, all of them or those named, and waits until they are gone. Runs on its own
 * deadline, not on the run's signal: an interrupted run is cleaned up as well, and only one whose cluster is gone is not.
 * @throws PodreachError `api-error` naming what is left; `cluster-lost`
 */
export async function cleanUp(context: RunContext, only?: ReadonlySet<string>): Promise<void> {
  const { kube, clock, runId, cleanWith, lost } = context;
  await removeLeftOver({
    kube,
    clock,
    runId,
    signal: lost,
    ...(only === undefined ? {} : { only }),
    hint: `Finish with: ${cleanCommand(runId, cleanWith)}`,
  });
}

/**
 * The command that cleans up after a run by hand.
 * @param cleanWith see `Cluster.cleanWith`
 */
export function cleanCommand(runId: string, cleanWith: string): string {
  return `podreach clean --run ${runId}${cleanWith}`;
}
