/** Applies a manifest with the node's own `kubectl`. */
import { CommandError } from '../command-runner.ts';
import { kubectl } from './nodes.ts';
import type { WaitContext } from './wait.ts';

const APPLY_TIMEOUT_MS = 120_000;
const APPLY_ATTEMPTS = 5;
const APPLY_PAUSE_MS = 3000;
/** What the API server of a cluster that has just started says while it is not there, and nothing else. */
const NOT_THERE_YET =
  /refused|timed? ?out|timeout|EOF|connection reset|ServiceUnavailable|currently unable|etcdserver|no matches for kind/i;

/**
 * Applies it, and again while the API server is not there yet.
 * @param options more options of `kubectl apply`
 * @throws CommandError
 */
export async function applyManifest(
  text: string,
  options: readonly string[],
  { access, clock, progress }: WaitContext,
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await kubectl({ ...access, processMs: APPLY_TIMEOUT_MS }, ['apply', ...options, '--filename=-'], text);
      return;
    } catch (thrown) {
      const mayHeal = thrown instanceof CommandError && NOT_THERE_YET.test(thrown.stderr);
      if (!mayHeal || attempt === APPLY_ATTEMPTS) throw thrown;
      progress('the API server is not there yet; trying again');
    }
    await clock.sleep(APPLY_PAUSE_MS, access.signal);
  }
}
