/** What of a probe's outcomes is worth a change of its pod's status. */
import { READY, type Readiness, UNREADY } from './readiness.ts';
import type { VisitOutcome } from './visit.ts';

/** Whoever only starts refuses connections: why a container is not ready is told when that lasts. */
const QUIET_MS = 1000;

/**
 * Follows one container, which is known to be unready at first.
 * @param startedAtMs when it was first visited
 * @returns a function that takes the newest outcome and what it makes of readiness, and gives what is to be told: every change, and, ever more
 * rarely, another reason of a container that stays unready
 */
export function createNews(
  startedAtMs: number,
): (isReady: boolean, outcome: VisitOutcome, nowMs: number) => Readiness | undefined {
  let told: Readiness = UNREADY;
  let changedAtMs = startedAtMs;
  let quietUntilMs = startedAtMs + QUIET_MS;

  return (isReady, outcome, nowMs) => {
    const reason = outcome.kind === 'failure' ? outcome.reason : undefined;
    if (isReady !== (told.kind === 'ready')) {
      changedAtMs = nowMs;
      quietUntilMs = nowMs + QUIET_MS;
    } else {
      const isNew = told.kind === 'unready' && reason !== undefined && reason !== told.reason;
      if (!isNew || nowMs < quietUntilMs) return undefined;
      // Twice as late each time: a server that fails in turns does not fill the store's history.
      quietUntilMs = nowMs + (nowMs - changedAtMs);
    }
    told = isReady ? READY : { kind: 'unready', reason };
    return told;
  };
}
