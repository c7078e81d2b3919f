/** Stage 6: take away what the run created, by its label, in every ending. */
import { PodreachError } from '../errors.ts';
import type { KubeObject } from '../kube/kube.ts';
import { RUN_LABEL } from '../probe/manifest.ts';
import type { RunContext } from './context.ts';

/** Real clusters take their time to finalise a namespace. */
const GONE_WITHIN_MS = 120_000;
const POLL_MS = 50;

/**
 * Deletes the namespaces that this run created, all of them or those named, and waits until they are gone. Runs on its own
 * deadline, not on the run's signal: an interrupted run is cleaned up as well.
 * @throws PodreachError `api-error` naming what is left
 */
export async function cleanUp(context: RunContext, only?: ReadonlySet<string>): Promise<void> {
  const { kube, clock, runId } = context;
  const list = async (): Promise<readonly KubeObject[]> => {
    const all = await kube.list({ resource: 'namespaces', labelSelector: `${RUN_LABEL}=${runId}` });
    return all.filter(({ metadata }) => only === undefined || only.has(metadata.name));
  };
  const deadline = clock.now() + GONE_WITHIN_MS;
  let left = await list();
  await Promise.all(left.map(({ metadata }) => kube.delete({ resource: 'namespaces', name: metadata.name })));
  while (left.length > 0) {
    if (clock.now() > deadline) {
      throw new PodreachError(
        'api-error',
        `namespaces are still there after ${GONE_WITHIN_MS / 1000} s: ${left.map(({ metadata }) => metadata.name).join(', ')}`,
        {
          hint: `Finish with: ${cleanUpCommand(runId)}`,
        },
      );
    }
    await clock.sleep(POLL_MS);
    left = await list();
  }
}

/** The command that cleans up after a run by hand. */
function cleanUpCommand(runId: string): string {
  return `kubectl delete namespaces -l ${RUN_LABEL}=${runId}`;
}
