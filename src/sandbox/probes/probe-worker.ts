/** Plays one probe: visits its target again and again, and tells when its readiness changes. */
import { createNews } from './news.ts';
import type { Readiness } from './readiness.ts';
import { count, UNVISITED } from './tally.ts';
import type { ProbeTarget } from './target.ts';
import { nextEarlyVisit, nextVisit, type Timetable } from './timetable.ts';
import { visit } from './visit.ts';

/**
 * Visits a target from now on.
 * @param phaseMs where in its period it is visited
 * @param tell called on changes only: of readiness, and, ever more rarely, of the reason why there is none
 * @returns a function that ends it
 */
export function startProbeWorker(
  target: ProbeTarget,
  phaseMs: number,
  tell: (readiness: Readiness) => void,
): () => void {
  const timetable: Timetable = { periodMs: target.periodMs, phaseMs };
  const startedAtMs = machineMs() + target.initialDelayMs;
  const news = createNews(startedAtMs);
  let tally = UNVISITED;
  let giveUp = (): void => {};
  let timer: NodeJS.Timeout;

  function visitAt(dueAtMs: number): void {
    timer = setTimeout(
      () => {
        const beganAtMs = machineMs();
        giveUp = visit(target, (outcome) => {
          const nowMs = machineMs();
          tally = count(tally, outcome.kind, target);
          const readiness = news(tally.isReady, outcome, nowMs);
          if (readiness !== undefined) tell(readiness);
          visitAt(
            tally.hasSucceeded
              ? nextVisit(timetable, dueAtMs, nowMs)
              : nextEarlyVisit(timetable, beganAtMs, nowMs - startedAtMs),
          );
        });
      },
      Math.max(0, dueAtMs - machineMs()),
    );
  }

  visitAt(startedAtMs);
  return () => {
    clearTimeout(timer);
    giveUp();
  };
}

/** On a clock that the visitors of all nodes share. */
function machineMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
